package calls_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/wire"
)

// journal is an engine that writes down, in order, what its client would see.
type journal struct {
	engine *calls.Engine
	caller *calls.Caller
	mu     sync.Mutex
	lines  []string
	log    bytes.Buffer
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) take() []string {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

func (j *journal) send(request string) {
	j.caller.Submit([]byte(request), func(refusal error) {
		if refusal != nil {
			j.note("refused: " + refusal.Error())
			return
		}
		j.note("ack")
	})
}

// newJournal has the one method "do".
func newJournal(t *testing.T, store calls.Store, do func(context.Context, params) (string, error)) *journal {
	j := &journal{}
	router := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.NewTextHandler(&j.log, nil))))
	centrirpc.Handle(router, "do", do)
	centrirpc.HandleNotify(router, "note", func(ctx context.Context, p params) error { _, err := do(ctx, p); return err })
	if store == nil {
		memory := memstore.New(memstore.Config{})
		t.Cleanup(memory.Close)
		store = memory
	}
	var err error
	j.engine, err = calls.NewEngine(router, func(channel string, data []byte) error {
		reply, err := wire.DecodeReply(data)
		if err != nil {
			return err
		}
		text := string(reply.Result)
		if reply.Error != nil {
			text = reply.Error.Reason
		}
		j.note(channel + " " + reply.CorrelationID + " " + text)
		return nil
	}, calls.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	j.caller = j.engine.NewCaller(&centrirpc.Conn{UserID: "456"})
	return j
}

func inJournal(t *testing.T, store calls.Store, do func(context.Context, params) (string, error), test func(t *testing.T, j *journal)) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t, store, do)
		test(t, j)
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the client sees %q; want %q", got, want)
	}
}

