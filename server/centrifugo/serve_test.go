package centrifugo_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

// Serve ends when it is told to, and not before the call that runs has its reply.
func TestServe(t *testing.T) {
	t.Parallel()
	c := newCounting()
	c.gate = make(chan struct{})
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, listener, nil) }()
	outcome := make(chan error, 1)
	rpc := s.connect("456")
	go func() { outcome <- rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(20*time.Second)) }()
	wait(t, "the handler", c.began)
	stop()
	until(t, "the drain", func() bool { return readyOf(t, b) == http.StatusServiceUnavailable })
	select {
	case err := <-ended:
		t.Fatalf("it ended while a call ran: %v", err)
	default:
	}
	close(c.gate)
	if err := <-outcome; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("the listener is open still")
	}
	if err := b.ListenAndServe(t.Context(), "nowhere", nil); err == nil || !strings.HasPrefix(err.Error(), "centrifugo: ") {
		t.Errorf("an address that is none: %v", err)
	}
}

// A backend that may not wait says what it left.
func TestServeDrainTimeout(t *testing.T) {
	t.Parallel()
	c := newCounting()
	c.gate = make(chan struct{})
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{DrainTimeout: 20 * time.Millisecond})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, listener, nil) }()
	outcome := make(chan error, 1)
	rpc := s.connect("456")
	go func() { outcome <- rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(20*time.Second)) }()
	wait(t, "the handler", c.began)
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "1 running calls") {
		t.Errorf("the end: %v", err)
	}
	if err := <-outcome; client.CodeOf(err) != 520 {
		t.Errorf("the call that was given up: %v", err)
	}
}

// What keeps a backend from publishing is said at its start, and not only with the
// first reply.
func TestServeLooksForCentrifugo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		api  http.HandlerFunc
		says string // nothing if empty
	}{
		"it is there": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/info" || r.Header.Get("X-API-Key") != apiKey {
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = w.Write([]byte(`{"result":{"nodes":[{}]}}`))
		}, ""},
		"it is away":      {nil, "Centrifugo cannot be reached"},
		"its broker is":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "Centrifugo cannot be reached"},
		"another key":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "is APIKey its http_api.key?"},
		"something else":  {http.NotFound, "is that Centrifugo's HTTP API?"},
		"something wrong": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "is no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{}, 1)
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				test.api(w, r)
				asked <- struct{}{}
			}))
			defer api.Close()
			if test.api == nil {
				api.Close()
			}
			var log journal
			b := start(t, centrirpc.NewRouter(), centrifugo.Config{APIURL: api.URL + "/api", Logger: slog.New(slog.NewTextHandler(&log, nil))})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Serve(ctx, listener, nil) }()
			if test.says == "" {
				wait(t, "the question", asked)
			} else {
				until(t, "the warning", func() bool { return strings.Contains(log.String(), test.says) })
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if test.says == "" && strings.Contains(log.String(), "Centrifugo") {
				t.Errorf("the log says %s", &log)
			}
			if strings.Contains(log.String(), apiKey) {
				t.Errorf("the API key is in the log: %s", &log)
			}
		})
	}
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
