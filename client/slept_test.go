package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

// slept is a context whose deadline has passed by the wall clock, though by the
// one that timers go by it has not: the computer slept.
type slept struct {
	context.Context
	deadline time.Time
}

func (s slept) Deadline() (time.Time, bool) { return s.deadline, true }

// The server has forgotten such a call, and would run it again.
func TestACallWhoseTimeWasSleptAwayIsNotSentAgain(t *testing.T) {
	requests := make(chan *incoming, 4)
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	errs := make(chan error, 1)
	go func() {
		errs <- c.Call(slept{t.Context(), time.Now().Round(0).Add(-time.Minute)}, "pay", nil, nil)
	}()
	receive(t, "the request", requests).ack(nil)
	p.cut()
	if err := receive(t, "the end", errs); !errors.Is(err, client.ErrTimeout) {
		t.Error(err)
	}
	go func() { errs <- c.Call(t.Context(), "next", nil, nil) }()
	for in := range requests {
		if in.Method == "pay" {
			t.Errorf("it was sent again: %+v", in.Request)
		}
		if in.Method == "next" {
			in.ack(nil)
			in.result(1)
			break
		}
	}
	if err := receive(t, "the end", errs); err != nil {
		t.Error(err)
	}
}