func sleep(d time.Duration) func(context.Context, params) (string, error) {
	return func(ctx context.Context, _ params) (string, error) {
		select {
		case <-time.After(d):
			return "slept", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func TestAQuickCallIsAcknowledgedWithItsReplyAndASlowOneBefore(t *testing.T) {
	inJournal(t, nil, sleep(0), func(t *testing.T, j *journal) {
		j.send(call("a", "do", ""))
		wantLines(t, j.take(), "ack", `user#456 a "slept"`)
	})
	inJournal(t, nil, sleep(time.Minute), func(t *testing.T, j *journal) {
		j.send(call("a", "do", `,"timeout_ms":120000`))
		wantLines(t, j.take())
		time.Sleep(time.Millisecond)
		wantLines(t, j.take(), "ack")
		time.Sleep(time.Minute)
		wantLines(t, j.take(), `user#456 a "slept"`)
	})
	inJournal(t, nil, sleep(time.Second), func(t *testing.T, j *journal) {
		j.send(`{"op":"notify","method":"note","correlation_id":"a"}`)
		wantLines(t, j.take(), "ack") // at once: it is all that the client waits for
		time.Sleep(time.Second)
	})
}

func TestADeadlineOfLessThanAMillisecondIsKept(t *testing.T) {
	inJournal(t, nil, sleep(time.Second), func(t *testing.T, j *journal) {
		j.send(call("a", "do", `,"timeout_ms":1`))
		time.Sleep(time.Millisecond)
		wantLines(t, j.take(), "ack", "user#456 a deadline_exceeded")
	})
}

func TestACancelRightBehindItsCallIsNotLost(t *testing.T) {
	for range 50 {
		// Whether the handler has begun by then is a matter of luck.
		inJournal(t, nil, sleep(time.Hour), func(t *testing.T, j *journal) {
			j.send(call("a", "do", ""))
			j.send(`{"op":"cancel","correlation_id":"a"}`)
			lines := j.take()
			slices.Sort(lines)
			wantLines(t, lines, "ack", "ack", "user#456 a cancelled")
			j.send(call("a", "do", "")) // it stays what it was
			wantLines(t, j.take(), "ack", "user#456 a cancelled")
		})
	}
}

func TestARepeatOnAnotherChannelIsAnsweredThereToo(t *testing.T) {
	inJournal(t, nil, sleep(time.Second), func(t *testing.T, j *journal) {
		j.send(call("a", "do", ""))
		for range 2 {
			j.send(`{"method":"do","correlation_id":"a","reply_to":"user.s2#456"}`)
		}
		time.Sleep(time.Second)
		wantLines(t, j.take(), "ack", "ack", "ack", `user#456 a "slept"`, `user.s2#456 a "slept"`)
		j.send(`{"method":"do","correlation_id":"a","reply_to":"user.s3#456"}`)
		wantLines(t, j.take(), "ack", `user.s3#456 a "slept"`)
	})
	inJournal(t, nil, sleep(time.Second), func(t *testing.T, j *journal) {
		refused := 0
		for i := range 40 {
			j.caller.Submit([]byte(`{"method":"do","correlation_id":"a","reply_to":"user.s`+string(rune('A'+i%26))+string(rune('A'+i/26))+`#456"}`), func(err error) {
				if errors.Is(err, calls.ErrTooManyRequests) {
					refused++
				}
			})
		}
		time.Sleep(time.Second)
		if j.take(); refused != 40-17 {
			t.Errorf("%d of 40 channels were refused", refused)
		}
	})
}

func TestAnotherRequestUnderTheKeyOfARunningOneIsAConflict(t *testing.T) {
	inJournal(t, nil, sleep(time.Second), func(t *testing.T, j *journal) {
		j.send(call("a", "do", ""))
		synctest.Wait()
		j.send(call("a", "do", `,"params":{"say":"x"}`))
		wantLines(t, j.take(), "ack", "user#456 a conflict")
		time.Sleep(time.Second)
		wantLines(t, j.take(), "ack", `user#456 a "slept"`)
	})
}

// slowStore takes its time for a claim, and then may fail.
type slowStore struct {
	calls.Store
	takes time.Duration
	fails error
}

func (s slowStore) Claim(ctx context.Context, claim calls.Claim) (calls.ClaimResult, error) {
	time.Sleep(s.takes)
	if s.fails != nil {
		return calls.ClaimResult{}, s.fails
	}
	return s.Store.Claim(ctx, claim)
}

func TestWhatHappensWhileACallIsBeingClaimed(t *testing.T) {
	memory := func(t *testing.T) calls.Store {
		s := memstore.New(memstore.Config{})
		t.Cleanup(s.Close)
		return s
	}
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t, slowStore{memory(t), time.Second, nil}, sleep(0))
		j.send(call("a", "do", ""))
		j.send(call("a", "do", ""))
		j.send(call("b", "do", ""))
		j.send(`{"op":"cancel","correlation_id":"b"}`)
		wantLines(t, j.take(), "ack") // the cancel's
		time.Sleep(time.Second)
		lines := j.take()
		slices.Sort(lines)
		wantLines(t, lines, "ack", "ack", "ack", `user#456 a "slept"`, "user#456 b cancelled")
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t, slowStore{memory(t), time.Second, nil}, sleep(0))
		j.send(call("a", "do", ""))
		for range 16 {
			j.send(call("a", "do", ""))
		}
		wantLines(t, j.take())
		j.send(call("a", "do", ""))
		wantLines(t, j.take(), "refused: too many requests: the call is sent again too often while it is being claimed")
		time.Sleep(time.Second)
		if lines := j.take(); len(lines) != 18 || lines[17] != `user#456 a "slept"` {
			t.Errorf("%q", lines)
		}
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t, slowStore{memory(t), time.Second, errors.New("gone")}, sleep(0))
		j.send(call("a", "do", ""))
		j.send(call("a", "do", ""))
		time.Sleep(time.Second)
		refused := "refused: unavailable: the call store is out of reach"
		wantLines(t, j.take(), refused, refused)
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestADrainThatRunsOutOfTimeAnswersNativeRPCToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		j := newJournal(t, nil, func(context.Context, params) (string, error) { <-release; return "late", nil })
		j.caller.Invoke(t.Context(), "do", nil, func(result json.RawMessage, failed *wire.Error) {
			j.note(string(result) + failed.Reason)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := j.engine.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		wantLines(t, j.take(), "outcome_unknown")
		close(release)
		wantLines(t, j.take())
	})
}

