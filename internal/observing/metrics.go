package observing

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/serving"
)

// Metrics counts what becomes of calls and events. It is an engine's observer. Only
// what the application declares becomes a label value: a client could make up any
// number of others.
type Metrics struct {
	registry *prometheus.Registry
	waiting  []prometheus.Collector // until there is a registry

	calls    callMetrics
	refused  *prometheus.CounterVec
	claims   storeMetrics
	replies  storeMetrics // being stored
	lost     prometheus.Counter
	contract *prometheus.CounterVec
	// channels are the counters of events, by the names that are declared; for
	// reading only.
	channels map[string]prometheus.Counter
}

var _ calls.Observer = (*Metrics)(nil)

// storeMetrics are of one thing that is asked of the call store.
type storeMetrics struct {
	took   prometheus.Observer
	failed prometheus.Counter
}

var callBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// NewMetrics makes the metrics of a router and of the channels that are declared
// beside its typed ones. They are not in any registry before Register.
func NewMetrics(router *centrirpc.Router, declared []string) *Metrics {
	m := &Metrics{
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
		channels: map[string]prometheus.Counter{},
	}
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "centrirpc_channel_events_total",
		Help: "Events that this process published, by channel as it is declared.",
	}, []string{"channel"})
	for _, reason := range []string{"bad_request", "permission_denied", "too_many_requests", "unavailable", "method_not_found", "conflict", "outcome_unknown"} {
		m.refused.WithLabelValues(reason) // so that the first one is an increase
	}
	for _, state := range []string{serving.ContractCurrent, serving.ContractCompatible, serving.ContractIncompatible, serving.ContractUnknown} {
		m.contract.WithLabelValues(state)
	}
	for _, channel := range router.Channels() {
		m.channels[channel.Pattern] = events.WithLabelValues(channel.Pattern)
	}
	for _, name := range declared {
		m.channels[name] = events.WithLabelValues(name)
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
	m.waiting = slices.Concat(m.calls.collectors(), []prometheus.Collector{m.refused, m.lost, m.contract, events, took, failed})
	return m
}

// Register puts the metrics into the registry, or into a new one with those of the
// runtime and the process. What ready says is told by one of them. An error says that the registry serves another server.
func (m *Metrics) Register(registry *prometheus.Registry, engine *calls.Engine, maxInFlight int, ready func() serving.Readiness) error {
	all := slices.Concat(m.waiting, []prometheus.Collector{
		Gauge("centrirpc_calls_in_flight", "Calls that are running.", func() float64 { return float64(engine.InFlight()) }),
		Gauge("centrirpc_calls_in_flight_limit", "How many calls may run at the same time: Config.MaxInFlight.", func() float64 { return float64(maxInFlight) }),
		// A call store that is out of reach shows in no counter while nobody calls.
		Gauge("centrirpc_ready", "1 while /ready answers 200, that is while this process takes calls, else 0.", func() float64 {
			if ready().OK() {
				return 1
			}
			return 0
		}),
		Gauge("centrirpc_draining", "1 while the server refuses new calls to be stopped, else 0.", func() float64 {
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
	m.registry, m.waiting = registry, nil
	return m.Add(all...)
}

// Registry is where the metrics are, after Register.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Add puts more metrics where the others are, after Register; errors are as its own.
func (m *Metrics) Add(collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("Registry: %w; give every server a registry of its own", err)
		}
	}
	return nil
}

// Gauge is a metric that is asked for its value when it is scraped.
func Gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

// Method implements calls.Observer.
func (m *Metrics) Method(method *centrirpc.Method) calls.MethodObserver {
	return m.calls.of(method)
}

// CallRefused implements calls.Observer.
func (m *Metrics) CallRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// StoreAsked implements calls.Observer.
func (m *Metrics) StoreAsked(claim bool, took time.Duration, err error) {
	of := &m.replies
	if claim {
		of = &m.claims
	}
	of.took.Observe(took.Seconds())
	if err != nil {
		of.failed.Inc()
	}
}

// PublishFailed implements calls.Observer.
func (m *Metrics) PublishFailed() { m.lost.Inc() }

// ContractStated counts a client that said which contract it was generated from, by
// the state that serving.Contracts gives it.
func (m *Metrics) ContractStated(state string) { m.contract.WithLabelValues(state).Inc() }

// Published counts an event on a channel, by the name that is declared; others do not
// count.
func (m *Metrics) Published(declared string) {
	if counter := m.channels[declared]; counter != nil {
		counter.Inc()
	}
}

// Handler serves the metrics in Prometheus' formats, after Register.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
