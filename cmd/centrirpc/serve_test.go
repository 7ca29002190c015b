package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

const testSecret = "a secret of the tests"

type greetParams struct {
	Name string `json:"name"`
}

type greetResult struct {
	Text string          `json:"text"`
	User string          `json:"user"`
	Meta json.RawMessage `json:"meta"`
	Big  int64           `json:"big"`
}

func greet(ctx context.Context, p greetParams) (greetResult, error) {
	if p.Name == "nobody" {
		return greetResult{}, centrirpc.Errorf(wire.NotFound, "there is no %s", p.Name).WithDetails(map[string]string{"name": p.Name})
	}
	conn := centrirpc.ConnFromContext(ctx)
	return greetResult{"Hello, " + p.Name, conn.UserID, conn.Meta, 9007199254740993}, nil
}

func nothing(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }

func slow(ctx context.Context, _ struct{}) (struct{}, error) {
	<-ctx.Done()
	return struct{}{}, ctx.Err()
}

// serve starts a server that asks for tokens, and returns the address of its
// endpoint.
func serve(t *testing.T) string {
	t.Helper()
	return serveWith(t, server.Config{TokenHMACSecret: testSecret})
}

func serveWith(t *testing.T, config server.Config) string {
	t.Helper()
	return serveOther(t, config, func(router *centrirpc.Router) {
		centrirpc.Handle(router, "greet", greet)
		centrirpc.Handle(router, "nothing", nothing)
		centrirpc.Handle(router, "slow", slow)
		centrirpc.HandleNotify(router, "seen", func(context.Context, struct{}) error { return nil })
	})
}

