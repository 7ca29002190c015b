package calls_test

import (
	"context"
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

// wildStore panics where it is told to.
type wildStore struct {
	calls.Store
	at string
}

func (s wildStore) Claim(ctx context.Context, c calls.Claim) (calls.ClaimResult, error) {
	if s.at == "claim" {
		panic("boom")
	}
	return s.Store.Claim(ctx, c)
}

func (s wildStore) Complete(ctx context.Context, k calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	if s.at == "complete" {
		panic("boom")
	}
	return s.Store.Complete(ctx, k, fence, reply)
}

func (s wildStore) Received(user string, ids []string) {
	if s.at == "received" {
		panic("boom")
	}
	s.Store.Received(user, ids)
}

// wildObserver panics where it is told to.
type wildObserver struct{ at string }

func (o wildObserver) Method(*centrirpc.Method) calls.MethodObserver { return o }
func (wildObserver) CallRefused(string)                              {}
func (wildObserver) StoreAsked(bool, time.Duration, error)           {}
func (wildObserver) PublishFailed()                                  {}

func (o wildObserver) Happened(event calls.Event) {
	if o.at == "started" && event == calls.Started {
		panic("boom")
	}
}

func (o wildObserver) HandlerReturned(time.Duration) {
	if o.at == "returned" {
		panic("boom")
	}
}

func (o wildObserver) CallEnded(wire.Code, time.Duration) {
	if o.at == "ended" {
		panic("boom")
	}
}

// Whatever the parts of others do, the process lives, each request is
// acknowledged once, and no slot stays taken.
func TestPanicsOfOthersEndNothing(t *testing.T) {
	for _, at := range []string{"claim", "complete", "received", "publish", "ack", "started", "returned", "ended"} {
		for _, method := range []string{"quick", "slow", "stuck"} {
			t.Run(at+" of a "+method+" call", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					memory := memstore.New(memstore.Config{})
					defer memory.Close()
					router := centrirpc.NewRouter(centrirpc.Logger(quiet()))
					centrirpc.Handle(router, "quick", func(context.Context, params) (int, error) { return 1, nil })
					centrirpc.Handle(router, "slow", func(ctx context.Context, _ params) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
					centrirpc.Handle(router, "stuck", func(context.Context, params) (int, error) { time.Sleep(time.Minute); return 1, nil })
					replies := 0
					engine, err := calls.NewEngine(router, func(string, []byte) error {
						replies++
						if at == "publish" {
							panic("boom")
						}
						return nil
					}, calls.Config{Store: wildStore{memory, at}, Observer: wildObserver{at}})
					if err != nil {
						t.Fatal(err)
					}
					acks, refused := 0, false
					engine.NewCaller(&centrirpc.Conn{UserID: "456"}).Submit([]byte(call("a", method, `,"timeout_ms":1000,"received":["x"]`)), func(refusal error) {
						acks++
						refused = refusal != nil
						if at == "ack" {
							panic("boom")
						}
					})
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					if acks != 1 || replies != 1 && !refused || refused && replies != 0 {
						t.Errorf("%d acknowledgements (refused: %v), %d replies", acks, refused, replies)
					}
					if engine.InFlight() != 0 {
						t.Error("a slot is still taken")
					}
					if err := engine.Drain(t.Context()); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// A store that panics has failed, and is counted so.
func TestAPanicOfTheStoreIsAFailure(t *testing.T) {
	for at, want := range map[string]string{"claim": "store failed, claim true", "complete": "store failed, claim false"} {
		synctest.Test(t, func(t *testing.T) {
			memory := memstore.New(memstore.Config{})
			defer memory.Close()
			router := centrirpc.NewRouter(centrirpc.Logger(quiet()))
			centrirpc.Handle(router, "quick", func(context.Context, params) (int, error) { return 1, nil })
			var seen witness
			engine, err := calls.NewEngine(router, func(string, []byte) error { return nil }, calls.Config{Store: wildStore{memory, at}, Observer: watching{&seen}})
			if err != nil {
				t.Fatal(err)
			}
			engine.NewCaller(&centrirpc.Conn{UserID: "456"}).Submit([]byte(call("a", "quick", "")), func(error) {})
			synctest.Wait()
			if got := seen.take(); !strings.Contains(got, want) {
				t.Errorf("%s panics: the observer saw %s; want %s", at, got, want)
			}
			if err := engine.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A context that is printed, in a log perhaps, says nothing of the params, and
// reads nothing that others write.
func TestTheContextPrintsQuietly(t *testing.T) {
	inJournal(t, nil, func(ctx context.Context, _ params) (string, error) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 100 {
					child, cancel := context.WithCancel(ctx)
					if text := fmt.Sprint(child); strings.Contains(text, "secret") {
						t.Errorf("it prints as %s", text)
					}
					cancel()
				}
			})
		}
		all.Wait()
		return fmt.Sprint(ctx), nil
	}, func(t *testing.T, j *journal) {
		j.send(call("a", "do", `,"params":{"say":"secret"}`))
		wantLines(t, j.take(), "ack", `user#456 a "the context of a call of do"`)
	})
}
