package centrifugo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// Events of one goroutine arrive in its order, whatever becomes of their contexts and
// of Centrifugo: one that was never sent is taken back, and none overtakes one that is
// sent again.
func TestEventsKeepTheirOrder(t *testing.T) {
	type command struct{ Data int }
	var arrived []int // one request at a time
	asked, gate := make(chan struct{}), make(chan struct{})
	requests := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			command
			Commands []struct{ Publish command }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		requests++
		if requests == 1 {
			close(asked)
			<-gate
		}
		// The first of each of the first two requests fails for now.
		const fails = `{"error":{"code":100,"message":"internal server error"}}`
		if strings.HasSuffix(r.URL.Path, "/publish") {
			if requests <= 2 {
				_, _ = w.Write([]byte(fails))
				return
			}
			arrived = append(arrived, body.Data)
			_, _ = w.Write([]byte(`{"result":{}}`))
			return
		}
		var replies []string
		for i, c := range body.Commands {
			if i == 0 && len(arrived) <= 1 {
				replies = append(replies, fails)
				continue
			}
			arrived = append(arrived, c.Publish.Data)
			replies = append(replies, `{"publish":{}}`)
		}
		_, _ = w.Write([]byte(`{"replies":[` + strings.Join(replies, ",") + `]}`))
	}))
	defer api.Close()
	cfg, err := Config{APIURL: api.URL + "/api", APIKey: "key", Secret: "a secret of sixteen", Logger: slog.New(slog.DiscardHandler)}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	p := newPublisher(&cfg, func() {})
	// One goroutine publishes: the first is on its way when its context ends.
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	for i := 1; i <= 3; i++ {
		if err := p.event(ctx, "state", []byte{'0' + byte(i)}); !errors.Is(err, context.Canceled) {
			t.Errorf("event %d: %v", i, err)
		}
	}
	taken := make(chan error, 1)
	go func() { taken <- p.event(t.Context(), "state", []byte("4")) }()
	l := p.laneOf("state")
	queued := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return string(l.waiting[len(l.waiting)-1].data) == "4"
	}
	for deadline := time.Now().Add(10 * time.Second); !queued(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the last event does not wait")
		}
	}
	close(gate)
	if err := <-taken; err != nil {
		t.Errorf("the last event: %v", err)
	}
	if left := p.close(t.Context()); left != 0 || p.queued.Load() != 0 {
		t.Errorf("%d are left, %d bytes are counted still", left, p.queued.Load())
	}
	if !slices.Equal(arrived, []int{1, 4}) {
		t.Errorf("arrived: %v; want 1 and 4", arrived)
	}
}
