package centrifugo

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
)

// A reply that is on its way when the time of the stop ends reaches Centrifugo, though
// all calls had ended before.
func TestShutdownEndsAfterTheDrain(t *testing.T) {
	asked, gate := make(chan struct{}), make(chan struct{})
	var tries atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) == 1 {
			close(asked)
			<-gate
			w.WriteHeader(http.StatusServiceUnavailable) // it is tried again
			return
		}
		_, _ = w.Write([]byte(`{"result":{}}`))
	}))
	defer api.Close()
	b, err := New(centrirpc.NewRouter(), Config{APIURL: api.URL + "/api", APIKey: "key", Secret: "a secret of sixteen", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.publisher.reply("user#1", []byte("1")); err != nil {
		t.Fatal(err)
	}
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- b.Shutdown(ctx) }()
	closed := func() bool {
		b.publisher.mu.Lock()
		defer b.publisher.mu.Unlock()
		return b.publisher.closed
	}
	for deadline := time.Now().Add(10 * time.Second); !closed(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the drain does not end")
		}
	}
	cancel()
	close(gate)
	if err := <-stopped; err != nil || tries.Load() != 2 {
		t.Errorf("after %d tries: %v", tries.Load(), err)
	}
}

// noSooner gives the time that is left, and least if that is less.
func TestNoSooner(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{0: 2 * time.Second, time.Second: 2 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			began := time.Now()
			last, end := noSooner(ctx, 2*time.Second)
			defer end()
			<-last.Done()
			if got := time.Since(began); got != want {
				t.Errorf("%v are left: it ends after %v; want %v", left, got, want)
			}
		})
	}
}
