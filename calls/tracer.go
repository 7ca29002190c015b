package calls

import (
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Tracer follows calls into a tracing system. It must be safe for concurrent use.
type Tracer interface {
	// Follow begins the trace of a request that arrived: a call, or one that is sent
	// again. Nil means that it is not followed.
	Follow(request TracedRequest) Trace
}

// TracedRequest is what a Tracer may know of a request. Its method is one of the
// router's.
type TracedRequest struct {
	Method        *centrirpc.Method
	Conn          *centrirpc.Conn
	CorrelationID string // empty for native RPC
	// Traceparent is as the client sent it: perhaps empty, perhaps nonsense.
	Traceparent string
	Again       bool // it is sent again
	Arrived     time.Time
}

// Trace follows one request. It is told from several goroutines.
type Trace interface {
	// Traceparent is the request's own place in the trace, as W3C Trace Context has
	// it; empty means none.
	Traceparent() string
	// Value is what the handler's context has of the trace, or nil.
	Value(key any) any
	// Happened tells of an event.
	Happened(event Event)
	// HandlerReturned tells that the handler has returned. It may come after the
	// end.
	HandlerReturned()
	// Ended tells that the request was answered or refused, with the code of its
	// error or 0. It comes once.
	Ended(code wire.Code)
}

// follow begins the run's trace, if there is somebody to follow it.
func (r *run) follow(traceparent string) {
	if wire.TraceID(traceparent) != "" {
		r.Traceparent = traceparent
	}
	if r.described == nil || r.engine().cfg.Tracer == nil {
		return
	}
	r.trace = r.engine().cfg.Tracer.Follow(TracedRequest{
		Method: r.described, Conn: r.Conn, CorrelationID: r.CorrelationID,
		Traceparent: traceparent, Again: r.epoch != "", Arrived: r.arrived,
	})
	if r.trace != nil {
		r.Traceparent = r.trace.Traceparent()
	}
}

// endTrace ends the run's trace.
func (r *run) endTrace(code wire.Code) {
	if r.trace != nil {
		r.trace.Ended(code)
	}
}
