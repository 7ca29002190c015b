package calls_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/wire"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// unruly does what handlers do, and what they should not.
func unruly(ctx context.Context, random int) (int, error) {
	switch random % 7 {
	case 0:
		panic("unruly")
	case 1:
		runtime.Goexit()
	case 2:
		<-ctx.Done()
	case 3:
		time.Sleep(30 * time.Millisecond) // whatever the deadline
	case 4:
		child, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-child.Done()
	case 5:
		context.AfterFunc(ctx, func() {})
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
	return 1, ctx.Err()
}

// In whatever order things happen: one acknowledgement for each request, one
// answer for each native RPC, a reply for each call that was accepted, no call
// run twice, no slot and no goroutine left.
func TestEverythingAtOnce(t *testing.T) {
	for _, drained := range []bool{false, true} {
		t.Run(fmt.Sprintf("drained in the middle: %v", drained), func(t *testing.T) { everythingAtOnce(t, drained) })
	}
}

// It runs by the real clock: in a bubble of synctest so many goroutines at once crash
// Go's race detector now and then.
func everythingAtOnce(t *testing.T, drained bool) {
	before := runtime.NumGoroutine()
	store := memstore.New(memstore.Config{})
	var mu sync.Mutex
	runs, replies, accepted := map[string]int{}, map[string]int{}, map[string]bool{}
	router := centrirpc.NewRouter(centrirpc.Logger(quiet()))
	centrirpc.Handle(router, "do", func(ctx context.Context, _ params) (int, error) {
		mu.Lock()
		runs[centrirpc.CorrelationIDFromContext(ctx)]++
		mu.Unlock()
		return unruly(ctx, rand.Int())
	})
	engine, err := calls.NewEngine(router, func(_ string, data []byte) error {
		reply, err := wire.DecodeReply(data)
		mu.Lock()
		defer mu.Unlock()
		replies[reply.CorrelationID]++
		return err
	}, calls.Config{Store: store, MaxInFlight: 300, MaxInFlightPerConn: 60})
	if err != nil {
		t.Fatal(err)
	}
	var submitted, acked, invoked, answered atomic.Int64
	submit := func(c *calls.Caller, id, request string, isCall bool) {
		submitted.Add(1)
		c.Submit([]byte(request), func(refusal error) {
			acked.Add(1)
			if isCall && refusal == nil {
				mu.Lock()
				defer mu.Unlock()
				accepted[id] = true
			}
		})
	}
	step := func(c *calls.Caller) {
		id := fmt.Sprint("k", rand.IntN(1500))
		switch rand.IntN(10) {
		case 0:
			submit(c, id, fmt.Sprintf(`{"op":"cancel","correlation_id":%q}`, id), false)
		case 1:
			submit(c, id, fmt.Sprintf(`{"op":"ack","correlation_id":"z","received":[%q]}`, id), false)
		case 2:
			ctx, hangUp := context.WithCancel(t.Context())
			time.AfterFunc(time.Duration(rand.IntN(3))*time.Millisecond, hangUp)
			invoked.Add(1)
			c.Invoke(ctx, "do", json.RawMessage(`{}`), func(json.RawMessage, *wire.Error) { answered.Add(1) })
		default:
			submit(c, id, call(id, "do", fmt.Sprintf(`,"timeout_ms":%d,"params":{"say":"%d"}`, 1+rand.IntN(20), rand.IntN(12)/11)), true)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		caller := engine.NewCaller(&centrirpc.Conn{UserID: "456"})
		all.Go(func() {
			for i := range 250 {
				step(caller)
				if i%20 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	if drained {
		ran := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(runs)
		}
		for end := time.Now().Add(30 * time.Second); ran() < 200 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_ = engine.Drain(ctx)
	}
	all.Wait()
	if err := engine.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	store.Close()
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before || submitted.Load() != acked.Load() || invoked.Load() != answered.Load(); {
		if time.Now().After(end) {
			t.Errorf("%d goroutines are left, %d were there", runtime.NumGoroutine(), before)
			break
		}
		time.Sleep(time.Millisecond)
	}
	mu.Lock()
	defer mu.Unlock()
	if submitted.Load() != acked.Load() || invoked.Load() != answered.Load() || engine.InFlight() != 0 {
		t.Errorf("%d of %d requests are acknowledged, %d of %d native RPCs answered, %d are in flight",
			acked.Load(), submitted.Load(), answered.Load(), invoked.Load(), engine.InFlight())
	}
	for id, n := range runs {
		if n > 1 && id != "" {
			t.Errorf("%s ran %d times", id, n)
		}
	}
	for id := range accepted {
		if replies[id] == 0 {
			t.Errorf("%s was accepted and never answered", id)
		}
	}
	if len(runs) < 100 {
		t.Errorf("only %d calls ran", len(runs))
	}
}
