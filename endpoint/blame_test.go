package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
)

// slow is a service that is well: what it is asked as "slow" it answers when it is
// told to, or never, everything else at once. It tells of each slow call that arrives.
type slow struct {
	arrived chan struct{}
	answer  chan struct{}
}

func newSlow() *slow { return &slow{arrived: make(chan struct{}, 100), answer: make(chan struct{})} }

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Method string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	if body.Method == "slow" {
		s.arrived <- struct{}{}
		select {
		case <-s.answer:
		case <-r.Context().Done():
			return
		}
	}
	_, _ = io.WriteString(w, `{"result":{"data":1}}`)
}

var slowly = centrirpc.ForwardedCall{Method: "slow", Params: json.RawMessage(`{}`), Conn: &centrirpc.Conn{}}

// TestCancelsBreakNothing has callers give up, after longer than a silent service is
// given.
func TestCancelsBreakNothing(t *testing.T) {
	t.Parallel()
	var log journal
	s := newSlow()
	const silent = 20 * time.Millisecond
	h := serving(t, &log, s.ServeHTTP, func(cfg *endpoint.Config) { cfg.BreakAfter = 1; cfg.BreakFor = time.Hour; cfg.SilentAfter = silent })
	ctx, cancel := context.WithCancel(within(t, patience, &log))
	ended := make(chan error, 1)
	go func() {
		_, err := h.Call(ctx, slowly)
		ended <- err
	}()
	<-s.arrived
	<-time.After(2 * silent)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the call ended with %v", err)
	}
	if _, err := h.Call(within(t, patience, &log), once); err != nil {
		t.Errorf("a cancel had the endpoint left alone: %v", err)
	}
}

// TestShortCallsBreakNothing has callers give a slow handler more than a second, and
// less than silence takes.
func TestShortCallsBreakNothing(t *testing.T) {
	t.Parallel()
	var log journal
	h := serving(t, &log, newSlow().ServeHTTP, func(cfg *endpoint.Config) { cfg.BreakAfter = 1; cfg.BreakFor = time.Hour })
	if _, err := h.Call(within(t, 1100*time.Millisecond, &log), slowly); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call ended with %v", err)
	}
	if _, err := h.Call(within(t, patience, &log), once); err != nil {
		t.Errorf("a caller's own short time had the endpoint left alone: %v", err)
	}
}

// TestASlowHandlerBreaksNothingWhileOthersAnswer has a handler outlast its call, which
// has time enough, at a service that answers another call meanwhile.
func TestASlowHandlerBreaksNothingWhileOthersAnswer(t *testing.T) {
	t.Parallel()
	var log journal
	s := newSlow()
	h := serving(t, &log, s.ServeHTTP, func(cfg *endpoint.Config) {
		cfg.BreakAfter = 1
		cfg.BreakFor = time.Hour
		cfg.SilentAfter = time.Millisecond
	})
	ended := make(chan error, 1)
	ctx := within(t, 500*time.Millisecond, &log)
	go func() {
		_, err := h.Call(ctx, slowly)
		ended <- err
	}()
	<-s.arrived
	for range 5 {
		if _, err := h.Call(within(t, patience, &log), once); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call ended with %v", err)
	}
	if _, err := h.Call(within(t, patience, &log), once); err != nil {
		t.Errorf("a slow handler had the endpoint left alone: %v", err)
	}
}
