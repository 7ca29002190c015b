package calls_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// Streams whose handlers have returned hold up nothing but further streams.
func TestItemsThatWereNotTakenTakeNoSlotOfTheProcess(t *testing.T) {
	for name, cfg := range map[string]calls.Config{
		"by number": {MaxInFlight: 2},
		"by bytes":  {MaxInFlight: 3, MaxStreamBytesTotal: 400},
	} {
		t.Run(name, func(t *testing.T) {
			withStreams(t, cfg, func(t *testing.T, r *streamRig) {
				for _, id := range []string{"a", "b"} {
					r.accepted(call(id, "count", `,"params":{"n":1,"size":200}`))
				}
				if n := r.engine.InFlight(); n != 0 {
					t.Errorf("%d calls are in flight", n)
				}
				for i := range cfg.MaxInFlight {
					r.accepted(stream(fmt.Sprint(i), "held", 1, ""))
				}
				time.Sleep(2 * time.Second)
				if err := r.submit(stream("c", "count", 1, "")); !errors.Is(err, calls.ErrTooManyRequests) {
					t.Errorf("refused with %v", err)
				}
				r.accepted(`{"op":"ack","correlation_id":"b","seq":0}`)
				r.accepted(stream("c", "count", 1, ""))
				r.take()
				r.accepted(`{"op":"resume","correlation_id":"a","seq":1,"reply_to":"user#456"}`)
				wantLines(t, r.take(), "#456 1: result 1")
			})
		})
	}
}

func TestADrainWaitsAWhileForLastItemsToBeTaken(t *testing.T) {
	for name, test := range map[string]struct {
		taken, bound, want time.Duration
	}{
		"taken":      {time.Second, time.Minute, time.Second},
		"not taken":  {time.Hour, time.Minute, 5 * time.Second},
		"not longer": {time.Hour, 2 * time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
				r.accepted(stream("a", "count", 1, ""))
				r.accepted(stream("b", "count", 2, ""))
				taken := time.AfterFunc(test.taken, func() {
					r.caller.Submit([]byte(`{"op":"ack","correlation_id":"a","seq":0,"received":["b"]}`), func(error) {})
				})
				defer taken.Stop()
				ctx, cancel := context.WithTimeout(t.Context(), test.bound)
				defer cancel()
				began := time.Now()
				if err := r.engine.Drain(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != test.want {
					t.Errorf("it took %v; want %v", took, test.want)
				}
			})
		})
	}
}
