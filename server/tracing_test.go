package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID    = "00f067aa0ba902b7"
	traceparent = "00-" + traceID + "-" + parentID + "-01"
)

// traced is a server that traces, and what it traced.
type traced struct {
	*running
	recorder *tracetest.SpanRecorder
	client   *rawClient
}

func startTraced(t *testing.T, router *centrirpc.Router) *traced {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	s := start(t, router, server.Config{TracerProvider: provider})
	return &traced{s, recorder, connected(t, s.url, signed(t, "456"))}
}

// ask sends a request with a traceparent, and more fields.
func (s *traced) ask(id uint32, method, correlationID, traceparent, more string) {
	s.client.send(`{"id":%d,"publish":{"channel":"rpc.requests","data":{"method":%q,"correlation_id":%q,"reply_to":"user#456","traceparent":%q%s}}}`,
		id, method, correlationID, traceparent, more)
}

// ended waits for n spans of that name.
func (s *traced) ended(t *testing.T, name string, n int) []sdktrace.ReadOnlySpan {
	t.Helper()
	var found []sdktrace.ReadOnlySpan
	until(t, fmt.Sprint(n, " spans ", name), func() bool {
		found = slices.DeleteFunc(s.recorder.Ended(), func(span sdktrace.ReadOnlySpan) bool { return span.Name() != name })
		return len(found) >= n
	})
	if len(found) != n {
		t.Fatalf("%d spans %s; want %d", len(found), name, n)
	}
	return found
}

func attributes(span sdktrace.ReadOnlySpan) map[string]string {
	all := map[string]string{}
	for _, a := range span.Attributes() {
		all[string(a.Key)] = a.Value.String()
	}
	return all
}

func events(span sdktrace.ReadOnlySpan) (names []string) {
	for _, e := range span.Events() {
		names = append(names, e.Name)
	}
	return names
}

func tracingRouter(g *gate) *centrirpc.Router {
	r := testRouter(g)
	centrirpc.Handle(r, "test.trace", func(ctx context.Context, _ struct{}) (string, error) {
		_, own := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "own")
		own.End()
		return centrirpc.TraceparentFromContext(ctx), nil
	})
	centrirpc.HandleStream(r, "test.items", func(_ context.Context, _ struct{}, send func(int) error) (int, error) {
		for i := range 3 {
			if err := send(i); err != nil {
				return 0, err
			}
		}
		return 3, nil
	})
	return r
}

