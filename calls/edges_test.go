package calls_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
)

// The items of one run must not be continued with those of another.
func TestAVolatileStreamThatIsSentAgainIsNotRunAgain(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "fleeting", 3, `,"seq":2,"store":"any"`))
		wantLines(t, r.take(), "#456 outcome_unknown")
		r.accepted(stream("a", "fleeting", 1, `,"seq":0,"store":"any"`))
		wantLines(t, r.take(), "#456 outcome_unknown")
		r.accepted(stream("a", "fleeting", 1, ""))
		wantLines(t, r.take(), "#456 0: 0", "#456 1: result 1")
		r.accepted(`{"op":"ack","correlation_id":"a","seq":0}`)
		if runs, _ := r.ran(); runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}

// afar is a store whose calls all run in another process, which is slow to hear.
type afar struct {
	calls.Store
	hear    chan struct{} // closed when the other process hears
	mu      sync.Mutex
	signals []calls.Signal
	faulty  bool
}

func (s *afar) Claim(context.Context, calls.Claim) (calls.ClaimResult, error) {
	return calls.ClaimResult{State: calls.Running}, nil
}

func (s *afar) Signal(_ context.Context, _ calls.Key, signal calls.Signal) (bool, error) {
	s.mu.Lock()
	s.signals = append(s.signals, signal)
	s.mu.Unlock()
	<-s.hear
	if s.faulty {
		panic("a fault of the store")
	}
	return true, nil
}

func (s *afar) Receive(func(calls.Key, calls.Signal)) {}

func (s *afar) said() []calls.Signal {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.signals)
}

func withAfar(t *testing.T, test func(t *testing.T, r *streamRig, s *afar)) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Config{})
		defer store.Close()
		s := &afar{Store: store, hear: make(chan struct{})}
		r := newStreamRig(t, s, calls.Config{})
		test(t, r, s)
		if err := r.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The word to the owner takes its time; a request that comes meanwhile is told too.
func TestEveryRequestOfAStreamElsewhereIsToldToItsOwner(t *testing.T) {
	withAfar(t, func(t *testing.T, r *streamRig, s *afar) {
		r.accepted(stream("a", "count", 3, `,"seq":1,"store":"any"`))
		r.accepted(strings.Replace(stream("a", "count", 3, `,"seq":2,"store":"any"`), "user#456", "user.other#456", 1))
		close(s.hear)
		got := s.said()
		want := []calls.Signal{{Kind: calls.SignalResume, Seq: 1, ReplyTo: "user#456"}, {Kind: calls.SignalResume, Seq: 2, ReplyTo: "user.other#456"}}
		if !slices.Equal(got, want) {
			t.Errorf("said %+v; want %+v", got, want)
		}
	})
}

// A client that says much, while the other process cannot be told, costs a bounded
// number of goroutines.
func TestWordsToOtherProcessesAreBounded(t *testing.T) {
	withAfar(t, func(t *testing.T, r *streamRig, s *afar) {
		for i := range 3000 {
			r.caller.Submit(fmt.Appendf(nil, `{"op":"cancel","correlation_id":"%d"}`, i), func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
		if n := len(s.said()); n > 1024 {
			t.Errorf("%d are under way", n)
		}
		close(s.hear)
		synctest.Wait()
		said := len(s.said())
		r.accepted(`{"op":"cancel","correlation_id":"last"}`)
		if n := len(s.said()); n != said+1 {
			t.Error("the last one was not said")
		}
	})
}

func TestAStoreThatPanicsAtASignalEndsNothing(t *testing.T) {
	withAfar(t, func(t *testing.T, r *streamRig, s *afar) {
		s.faulty = true
		close(s.hear)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":1}`)
		r.accepted(stream("a", "count", 3, `,"seq":1,"store":"any"`))
		if n := len(s.said()); n != 2 {
			t.Errorf("%d signals", n)
		}
	})
}

// Who takes no items must not fill the server with streams that have ended.
func TestStreamsWhoseItemsNobodyTakesCountForTheirConnection(t *testing.T) {
	withStreams(t, calls.Config{MaxInFlightPerConn: 3}, func(t *testing.T, r *streamRig) {
		for i := range 3 {
			r.accepted(stream(fmt.Sprint(i), "count", 1, ""))
		}
		if err := r.submit(stream("more", "count", 1, "")); !errors.Is(err, calls.ErrTooManyRequests) {
			t.Errorf("refused with %v", err)
		}
		r.accepted(`{"op":"ack","correlation_id":"0","seq":0}`)
		r.accepted(stream("more", "count", 1, ""))
		r.accepted(`{"op":"ack","correlation_id":"more","seq":0,"received":["1","2"]}`)
		for i := range 9 {
			id := fmt.Sprint("taken", i)
			r.accepted(stream(id, "count", 1, ""))
			r.accepted(fmt.Sprintf(`{"op":"ack","correlation_id":%q,"seq":0}`, id))
		}
	})
}

// sluggish is a store that takes a second for each reply.
type sluggish struct{ calls.Store }

func (s sluggish) Complete(ctx context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	time.Sleep(time.Second)
	return s.Store.Complete(ctx, key, fence, reply)
}

// deaf is a store that does not answer.
type deaf struct{ calls.Store }

func (s deaf) Complete(context.Context, calls.Key, uint64, []byte) (calls.Completion, error) {
	time.Sleep(time.Minute)
	return 0, errors.New("out of reach")
}

func TestADrainThatGivesUpEndsSoon(t *testing.T) {
	for name, test := range map[string]struct {
		store   func(calls.Store) calls.Store
		replies int
		atMost  time.Duration
	}{
		"slow": {func(s calls.Store) calls.Store { return sluggish{s} }, 50, 1500 * time.Millisecond},
		"away": {func(s calls.Store) calls.Store { return deaf{s} }, 0, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := memstore.New(memstore.Config{})
				defer kept.Close()
				r := newStreamRig(t, test.store(kept), calls.Config{})
				for i := range 50 {
					r.accepted(stream(fmt.Sprint(i), "held", 100, ""))
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				began := time.Now()
				if err := r.engine.Drain(ctx); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if took := time.Since(began); took > test.atMost {
					t.Errorf("it took %v", took)
				}
				if n := len(r.take()); n != test.replies {
					t.Errorf("%d calls were answered", n)
				}
				time.Sleep(5 * time.Minute)
			})
		})
	}
}

// A handler that does not heed its deadline has nobody to tell its progress to.
func TestProgressAfterTheReplyIsNotSent(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "late", 0, `,"timeout_ms":100`))
		time.Sleep(5 * time.Second)
		wantLines(t, r.take(), "#456 deadline_exceeded")
	})
}

// The acknowledgement of a notification is its outcome, and says that it was claimed.
func TestANotificationThatNobodyKnowsOfIsNotAcknowledged(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		note := `{"op":"notify","method":"note","correlation_id":"a","params":{"n":1},"store":%q}`
		err := r.submit(fmt.Sprintf(note, "another"))
		if !errors.Is(err, calls.ErrOutcomeUnknown) || calls.CodeOf(err) != 520 {
			t.Errorf("refused with %v", err)
		}
		r.accepted(fmt.Sprintf(note, r.engine.Epoch("456")))
		if runs, _ := r.ran(); runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}
