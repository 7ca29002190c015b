package server

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
)

// metrics counts what the server does. It is the engine's observer. Only what the
// application declares becomes a label value: a client could make up any number of
// others.
type metrics struct {
	registry *prometheus.Registry

	calls    callMetrics
	refused  *prometheus.CounterVec
	claims   storeMetrics
	replies  storeMetrics // being stored
	lost     prometheus.Counter
	contract *prometheus.CounterVec

	clients *prometheus.GaugeVec
	events  *prometheus.CounterVec
	// channels are the counters of events, by the names that are declared; for
	// reading only.
	channels map[string]prometheus.Counter
}

var _ calls.Observer = (*metrics)(nil)

// storeMetrics are of one thing that is asked of the call store.
type storeMetrics struct {
	took   prometheus.Observer
	failed prometheus.Counter
}

var callBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func newMetrics(router *centrirpc.Router, declared []Channel) (*metrics, []prometheus.Collector) {
	m := &metrics{
		calls: newCallMetrics(),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_refused_total",
			Help: "Requests that were refused or answered without running a handler, by reason.",
		}, []string{"reason"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "centrirpc_publish_errors_total",
			Help: "Replies, items and progress that could not be published; clients ask for replies and items again.",
		}),
		contract: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_client_contracts_total",
			Help: "Connects of clients that said which contract they were generated from, by how it stands to the server's: current, compatible, incompatible, unknown.",
		}, []string{"state"}),
		clients: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "centrirpc_client_connections",
			Help: "Clients that are connected, by transport and by what their SDK calls itself: js, python, go, or other.",
		}, []string{"transport", "client"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_channel_events_total",
			Help: "Events that this process published, by channel as it is declared.",
		}, []string{"channel"}),
		channels: map[string]prometheus.Counter{},
	}
	for _, reason := range []string{"bad_request", "permission_denied", "too_many_requests", "unavailable", "method_not_found", "conflict", "outcome_unknown"} {
		m.refused.WithLabelValues(reason) // so that the first one is an increase
	}
	for _, state := range []string{"current", "compatible", "incompatible", "unknown"} {
		m.contract.WithLabelValues(state)
	}
	for _, channel := range router.Channels() {
		m.channels[channel.Pattern] = m.events.WithLabelValues(channel.Pattern)
	}
	for i := range declared {
		m.channels[declared[i].Name] = m.events.WithLabelValues(declared[i].Name)
	}
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "centrirpc_store_duration_seconds",
		Help:    "How long the call store took to claim calls, and to complete them with their replies.",
		Buckets: []float64{.00001, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"operation"})
	failed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "centrirpc_store_errors_total",
		Help: "What was asked of the call store and failed, because it is out of reach.",
	}, []string{"operation"})
	m.claims = storeMetrics{took.WithLabelValues("claim"), failed.WithLabelValues("claim")}
	m.replies = storeMetrics{took.WithLabelValues("complete"), failed.WithLabelValues("complete")}
	return m, slices.Concat(m.calls.collectors(), []prometheus.Collector{m.refused, m.lost, m.contract, m.clients, m.events, took, failed})
}

// register puts the metrics into the registry, or into a new one with those of
// the runtime and the process.
func (m *metrics) register(registry *prometheus.Registry, engine *calls.Engine, maxInFlight int, own []prometheus.Collector) error {
	all := slices.Concat(own, []prometheus.Collector{
		gauge("centrirpc_calls_in_flight", "Calls that are running.", func() float64 { return float64(engine.InFlight()) }),
		gauge("centrirpc_calls_in_flight_limit", "How many calls may run at the same time: Config.MaxInFlight.", func() float64 { return float64(maxInFlight) }),
		gauge("centrirpc_draining", "1 while the server refuses new calls to be stopped, else 0.", func() float64 {
			if engine.Draining() {
				return 1
			}
			return 0
		}),
	})
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
	return m.add(gauge("centrirpc_connections", "Clients that are connected.", func() float64 { return float64(node.Hub().NumClients()) }))
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

func (m *metrics) add(collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("server: Registry: %w; give every server a registry of its own", err)
		}
	}
	return nil
}

// Method implements calls.Observer.
func (m *metrics) Method(method *centrirpc.Method) calls.MethodObserver {
	return m.calls.of(method)
}

func (m *metrics) CallRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

func (m *metrics) StoreAsked(claim bool, took time.Duration, err error) {
	of := &m.replies
	if claim {
		of = &m.claims
	}
	of.took.Observe(took.Seconds())
	if err != nil {
		of.failed.Inc()
	}
}

func (m *metrics) PublishFailed() { m.lost.Inc() }

// published counts an event on a channel, by the name that is declared.
func (m *metrics) published(declared string) {
	if counter := m.channels[declared]; counter != nil {
		counter.Inc()
	}
}

// connections is the gauge of connections like that one.
func (m *metrics) connections(transport, client string) prometheus.Gauge {
	switch client {
	case "js", "python":
	case "centrirpc-go":
		client = "go"
	default:
		client = "other"
	}
	return m.clients.WithLabelValues(transport, client)
}

// MetricsHandler serves the metrics in Prometheus' formats, on whatever path it
// is mounted.
func (s *Server) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
}
