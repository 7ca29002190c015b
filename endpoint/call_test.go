package endpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
)

const secret = "a secret of the shop's tests"

// patience bounds what a test waits for.
const patience = 30 * time.Second

// journal is a log that tests read.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// asked is a handler's context, as a server makes it.
type asked struct {
	context.Context
	asker *centrirpc.Asker
}

func (a asked) Value(key any) any {
	if v := a.asker.Value(key); v != nil {
		return v
	}
	return a.Context.Value(key)
}

// within is the context of a call that has so much time.
func within(t *testing.T, d time.Duration, log *journal) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	conn := &centrirpc.Conn{UserID: "456", ClientID: "c7", Transport: "websocket", Info: json.RawMessage(`{"name":"Ada"}`), Meta: json.RawMessage(`{"role":"<admin>"}`)}
	return asked{ctx, &centrirpc.Asker{Conn: conn, CorrelationID: "id 1", Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Logger: log.logger()}}
}

// open is an endpoint at the address, with these changes to its Config.
func open(t *testing.T, url string, log *journal, changes ...func(*endpoint.Config)) *endpoint.HTTP {
	t.Helper()
	cfg := endpoint.Config{URL: url, Secret: secret, Logger: log.logger()}
	for _, change := range changes {
		change(&cfg)
	}
	h, err := endpoint.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// serving is a web server that answers so, and the endpoint there.
func serving(t *testing.T, log *journal, handler http.HandlerFunc, changes ...func(*endpoint.Config)) *endpoint.HTTP {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		web.CloseClientConnections() // a request that stays open is the test's failure, not its end
		web.Close()
	})
	return open(t, web.URL, log, changes...)
}

var once, twice = centrirpc.ForwardedCall{Method: "once", Params: json.RawMessage(`{}`), Conn: &centrirpc.Conn{}},
	centrirpc.ForwardedCall{Method: "twice", Params: json.RawMessage(`{}`), Conn: &centrirpc.Conn{}, Idempotent: true}

func errorOf(t *testing.T, err error) *centrirpc.Error {
	t.Helper()
	var e *centrirpc.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %#v; want a *centrirpc.Error", err)
	}
	return e
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}

func quiet(t *testing.T, log *journal) {
	t.Helper()
	if strings.Contains(log.String(), secret) {
		t.Errorf("the secret is in the log: %s", log)
	}
}
