package endpoint_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/wire"
)

// TestATimeIsToldWhenItIsLeft has a call wait for the only connection: what the
// service is told is what is left then.
func TestATimeIsToldWhenItIsLeft(t *testing.T) {
	t.Parallel()
	type told struct {
		at      time.Time
		timeout time.Duration
	}
	var log journal
	asked, answer := make(chan told, 2), make(chan struct{})
	h := serving(t, &log, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Centrirpc struct {
				TimeoutMS int64 `json:"timeout_ms"`
			} `json:"centrirpc"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		asked <- told{time.Now(), time.Duration(body.Centrirpc.TimeoutMS) * time.Millisecond}
		<-answer
		_, _ = io.WriteString(w, `{"result":{"data":1}}`)
	}, func(cfg *endpoint.Config) { cfg.MaxConnections = 1 })
	ended := make(chan error, 2)
	call := func(ctx context.Context) {
		_, err := h.Call(ctx, once)
		ended <- err
	}
	go call(within(t, patience, &log))
	<-asked
	waiting := time.Now()
	go call(within(t, patience, &log))
	const wait = 500 * time.Millisecond
	<-time.After(wait)
	close(answer)
	second := <-asked
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if most := patience - wait/2; second.timeout > most {
		t.Errorf("%v after it was called, of %v, it is told %v", second.at.Sub(waiting), patience, second.timeout)
	}
}

// TestNoPlaceUntilTheDeadline has a call wait for a connection in vain: it did not
// run, and the service that is busy is not to blame.
func TestNoPlaceUntilTheDeadline(t *testing.T) {
	t.Parallel()
	var log journal
	s := newSlow()
	h := serving(t, &log, s.ServeHTTP, func(cfg *endpoint.Config) {
		cfg.MaxConnections = 1
		cfg.BreakAfter = 1
		cfg.BreakFor = time.Hour
	})
	ended := make(chan error, 1)
	busy := within(t, patience, &log)
	go func() {
		_, err := h.Call(busy, slowly)
		ended <- err
	}()
	<-s.arrived
	if _, err := h.Call(within(t, 50*time.Millisecond, &log), once); errorOf(t, err).Code != wire.Unavailable {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "MaxConnections") {
		t.Errorf("the log says %s", &log)
	}
	close(s.answer)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := h.Call(within(t, patience, &log), once); err != nil {
		t.Error(err)
	}
}
