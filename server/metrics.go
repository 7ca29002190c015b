package server

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/wire"
)

// metrics counts calls. It is the engine's observer. Only the names of
// registered methods become label values: a client could make up any number of
// others.
type metrics struct {
	registry  *prometheus.Registry
	calls     *prometheus.CounterVec
	durations *prometheus.HistogramVec
	refused   *prometheus.CounterVec
	contracts *prometheus.CounterVec
	// methods has what most calls need, found already.
	methods map[string]methodMetrics
}

type methodMetrics struct {
	duration prometheus.Observer
	ok       prometheus.Counter
}

var _ calls.Observer = (*metrics)(nil)

func newMetrics(methods []centrirpc.Method) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_total",
			Help: "Calls that ended, by method and code: ok, the reason of a protocol error, or the number of an application's own.",
		}, []string{"method", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "centrirpc_call_duration_seconds",
			Help:    "How long handlers ran, by method.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"method"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_refused_total",
			Help: "Requests that were refused or answered without running a handler, by reason.",
		}, []string{"reason"}),
		contracts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_client_contracts_total",
			Help: "Connects of clients that said which contract they were generated from, by how it stands to the server's: current, compatible, incompatible, unknown.",
		}, []string{"state"}),
		methods: make(map[string]methodMetrics, len(methods)),
	}
	for _, method := range methods {
		m.methods[method.Name] = methodMetrics{
			duration: m.durations.WithLabelValues(method.Name),
			ok:       m.calls.WithLabelValues(method.Name, "ok"),
		}
	}
	return m
}

// register puts the metrics into the registry, or into a new one with those of
// the runtime and the process.
func (m *metrics) register(registry *prometheus.Registry, engine *calls.Engine) error {
	all := []prometheus.Collector{
		m.calls, m.durations, m.refused, m.contracts,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "centrirpc_calls_in_flight",
			Help: "Calls that are running.",
		}, func() float64 { return float64(engine.InFlight()) }),
	}
	if registry == nil {
		registry = prometheus.NewRegistry()
		all = append(all, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m.registry = registry
	return m.add(all...)
}

// watch adds the number of connections. The library counts them too, but only
// every minute.
func (m *metrics) watch(node *centrifuge.Node) error {
	return m.add(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "centrirpc_connections",
		Help: "Clients that are connected.",
	}, func() float64 { return float64(node.Hub().NumClients()) }))
}

func (m *metrics) add(collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("server: Registry: %w; give every server a registry of its own", err)
		}
	}
	return nil
}

func (m *metrics) CallStarted(string) {}

func (m *metrics) CallEnded(method string, code wire.Code, took time.Duration) {
	known, ok := m.methods[method]
	if !ok {
		return
	}
	known.duration.Observe(took.Seconds())
	switch {
	case code == 0:
		known.ok.Inc()
	case code.Reason() != "":
		m.calls.WithLabelValues(method, code.Reason()).Inc()
	default:
		m.calls.WithLabelValues(method, strconv.Itoa(int(code))).Inc()
	}
}

func (m *metrics) CallRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// MetricsHandler serves the metrics in Prometheus' formats, on whatever path it
// is mounted.
func (s *Server) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
}
