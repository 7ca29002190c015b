package server_test

import (
	"context"
	"slices"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// What a call goes through on several nodes is one trace: the client's. A request that
// comes again, at another node, is a span that says what became of it.
func TestATraceAcrossNodes(t *testing.T) {
	redis := redisserver.Start(t)
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	g := newGate()
	node := func(store *redisstore.Store) *traced {
		t.Helper()
		router := tracingRouter(g)
		centrirpc.Handle(router, "test.again", func(ctx context.Context, _ struct{}) (string, error) { return g.wait(ctx, struct{}{}) }, centrirpc.Idempotent())
		cfg := redisConfig(redis.URL())
		cfg.TracerProvider = provider
		if store != nil {
			cfg.Store = store
		}
		s := start(t, router, cfg)
		return &traced{s, recorder, connected(t, s.url, signed(t, "456"))}
	}
	dies, err := redisstore.New(redisstore.Config{URLs: []string{redis.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dies.Close)
	dying, one, two := node(dies), node(nil), node(nil)

	one.ask(2, "test.wait", "a", traceparent, "")
	<-g.started
	two.ask(2, "test.wait", "a", traceparent, "") // while it runs
	two.ended(t, "test.wait", 1)
	dying.ask(2, "test.again", "b", traceparent, `,"idempotent":true`)
	<-g.started
	dies.Close() // as a process that dies leaves it: nobody renews its claims
	until(t, "the call to be taken over", func() bool {
		two.ask(3, "test.again", "b", traceparent, `,"idempotent":true`)
		two.client.code(3)
		select {
		case <-g.started:
			return true
		default:
			return false
		}
	})
	close(g.open)
	for _, s := range []*traced{one, two} {
		if e := s.client.answer("a"); string(e.Result) != `"opened"` {
			t.Errorf("the reply: %+v", e)
		}
	}
	two.ended(t, "test.wait", 2)
	two.ask(5, "test.wait", "a", traceparent, "") // after its end
	spans := two.ended(t, "test.wait", 3)
	var outcomes []string
	for _, span := range spans {
		outcomes = append(outcomes, attributes(span)["centrirpc.outcome"])
	}
	if want := []string{"attached", "ran", "resent"}; !slices.Equal(outcomes, want) {
		t.Errorf("the requests' outcomes are %v; want %v", outcomes, want)
	}
	taken := 0
	until(t, "the span of the call that was taken over", func() bool {
		taken = 0
		for _, span := range recorder.Ended() {
			if got := attributes(span); span.Name() == "test.again" && got["centrirpc.taken_over"] == "true" && got["centrirpc.outcome"] == "ran" {
				taken++
			}
		}
		return taken > 0
	})
	if taken != 1 {
		t.Errorf("%d spans say that the call was taken over; want 1", taken)
	}
	for _, span := range recorder.Ended() {
		if span.SpanContext().TraceID().String() != traceID {
			t.Errorf("%s is of another trace", span.Name())
		}
	}
}