// serveOther is serveWith for other methods.
func serveOther(t *testing.T, config server.Config, register func(*centrirpc.Router)) string {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	router := centrirpc.NewRouter(centrirpc.Logger(quiet))
	register(router)
	config.Logger = quiet
	s, err := server.New(router, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return "ws" + strings.TrimPrefix(web.URL, "http") + "/connection/websocket"
}

func mint(t *testing.T, args ...string) string {
	t.Helper()
	o := run(t, append([]string{"token", "-user", "42", "-secret", testSecret}, args...)...)
	if o.code != exitOK || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	return strings.TrimSpace(o.stdout)
}

func TestCall(t *testing.T) {
	url := serve(t)
	signed := mint(t, "-meta", `{"role": "admin"}`)
	const want = `{
  "text": "Hello, Ann",
  "user": "42",
  "meta": {
    "role": "admin"
  },
  "big": 9007199254740993
}
`
	for name, args := range map[string][]string{
		"flags before": {"call", "-url", url, "-token", signed, "greet", `{"name":"Ann"}`},
		"flags after":  {"call", "greet", `{"name":"Ann"}`, "-url=" + url, "--token", signed},
		"flags among":  {"call", "-url", url, "greet", "-token", signed, "--", `{"name":"Ann"}`},
	} {
		if o := run(t, args...); o.code != exitOK || o.stdout != want || o.stderr != "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if o := runWith(t, ` {"name": "Ann"}`+"\n", "call", "-url", url, "-token", signed, "greet", "-"); o.stdout != want {
		t.Errorf("from standard input: %+v", o)
	}
	if o := run(t, "call", "-url", url, "-token", signed, "-notify", "seen"); o != (outcome{}) {
		t.Errorf("a notification: %+v", o)
	}
	t.Setenv("CENTRIRPC_TOKEN", signed)
	if o := run(t, "call", "-url", url, "nothing"); o.code != exitOK || o.stdout != "{}\n" {
		t.Errorf("without params, token from the environment: %+v", o)
	}
}

func TestCallThatFails(t *testing.T) {
	url := serve(t)
	signed := mint(t)
	expired, err := token.Sign(testSecret, token.Claims{UserID: "42", ExpiresAt: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"the application's error":    {[]string{"-token", signed, "greet", `{"name":"nobody"}`}, []string{"not_found (404): there is no nobody", "{\n  \"name\": \"nobody\"\n}"}},
		"bad params":                 {[]string{"-token", signed, "greet", `{}`}, []string{"invalid_params (400)", `"field": "name"`}},
		"a method for notifications": {[]string{"-token", signed, "seen"}, []string{"the method seen takes notifications", "-notify"}},
		"unknown method":             {[]string{"-token", signed, "absent"}, []string{"method_not_found (405)", "absent"}},
		"a wrong token":              {[]string{"-token", testToken, "greet"}, []string{"connecting to " + url, "3500"}},
		"an expired token":           {[]string{"-token", expired, "greet"}, []string{"connecting to " + url, "expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, append([]string{"call", "-url", url}, test.args...)...).refuses(t, exitFailed, test.want...)
		})
	}
}

// The client's clock and the server's both run, so either may say it.
func TestCallThatIsTooSlow(t *testing.T) {
	url := serve(t)
	o := run(t, "call", "-url", url, "-token", mint(t), "-timeout", "1s", "slow")
	o.refuses(t, exitFailed)
	if !strings.Contains(o.stderr, "calling slow: no answer within 1s") && !strings.Contains(o.stderr, "deadline_exceeded (504)") {
		t.Error(o.stderr)
	}
}

// A server that takes connections and then says nothing, not even to the handshake.
func TestCallOfASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	url := "ws://" + silent.Addr().String() + "/connection/websocket"
	run(t, "call", "-url", url, "-token", testToken, "-timeout", "200ms", "m").refuses(t, exitFailed, "connecting to "+url+": no answer within 200ms")

	url = serveMute(t)
	for _, notify := range []bool{false, true} {
		run(t, "call", "-url", url, "-token", testToken, "-timeout", "200ms", fmt.Sprintf("-notify=%v", notify), "m").refuses(t, exitFailed, "calling m: no answer within 200ms")
	}
}

// serveMute starts a server on the Centrifuge library alone, which lets everybody in
// and answers nothing that is published.
func serveMute(t *testing.T) (url string) {
	t.Helper()
	return servePlainWith(t, "u", func(*centrifuge.Node, centrifuge.PublishEvent, centrifuge.PublishCallback) {})
}

func TestCallFromAnOriginThatIsNotAllowed(t *testing.T) {
	url := serve(t)
	refused := run(t, "call", "-url", url, "-token", mint(t), "-header", "Origin: https://evil.example", "nothing")
	refused.refuses(t, exitFailed, "connecting to "+url, "403 Forbidden", `may not allow the origin "https://evil.example"`, "AllowedOrigins")
	if strings.Contains(refused.stderr, "no WebSocket endpoint") {
		t.Errorf("there is an endpoint: %s", refused.stderr)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer web.Close()
	run(t, "call", "-url", "ws"+strings.TrimPrefix(web.URL, "http"), "-token", testToken, "m").refuses(t, exitFailed, "403 Forbidden", "does not let this client in", "-header")
}

// Nobody answers a notification, so the command cannot know of a wrong name, and says so.
func TestNotifyOfAnUnknownMethod(t *testing.T) {
	if o := run(t, "call", "-url", serve(t), "-token", mint(t), "-notify", "nope.nope"); o != (outcome{}) {
		t.Errorf("%+v", o)
	}
	if help := run(t, "call", "-h").stdout; !strings.Contains(strings.Join(strings.Fields(help), " "), "a name that does not exist, or params that do not fit, are taken as well") {
		t.Error(help)
	}
}

func TestCallOfNobody(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	url := "ws" + strings.TrimPrefix(web.URL, "http")
	run(t, "call", "-url", url, "-token", testToken, "-timeout", "1h", "m").refuses(t, exitFailed, "connecting to "+url, "404")
	web.Close() // nobody listens there any more
	run(t, "call", "-url", url, "-token", testToken, "-timeout", "1h", "m").refuses(t, exitFailed, "connecting to "+url, "refused")
}

func TestToken(t *testing.T) {
	verifier, err := token.NewVerifier(token.Config{HMACSecret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	verify := func(signed string) token.Claims {
		t.Helper()
		claims, err := verifier.Verify(t.Context(), signed)
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	claims := verify(mint(t, "-info", `{"name":"Ann"}`, "-meta", `[1]`))
	if claims.UserID != "42" || string(claims.Info) != `{"name":"Ann"}` || string(claims.Meta) != `[1]` || claims.IssuedAt.IsZero() {
		t.Errorf("%+v", claims)
	}
	if ttl := claims.ExpiresAt.Sub(claims.IssuedAt); ttl != time.Hour {
		t.Errorf("valid for %v; want 1h", ttl)
	}
	claims = verify(mint(t, "-ttl=10m"))
	if ttl := claims.ExpiresAt.Sub(claims.IssuedAt); ttl != 10*time.Minute {
		t.Errorf("valid for %v; want 10m", ttl)
	}
	if claims = verify(mint(t, "-ttl", "0")); !claims.ExpiresAt.IsZero() {
		t.Errorf("expires at %v; want never", claims.ExpiresAt)
	}
	t.Setenv("CENTRIRPC_SECRET", testSecret)
	o := run(t, "token", "-user", "7")
	if claims = verify(strings.TrimSpace(o.stdout)); claims.UserID != "7" {
		t.Errorf("%+v", claims)
	}
}
