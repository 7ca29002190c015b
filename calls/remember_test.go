package calls_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
)

// A caller may wait for longer than the server runs a call: the call must be
// remembered for as long.
func TestCallsAreRememberedForAsLongAsTheirCallerAsks(t *testing.T) {
	withStreams(t, calls.Config{MaxTimeout: time.Second}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "held", 0, `,"timeout_ms":60000`))
		time.Sleep(50 * time.Second)
		r.accepted(stream("a", "held", 0, `,"timeout_ms":10000`))
		wantLines(t, r.take(), "#456 result 0", "#456 result 0")
		if runs, _ := r.ran(); runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestVolatileCallsAreNotRemembered(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		for range 2 {
			r.accepted(stream("a", "volatile", 1, ""))
			wantLines(t, r.take(), "#456 result 1")
		}
		if runs, _ := r.ran(); runs != 2 {
			t.Errorf("%d runs", runs)
		}
		// A client that does not know that the method is volatile sends its calls again.
		r.accepted(stream("a", "volatile", 1, fmt.Sprintf(`,"store":%q`, r.engine.Epoch("456"))))
		wantLines(t, r.take(), "#456 outcome_unknown")
		if n := r.store.(*memstore.Store).Len(); n != 0 {
			t.Errorf("the store has %d calls", n)
		}
	})
}

// A server whose store is new cannot know whether a call that is sent again ran.
func TestCallsOfAnotherStoreAreNotRunAgain(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		for _, test := range []struct{ request, want string }{
			{stream("a", "held", 0, `,"store":"another"`), "#456 outcome_unknown"},
			{stream("b", "held", 0, fmt.Sprintf(`,"store":%q`, r.engine.Epoch("456"))), "#456 result 0"},        // the first was lost on its way
			{stream("f", "held", 0, fmt.Sprintf(`,"store":%q`, r.engine.Epoch("457"))), "#456 outcome_unknown"}, // as another user, before a reconnect
			{stream("c", "held_again", 0, `,"store":"another"`), "#456 result 0"},
			{stream("d", "again", 0, `,"store":"another"`), "#456 outcome_unknown"}, // the items of two runs would mix
			{stream("e", "again", 0, `,"store":"another","seq":1`), "#456 outcome_unknown"},
		} {
			r.accepted(test.request)
			wantLines(t, r.take(), test.want)
		}
		if runs, _ := r.ran(); runs != 2 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestADrainingServerStillAnswersCallsThatAreSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Config{})
		defer store.Close()
		r := newStreamRig(t, store, calls.Config{})
		r.accepted(stream("done", "held", 0, ""))
		r.accepted(stream("held", "held", 5, ""))
		r.take()
		drained := make(chan error, 1)
		go func() { drained <- r.engine.Drain(t.Context()) }()
		synctest.Wait()
		again := fmt.Sprintf(`,"store":%q`, r.engine.Epoch("456"))
		r.accepted(stream("done", "held", 0, again))
		wantLines(t, r.take(), "#456 result 0")
		r.accepted(stream("held", "held", 5, again))
		for _, request := range []string{stream("new", "held", 0, ""), stream("never arrived", "held", 0, again)} {
			if err := r.submit(request); !errors.Is(err, calls.ErrUnavailable) {
				t.Errorf("%s: %v", request, err)
			}
		}
		if err := <-drained; err != nil {
			t.Error(err)
		}
		wantLines(t, r.take(), "#456 result 5")
		if runs, _ := r.ran(); runs != 2 {
			t.Errorf("%d runs", runs)
		}
	})
}

// unreliable is a store that fails to complete calls for a while.
type unreliable struct {
	calls.Store
	mu   sync.Mutex
	away bool
}

func (s *unreliable) Complete(ctx context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return 0, errors.New("out of reach")
	}
	return s.Store.Complete(ctx, key, fence, reply)
}

func TestAReplyThatCannotBeStoredIsSentAndStoredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memstore.New(memstore.Config{})
		defer kept.Close()
		store := &unreliable{Store: kept, away: true}
		r := newStreamRig(t, store, calls.Config{})
		r.accepted(stream("a", "held", 0, ""))
		wantLines(t, r.take(), "#456 result 0")
		r.accepted(stream("a", "held", 0, "")) // sent again
		wantLines(t, r.take(), "#456 result 0")
		store.mu.Lock()
		store.away = false
		store.mu.Unlock()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := r.engine.InFlight(); n != 0 {
			t.Errorf("%d calls are in flight", n)
		}
		found, err := kept.Claim(t.Context(), calls.Claim{Key: calls.Key{UserID: "456", CorrelationID: "a"}, Find: true, Deadline: time.Now()})
		if err != nil || found.State != calls.Conflict { // another fingerprint, but there
			t.Error(found, err)
		}
		r.accepted(stream("a", "held", 0, ""))
		wantLines(t, r.take(), "#456 result 0")
		store.mu.Lock()
		store.away = true
		store.mu.Unlock()
		r.accepted(stream("b", "held", 0, ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = r.engine.Drain(ctx)
		synctest.Wait()
		if runs, _ := r.ran(); runs != 2 || r.engine.InFlight() != 0 {
			t.Errorf("%d runs, %d in flight", runs, r.engine.InFlight())
		}
	})
}

// Who may ask for any time may have any number of calls remembered for as long.
func TestHowLongACallerMayWaitIsBounded(t *testing.T) {
	inBubble(t, calls.Config{MaxTimeout: time.Minute, MaxWait: 2 * time.Minute}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "echo", `,"timeout_ms":120001`)); err == nil || err.Error() != "timeout_ms is 120001; this server takes at most 120000" {
			t.Errorf("refused with %v", err)
		}
		for id, request := range map[string]string{
			"b": call("b", "echo", `,"timeout_ms":120000`),
			"c": call("c", "long", `,"timeout_ms":7200000`), // as long as the method itself may take
		} {
			if err := r.submit(request); err != nil {
				t.Errorf("%s: %v", request, err)
			}
			r.want(id, "{}", 1)
		}
	})
	inBubble(t, calls.Config{MaxTimeout: 2 * time.Hour}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "echo", `,"timeout_ms":7200000`)); err != nil {
			t.Error(err)
		}
	})
}
