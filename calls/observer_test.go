package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

var eventNames = [calls.Events]string{
	calls.Claiming: "claiming", calls.Started: "started", calls.TakenOver: "taken over", calls.Acknowledged: "acknowledged",
	calls.ItemSent: "item", calls.SentAgain: "sent again", calls.Attached: "attached", calls.Resent: "resent",
	calls.Storing: "storing", calls.Stored: "stored", calls.Published: "published", calls.Displaced: "displaced",
	calls.OwnerLost: "owner lost", calls.ReplyLost: "reply lost", calls.Stopped: "stopped",
}

// witness writes down what an observer and a tracer are told.
type witness struct {
	mu    sync.Mutex
	lines []string
}

func (w *witness) add(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

func (w *witness) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := strings.Join(w.lines, ", ")
	w.lines = nil
	return lines
}

type watching struct{ *witness }

func (w watching) Method(*centrirpc.Method) calls.MethodObserver { return watchingMethod(w) }
func (w watching) CallRefused(reason string)                     { w.add("refused %s", reason) }
func (w watching) PublishFailed()                                { w.add("unpublished") }
func (w watching) StoreAsked(claim bool, _ time.Duration, err error) {
	if err != nil {
		w.add("store failed, claim %v", claim)
	}
}

type watchingMethod struct{ *witness }

func (w watchingMethod) Happened(event calls.Event)    { w.add("%s", eventNames[event]) }
func (w watchingMethod) HandlerReturned(time.Duration) { w.add("returned") }
func (w watchingMethod) CallEnded(code wire.Code, took time.Duration) {
	w.add("ended %d after %v", code, took)
}

type following struct{ *witness }

func (f following) Follow(r calls.TracedRequest) calls.Trace {
	f.add("follow %s %s %s again %v", r.Method.Name, r.CorrelationID, r.Traceparent, r.Again)
	return followed(f)
}

type followed struct{ *witness }

func (followed) Traceparent() string          { return "the server's" }
func (f followed) Value(key any) any          { return map[any]any{traceKey{}: "the trace"}[key] }
func (f followed) Happened(event calls.Event) { f.add("%s", eventNames[event]) }
func (f followed) HandlerReturned()           { f.add("returned") }
func (f followed) Ended(code wire.Code)       { f.add("end %d", code) }

type traceKey struct{}

// scriptedStore answers as it is told to.
type scriptedStore struct {
	calls.Store
	claim    *calls.ClaimResult
	complete calls.Completion
	err      error
}

func (s *scriptedStore) Claim(ctx context.Context, claim calls.Claim) (calls.ClaimResult, error) {
	switch {
	case s.err != nil:
		return calls.ClaimResult{}, s.err
	case s.claim != nil:
		return *s.claim, nil
	}
	return s.Store.Claim(ctx, claim)
}

func (s *scriptedStore) Complete(ctx context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	if s.complete != calls.Completed {
		return s.complete, nil
	}
	return s.Store.Complete(ctx, key, fence, reply)
}

type watched struct {
	seen, traced witness
	store        *scriptedStore
	engine       *calls.Engine
	caller       *calls.Caller
	unpublished  error
}

