package calls_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
)

// lines is a log to count lines in.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// lostStore is a store that can be out of reach.
type lostStore struct {
	calls.Store
	away *atomic.Bool
}

func (s lostStore) Claim(ctx context.Context, c calls.Claim) (calls.ClaimResult, error) {
	if s.away.Load() {
		return calls.ClaimResult{}, errors.New("the store is away")
	}
	return s.Store.Claim(ctx, c)
}

// What fails for every call, or for every item of a stream, has one line in the log
// when it begins to and one when it is over.
func TestAnOutageIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		var storeAway, publisherAway atomic.Bool
		router := centrirpc.NewRouter()
		centrirpc.HandleStream(router, "items", func(_ context.Context, _ params, send func(int) error) (int, error) {
			for i := range 50 {
				if err := send(i); err != nil {
					return i, err
				}
			}
			return 50, nil
		})
		store := memstore.New(memstore.Config{})
		defer store.Close()
		engine, err := calls.NewEngine(router, func(string, []byte) error {
			if publisherAway.Load() {
				return errors.New("the publisher is away")
			}
			return nil
		}, calls.Config{Store: lostStore{store, &storeAway}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = engine.Drain(t.Context()) }()
		caller := engine.NewCaller(&centrirpc.Conn{UserID: "456"})
		n := 0
		ask := func() {
			n++
			caller.Submit([]byte(call(fmt.Sprint("c", n), "items", "")), func(error) {})
			synctest.Wait()
		}
		wants := func(unpublished, published, unclaimed, claimed int) {
			t.Helper()
			for what, want := range map[string]int{
				"a reply could not be published": unpublished, "replies are published again": published,
				"a call could not be claimed": unclaimed, "the call store is back": claimed,
			} {
				// The text of a failure names what ends it, too.
				if got := log.count(`msg="` + what); got != want {
					t.Errorf("the log says %d times that %s; want %d", got, what, want)
				}
			}
		}
		ask()
		wants(0, 0, 0, 0)
		for round := 1; round <= 2; round++ {
			publisherAway.Store(true)
			ask()
			ask()
			wants(round, round-1, round-1, round-1)
			publisherAway.Store(false)
			ask() // soon after a failure: others may come
			wants(round, round-1, round-1, round-1)
			storeAway.Store(true)
			for range 10 {
				ask()
			}
			wants(round, round-1, round, round-1)
			storeAway.Store(false)
			time.Sleep(6 * time.Second)
			ask()
			ask()
			wants(round, round, round, round)
		}
		publisherAway.Store(true)
		ask()
		wants(3, 2, 2, 2)
		time.Sleep(time.Hour) // in which nobody asks
		ask()
		ask()
		wants(4, 2, 2, 2)
	})
}
