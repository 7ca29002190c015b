package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/wire"
)

// counting is a handler that counts how often it is asked.
func counting(n *atomic.Int64, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		handler(w, r)
	}
}

func saying(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// hangUp closes the connection once the request is there.
func hangUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// TestWhatBecomesOfACallThatFails has a server fail in every way that HTTP has.
func TestWhatBecomesOfACallThatFails(t *testing.T) {
	t.Parallel()
	const attempts = 3
	for name, c := range map[string]struct {
		handler     http.HandlerFunc
		code        wire.Code // 0 for an error that is for the log
		asked       int64     // how often a call is sent that may run once only
		again       wire.Code // the same of an idempotent call
		askedAgain  int64
		log         string
		wantMessage string
	}{
		"it hangs up": {hangUp, wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "EOF", "may have taken effect"},
		"it breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"result"`)
		}, wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "unexpected EOF", "may have taken effect"},
		"500":            {saying(500, "Server Error\nTraceback"), wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "status 500", ""},
		"502":            {saying(502, ""), wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "status 502", ""},
		"503 of a proxy": {saying(503, "upstream connect error or disconnect/reset before headers"), wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "status 503", "may have taken effect"},
		"503 marked falsely": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(endpoint.RefusedHeader, "0")
			saying(503, "")(w, r)
		}, wire.OutcomeUnknown, 1, wire.Unavailable, attempts, "status 503", "may have taken effect"},
		"503 of the service": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(endpoint.RefusedHeader, "1")
			saying(503, "not configured")(w, r)
		}, wire.Unavailable, 1, wire.Unavailable, attempts, "not configured", "out of reach"},
		"429":               {saying(429, ""), wire.ResourceExhausted, 1, wire.ResourceExhausted, 1, "", ""},
		"413":               {saying(413, "the body has more than 9 bytes"), wire.PayloadTooLarge, 1, wire.PayloadTooLarge, 1, "more than 9 bytes", ""},
		"401":               {saying(401, "no"), 0, 1, 0, 1, "Config.Secret", ""},
		"404":               {saying(404, "<html>"), 0, 1, 0, 1, "Config.URL", ""},
		"400":               {saying(400, `"centrirpc.version" is 1; 2 is known here`), 0, 1, 0, 1, "2 is known here", ""},
		"a redirect":        {http.RedirectHandler("/other/", 301).ServeHTTP, 0, 1, 0, 1, `/other/`, ""},
		"HTML":              {saying(200, "<html>"), 0, 1, 0, 1, "cannot be read", ""},
		"nothing":           {saying(200, ""), 0, 1, 0, 1, "cannot be read", ""},
		"neither":           {saying(200, "{}"), 0, 1, 0, 1, "exactly one", ""},
		"both":              {saying(200, `{"result":{"data":1},"error":{"code":404,"message":""}}`), 0, 1, 0, 1, "exactly one", ""},
		"a wrong code":      {saying(200, `{"error":{"code":7,"message":"x"}}`), 0, 1, 0, 1, "error code 7", ""},
		"an unknown method": {saying(200, `{"error":{"code":405,"message":"there is no method"}}`), wire.MethodNotFound, 1, wire.MethodNotFound, 1, "does not know a method", ""},
		"oversize":          {saying(200, `{"result":{"data":"`+strings.Repeat("x", 2000)+`"}}`), wire.PayloadTooLarge, 1, wire.PayloadTooLarge, 1, "MaxResponseSize", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, call := range []centrirpc.ForwardedCall{once, twice} {
				var asked atomic.Int64
				var log journal
				h := serving(t, &log, counting(&asked, c.handler), func(cfg *endpoint.Config) { cfg.MaxResponseSize = 1000; cfg.Attempts = attempts })
				ctx := within(t, patience, &log)
				_, err := h.Call(ctx, call)
				code, times := c.code, c.asked
				if call.Idempotent {
					code, times = c.again, c.askedAgain
				}
				told := log.String()
				if code == 0 {
					var e *centrirpc.Error
					if errors.As(err, &e) || err == nil {
						t.Fatalf("%s: error = %v; want one for the log", call.Method, err)
					}
					told = err.Error()
				} else if e := errorOf(t, err); e.Code != code || !strings.Contains(e.Message, c.wantMessage) && !call.Idempotent {
					t.Errorf("%s: error = %v; want %d", call.Method, err, code)
				}
				if !strings.Contains(told, c.log) || strings.Contains(told, secret) {
					t.Errorf("%s: it is told %q; want %q in it, and no secret", call.Method, told, c.log)
				}
				if asked.Load() != times {
					t.Errorf("%s: it was sent %d times; want %d", call.Method, asked.Load(), times)
				}
			}
		})
	}
}

func TestAnIdempotentCallIsSentAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var log journal
	h := serving(t, &log, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			hangUp(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"result":{"data":[1]}}`)
	})
	result, err := h.Call(within(t, patience, &log), twice)
	if err != nil || string(result) != "[1]" || asked.Load() != 3 {
		t.Errorf("Call = %s, %v after %d requests", result, err, asked.Load())
	}
}

// TestNobodyListens takes the service down and up again: calls are refused quickly,
// then at once, and go through when it is back.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	address := loopback.FreeAddress(t)
	var log journal
	h := open(t, "http://"+address, &log, func(cfg *endpoint.Config) { cfg.BreakAfter = 2; cfg.BreakFor = 300 * time.Millisecond })
	patient := open(t, "http://"+address, new(journal), func(cfg *endpoint.Config) { cfg.BreakAfter = 1; cfg.BreakFor = time.Hour })
	if _, err := patient.Call(within(t, time.Hour, new(journal)), once); errorOf(t, err).Code != wire.Unavailable {
		t.Fatal(err)
	}
	for range 2 {
		begun := time.Now()
		_, err := h.Call(within(t, time.Hour, &log), once)
		if e := errorOf(t, err); e.Code != wire.Unavailable {
			t.Fatalf("nobody listens: %v", err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %v to notice", took)
		}
	}
	if !strings.Contains(log.String(), "left alone") || strings.Count(log.String(), "refused") != 2 {
		t.Errorf("the log says %s", &log)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	web := &http.Server{Handler: counting(&asked, saying(200, `{"result":{"data":1}}`)), ReadHeaderTimeout: patience}
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() { _ = web.Close() })
	if _, err := patient.Call(within(t, patience, &log), once); errorOf(t, err).Code != wire.Unavailable || asked.Load() != 0 {
		t.Errorf("while it is left alone: %v, asked %d times", err, asked.Load())
	}
	eventually(t, "calls go through again", func() bool {
		_, err := h.Call(within(t, patience, &log), once)
		return err == nil
	})
	for range 10 {
		if _, err := h.Call(within(t, patience, &log), once); err != nil {
			t.Fatalf("after it is back: %v", err)
		}
	}
	if !strings.Contains(log.String(), "answers again") {
		t.Errorf("the log says %s", &log)
	}
}

// TestErrorsOfHandlersBreakNothing answers with more errors than failures are allowed.
func TestErrorsOfHandlersBreakNothing(t *testing.T) {
	t.Parallel()
	var log journal
	h := serving(t, &log, saying(200, `{"error":{"code":503,"message":"later","temporary":true}}`), func(cfg *endpoint.Config) { cfg.BreakAfter = 1 })
	for range 5 {
		if _, err := h.Call(within(t, patience, &log), once); errorOf(t, err).Message != "later" {
			t.Fatal(err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		if _, err := h.Call(cancelled, once); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, err := h.Call(within(t, patience, &log), once); errorOf(t, err).Message != "later" {
		t.Errorf("cancelled calls broke it: %v", err)
	}
}

// TestASilentServiceIsLeftAlone has a service that takes calls and never answers.
func TestASilentServiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var log journal
	gone := make(chan struct{}, 10)
	h := serving(t, &log, counting(&asked, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		gone <- struct{}{}
	}), func(cfg *endpoint.Config) {
		cfg.BreakAfter = 2
		cfg.BreakFor = time.Hour
		cfg.SilentAfter = time.Second
	})
	// Too short a time to blame the service for.
	for range 3 {
		if _, err := h.Call(within(t, 50*time.Millisecond, &log), once); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() {
			if _, err := h.Call(within(t, 2*time.Second, &log), twice); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	before := asked.Load()
	if _, err := h.Call(within(t, patience, &log), once); errorOf(t, err).Code != wire.Unavailable || asked.Load() != before {
		t.Errorf("a silent service is asked on: %v", err)
	}
	for range before { // every request was closed
		select {
		case <-gone:
		case <-time.After(patience):
			t.Fatal("a request stays open after its deadline")
		}
	}
}

// TestRequests shows what the other process gets, and that connections are kept.
func TestRequests(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bodies []map[string]any
	var header http.Header
	var connections atomic.Int64
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		err := json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/rpc/" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		bodies, header = append(bodies, body), r.Header
		_, _ = io.WriteString(w, `{"result":{"data":1}}`)
	}))
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	web.Start()
	t.Cleanup(web.Close)
	var log journal
	h := open(t, web.URL+"/rpc/", &log)
	ctx := within(t, 10*time.Second, &log)
	call := centrirpc.ForwardedCall{
		Method: "a.b", Params: json.RawMessage(`{"n": 12345678901234567890}`), Idempotent: true, Conn: centrirpc.ConnFromContext(ctx),
		CorrelationID: "id 1", Traceparent: centrirpc.TraceparentFromContext(ctx),
	}
	for range 20 {
		if _, err := h.Call(ctx, call); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("20 calls one after the other took %d connections", n)
	}
	if header.Get(endpoint.SecretHeader) != secret || header.Get("Content-Type") != "application/json" {
		t.Errorf("the headers are %v", header)
	}
	ours, _ := bodies[0]["centrirpc"].(map[string]any)
	timeout, _ := ours["timeout_ms"].(float64)
	if timeout > 9900 || timeout < 5000 {
		t.Errorf("timeout_ms is %v", timeout)
	}
	delete(ours, "timeout_ms")
	got, err := json.Marshal(bodies[0])
	const want = `{"centrirpc":{"correlation_id":"id 1","idempotent":true,"info":{"name":"Ada"},"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","version":1},` +
		`"client":"c7","data":{"n":12345678901234567000},"encoding":"json","meta":{"role":"\u003cadmin\u003e"},"method":"a.b","protocol":"json","transport":"websocket","user":"456"}`
	if err != nil || string(got) != want {
		t.Errorf("it was sent %s, %v", got, err)
	}
	// Without a deadline, Config.Timeout is one.
	if _, err := h.Call(t.Context(), once); err != nil {
		t.Fatal(err)
	}
	ours, _ = bodies[len(bodies)-1]["centrirpc"].(map[string]any)
	if timeout, _ := ours["timeout_ms"].(float64); timeout > 29900 || timeout < 20000 {
		t.Errorf("without a deadline: %v", ours)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*endpoint.Config){
		"URL is missing":               func(c *endpoint.Config) { c.URL = "" },
		"begin with http":              func(c *endpoint.Config) { c.URL = "localhost:9000/rpc" },
		"names no host":                func(c *endpoint.Config) { c.URL = "ada:pass@localhost/rpc?token=pass@" },
		"URL holds a user":             func(c *endpoint.Config) { c.URL = "http://ada:pass@localhost/" },
		"a query or a fragment":        func(c *endpoint.Config) { c.URL = "http://localhost/?token=pass@" },
		"fragment; leave":              func(c *endpoint.Config) { c.URL = "http://localhost/#pass@" },
		"URL cannot be read":           func(c *endpoint.Config) { c.URL = "http://local host/%zz" },
		"Secret is missing":            func(c *endpoint.Config) { c.Secret = "" },
		"Secret is 5 bytes":            func(c *endpoint.Config) { c.Secret = "short" },
		"Secret holds a line break":    func(c *endpoint.Config) { c.Secret += "\n" },
		"Timeout is -1s":               func(c *endpoint.Config) { c.Timeout = -time.Second },
		"MaxConnections is -1; give a": func(c *endpoint.Config) { c.MaxConnections = -1 },
		"SilentAfter is":               func(c *endpoint.Config) { c.SilentAfter = -1 },
		"BreakFor is":                  func(c *endpoint.Config) { c.BreakFor = -1 },
		"Attempts is -3":               func(c *endpoint.Config) { c.Attempts = -3 },
	} {
		cfg := endpoint.Config{URL: "http://127.0.0.1:9000/", Secret: secret}
		change(&cfg)
		h, err := endpoint.New(cfg)
		if err == nil || h != nil || !strings.HasPrefix(err.Error(), "endpoint: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pass@") {
			t.Errorf("New = %v; want %q", err, want)
		}
	}
}