// watch runs a test with an engine that is watched, in a bubble.
func watch(t *testing.T, run func(t *testing.T, w *watched)) {
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New(memstore.Config{})
		defer memory.Close()
		router := centrirpc.NewRouter(centrirpc.Logger(quiet()))
		centrirpc.Handle(router, "quick", func(ctx context.Context, _ struct{}) (string, error) {
			return fmt.Sprint(ctx.Value(traceKey{}), ", ", centrirpc.TraceparentFromContext(ctx)), nil
		})
		centrirpc.Handle(router, "slow", func(context.Context, struct{}) (int, error) { time.Sleep(time.Minute); return 1, nil })
		centrirpc.HandleStream(router, "stream", func(_ context.Context, _ struct{}, send func(int) error) (int, error) { return 1, send(1) })
		centrirpc.HandleNotify(router, "note", func(context.Context, struct{}) error { return nil })
		centrirpc.Handle(router, "volatile", func(context.Context, struct{}) (int, error) { return 1, nil }, centrirpc.Volatile())
		w := &watched{store: &scriptedStore{Store: memory}}
		var err error
		w.engine, err = calls.NewEngine(router, func(string, []byte) error { return w.unpublished }, calls.Config{
			Store: w.store, Observer: watching{&w.seen}, Tracer: following{&w.traced},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.caller = w.engine.NewCaller(&centrirpc.Conn{UserID: "456"})
		run(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_ = w.engine.Drain(ctx)
	})
}

// send submits a request and waits until all is quiet.
func (w *watched) send(data string) {
	w.caller.Submit([]byte(data), func(error) {})
	synctest.Wait()
}

func (w *watched) want(t *testing.T, what string, seen, traced string) {
	t.Helper()
	if got := w.seen.take(); got != seen {
		t.Errorf("%s: the observer saw\n%s; want\n%s", what, got, seen)
	}
	if got := w.traced.take(); got != traced {
		t.Errorf("%s: the tracer saw\n%s; want\n%s", what, got, traced)
	}
}

func TestWhatObserversAndTracersAreTold(t *testing.T) {
	watch(t, func(t *testing.T, w *watched) {
		w.send(call("a", "quick", `,"traceparent":"the client's"`))
		w.want(t, "a call",
			"claiming, started, returned, storing, stored, acknowledged, published, ended 0 after 0s",
			"follow quick a the client's again false, claiming, started, returned, storing, stored, acknowledged, published, end 0")
		w.send(call("a", "quick", ""))
		w.want(t, "the same again", "claiming, resent, acknowledged", "follow quick a  again false, claiming, resent, acknowledged, end 0")

		w.send(call("b", "slow", ""))
		time.Sleep(time.Second)
		w.send(call("b", "slow", `,"store":"x"`))
		time.Sleep(2 * time.Minute)
		w.want(t, "a call that was sent again while it ran",
			"claiming, started, acknowledged, attached, storing, stored, published, ended 504 after 30s, returned",
			"follow slow b  again false, claiming, started, acknowledged, follow slow b  again true, sent again, attached, end 0, storing, stored, published, end 504, returned")

		w.send(call("c", "stream", ""))
		w.want(t, "a stream",
			"claiming, started, item, returned, storing, stored, acknowledged, published, ended 0 after 0s",
			"follow stream c  again false, claiming, started, item, returned, storing, stored, acknowledged, published, end 0")
		w.send(`{"op":"notify","method":"note","correlation_id":"d"}`)
		w.want(t, "a notification",
			"claiming, acknowledged, started, returned, storing, stored, ended 0 after 0s",
			"follow note d  again false, claiming, acknowledged, started, returned, storing, stored, end 0")
		w.send(call("e", "volatile", ""))
		w.want(t, "a volatile call",
			"started, returned, acknowledged, published, ended 0 after 0s",
			"follow volatile e  again false, started, returned, acknowledged, published, end 0")
		w.send(call("f", "nothing", ""))
		w.want(t, "a method that is not there", "refused method_not_found", "")
		w.send(call("a", "volatile", `,"store":"x"`))
		w.want(t, "a volatile call, again",
			"owner lost, refused outcome_unknown, acknowledged", "follow volatile a  again true, owner lost, acknowledged, end 520")

		var result json.RawMessage
		w.caller.Invoke(t.Context(), "quick", nil, func(answer json.RawMessage, _ *wire.Error) { result = answer })
		synctest.Wait()
		w.want(t, "native RPC", "started, returned, ended 0 after 0s", "follow quick   again false, started, returned, end 0")
		if want := `"the trace, the server's"`; string(result) != want {
			t.Errorf("the handler finds %s; want %s", result, want)
		}
	})
}

func TestWhatObserversAreToldOfTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		claim    *calls.ClaimResult
		complete calls.Completion
		err      error
		publish  error
		want     string
	}{
		"taken over": {claim: &calls.ClaimResult{State: calls.Claimed, Fence: 1, TakenOver: true}, complete: calls.Forgotten,
			want: "claiming, taken over, started, returned, storing, stored, acknowledged, published, ended 0 after 0s"},
		"overtaken": {complete: calls.Superseded,
			want: "claiming, started, returned, storing, stored, acknowledged, displaced, ended 0 after 0s"},
		"runs elsewhere": {claim: &calls.ClaimResult{State: calls.Running}, want: "claiming, attached, acknowledged"},
		"lost":           {claim: &calls.ClaimResult{State: calls.Lost}, want: "claiming, owner lost, refused outcome_unknown, acknowledged"},
		"reply dropped":  {claim: &calls.ClaimResult{State: calls.Dropped}, want: "claiming, reply lost, refused outcome_unknown, acknowledged"},
		"conflict":       {claim: &calls.ClaimResult{State: calls.Conflict}, want: "claiming, refused conflict, acknowledged"},
		"full":           {claim: &calls.ClaimResult{State: calls.Full}, want: "claiming, refused too_many_requests"},
		"out of reach":   {err: errors.New("away"), want: "claiming, store failed, claim true, refused unavailable"},
		"unpublished": {publish: errors.New("away"),
			want: "claiming, started, returned, storing, stored, acknowledged, unpublished, ended 0 after 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			watch(t, func(t *testing.T, w *watched) {
				w.store.claim, w.store.complete, w.store.err, w.unpublished = c.claim, c.complete, c.err, c.publish
				w.send(call("a", "quick", ""))
				if got := w.seen.take(); got != c.want {
					t.Errorf("the observer saw\n%s; want\n%s", got, c.want)
				}
				if traced := w.traced.take(); !strings.Contains(traced, ", end ") {
					t.Errorf("the trace did not end: %s", traced)
				}
			})
		})
	}
}

// A drain that gives up says so of each call that it gives up.
func TestObserversAreToldOfCallsThatADrainGaveUp(t *testing.T) {
	watch(t, func(t *testing.T, w *watched) {
		w.send(call("a", "slow", ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.engine.Drain(ctx); err == nil {
			t.Fatal("the drain did not give up")
		}
		if got := w.seen.take(); !slices.Contains(strings.Split(got, ", "), "stopped") {
			t.Errorf("the observer saw %s", got)
		}
		time.Sleep(2 * time.Minute)
	})
}