func TestACallIsASpanBelowTheClients(t *testing.T) {
	s := startTraced(t, tracingRouter(nil))
	s.ask(2, "test.trace", "a", traceparent, "")
	said := s.client.answer("a")
	span := s.ended(t, "test.trace", 1)[0]
	if got := span.SpanContext().TraceID().String(); got != traceID {
		t.Errorf("its trace is %s", got)
	}
	if got := span.Parent(); got.SpanID().String() != parentID || !got.IsRemote() {
		t.Errorf("its parent is %s", got.SpanID())
	}
	if span.SpanKind() != trace.SpanKindServer {
		t.Errorf("it is a span of kind %s", span.SpanKind())
	}
	if want := `"00-` + traceID + "-" + span.SpanContext().SpanID().String() + `-01"`; string(said.Result) != want {
		t.Errorf("its handler knows %s as its place; want %s", said.Result, want)
	}
	got := attributes(span)
	for key, want := range map[string]string{
		"rpc.system.name": "centrirpc", "rpc.method": "test.trace", "centrirpc.kind": "call",
		"centrirpc.correlation_id": "a", "centrirpc.outcome": "ran",
	} {
		if got[key] != want {
			t.Errorf("%s is %q; want %q", key, got[key], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("attributes %v", got)
	}
	if got := events(span); !slices.Equal(got, []string{"acknowledged", "published"}) {
		t.Errorf("events %v", got)
	}
	handler := s.ended(t, "handler", 1)[0]
	for _, child := range []sdktrace.ReadOnlySpan{s.ended(t, "claim", 1)[0], handler, s.ended(t, "store", 1)[0]} {
		if child.Parent().SpanID() != span.SpanContext().SpanID() {
			t.Errorf("%s is not below the call", child.Name())
		}
	}
	if s.ended(t, "own", 1)[0].Parent().SpanID() != handler.SpanContext().SpanID() {
		t.Error("the handler's own span is not below the handler's")
	}
}

func TestRubbishIsNoParent(t *testing.T) {
	s := startTraced(t, tracingRouter(nil))
	for i, sent := range []string{"", "rubbish", "00-" + traceID, "00-00000000000000000000000000000000-" + parentID + "-01"} {
		id := fmt.Sprint("rubbish", i)
		s.ask(uint32(2+i), "test.trace", id, sent, "")
		if answer := s.client.answer(id); answer.Error != nil {
			t.Errorf("a call with the traceparent %q is refused: %+v", sent, answer.Error)
		}
	}
	for _, span := range s.ended(t, "test.trace", 4) {
		if span.Parent().IsValid() || !span.SpanContext().IsValid() {
			t.Errorf("a span of %v has the parent %v", span.SpanContext().TraceID(), span.Parent())
		}
	}
}

func TestASpanSaysHowItsCallEnded(t *testing.T) {
	s := startTraced(t, tracingRouter(nil))
	for i, c := range []struct {
		method, reason string
		fault          bool
	}{
		{"test.fail", "internal", true},
		{"test.panic", "internal", true},
		{"test.refuse", "permission_denied", false},
		{"test.quota", "1001", false},
		{"tasks.get_stats", "invalid_params", false},
	} {
		s.ask(uint32(2+i), c.method, fmt.Sprint("failing", i), traceparent, "")
		s.client.answer(fmt.Sprint("failing", i))
		found := s.ended(t, c.method, 1)[0]
		got := attributes(found)
		if got["rpc.response.status_code"] != c.reason || got["error.type"] != c.reason {
			t.Errorf("%s: %v", c.method, got)
		}
		if failed := found.Status().Code == codes.Error; failed != c.fault {
			t.Errorf("%s: status %v", c.method, found.Status())
		}
	}
	s.ended(t, "handler", 5)
}

func TestACallSentAgainRunsInOneSpan(t *testing.T) {
	g := newGate()
	s := startTraced(t, tracingRouter(g))
	s.ask(2, "test.wait", "a", traceparent, "")
	<-g.started
	s.ask(3, "test.wait", "a", traceparent, "")
	s.client.reply(3)
	close(g.open)
	s.client.answer("a")
	first := s.ended(t, "test.wait", 2)
	s.ask(4, "test.wait", "a", traceparent, "")
	s.client.answer("a")
	outcomes := map[string]int{}
	for _, span := range s.ended(t, "test.wait", 3) {
		outcomes[attributes(span)["centrirpc.outcome"]]++
	}
	if outcomes["ran"] != 1 || outcomes["attached"] != 1 || outcomes["resent"] != 1 {
		t.Errorf("outcomes %v", outcomes)
	}
	s.ended(t, "handler", 1)
	for _, span := range first {
		if attributes(span)["centrirpc.outcome"] == "ran" && !slices.Contains(events(span), "sent again") {
			t.Errorf("the call that ran has the events %v", events(span))
		}
	}
}

func TestAStreamIsOneSpan(t *testing.T) {
	s := startTraced(t, tracingRouter(nil))
	s.ask(2, "test.items", "a", traceparent, "")
	span := s.ended(t, "test.items", 1)[0]
	if got := attributes(span)["centrirpc.items"]; got != "3" {
		t.Errorf("it says that %q items were sent", got)
	}
}

func TestNativeRPCIsATraceOfItsOwn(t *testing.T) {
	s := startTraced(t, tracingRouter(nil))
	s.client.send(`{"id":2,"rpc":{"method":"test.trace","data":{}}}`)
	s.client.reply(2)
	span := s.ended(t, "test.trace", 1)[0]
	if span.Parent().IsValid() || attributes(span)["centrirpc.outcome"] != "ran" {
		t.Errorf("%v, %v", span.Parent(), attributes(span))
	}
	if s.ended(t, "own", 1)[0].Parent().SpanID() != s.ended(t, "handler", 1)[0].SpanContext().SpanID() {
		t.Error("the handler's own span is not below the handler's")
	}
}

// Handlers log with what tells their calls apart, and the trace is part of it,
// whether the server traces or only the client.
func TestHandlersLogTheirCall(t *testing.T) {
	for _, tracing := range []bool{true, false} {
		router := tracingRouter(nil)
		centrirpc.Handle(router, "test.log", func(ctx context.Context, _ struct{}) (struct{}, error) {
			centrirpc.LoggerFromContext(ctx).Info("from the handler")
			return struct{}{}, nil
		})
		cfg := server.Config{}
		if tracing {
			cfg.TracerProvider = sdktrace.NewTracerProvider()
		}
		s := &traced{running: start(t, router, cfg)}
		s.client = connected(t, s.url, signed(t, "456"))
		s.ask(2, "test.log", "a", traceparent, "")
		s.client.answer("a")
		want := []string{"from the handler", "method=test.log", "correlation_id=a", "user=456", "client=", "trace_id=" + traceID}
		line := s.log.line("from the handler")
		for _, part := range want {
			if !strings.Contains(line, part) {
				t.Errorf("tracing: %v: %q lacks %s", tracing, line, part)
			}
		}
		if strings.Contains(line, `client=""`) {
			t.Errorf("the line names no client: %s", line)
		}
	}
}
