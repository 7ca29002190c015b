package endpoint_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/wire"
)

// leftAlone is an endpoint that has failed, and whose service is well again: a slow one.
func leftAlone(t *testing.T, log *journal, rest time.Duration) (*endpoint.HTTP, *slow) {
	t.Helper()
	s := newSlow()
	var well atomic.Bool
	h := serving(t, log, func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.ServeHTTP(w, r)
	}, func(cfg *endpoint.Config) { cfg.BreakAfter = 1; cfg.BreakFor = rest })
	if _, err := h.Call(within(t, patience, log), once); errorOf(t, err).Code != wire.OutcomeUnknown {
		t.Fatal(err)
	}
	well.Store(true)
	return h, s
}

// try calls until the call is let in, and is under way.
func (s *slow) try(t *testing.T, h *endpoint.HTTP, log *journal) (ended chan error) {
	t.Helper()
	ended = make(chan error, 1)
	ctx := within(t, patience, log)
	go func() {
		for {
			_, err := h.Call(ctx, slowly)
			var e *centrirpc.Error
			if ctx.Err() != nil || !errors.As(err, &e) || e.Code != wire.Unavailable {
				ended <- err
				return
			}
			time.Sleep(time.Millisecond) // until it is let in
		}
	}()
	select {
	case <-s.arrived:
	case <-time.After(patience):
		t.Fatal("no call is let in")
	}
	return ended
}

// TestASlowTrialLetsOthersIn has a call that tries the service again take long.
func TestASlowTrialLetsOthersIn(t *testing.T) {
	t.Parallel()
	var log journal
	h, s := leftAlone(t, &log, 50*time.Millisecond)
	ended := s.try(t, h, &log)
	eventually(t, "another call is let in", func() bool {
		_, err := h.Call(within(t, patience, &log), once)
		return err == nil
	})
	for range 20 { // its answer lets in all
		if _, err := h.Call(within(t, patience, &log), once); err != nil {
			t.Fatal(err)
		}
	}
	close(s.answer)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "answers again") != 1 {
		t.Errorf("the log says %s", &log)
	}
}

// TestTrialsThatAllTakeLong has every call outlast its turn: the first answer counts
// when it comes.
func TestTrialsThatAllTakeLong(t *testing.T) {
	t.Parallel()
	var log journal
	h, s := leftAlone(t, &log, 300*time.Millisecond)
	first := s.try(t, h, &log)
	second := s.try(t, h, &log) // the first one's turn is over
	if strings.Contains(log.String(), "answers again") {
		t.Errorf("before any answer the log says %s", &log)
	}
	s.answer <- struct{}{} // to the one that has waited longest
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range 20 {
		if _, err := h.Call(within(t, patience, &log), once); err != nil {
			t.Fatal(err)
		}
	}
	close(s.answer)
	if err := <-second; err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "answers again") != 1 {
		t.Errorf("the log says %s", &log)
	}
}
