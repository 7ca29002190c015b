package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/wire"
)

// rig is an engine whose replies are kept by correlation id.
type rig struct {
	t       *testing.T
	engine  *calls.Engine
	caller  *calls.Caller
	release chan struct{} // ends stuck handlers
	// published is called after each reply, on the call's own goroutine.
	published func()

	mu      sync.Mutex
	replies map[string][]wire.Reply
	runs    map[string]int
}

type params struct {
	Say string `json:"say,omitempty"`
}

func newRig(t *testing.T, cfg calls.Config) *rig {
	r := &rig{t: t, replies: map[string][]wire.Reply{}, runs: map[string]int{}, release: make(chan struct{})}
	router := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	centrirpc.Handle(router, "echo", func(ctx context.Context, p params) (params, error) {
		r.ran(ctx)
		return p, nil
	})
	centrirpc.Handle(router, "wait", func(ctx context.Context, _ params) (int, error) {
		r.ran(ctx)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	centrirpc.Handle(router, "stuck", func(ctx context.Context, _ params) (int, error) {
		r.ran(ctx)
		<-r.release
		return 1, nil
	})
	centrirpc.Handle(router, "gone", func(ctx context.Context, _ params) (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	centrirpc.Handle(router, "big", func(context.Context, params) (string, error) { return strings.Repeat("x", 2000), nil })
	centrirpc.Handle(router, "long", func(ctx context.Context, p params) (params, error) {
		r.ran(ctx)
		return p, nil
	}, centrirpc.Timeout(2*time.Hour))
	centrirpc.HandleNotify(router, "note", func(ctx context.Context, _ params) error {
		r.ran(ctx)
		return nil
	})
	store := memstore.New(memstore.Config{})
	t.Cleanup(store.Close)
	cfg.Store = store
	engine, err := calls.NewEngine(router, r.publish, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.engine = engine
	r.caller = engine.NewCaller(&centrirpc.Conn{UserID: "456"})
	return r
}

func (r *rig) ran(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs[centrirpc.CorrelationIDFromContext(ctx)]++
}

func (r *rig) publish(channel string, data []byte) error {
	reply, err := wire.DecodeReply(data)
	if err != nil || channel != "user#456" {
		r.t.Errorf("published %s on %s: %v", data, channel, err)
	}
	r.mu.Lock()
	r.replies[reply.CorrelationID] = append(r.replies[reply.CorrelationID], reply)
	r.mu.Unlock()
	if r.published != nil {
		r.published()
	}
	return nil
}

// submit sends a request and waits until nothing moves any more.
func (r *rig) submit(request string) error {
	r.t.Helper()
	var got []error
	r.caller.Submit([]byte(request), func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		got = append(got, err)
	})
	time.Sleep(time.Millisecond) // after which a call that takes its time is acknowledged
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(got) != 1 {
		r.t.Fatalf("acknowledged %d times", len(got))
	}
	return got[0]
}

func call(id, method, rest string) string {
	return fmt.Sprintf(`{"method":%q,"correlation_id":%q,"reply_to":"user#456"%s}`, method, id, rest)
}

// outcome is what the call's replies say: the result, or the error's reason.
func (r *rig) outcome(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, reply := range r.replies[id] {
		if reply.Error != nil {
			all = append(all, reply.Error.Reason)
		} else {
			all = append(all, string(reply.Result))
		}
	}
	return strings.Join(all, " ")
}

func (r *rig) want(id, outcome string, runs int) {
	r.t.Helper()
	if got := r.outcome(id); got != outcome || r.runs[id] != runs {
		r.t.Errorf("call %s: outcome %q after %d runs; want %q after %d", id, got, r.runs[id], outcome, runs)
	}
}

func inBubble(t *testing.T, cfg calls.Config, test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, cfg)
		test(t, r)
		close(r.release)
		if err := r.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestACallIsAcknowledgedRunAndAnswered(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "echo", `,"params":{"say":"hi"}`)); err != nil {
			t.Fatal(err)
		}
		r.want("a", `{"say":"hi"}`, 1)
		if r.engine.InFlight() != 0 {
			t.Error("a slot is still taken")
		}
	})
}

