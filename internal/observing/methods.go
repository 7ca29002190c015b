package observing

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// callMetrics are what is counted by method.
type callMetrics struct {
	ended    *prometheus.CounterVec
	started  *prometheus.CounterVec
	running  *prometheus.GaugeVec
	duration *prometheus.HistogramVec
	handlers *prometheus.HistogramVec
	repeated *prometheus.CounterVec
	unknown  *prometheus.CounterVec
	items    *prometheus.CounterVec
	info     *prometheus.GaugeVec
}

func newCallMetrics() callMetrics {
	method := []string{"method"}
	return callMetrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_total",
			Help: "Calls that ended, by method and code: ok, the reason of a protocol error, or the number of an application's own.",
		}, []string{"method", "code"}),
		started: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_started_total",
			Help: "Calls that were claimed, or came by native RPC, and whose handlers were run, by method.",
		}, method),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "centrirpc_handlers_in_flight",
			Help: "Handlers that are running, those whose call was given up included, by method.",
		}, method),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "centrirpc_call_duration_seconds",
			Help:    "How long calls took from the arrival of the request to the publication of the reply, by method: waiting, claiming, the handler, storing.",
			Buckets: callBuckets,
		}, method),
		handlers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "centrirpc_handler_duration_seconds",
			Help:    "How long handlers ran, by method.",
			Buckets: callBuckets,
		}, method),
		repeated: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_repeated_total",
			Help: "Calls that were sent again, by method and what became of it: attached to the one that runs, the stored reply resent, or taken_over from a process that died.",
		}, []string{"method", "outcome"}),
		unknown: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_calls_lost_total",
			Help: "Calls of which nobody knows the outcome, by method and cause: owner_gone, reply_gone, stopped; and overtaken, whose reply counts for nothing because another process has the call.",
		}, []string{"method", "cause"}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "centrirpc_stream_items_total",
			Help: "Items that streams sent, by method.",
		}, method),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "centrirpc_method_info",
			Help: "1 for each method, with its kind: call, notify, stream. To be joined with the others.",
		}, []string{"method", "kind"}),
	}
}

func (c *callMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.ended, c.started, c.running, c.duration, c.handlers, c.repeated, c.unknown, c.items, c.info}
}

// methodMetrics are those of one method, found already.
type methodMetrics struct {
	events   [calls.Events]prometheus.Counter // nil where none counts
	running  prometheus.Gauge
	duration prometheus.Observer
	handler  prometheus.Observer
	ok       prometheus.Counter
	failed   failures
}

var _ calls.MethodObserver = (*methodMetrics)(nil)

func (c *callMetrics) of(method *centrirpc.Method) *methodMetrics {
	name := method.Name
	c.info.WithLabelValues(name, string(method.Kind)).Set(1)
	m := &methodMetrics{
		running:  c.running.WithLabelValues(name),
		duration: c.duration.WithLabelValues(name),
		handler:  c.handlers.WithLabelValues(name),
		ok:       c.ended.WithLabelValues(name, "ok"),
		failed:   failures{method: name, all: c.ended},
	}
	m.events = [calls.Events]prometheus.Counter{
		calls.Started:   c.started.WithLabelValues(name),
		calls.Attached:  c.repeated.WithLabelValues(name, "attached"),
		calls.Resent:    c.repeated.WithLabelValues(name, "resent"),
		calls.TakenOver: c.repeated.WithLabelValues(name, "taken_over"),
		calls.OwnerLost: c.unknown.WithLabelValues(name, "owner_gone"),
		calls.ReplyLost: c.unknown.WithLabelValues(name, "reply_gone"),
		calls.Stopped:   c.unknown.WithLabelValues(name, "stopped"),
		calls.Displaced: c.unknown.WithLabelValues(name, "overtaken"),
	}
	if method.Kind == contract.Stream {
		m.events[calls.ItemSent] = c.items.WithLabelValues(name)
	}
	return m
}

// Happened implements calls.MethodObserver.
func (m *methodMetrics) Happened(event calls.Event) {
	if counter := m.events[event]; counter != nil {
		counter.Inc()
	}
	if event == calls.Started {
		m.running.Inc()
	}
}

// HandlerReturned implements calls.MethodObserver.
func (m *methodMetrics) HandlerReturned(took time.Duration) {
	m.running.Dec()
	m.handler.Observe(took.Seconds())
}

// CallEnded implements calls.MethodObserver.
func (m *methodMetrics) CallEnded(code wire.Code, took time.Duration) {
	m.duration.Observe(took.Seconds())
	if code == 0 {
		m.ok.Inc()
		return
	}
	m.failed.counter(code).Inc()
}

// failures are the counters of a method's errors, each made when it is first
// needed, and found without a lock from then on.
type failures struct {
	method string
	all    *prometheus.CounterVec
	mu     sync.Mutex
	known  atomic.Pointer[map[wire.Code]prometheus.Counter] // replaced, never changed
}

func (f *failures) counter(code wire.Code) prometheus.Counter {
	if known := f.known.Load(); known != nil {
		if counter := (*known)[code]; counter != nil {
			return counter
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	next := map[wire.Code]prometheus.Counter{}
	if known := f.known.Load(); known != nil {
		maps.Copy(next, *known)
	}
	next[code] = f.all.WithLabelValues(f.method, codeName(code))
	f.known.Store(&next)
	return next[code]
}

// codeName is the reason of a protocol's code, or the number of an application's.
func codeName(code wire.Code) string {
	if reason := code.Reason(); reason != "" {
		return reason
	}
	return strconv.Itoa(int(code))
}
