package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// streamRig is an engine with streams, and what it published.
type streamRig struct {
	t      *testing.T
	engine *calls.Engine
	caller *calls.Caller
	store  calls.Store

	mu        sync.Mutex
	published []string // "channel seq item" and the like
	sent      int      // items that handlers got rid of
	ended     []string // why handlers' sends failed
	runs      int
}

type count struct {
	N    int `json:"n"`
	Size int `json:"size,omitempty"`
}

func newStreamRig(t *testing.T, store calls.Store, cfg calls.Config) *streamRig {
	r := &streamRig{t: t, store: store}
	router := centrirpc.NewRouter(centrirpc.Logger(quiet()))
	handler := func(ctx context.Context, p count, send func(string) error) (int, error) {
		r.note(func() { r.runs++ })
		for i := range p.N {
			if err := send(fmt.Sprint(i) + strings.Repeat("x", p.Size)); err != nil {
				r.note(func() { r.ended = append(r.ended, err.Error()) })
				return i, err
			}
			r.note(func() { r.sent++ })
		}
		return p.N, nil
	}
	centrirpc.HandleStream(router, "count", handler)
	centrirpc.HandleStream(router, "again", handler, centrirpc.Idempotent())
	centrirpc.HandleStream(router, "fleeting", handler, centrirpc.Volatile(), centrirpc.Idempotent())
	centrirpc.HandleStream(router, "failing", func(ctx context.Context, p count, send func(string) error) (int, error) {
		_, _ = handler(ctx, p, send)
		return 0, centrirpc.Errorf(wire.NotFound, "gone")
	})
	centrirpc.Handle(router, "steps", func(ctx context.Context, p count) (int, error) {
		for i := range p.N {
			centrirpc.Progress(ctx, float64(i), 0, "")
			time.Sleep(30 * time.Millisecond)
		}
		centrirpc.Progress(ctx, float64(p.N), float64(p.N), "done")
		return p.N, nil
	})
	centrirpc.HandleNotify(router, "note", func(context.Context, count) error {
		r.note(func() { r.runs++ })
		return nil
	})
	centrirpc.Handle(router, "late", func(ctx context.Context, _ count) (int, error) {
		time.Sleep(time.Second)
		centrirpc.Progress(ctx, 1, 0, "")
		return 1, nil
	})
	held := func(ctx context.Context, p count) (int, error) {
		r.note(func() { r.runs++ })
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Duration(p.N) * time.Second):
			return p.N, nil
		}
	}
	centrirpc.Handle(router, "held", held)
	centrirpc.Handle(router, "held_again", held, centrirpc.Idempotent())
	centrirpc.Handle(router, "volatile", func(context.Context, count) (int, error) {
		r.note(func() { r.runs++ })
		return 1, nil
	}, centrirpc.Volatile())
	cfg.Store = store
	engine, err := calls.NewEngine(router, r.publish, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.engine = engine
	r.caller = engine.NewCaller(&centrirpc.Conn{UserID: "456"})
	return r
}

func (r *streamRig) note(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *streamRig) publish(channel string, data []byte) error {
	reply, err := wire.DecodeReply(data)
	if err != nil {
		r.t.Errorf("%s: %v", data, err)
	}
	text := strings.TrimPrefix(channel, "user")
	if reply.Seq != nil {
		text += fmt.Sprintf(" %d:", *reply.Seq)
	}
	switch {
	case reply.Error != nil:
		text += " " + reply.Error.Reason
	case reply.Progress != nil:
		text += fmt.Sprintf(" %v%s", reply.Progress.Done, reply.Progress.Message)
	case reply.Item != nil:
		text += " " + strings.Trim(string(reply.Item), `"x`)
	default:
		text += " result " + string(reply.Result)
	}
	r.note(func() { r.published = append(r.published, text) })
	return nil
}

func (r *streamRig) submit(request string) error {
	r.t.Helper()
	acks := make(chan error, 2)
	r.caller.Submit([]byte(request), func(err error) { acks <- err })
	time.Sleep(time.Millisecond)
	synctest.Wait()
	if len(acks) != 1 {
		r.t.Fatalf("%s: acknowledged %d times", request, len(acks))
	}
	return <-acks
}

func (r *streamRig) accepted(request string) {
	r.t.Helper()
	if err := r.submit(request); err != nil {
		r.t.Fatalf("%s: %v", request, err)
	}
}

// take is what was published since the last time, numbers of items shortened to
// first-last.
func (r *streamRig) take() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.published
	r.published = nil
	return got
}

func (r *streamRig) ran() (runs, sent int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs, r.sent
}

func items(channel string, from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("%s %d: %d", channel, i, i))
	}
	return all
}

func withStreams(t *testing.T, cfg calls.Config, test func(t *testing.T, r *streamRig)) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Config{})
		defer store.Close()
		r := newStreamRig(t, store, cfg)
		test(t, r)
		if err := r.engine.Drain(t.Context()); err != nil {
			t.Errorf("drained: %v", err)
		}
		if n := r.engine.InFlight(); n != 0 {
			t.Errorf("%d calls are in flight", n)
		}
	})
}

