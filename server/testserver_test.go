package server_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

const secret = "a secret of thirty-two bytes, ok"

type statsParams struct {
	UserID string `json:"user_id" validate:"required"`
}

type statsResult struct {
	Total int `json:"total"`
}

// gate is a handler that tests hold: it says when it has started and ends when
// it is opened or its context ends.
type gate struct {
	started chan string
	open    chan struct{}
}

func newGate() *gate { return &gate{started: make(chan string, 1000), open: make(chan struct{})} }

func (g *gate) wait(ctx context.Context, _ struct{}) (string, error) {
	g.started <- centrirpc.CorrelationIDFromContext(ctx)
	select {
	case <-g.open:
		return "opened", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stuck ignores its context.
func (g *gate) stuck(ctx context.Context, _ struct{}) (string, error) {
	g.started <- centrirpc.CorrelationIDFromContext(ctx)
	<-g.open
	return "opened", nil
}

type who struct {
	UserID    string `json:"user_id"`
	ClientID  string `json:"client_id"`
	Transport string `json:"transport"`
	Info      any    `json:"info"`
	Meta      any    `json:"meta"`
}

type sized struct {
	Bytes int `json:"bytes"`
}

var errQuota = centrirpc.DeclareError[struct{}](1001, "quota_exceeded", "No more tasks this month.")

// testRouter has one method for each thing that can happen.
func testRouter(g *gate) *centrirpc.Router {
	r := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.DiscardHandler)))
	centrirpc.Handle(r, "tasks.get_stats", func(context.Context, statsParams) (statsResult, error) { return statsResult{100}, nil })
	centrirpc.Handle(r, "test.who", func(ctx context.Context, _ struct{}) (who, error) {
		c := centrirpc.ConnFromContext(ctx)
		return who{c.UserID, c.ClientID, c.Transport, c.Info, c.Meta}, nil
	})
	centrirpc.Handle(r, "test.fail", func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, errors.New("the password is hunter2")
	})
	centrirpc.Handle(r, "test.refuse", func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, centrirpc.Errorf(403, "not yours").WithDetails(map[string]int{"id": 7})
	})
	centrirpc.Handle(r, "test.quota", func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, errQuota.New(struct{}{}, "no more")
	}, centrirpc.Errors(errQuota))
	centrirpc.Handle(r, "test.volatile", func(context.Context, struct{}) (string, error) { return "gone", nil }, centrirpc.Volatile())
	centrirpc.HandleNotify(r, "test.note", func(context.Context, struct{}) error { return nil })
	centrirpc.Handle(r, "test.panic", func(context.Context, struct{}) (struct{}, error) { panic("boom") })
	centrirpc.Handle(r, "test.big", func(_ context.Context, p sized) (string, error) { return strings.Repeat("x", p.Bytes), nil })
	if g != nil {
		centrirpc.Handle(r, "test.wait", g.wait)
		centrirpc.Handle(r, "test.stuck", g.stuck)
		centrirpc.Handle(r, "test.slow", g.wait, centrirpc.Timeout(50*time.Millisecond))
	}
	return r
}

// testLog collects a log.
type testLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// line is the first line that holds a text, or "".
func (l *testLog) line(text string) string {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func (l *testLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// running is a server that listens on loopback.
type running struct {
	*server.Server
	url string
	log *testLog
}

// start starts a server; without any other authentication it takes tokens
// signed with secret.
func start(t *testing.T, router *centrirpc.Router, cfg server.Config) *running {
	t.Helper()
	if cfg.Authenticate == nil && !cfg.Anonymous && cfg.TokenHMACSecret == "" && cfg.TokenPublicKeys == nil && cfg.TokenJWKSURL == "" {
		cfg.TokenHMACSecret = secret
	}
	log := &testLog{}
	if cfg.Logger == nil {
		cfg.Logger = log.logger()
	}
	srv, err := server.New(router, cfg)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx)
		web.CloseClientConnections()
		web.Close()
	})
	return &running{srv, web.URL, log}
}

// signed is a good token for that user.
func signed(t *testing.T, user string) string {
	t.Helper()
	return signedClaims(t, token.Claims{UserID: user})
}

func signedClaims(t *testing.T, claims token.Claims) string {
	t.Helper()
	s, err := token.Sign(secret, claims)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// until polls for a condition that has no signal of its own.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(testTimeout)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
