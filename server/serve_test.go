package server_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
)

// serving is a server under Serve.
type serving struct {
	url  string
	done chan error
	stop context.CancelFunc
}

func serve(t *testing.T, router *centrirpc.Router, cfg server.Config, handler func(*server.Server) http.Handler) *serving {
	t.Helper()
	cfg.TokenHMACSecret = secret
	cfg.Logger = slog.New(slog.DiscardHandler)
	srv, err := server.New(router, cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{url: "http://" + listener.Addr().String(), done: make(chan error, 1), stop: cancel}
	t.Cleanup(cancel)
	var h http.Handler
	if handler != nil {
		h = handler(srv)
	}
	go func() { s.done <- srv.Serve(ctx, listener, h) }()
	// The signals are caught before the first request is answered.
	until(t, "the server", func() bool {
		resp, err := http.Get(s.url + "/health")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return s
}

func (s *serving) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(testTimeout):
		t.Fatal("the server does not end")
		return nil
	}
}

func signalSelf(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
}

func TestServeStopsOnSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			g := newGate()
			s := serve(t, testRouter(g), server.Config{}, nil)
			c := connected(t, s.url, signed(t, "456"))
			c.send("%s", request(2, "test.wait", `{}`, "running", "user#456"))
			<-g.started
			signalSelf(t, sig)
			until(t, "the refusal of new calls", func() bool {
				c.send(`{"id":3,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`)
				return c.code(3) == 503
			})
			close(g.open)
			if e := c.answer("running"); string(e.Result) != `"opened"` {
				t.Errorf("the running call: %+v", e)
			}
			if code, _ := c.closed(); code != 3001 {
				t.Errorf("closed with %d; want 3001", code)
			}
			if err := s.ended(t); err != nil {
				t.Error(err)
			}
			if conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
				_ = conn.Close()
				t.Error("the listener is open still")
			}
		})
	}
}

func TestServeSecondSignal(t *testing.T) {
	g := newGate()
	defer close(g.open)
	s := serve(t, testRouter(g), server.Config{DrainTimeout: time.Hour}, nil)
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.stuck", `{}`, "stuck", "user#456"))
	<-g.started
	signalSelf(t, syscall.SIGTERM)
	until(t, "the drain", func() bool {
		code, _ := get(t, s.url+"/ready")
		return code == 503
	})
	signalSelf(t, syscall.SIGTERM)
	if err := s.ended(t); err == nil || !strings.Contains(err.Error(), "second signal; 1 calls were running") {
		t.Errorf("error %v", err)
	}
}

func TestServeDrainTimeout(t *testing.T) {
	g := newGate()
	defer close(g.open)
	s := serve(t, testRouter(g), server.Config{DrainTimeout: 50 * time.Millisecond}, nil)
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.stuck", `{}`, "stuck", "user#456"))
	<-g.started
	s.stop()
	if e := c.answer("stuck"); e.Error == nil || e.Error.Code != 520 {
		t.Errorf("the stuck call: %+v; want 520", e)
	}
	if err := s.ended(t); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// The server stands beside other things in a mux, as its documentation says.
func TestServeUnderAMux(t *testing.T) {
	s := serve(t, testRouter(nil), server.Config{}, func(srv *server.Server) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
		mux.Handle("/connection/", srv)
		mux.Handle("/emulation", srv)
		mux.Handle("/status", srv.HealthHandler())
		mux.Handle("/rpc/", http.StripPrefix("/rpc", srv))
		return mux
	})
	connected(t, s.url, signed(t, "456")).call(2, "tasks.get_stats", `{"user_id":"1"}`)
	connected(t, s.url+"/rpc", signed(t, "456")).call(2, "tasks.get_stats", `{"user_id":"1"}`)
	for path, want := range map[string]string{"/": "page", "/metrics": "page", "/status": `{"status":"ok"}`} {
		if code, body := get(t, s.url+path); code != 200 || body != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	s.stop()
	if err := s.ended(t); err != nil {
		t.Error(err)
	}
}

func TestListenErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	s := start(t, testRouter(nil), server.Config{})
	if err := s.ListenAndServe(t.Context(), taken.Addr().String(), nil); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v", err)
	}
	_ = taken.Close()
	if err := s.Serve(t.Context(), taken, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: %v", err)
	}
}