func TestARepeatedCallRunsOnceAndIsAnsweredAgain(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		for range 3 {
			if err := r.submit(call("a", "echo", `,"params":{"say":"hi"}`)); err != nil {
				t.Fatal(err)
			}
		}
		r.want("a", `{"say":"hi"} {"say":"hi"} {"say":"hi"}`, 1)
		if err := r.submit(call("a", "echo", `,"params":{"say":"other"}`)); err != nil {
			t.Fatal(err)
		}
		r.want("a", `{"say":"hi"} {"say":"hi"} {"say":"hi"} conflict`, 1)
		if err := r.submit(`{"op":"ack","correlation_id":"x","received":["a"]}`); err != nil {
			t.Fatal(err)
		}
		if err := r.submit(call("a", "echo", `,"params":{"say":"hi"}`)); err != nil {
			t.Fatal(err)
		}
		r.want("a", `{"say":"hi"} {"say":"hi"} {"say":"hi"} conflict outcome_unknown`, 1)
	})
}

func TestARepeatOfARunningCallAttachesToIt(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		for range 2 {
			if err := r.submit(call("a", "stuck", "")); err != nil {
				t.Fatal(err)
			}
		}
		r.want("a", "", 1)
		r.release <- struct{}{}
		synctest.Wait()
		r.want("a", "1", 1)
	})
}

func TestTheDeadlineAnswersForASlowAndForAStuckHandler(t *testing.T) {
	inBubble(t, calls.Config{DefaultTimeout: 5 * time.Second, MaxTimeout: 20 * time.Second}, func(t *testing.T, r *rig) {
		for _, err := range []error{
			r.submit(call("slow", "wait", `,"timeout_ms":1000`)),
			r.submit(call("stuck", "stuck", `,"timeout_ms":1000`)),
			r.submit(call("usual", "wait", ``)),
			r.submit(call("greedy", "wait", `,"timeout_ms":3600000`)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		r.want("slow", "deadline_exceeded", 1)
		r.want("stuck", "deadline_exceeded", 1)
		r.want("usual", "", 1)
		if n := r.engine.InFlight(); n != 3 {
			t.Errorf("%d slots are taken; the stuck handler must keep its own", n)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		r.want("usual", "deadline_exceeded", 1)
		r.want("greedy", "", 1)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		r.want("greedy", "deadline_exceeded", 1)
		r.release <- struct{}{} // the stuck handler returns at last
		synctest.Wait()
		r.want("stuck", "deadline_exceeded", 1)
		if r.engine.InFlight() != 0 {
			t.Error("a slot is still taken")
		}
	})
}

func TestCancelEndsTheCallOnce(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "wait", "")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := r.submit(`{"op":"cancel","correlation_id":"a"}`); err != nil {
				t.Fatal(err)
			}
		}
		r.want("a", "cancelled", 1)
		other := r.engine.NewCaller(&centrirpc.Conn{UserID: "457"})
		if err := r.submit(call("b", "wait", `,"timeout_ms":1000`)); err != nil {
			t.Fatal(err)
		}
		other.Submit([]byte(`{"op":"cancel","correlation_id":"b"}`), func(error) {})
		synctest.Wait()
		r.want("b", "", 1) // another user's cancel is nobody's
		time.Sleep(time.Second)
		synctest.Wait()
	})
}

