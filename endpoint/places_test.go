package endpoint_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/endpoint"
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