func stream(id, method string, n int, rest string) string {
	return call(id, method, fmt.Sprintf(`,"params":{"n":%d}%s`, n, rest))
}

func TestAStreamSendsItsItemsAndThenItsResult(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 3, ""))
		wantLines(t, r.take(), append(items("#456", 0, 3), "#456 3: result 3")...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":2}`)
		r.accepted(stream("b", "failing", 1, ""))
		wantLines(t, r.take(), "#456 0: 0", "#456 1: not_found")
		r.accepted(`{"op":"ack","correlation_id":"b","seq":0}`)
		r.accepted(stream("none", "count", 0, ""))
		wantLines(t, r.take(), "#456 0: result 0")
	})
}

func TestASlowReaderHoldsTheHandlerUp(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamItems: 10}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 25, ""))
		wantLines(t, r.take(), items("#456", 0, 10)...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":3}`)
		wantLines(t, r.take(), items("#456", 10, 14)...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":3}`)  // twice
		r.accepted(`{"op":"ack","correlation_id":"a","seq":99}`) // of the future
		wantLines(t, r.take())
		r.accepted(`{"op":"ack","correlation_id":"a","seq":13}`)
		wantLines(t, r.take(), items("#456", 14, 24)...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":23}`)
		wantLines(t, r.take(), "#456 24: 24", "#456 25: result 25")
		r.accepted(`{"op":"ack","correlation_id":"a","seq":24}`)
	})
}

func TestItemsAreBoundedInBytes(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamBytes: 1000}, func(t *testing.T, r *streamRig) {
		r.accepted(call("a", "count", `,"params":{"n":5,"size":600}`))
		for i := range 5 {
			if got := r.take(); len(got) == 0 || len(got) > 2 || got[0] != fmt.Sprintf("#456 %d: %d", i, i) {
				t.Fatalf("%d: %v", i, got)
			}
			r.accepted(fmt.Sprintf(`{"op":"ack","correlation_id":"a","seq":%d}`, i))
		}
	})
	withStreams(t, calls.Config{MaxStreamBytes: 500}, func(t *testing.T, r *streamRig) { // for all of a connection
		for i := range 20 {
			r.accepted(stream(fmt.Sprint(i), "count", 100, ""))
		}
		if got := len(r.take()); got < 20 || got > 50 {
			t.Errorf("%d items are out", got)
		}
		for i := range 20 {
			r.accepted(fmt.Sprintf(`{"op":"cancel","correlation_id":"%d"}`, i))
		}
	})
	withStreams(t, calls.Config{MaxStreamBytesTotal: 100}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 100, ""))
		r.accepted(stream("b", "count", 100, ""))
		got := r.take()
		if len(got) > 6 || got[len(got)-1] != "#456 0: 0" {
			t.Errorf("%v; want some of the first, and one of the second", got)
		}
		r.accepted(`{"op":"cancel","correlation_id":"a"}`)
		r.accepted(`{"op":"cancel","correlation_id":"b"}`)
	})
	withStreams(t, calls.Config{MaxResultSize: 100}, func(t *testing.T, r *streamRig) {
		r.accepted(call("a", "count", `,"params":{"n":1,"size":100}`))
		wantLines(t, r.take(), "#456 0: payload_too_large")
	})
}

// The bytes of all streams of a connection are bounded together: what one of them
// gives free another one may take.
func TestAStreamTakesTheRoomThatAnotherOneLeaves(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamBytes: 2000}, func(t *testing.T, r *streamRig) {
		r.accepted(call("large", "count", `,"params":{"n":2,"size":900}`))
		r.take()
		r.accepted(stream("small", "count", 10, ""))
		if got := len(r.take()); got < 1 || got > 5 {
			t.Errorf("%d items are out", got)
		}
		r.accepted(`{"op":"ack","correlation_id":"large","seq":1}`)
		if got := r.take(); len(got) < 5 || got[len(got)-1] != "#456 10: result 10" {
			t.Errorf("%v", got)
		}
		r.accepted(`{"op":"ack","correlation_id":"small","seq":9}`)
	})
}