func TestRequestsThatAreRefused(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		for _, test := range []struct {
			request string
			want    error
			code    uint32
		}{
			{`nonsense`, calls.ErrBadRequest, 107},
			{`{"method":"echo"}`, calls.ErrBadRequest, 107},
			{`{"op":"resume","correlation_id":"a"}`, calls.ErrPermissionDenied, 103},
			{`{"method":"echo","correlation_id":"a"}`, calls.ErrPermissionDenied, 103},
			{`{"method":"echo","correlation_id":"a","reply_to":"user#457"}`, calls.ErrPermissionDenied, 103},
			{`{"method":"echo","correlation_id":"a","reply_to":"tasks"}`, calls.ErrPermissionDenied, 103},
			{call("a", "echo", `,"timeout_ms":3600001`), calls.ErrBadRequest, 107},
			{call("a", "none", `,"timeout_ms":3600001`), calls.ErrBadRequest, 107},
			{`{"method":"note","op":"notify","correlation_id":"a","timeout_ms":3600001}`, calls.ErrBadRequest, 107},
			{call("a", "long", `,"timeout_ms":7200001`), calls.ErrBadRequest, 107},
		} {
			if err := r.submit(test.request); !errors.Is(err, test.want) || calls.CodeOf(err) != test.code {
				t.Errorf("%s: %v; want %v", test.request, err, test.want)
			}
		}
		r.want("a", "", 0)
	})
}

func TestRequestsThatAreAnsweredWithAnError(t *testing.T) {
	inBubble(t, calls.Config{MaxResultSize: 1000}, func(t *testing.T, r *rig) {
		for _, test := range []struct{ id, request, want string }{
			{"a", call("a", "none", ""), "method_not_found"},
			{"b", call("b", "note", ""), "method_not_found"},
			{"c", call("c", "echo", `,"params":{"say":7}`), "invalid_params"},
			{"d", call("d", "big", ""), "payload_too_large"},
			{"e", call("e", "gone", ""), "internal"},
		} {
			if err := r.submit(test.request); err != nil {
				t.Errorf("%s: %v", test.request, err)
			}
			if got := r.outcome(test.id); got != test.want {
				t.Errorf("%s: outcome %q; want %q", test.request, got, test.want)
			}
		}
		if r.engine.InFlight() != 0 {
			t.Error("a slot is still taken")
		}
	})
}

func TestANotificationRunsOnceAndIsNotAnswered(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		for range 2 {
			if err := r.submit(`{"op":"notify","method":"note","correlation_id":"a"}`); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.submit(`{"op":"notify","method":"none","correlation_id":"b"}`); err != nil {
			t.Fatal(err)
		}
		r.want("a", "", 1)
		r.want("b", "", 0)
	})
}

func TestLimitsRefuseWithoutHarm(t *testing.T) {
	inBubble(t, calls.Config{MaxInFlight: 3, MaxInFlightPerConn: 2}, func(t *testing.T, r *rig) {
		other := r.engine.NewCaller(&centrirpc.Conn{UserID: "456"})
		for _, id := range []string{"a", "b"} {
			if err := r.submit(call(id, "stuck", "")); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.submit(call("c", "echo", "")); !errors.Is(err, calls.ErrTooManyRequests) || !strings.Contains(err.Error(), "connection") {
			t.Errorf("over the connection's limit: %v", err)
		}
		other.Submit([]byte(call("d", "stuck", "")), func(err error) {
			if err != nil {
				t.Errorf("another connection: %v", err)
			}
		})
		synctest.Wait()
		other.Submit([]byte(call("e", "echo", "")), func(err error) {
			if !errors.Is(err, calls.ErrTooManyRequests) || !strings.Contains(err.Error(), "server") {
				t.Errorf("over the server's limit: %v", err)
			}
		})
		for range 3 {
			r.release <- struct{}{}
		}
		synctest.Wait()
		if err := r.submit(call("c", "echo", "")); err != nil {
			t.Errorf("after the others ended: %v", err)
		}
		r.want("c", `{}`, 1)
	})
}

func TestAReplyMayBeAnsweredWithTheNextCallAtTheLimit(t *testing.T) {
	inBubble(t, calls.Config{MaxInFlightPerConn: 1}, func(t *testing.T, r *rig) {
		var refused []error
		left := 50
		r.published = func() {
			if left--; left > 0 {
				r.caller.Submit([]byte(call(fmt.Sprint(left), "echo", "")), func(err error) {
					if err != nil {
						refused = append(refused, err)
					}
				})
			}
		}
		if err := r.submit(call("first", "echo", "")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(refused) > 0 || left != 0 {
			t.Errorf("%d calls were refused, %d are left: %v", len(refused), left, refused)
		}
	})
}

func TestDrainWaitsForRunningCallsAndRefusesNewOnes(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "stuck", "")); err != nil {
			t.Fatal(err)
		}
		drained := make(chan error, 1)
		go func() { drained <- r.engine.Drain(context.Background()) }()
		synctest.Wait()
		if err := r.submit(call("b", "echo", "")); calls.CodeOf(err) != 503 {
			t.Errorf("a new call: %v", err)
		}
		select {
		case <-drained:
			t.Fatal("drained with a call running")
		default:
		}
		r.release <- struct{}{}
		if err := <-drained; err != nil {
			t.Error(err)
		}
		r.want("a", "1", 1)
		if err := r.engine.Drain(t.Context()); err != nil {
			t.Errorf("drained again: %v", err)
		}
	})
}