func TestAConnThatChangesKeepsItsLimits(t *testing.T) {
	inBubble(t, calls.Config{MaxInFlightPerConn: 1}, func(t *testing.T, r *rig) {
		if err := r.submit(call("a", "stuck", "")); err != nil {
			t.Fatal(err)
		}
		r.caller.SetConn(&centrirpc.Conn{UserID: "456", Meta: json.RawMessage(`1`)})
		if err := r.submit(call("b", "echo", "")); !errors.Is(err, calls.ErrTooManyRequests) {
			t.Errorf("a second call: %v", err)
		}
	})
}

type key struct{}

// The engine's own contexts behave as the library's do.
func TestTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handler context.Context
		var child, timed context.Context
		var after atomic.Int32
		started := time.Now()
		j := newJournal(t, nil, func(ctx context.Context, _ params) (string, error) {
			handler = ctx
			var cancel, cancelTimed context.CancelFunc
			child, cancel = context.WithCancel(ctx)
			defer cancel()
			timed, cancelTimed = context.WithTimeout(ctx, 5*time.Second)
			defer cancelTimed()
			if ctx.Err() != nil || child.Err() != nil || ctx.Value(key{}) != nil {
				t.Error("the context has ended before it began, or holds what nobody put there")
			}
			if deadline, ok := timed.Deadline(); !ok || deadline.Sub(started) > 3*time.Second {
				t.Errorf("deadline = %v, %v", deadline, ok)
			}
			stop := context.AfterFunc(ctx, func() { t.Error("a function that was stopped ran") })
			if !stop() || stop() {
				t.Error("stopping is to succeed once")
			}
			context.AfterFunc(ctx, func() { after.Add(1) })
			<-child.Done()
			<-timed.Done()
			context.AfterFunc(ctx, func() { after.Add(1) })
			return "", child.Err()
		})
		j.send(call("a", "do", `,"timeout_ms":3000`))
		time.Sleep(3 * time.Second)
		wantLines(t, j.take(), "ack", "user#456 a deadline_exceeded")
		if !errors.Is(handler.Err(), context.DeadlineExceeded) || !errors.Is(timed.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(child), context.DeadlineExceeded) || after.Load() != 2 {
			t.Errorf("%v, %v, %v, %d", handler.Err(), timed.Err(), context.Cause(child), after.Load())
		}
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var left context.Context
		j := newJournal(t, nil, func(ctx context.Context, _ params) (string, error) {
			left = ctx
			return "", nil
		})
		parent := context.WithValue(t.Context(), key{}, 7)
		j.caller.Invoke(parent, "do", nil, func(json.RawMessage, *wire.Error) {})
		synctest.Wait()
		if left.Value(key{}) != 7 || centrirpc.ConnFromContext(left).UserID != "456" {
			t.Error("the context does not have its parent's values, or its own")
		}
		select {
		case <-left.Done():
		default:
			t.Error("the context goes on after the handler has returned")
		}
		if !errors.Is(left.Err(), context.Canceled) {
			t.Error(left.Err())
		}
		if err := j.engine.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Nobody waits for a notification's answer: what became of it is in the log.
func TestANotificationThatFailsIsLogged(t *testing.T) {
	inJournal(t, nil, sleep(0), func(t *testing.T, j *journal) {
		for id, request := range map[string]string{
			"a": `"method":"note","params":{"say":7}`,
			"b": `"method":"none"`,
			"c": `"method":"do"`,
		} {
			j.send(`{"op":"notify","correlation_id":"` + id + `",` + request + `}`)
		}
		wantLines(t, j.take(), "ack", "ack", "ack")
		for _, want := range []string{"invalid_params", "there is no method", "is called, not notified"} {
			if !strings.Contains(j.log.String(), want) {
				t.Errorf("%q is not in the log:\n%s", want, &j.log)
			}
		}
	})
}