func TestAStreamIsResumed(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamItems: 10}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 12, ""))
		r.take()
		r.accepted(`{"op":"resume","correlation_id":"a","seq":7,"reply_to":"user#456"}`)
		wantLines(t, r.take(), items("#456", 7, 10)...)
		// The call sent again attaches, and says what is missing.
		r.accepted(stream("a", "count", 12, `,"seq":8,"store":"any"`))
		wantLines(t, r.take(), items("#456", 8, 10)...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":4}`)
		wantLines(t, r.take(), append(items("#456", 10, 12), "#456 12: result 12")...)
		// Its handler is done, and its items are kept until they were taken.
		r.accepted(stream("a", "count", 12, `,"seq":9`))
		wantLines(t, r.take(), append(items("#456", 9, 12), "#456 12: result 12")...)
		r.accepted(stream("a", "count", 12, `,"seq":12`))
		wantLines(t, r.take(), "#456 12: result 12")
		r.accepted(`{"op":"resume","correlation_id":"a","seq":2,"reply_to":"user#456"}`)
		// It has said that it took those up to 4: the question is an old one, from a
		// connection that was lost, or was overtaken on its way between processes.
		wantLines(t, r.take(), append(items("#456", 5, 12), "#456 12: result 12")...)
		r.accepted(`{"op":"ack","correlation_id":"a","seq":11}`)
		if n := r.engine.InFlight(); n != 0 {
			t.Errorf("%d calls are in flight", n)
		}
		r.accepted(stream("a", "count", 12, `,"seq":12`))
		wantLines(t, r.take(), "#456 12: result 12") // the stored one
		r.accepted(`{"op":"resume","correlation_id":"a","seq":3,"reply_to":"user#456"}`)
		wantLines(t, r.take(), "#456 outcome_unknown")
		if runs, _ := r.ran(); runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestAnotherUserCannotResumeAStream(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 2, ""))
		r.take()
		r.caller = r.engine.NewCaller(&centrirpc.Conn{UserID: "457"})
		if err := r.submit(`{"op":"resume","correlation_id":"a","seq":0,"reply_to":"user#456"}`); !errors.Is(err, calls.ErrPermissionDenied) {
			t.Errorf("refused with %v", err)
		}
		r.accepted(`{"op":"ack","correlation_id":"a","seq":1}`)
		r.accepted(`{"op":"resume","correlation_id":"a","seq":0,"reply_to":"user#457"}`)
		wantLines(t, r.take(), "#457 outcome_unknown")
		r.caller = r.engine.NewCaller(&centrirpc.Conn{UserID: "456"})
		r.accepted(`{"op":"resume","correlation_id":"a","seq":0,"reply_to":"user#456"}`)
		wantLines(t, r.take(), "#456 0: 0", "#456 1: 1", "#456 2: result 2")
		r.accepted(`{"op":"ack","correlation_id":"a","seq":1}`)
	})
}

// The last acknowledgement was lost; naming the call among those received will do.
func TestAStreamWhoseEndWasReceivedIsOver(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 3, ""))
		r.accepted(stream("b", "held", 1, `,"received":["a"]`))
		if n := r.engine.InFlight(); n != 1 {
			t.Errorf("%d calls are in flight", n)
		}
	})
}

func TestLeavingAStreamEndsItsHandler(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamItems: 2}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 10, ""))
		r.accepted(`{"op":"cancel","correlation_id":"a"}`)
		wantLines(t, r.take(), "#456 0: 0", "#456 1: 1", "#456 2: cancelled")
		if n := r.engine.InFlight(); n != 0 {
			t.Errorf("%d calls are in flight", n)
		}
		r.note(func() {
			if len(r.ended) != 1 || r.ended[0] != context.Canceled.Error() {
				t.Errorf("send ended with %q", r.ended)
			}
		})
	})
}

// Its caller is gone for good: what it did not take goes with its time.
func TestItemsThatNobodyTakesAreForgotten(t *testing.T) {
	withStreams(t, calls.Config{MaxStreamItems: 2}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "count", 2, `,"timeout_ms":5000`))
		r.accepted(stream("b", "count", 10, `,"timeout_ms":5000`))
		time.Sleep(14 * time.Second)
		got := r.take()
		if last := got[len(got)-1]; last != "#456 2: deadline_exceeded" {
			t.Error(last)
		}
		again := `{"op":"resume","correlation_id":"a","seq":1,"reply_to":"user#456"}`
		r.accepted(again)
		wantLines(t, r.take(), "#456 1: 1", "#456 2: result 2")
		time.Sleep(2 * time.Second)
		r.accepted(again)
		wantLines(t, r.take(), "#456 outcome_unknown")
	})
}

func TestProgressIsToldAtMostTenTimesASecond(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "steps", 20, "")) // 600 ms
		time.Sleep(time.Second)
		got := r.take()
		if len(got) < 5 || len(got) > 9 || got[0] != "#456 0" || got[len(got)-2] != "#456 20done" || got[len(got)-1] != "#456 result 20" {
			t.Errorf("%q", got)
		}
	})
}

// A stream's item and its end are what clients read.
func TestStreamMessagesOnTheWire(t *testing.T) {
	for want, got := range map[string][]byte{
		`{"correlation_id":"a","seq":18446744073709551615,"item":null}`: wire.EncodeItem("a", 1<<64-1, json.RawMessage("null")),
		`{"correlation_id":"a","result":1,"seq":0}`:                     wire.EncodeStreamEnd(wire.EncodeResult("a", json.RawMessage("1")), 0),
	} {
		if string(got) != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}