func TestADrainThatRunsOutOfTimeAnswersEverybody(t *testing.T) {
	inBubble(t, calls.Config{}, func(t *testing.T, r *rig) {
		for id, method := range map[string]string{"a": "stuck", "b": "wait"} {
			if err := r.submit(call(id, method, "")); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.engine.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain = %v", err)
		}
		r.want("a", "outcome_unknown", 1) // the stuck handler still runs
		r.want("b", "outcome_unknown", 1)
		r.release <- struct{}{}
		synctest.Wait()
	})
}

func TestInvoke(t *testing.T) {
	inBubble(t, calls.Config{DefaultTimeout: 5 * time.Second, MaxInFlightPerConn: 1}, func(t *testing.T, r *rig) {
		invoke := func(ctx context.Context, method, params string) <-chan string {
			answer := make(chan string, 2)
			r.caller.Invoke(ctx, method, json.RawMessage(params), func(result json.RawMessage, failed *wire.Error) {
				if failed != nil {
					answer <- failed.Reason
					return
				}
				answer <- string(result)
			})
			return answer
		}
		if got := <-invoke(t.Context(), "echo", `{"say":"hi"}`); got != `{"say":"hi"}` {
			t.Error(got)
		}
		synctest.Wait()
		if got := <-invoke(t.Context(), "none", ``); got != "method_not_found" {
			t.Error(got)
		}
		stuck := invoke(t.Context(), "stuck", ``)
		synctest.Wait()
		if got := <-invoke(t.Context(), "echo", ``); got != "resource_exhausted" {
			t.Error(got)
		}
		if got := <-stuck; got != "deadline_exceeded" {
			t.Error(got)
		}
		r.release <- struct{}{}
		synctest.Wait()
		ctx, hangUp := context.WithCancel(t.Context())
		waiting := invoke(ctx, "wait", ``)
		hangUp()
		if got := <-waiting; got != "cancelled" {
			t.Error(got)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	router := centrirpc.NewRouter()
	for want, cfg := range map[string]calls.Config{
		"Config.Store is nil":               {},
		"Config.MaxInFlight is negative":    {Store: (*memstore.Store)(nil), MaxInFlight: -1},
		"Config.MaxWait is 1m0s; it must":   {Store: (*memstore.Store)(nil), MaxWait: time.Minute},
		"Config.MaxWait is negative":        {Store: (*memstore.Store)(nil), MaxWait: -1},
		"Config.DefaultTimeout is negative": {Store: (*memstore.Store)(nil), DefaultTimeout: -1},
	} {
		if _, err := calls.NewEngine(router, nil, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v; want %q", err, want)
		}
	}
}
