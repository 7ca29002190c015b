package observing

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/wire"
)

// tracer makes spans of calls. It is the engine's calls.Tracer.
type tracer struct {
	tracer     trace.Tracer
	propagator propagation.TraceContext
}

// NewTracer makes spans of calls, in the name of the package that serves them. It is
// nil, and nothing is traced, without a provider.
func NewTracer(provider trace.TracerProvider, name string) calls.Tracer {
	if provider == nil {
		return nil
	}
	return &tracer{tracer: provider.Tracer("github.com/centrirpc/centrirpc/" + name)}
}

// span is the trace of one request: a server span named after the method, and
// below it one for each part of its way.
type span struct {
	tracer  trace.Tracer
	ctx     context.Context // has the server span
	span    trace.Span
	claim   trace.Span
	handler trace.Span
	store   trace.Span
	inside  context.Context // has the handler's span
	items   atomic.Int64
}

// Follow implements calls.Tracer. What is no traceparent is ignored: the span is
// then the first of its trace.
func (t *tracer) Follow(request calls.TracedRequest) calls.Trace {
	ctx := context.Background()
	if request.Traceparent != "" {
		ctx = t.propagator.Extract(ctx, propagation.MapCarrier{"traceparent": request.Traceparent})
	}
	attributes := []attribute.KeyValue{
		semconv.RPCSystemNameKey.String("centrirpc"),
		semconv.RPCMethod(request.Method.Name),
		attribute.String("centrirpc.kind", string(request.Method.Kind)),
	}
	if request.CorrelationID != "" {
		attributes = append(attributes, attribute.String("centrirpc.correlation_id", request.CorrelationID))
	}
	if request.Again {
		attributes = append(attributes, attribute.Bool("centrirpc.sent_again", true))
	}
	s := &span{tracer: t.tracer}
	s.ctx, s.span = t.tracer.Start(ctx, request.Method.Name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(request.Arrived), trace.WithAttributes(attributes...))
	s.inside = s.ctx
	return s
}

// Traceparent implements calls.Trace.
func (s *span) Traceparent() string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(s.ctx, carrier)
	return carrier["traceparent"]
}

// Value implements calls.Trace: handlers find their span.
func (s *span) Value(key any) any { return s.inside.Value(key) }

// outcomes are the values of the attribute centrirpc.outcome; the last one counts.
var outcomes = [calls.Events]string{
	calls.Started: "ran", calls.Attached: "attached", calls.Resent: "resent",
	calls.Displaced: "overtaken", calls.OwnerLost: "owner_gone", calls.ReplyLost: "reply_gone", calls.Stopped: "stopped",
}

// Happened implements calls.Trace.
func (s *span) Happened(event calls.Event) {
	switch event {
	case calls.Claiming:
		_, s.claim = s.tracer.Start(s.ctx, "claim")
	case calls.TakenOver:
		s.span.SetAttributes(attribute.Bool("centrirpc.taken_over", true))
	case calls.Started:
		s.endClaim()
		s.inside, s.handler = s.tracer.Start(s.ctx, "handler")
	case calls.Acknowledged:
		s.span.AddEvent("acknowledged")
	case calls.SentAgain:
		s.span.AddEvent("sent again")
	case calls.ItemSent:
		s.items.Add(1)
	case calls.Storing:
		_, s.store = s.tracer.Start(s.ctx, "store")
	case calls.Stored:
		s.store.End()
	case calls.Published:
		s.span.AddEvent("published")
	}
	if outcome := outcomes[event]; outcome != "" {
		s.span.SetAttributes(attribute.String("centrirpc.outcome", outcome))
	}
}

// endClaim is called by whoever has the call at the moment.
func (s *span) endClaim() {
	if s.claim != nil {
		s.claim.End()
		s.claim = nil
	}
}

// HandlerReturned implements calls.Trace.
func (s *span) HandlerReturned() { s.handler.End() }

// Ended implements calls.Trace.
func (s *span) Ended(code wire.Code) {
	s.endClaim()
	if items := s.items.Load(); items > 0 {
		s.span.SetAttributes(attribute.Int64("centrirpc.items", items))
	}
	if code != 0 {
		name := codeName(code)
		s.span.SetAttributes(semconv.RPCResponseStatusCode(name), semconv.ErrorTypeKey.String(name))
		if serverFault(code) {
			s.span.SetStatus(codes.Error, name)
		}
	}
	s.span.End()
}

// serverFault reports whether a code says that the server failed, and not that the
// caller asked for what cannot be had.
func serverFault(code wire.Code) bool {
	switch code {
	case wire.Internal, wire.Unavailable, wire.DeadlineExceeded, wire.OutcomeUnknown:
		return true
	}
	return false
}
