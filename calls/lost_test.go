package calls_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
)

// lossyStore knows nothing of any call.
type lossyStore struct {
	calls.Store
	state calls.ClaimState
}

func (s lossyStore) Claim(context.Context, calls.Claim) (calls.ClaimResult, error) {
	return calls.ClaimResult{State: s.state}, nil
}

// A node that is killed loses thousands of calls at once: some of them are looked for
// in the log, and none has it filled.
func TestLostCallsAreLoggedWithinABound(t *testing.T) {
	for what, state := range map[string]calls.ClaimState{
		"the server that a call was sent to is gone":       calls.Lost,
		"a call has ended whose reply is no longer kept; ": calls.Dropped,
	} {
		synctest.Test(t, func(t *testing.T) {
			var log lines
			router := centrirpc.NewRouter()
			centrirpc.Handle(router, "do", sleep(0))
			engine, err := calls.NewEngine(router, func(string, []byte) error { return nil }, calls.Config{
				Store: lossyStore{state: state}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			caller := engine.NewCaller(&centrirpc.Conn{UserID: "456"})
			lose := func(n int) {
				for i := range n {
					caller.Submit([]byte(call(fmt.Sprint("c", i), "do", "")), func(error) {})
					synctest.Wait()
				}
			}
			wants := func(warned, debugged int) {
				t.Helper()
				for level, want := range map[string]int{"WARN": warned, "DEBUG": debugged} {
					if got := log.count("level=" + level + ` msg="` + what); got != want {
						t.Errorf("%d lines of the level %s say %q; want %d", got, level, what, want)
					}
				}
			}
			unsaid := func(counts ...int) {
				t.Helper()
				synctest.Wait()
				for _, n := range counts {
					if log.count(fmt.Sprint("calls=", n, "\n")) != 1 {
						t.Errorf("no line, or several, say that there were %d more", n)
					}
				}
				if got := log.count(`level=WARN msg="more calls were lost`); got != len(counts) {
					t.Errorf("%d lines say how many more there were; want %d", got, len(counts))
				}
			}
			lose(130)
			wants(100, 30)
			time.Sleep(30 * time.Second)
			lose(10)
			wants(100, 40)
			unsaid()
			time.Sleep(30 * time.Second) // nothing is lost any more, and still it is said
			unsaid(40)
			lose(2)
			wants(102, 40)
			time.Sleep(time.Hour)
			unsaid(40)
			lose(105)
			wants(202, 45)
			unsaid(40)
			if err := engine.Drain(t.Context()); err != nil { // which does not wait for the period's end
				t.Fatal(err)
			}
			unsaid(40, 5)
			time.Sleep(time.Hour)
			unsaid(40, 5)
		})
	}
}

// A call that is sent again too often may be so by another client of its user: who is
// refused is that one.
func TestARefusalIsOfTheClientThatAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New(memstore.Config{})
		defer memory.Close()
		router := centrirpc.NewRouter()
		centrirpc.Handle(router, "do", sleep(time.Second))
		engine, err := calls.NewEngine(router, func(string, []byte) error { return nil }, calls.Config{Store: slowStore{memory, time.Second, nil}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = engine.Drain(t.Context()) }()
		ask := func(client, replyTo string) (refused string) {
			caller := engine.NewCaller(&centrirpc.Conn{UserID: "456", ClientID: client})
			caller.Submit(fmt.Appendf(nil, `{"op":"call","method":"do","params":{},"correlation_id":"a","reply_to":%q}`, replyTo), func(err error) {
				var of *calls.Refusal
				if errors.As(err, &of) {
					refused = of.Asker.Conn.ClientID
				}
			})
			synctest.Wait()
			return refused
		}
		for range 17 {
			if refused := ask("one", "user#456"); refused != "" {
				t.Errorf("refused: %s", refused)
			}
		}
		if refused := ask("another", "user#456"); refused != "another" {
			t.Errorf("the client that is refused while the call is being claimed is %q; want another", refused)
		}
		time.Sleep(1500 * time.Millisecond) // it runs
		for i := range 16 {
			if refused := ask("one", fmt.Sprintf("user.s%d#456", i)); refused != "" {
				t.Errorf("refused: %s", refused)
			}
		}
		if refused := ask("a third", "user.more#456"); refused != "a third" {
			t.Errorf("the client that names one reply channel too many is %q; want a third", refused)
		}
		time.Sleep(time.Minute)
	})
}
