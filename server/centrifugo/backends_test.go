package centrifugo_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/wire"
)

// backend is one of several, as a process of its own would be: with its own way to
// the Redis that they share, and to Centrifugo's API.
type backend struct {
	*centrifugo.Backend
	redis *faultproxy.Proxy
	api   *front
}

// kill leaves the backend without a way to anything, as a process that died is without.
func (b *backend) kill() {
	b.redis.Refuse(true)
	b.redis.Cut()
	b.api.misbehave(abort)
}

// beside starts one more backend of the system, which has the requests from now on.
func (s *system) beside(router *centrirpc.Router, redis *redisserver.Server) *backend {
	s.t.Helper()
	b := &backend{redis: faultproxy.Start(s.t, redis.Addr()), api: newFront(s.t)}
	b.api.to(http.HandlerFunc(s.api.Config.Handler.ServeHTTP))
	store, err := redisstore.New(redisstore.Config{URLs: []string{"redis://" + b.redis.Addr()}, Lease: 1500 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(store.Close)
	b.Backend = start(s.t, router, centrifugo.Config{APIURL: b.api.URL + "/api", Store: store})
	s.proxies.to(b)
	return b
}

// A request that comes again at another backend joins the call that runs at the first:
// its reply comes, and nothing runs twice. When it has ended, the other backend sends
// its reply again.
func TestARequestThatComesAgainElsewhere(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	one, two := newCounting(), newCounting()
	one.gate = make(chan struct{})
	s := newSystem(t, one.router, centrifugoconfig.Options{})
	first := s.beside(one.router, redis)
	rpc := s.connect("456", client.WithSilence(200*time.Millisecond))
	type outcome struct {
		result int64
		err    error
	}
	call := func() <-chan outcome {
		outcomes := make(chan outcome, 1)
		go func() {
			var o outcome
			o.err = rpc.Call(t.Context(), "count", nil, &o.result, client.WithTimeout(20*time.Second))
			outcomes <- o
		}()
		return outcomes
	}
	running := call()
	wait(t, "the handler", one.began)
	second := s.beside(two.router, redis)
	until(t, "the request to come again", func() bool {
		return metric(t, second, `centrirpc_calls_repeated_total{method="count",outcome="attached"}`) != "0"
	})
	close(one.gate)
	if got := <-running; got.err != nil || got.result != 1 {
		t.Errorf("the call: %+v", got)
	}

	// The second call's reply is lost on its way from the first backend.
	s.proxies.to(first)
	first.api.misbehave(status(http.StatusBadRequest, ""))
	running = call()
	wait(t, "the handler", one.began)
	s.proxies.to(second)
	if got := <-running; got.err != nil || got.result != 2 {
		t.Errorf("the call whose reply was lost: %+v", got)
	}
	if got := metric(t, second, `centrirpc_calls_repeated_total{method="count",outcome="resent"}`); got == "0" {
		t.Error("the second backend did not send the reply again")
	}
	if n, m := one.runs.Load(), two.runs.Load(); n != 2 || m != 0 {
		t.Errorf("%d runs at the first backend and %d at the second", n, m)
	}
}

// A cancel that arrives at another backend ends the handler at the first.
func TestACancelThatArrivesElsewhere(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	one := newCounting()
	ended := make(chan struct{})
	centrirpc.Handle(one.router, "wait", func(ctx context.Context, _ struct{}) (int, error) {
		one.began <- struct{}{}
		<-ctx.Done()
		close(ended)
		return 0, ctx.Err()
	})
	s := newSystem(t, one.router, centrifugoconfig.Options{})
	s.beside(one.router, redis)
	rpc := s.connect("456")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outcome := make(chan error, 1)
	go func() { outcome <- rpc.Call(ctx, "wait", nil, nil, client.WithTimeout(30*time.Second)) }()
	wait(t, "the handler", one.began)
	other := centrirpc.NewRouter()
	centrirpc.Handle(other, "wait", func(context.Context, struct{}) (int, error) { return 0, errors.New("not here") })
	s.beside(other, redis)
	cancel()
	if err := <-outcome; !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	wait(t, "the handler's end", ended)
}

// A backend that is killed leaves its calls to the others: an idempotent one runs
// again, and of another its caller hears that nobody knows.
func TestAKilledBackendAmongSeveral(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	dying, next := newCounting(), newCounting()
	dying.gate = make(chan struct{}) // its calls never end
	for _, c := range []*counting{dying, next} {
		centrirpc.Handle(c.router, "again", c.count, centrirpc.Idempotent())
	}
	s := newSystem(t, dying.router, centrifugoconfig.Options{})
	killed := s.beside(dying.router, redis)
	rpc := s.connect("456", client.WithSilence(200*time.Millisecond))
	var again int64
	once, twice := make(chan error, 1), make(chan error, 1)
	go func() {
		once <- rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(30*time.Second))
	}()
	go func() {
		twice <- rpc.Call(t.Context(), "again", nil, &again, client.WithTimeout(30*time.Second), client.Idempotent())
	}()
	wait(t, "a handler", dying.began)
	wait(t, "the other handler", dying.began)
	survivor := s.beside(next.router, redis)
	killed.kill()
	if err := <-once; client.CodeOf(err) != wire.OutcomeUnknown {
		t.Errorf("the call that may run once: %v", err)
	}
	if err := <-twice; err != nil || again != 1 || next.runs.Load() != 1 {
		t.Errorf("the idempotent call: %d after %d runs, %v", again, next.runs.Load(), err)
	}
	for name, want := range map[string]string{
		`centrirpc_calls_repeated_total{method="again",outcome="taken_over"}`: "1",
		`centrirpc_calls_lost_total{cause="owner_gone",method="count"}`:       "1",
	} {
		if got := metric(t, survivor, name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}
