package centrifugo_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/server/token"
)

const tokenSecret = "the secret of the tokens, long enough"

// front stands before an HTTP server and can misbehave in its place.
type front struct {
	*httptest.Server
	next atomic.Pointer[http.Handler]
	// fault serves a request if it is not nil.
	fault atomic.Pointer[func(w http.ResponseWriter, r *http.Request, next http.Handler)]
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := http.Handler(http.NotFoundHandler())
		if set := f.next.Load(); set != nil {
			next = *set
		}
		if fault := f.fault.Load(); fault != nil {
			(*fault)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *front) to(h http.Handler) { f.next.Store(&h) }

// misbehave has the fault serve requests until works is called.
func (f *front) misbehave(fault func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	f.fault.Store(&fault)
}

func (f *front) works() { f.fault.Store(nil) }

// abort ends a request without an answer, as a process does that dies.
func abort(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// hang answers nothing until whoever asks gives up.
func hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // or else nobody is told of the end
	<-r.Context().Done()
}

// loseAnswer has the request carried out, and its answer lost.
func loseAnswer(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

func status(code int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// first misbehaves for so many requests, and signals when they are over.
func first(count int64, fault func(http.ResponseWriter, *http.Request, http.Handler)) (func(http.ResponseWriter, *http.Request, http.Handler), <-chan struct{}) {
	var seen atomic.Int64
	over := make(chan struct{})
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		n := seen.Add(1)
		if n > count {
			next.ServeHTTP(w, r)
			return
		}
		if n == count {
			defer close(over)
		}
		fault(w, r, next)
	}, over
}

// system is a Centrifugo with a backend, and what stands between the two.
type system struct {
	t       *testing.T
	proxies *front // Centrifugo asks the backend through it
	api     *front // the backend publishes through it
	addr    string // Centrifugo's
	config  []byte // Centrifugo's, in JSON
	env     []string
}

// newSystem starts Centrifugo, with so short a timeout for its proxies that tests can
// wait for it, and without a backend. env is what Centrifugo has in its environment
// besides the secrets.
func newSystem(t *testing.T, router *centrirpc.Router, options centrifugoconfig.Options, env ...string) *system {
	t.Helper()
	s := &system{t: t, proxies: newFront(t), api: newFront(t), addr: loopback.FreeAddress(t)}
	options.Backend = s.proxies.URL
	config, err := centrifugoconfig.Make(router.Contract(), options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.JSON()
	if err != nil {
		t.Fatal(err)
	}
	s.config = []byte(strings.ReplaceAll(string(text), `"timeout": "5s"`, `"timeout": "500ms"`))
	s.env = append([]string{"CENTRIFUGO_VAR_CENTRIRPC_SECRET=" + secret, "CENTRIFUGO_HTTP_API_KEY=" + apiKey,
		"CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY=" + tokenSecret}, env...)
	centrifugodouble.Start(t, s.addr, s.config, s.env...)
	s.api.to(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+s.addr+r.URL.Path, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		out.Header = r.Header.Clone()
		got, err := http.DefaultClient.Do(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer got.Body.Close()
		w.WriteHeader(got.StatusCode)
		_, _ = io.Copy(w, got.Body)
	}))
	return s
}

// serve starts a backend of the system, in place of the former one.
func (s *system) serve(router *centrirpc.Router, cfg centrifugo.Config) *centrifugo.Backend {
	s.t.Helper()
	cfg.APIURL = s.api.URL + "/api"
	backend := start(s.t, router, cfg)
	s.proxies.to(backend)
	return backend
}

// connect is a client with a token.
func (s *system) connect(user string, options ...client.Option) *client.CentrifugoRPCClient {
	s.t.Helper()
	signed, err := token.Sign(tokenSecret, token.Claims{UserID: user})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.connectAs(signed, user, options...)
}

func (s *system) connectAs(token, user string, options ...client.Option) *client.CentrifugoRPCClient {
	s.t.Helper()
	c, err := client.NewCentrifugoRPCClient("ws://"+s.addr+"/connection/websocket", token, user,
		append([]client.Option{client.WithReconnectDelay(time.Millisecond, 10*time.Millisecond)}, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// counting is a router whose method counts its runs, and waits for a gate if there
// is one.
type counting struct {
	router *centrirpc.Router
	runs   atomic.Int64
	began  chan struct{}
	gate   chan struct{}
}

func newCounting(options ...centrirpc.MethodOption) *counting {
	c := &counting{router: centrirpc.NewRouter(), began: make(chan struct{}, 64)}
	centrirpc.Handle(c.router, "count", c.count, options...)
	return c
}

func (c *counting) count(ctx context.Context, _ struct{}) (int64, error) {
	n := c.runs.Add(1)
	c.began <- struct{}{}
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return n, nil
}

func wait(t *testing.T, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
}
