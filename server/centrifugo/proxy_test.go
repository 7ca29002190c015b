package centrifugo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/wire"
)

// Whoever does not know the secret is refused, on every path and before anything is
// read, and the log does not say the secret.
func TestTheSecret(t *testing.T) {
	c := newCounting()
	var log bytes.Buffer
	b := start(t, c.router, centrifugo.Config{Anonymous: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, path := range []string{"connect", "refresh", "subscribe", "publish", "rpc"} {
		for _, said := range [][]string{nil, {""}, {"wrong"}, {secret[:len(secret)-1]}, {secret + "x"}, {secret, secret}, {"wrong", secret}} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/centrifugo/"+path, strings.NewReader(`{"user":"1","client":"c","method":"count"}`))
			r.Header[centrifugo.SecretHeader] = said
			w := httptest.NewRecorder()
			b.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "anonymous") {
				t.Errorf("%s with %q: %d %s", path, said, w.Code, w.Body)
			}
		}
	}
	if c.runs.Load() != 0 || strings.Contains(log.String(), secret) {
		t.Errorf("%d runs; the log:\n%s", c.runs.Load(), &log)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	b := start(t, centrirpc.NewRouter(), centrifugo.Config{MaxMessageSize: 1024})
	for body, want := range map[string]int{
		"":                       http.StatusBadRequest,
		"[]":                     http.StatusBadRequest,
		`{"b64data":"?"}`:        http.StatusBadRequest,
		strings.Repeat(" ", 1e5): http.StatusRequestEntityTooLarge,
	} {
		if status, answer := ask(t, b, "/centrifugo/publish", []byte(body)); status != want {
			t.Errorf("%.20q: %d %s; want %d", body, status, answer, want)
		}
	}
	for path, want := range map[string]int{"/": 404, "/centrifugo/other": 404, "/centrifugo/publish": 405} {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d; want %d", path, w.Code, want)
		}
	}
}

// What the backend answers, request by request.
func TestAnswers(t *testing.T) {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "whoami", func(ctx context.Context, _ struct{}) (string, error) {
		conn := centrirpc.ConnFromContext(ctx)
		return fmt.Sprintf("%s %s %s", conn.UserID, conn.Info, conn.Meta), nil
	})
	centrirpc.Handle(router, "busy", func(context.Context, struct{}) (string, error) {
		return "", centrirpc.Errorf(wire.Unavailable, "later")
	})
	centrirpc.Handle(router, "broken", func(context.Context, struct{}) (string, error) { return "", errors.New("hunter2") })
	type project struct {
		ID int `json:"id"`
	}
	centrirpc.Channel[project, string](router, "tasks:{id}", centrirpc.AuthorizeSubscribe(func(_ context.Context, p project) error {
		if p.ID != 7 {
			return errors.New("not yours: hunter2")
		}
		return nil
	}))
	b := start(t, router, centrifugo.Config{
		Authenticate: func(r *http.Request, data json.RawMessage) (centrifugo.Identity, error) {
			if r.Header.Get(centrifugo.SecretHeader) != "" {
				t.Error("the application sees the secret")
			}
			switch string(data) {
			case `"away"`:
				return centrifugo.Identity{}, fmt.Errorf("%w: hunter2", centrifugo.ErrUnavailable)
			case `"bad"`:
				return centrifugo.Identity{}, errors.New("hunter2")
			case `"two"`:
				return centrifugo.Identity{UserID: "1,2"}, nil
			}
			return centrifugo.Identity{UserID: "456", Info: json.RawMessage(`{"n":1}`), Meta: json.RawMessage(`{"r":2}`), ExpiresAt: time.Unix(2_000_000_000, 0), Channels: []string{"news", "other"}}, nil
		},
		Channels: []centrifugo.Channel{
			{Name: "news"},
			{Name: "talk", Publish: func(_ context.Context, conn *centrirpc.Conn, _ string, data json.RawMessage) error {
				if conn.UserID != "456" || string(data) != `"hello"` {
					return fmt.Errorf("%w: hunter2", centrifugo.ErrUnavailable)
				}
				return nil
			}},
			{Name: "panics", Subscribe: func(context.Context, *centrirpc.Conn, string) error { panic("hunter2") }},
		},
	})
	for _, test := range []struct{ path, asked, answered string }{
		{"connect", `{"client":"c","data":"good"}`, `{"result":{"user":"456","expire_at":2000000000,"info":{"n":1},"meta":{"centrirpc":{"info":{"n":1},"meta":{"r":2}}},"data":{"centrirpc":{"version":1,"max_message_size":65536,"user_id":"456","store":"*"}},"subs":{"news":{"override":{"presence":{"value":false}}},"user#456":{"override":{"presence":{"value":false}}}}}}`},
		{"connect", `{"client":"c","data":"away"}`, `{"error":{"code":503,"message":"unavailable","temporary":true}}`},
		{"connect", `{"client":"c","data":"bad"}`, `{"disconnect":{"code":3500,"reason":"invalid token"}}`},
		{"connect", `{"client":"c","b64data":"ImJhZCI="}`, `{"disconnect":{"code":3500,"reason":"invalid token"}}`},
		{"connect", `{"client":"c","data":"two"}`, `{"disconnect":{"code":3500,"reason":"invalid user id"}}`},
		{"refresh", `{"client":"c","user":"456"}`, `{"result":{"expired":true}}`},
		{"subscribe", `{"client":"c","user":"456","channel":"user.tab#456"}`, `{"result":{"data":{"centrirpc":{"version":1,"max_message_size":65536,"user_id":"456","store":"*"}},"override":{"presence":{"value":false}}}}`},
		{"subscribe", `{"client":"c","user":"456","channel":"user#4"}`, denied},
		{"subscribe", `{"client":"c","user":"456","channel":"rpc.requests"}`, denied},
		{"subscribe", `{"client":"c","user":"","channel":"news"}`, denied},
		{"subscribe", `{"client":"c","user":"1,2","channel":"user#1,2"}`, denied},
		{"subscribe", `{"client":"c","user":"456","channel":"news"}`, `{"result":{"override":{"presence":{"value":false}}}}`},
		{"subscribe", `{"client":"c","user":"456","channel":"tasks:7"}`, `{"result":{"override":{"presence":{"value":false}}}}`},
		{"subscribe", `{"client":"c","user":"456","channel":"tasks:8"}`, denied},
		{"subscribe", `{"client":"c","user":"456","channel":"panics"}`, ""},
		{"publish", `{"client":"c","user":"456","channel":"talk","data":"hello"}`, `{"result":{}}`},
		{"publish", `{"client":"c","user":"456","channel":"talk","data":"other"}`, `{"error":{"code":503,"message":"unavailable","temporary":true}}`},
		{"publish", `{"client":"c","user":"456","channel":"talk","b64data":"eA=="}`, `{"error":{"code":400,"message":"bad request"}}`},
		{"publish", `{"client":"c","user":"456","channel":"news","data":1}`, denied},
		{"publish", `{"client":"c","user":"","channel":"rpc.requests","data":{}}`, denied},
		{"publish", `{"client":"c","user":"456","channel":"rpc.requests","data":{}}`, `{"error":{"code":400,"message":"bad request"}}`},
		{"publish", `{"client":"c","user":"456","channel":"rpc.requests","data":{"method":"whoami","correlation_id":"0","reply_to":"user#456","timeout_ms":7200000}}`, `{"error":{"code":400,"message":"timeout_ms is 7200000; this server takes at most 3600000"}}`},
		{"publish", `{"client":"c","user":"456","channel":"rpc.requests","data":{"method":"whoami","correlation_id":"1","reply_to":"user#4"}}`, denied},
		{"publish", `{"client":"c","user":"456","channel":"rpc.requests","data":{"method":"whoami","correlation_id":"2","reply_to":"user#456"}}`, `{"result":{"data":{},"skip_history":true}}`},
		{"rpc", `{"client":"c","user":"456","method":"whoami","data":{},"meta":{"centrirpc":{"info":{"n":1},"meta":{"r":2}}}}`, `{"result":{"data":"456 {\"n\":1} {\"r\":2}"}}`},
		{"rpc", `{"client":"c","user":"456","method":"whoami","meta":{"role":"x"}}`, `{"result":{"data":"456  {\"role\":\"x\"}"}}`},
		{"rpc", `{"client":"c","user":"456","method":"busy"}`, `{"error":{"code":503,"message":"later","temporary":true}}`},
		{"rpc", `{"client":"c","user":"456","method":"broken"}`, `{"error":{"code":500,"message":"internal error"}}`},
		{"rpc", `{"client":"c","user":"456","method":"none"}`, `{"error":{"code":405,"message":"there is no method \"none\""}}`},
		{"rpc", `{"client":"c","user":"","method":"whoami"}`, denied},
		{"rpc", `{"client":"c","user":"456","method":"centrirpc.contract","data":{"hash":"x"}}`, `{"result":{"data":{"hash":"","compatible":null}}}`},
	} {
		status, answer := ask(t, b, "/centrifugo/"+test.path, []byte(test.asked))
		text := string(answer)
		if i := strings.Index(text, `"store":"`); i >= 0 {
			end := i + len(`"store":"`) + strings.IndexByte(text[i+len(`"store":"`):], '"')
			text = text[:i] + `"store":"*` + text[end:]
		}
		if test.answered == "" {
			if status != http.StatusInternalServerError || strings.Contains(text, "hunter2") {
				t.Errorf("%s %s: %d %s", test.path, test.asked, status, text)
			}
			continue
		}
		if status != http.StatusOK || text != test.answered {
			t.Errorf("%s %s: %d\n%s\nwant\n%s", test.path, test.asked, status, text, test.answered)
		}
	}
}

const denied = `{"error":{"code":403,"message":"permission denied"}}`

func TestRefresh(t *testing.T) {
	at := time.Unix(2_000_000_000, 0)
	var id centrifugo.Identity
	var failure error
	b := start(t, centrirpc.NewRouter(), centrifugo.Config{Refresh: func(_ context.Context, conn *centrirpc.Conn) (centrifugo.Identity, error) {
		if conn.UserID != "456" || string(conn.Meta) != `{"r":2}` {
			t.Errorf("asked for %+v", conn)
		}
		return id, failure
	}})
	expireAt := func() (expired bool, at int64) {
		t.Helper()
		_, answer := ask(t, b, "/centrifugo/refresh", []byte(`{"client":"c","user":"456","meta":{"r":2}}`))
		var got struct {
			Result struct {
				Expired  bool  `json:"expired"`
				ExpireAt int64 `json:"expire_at"`
			} `json:"result"`
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		return got.Result.Expired, got.Result.ExpireAt
	}
	id = centrifugo.Identity{UserID: "456", ExpiresAt: at}
	if expired, until := expireAt(); expired || until != at.Unix() {
		t.Errorf("expired %v, until %d", expired, until)
	}
	id.ExpiresAt = time.Time{}
	if expired, until := expireAt(); expired || until < time.Now().Add(100*24*time.Hour).Unix() {
		t.Errorf("for ever: expired %v, until %d", expired, until)
	}
	id.UserID = "4"
	if expired, _ := expireAt(); !expired {
		t.Error("another user goes on")
	}
	failure = errors.New("no")
	if expired, _ := expireAt(); !expired {
		t.Error("who is refused goes on")
	}
	failure = centrifugo.ErrUnavailable
	if expired, until := expireAt(); expired || until > time.Now().Add(2*time.Minute).Unix() {
		t.Errorf("nobody can say: expired %v, until %d", expired, until)
	}
}

func TestConfig(t *testing.T) {
	good := centrifugo.Config{APIURL: "http://h/api", APIKey: "k", Secret: secret}
	for want, change := range map[string]func(*centrifugo.Config){
		"APIURL is missing":        func(c *centrifugo.Config) { c.APIURL = "" },
		"no http or https":         func(c *centrifugo.Config) { c.APIURL = "ftp://h" },
		"more than scheme":         func(c *centrifugo.Config) { c.APIURL = "http://h/api?api_key=hunter2" },
		"is no URL":                func(c *centrifugo.Config) { c.APIURL = "http://u:hunter2@h:port" },
		"APIKey is missing":        func(c *centrifugo.Config) { c.APIKey = "" },
		"APIKey holds a line":      func(c *centrifugo.Config) { c.APIKey = "hunter2\n" },
		"Secret is missing":        func(c *centrifugo.Config) { c.Secret = "" },
		"Secret is 7 bytes":        func(c *centrifugo.Config) { c.Secret = "hunter2" },
		"Secret holds a line":      func(c *centrifugo.Config) { c.Secret = "hunter2 hunter2 hunter2\n" },
		"MaxMessageSize is 1":      func(c *centrifugo.Config) { c.MaxMessageSize = 1 },
		"PublishTimeout is -1ns":   func(c *centrifugo.Config) { c.PublishTimeout = -1 },
		"half of PublishQueueSize": func(c *centrifugo.Config) { c.MaxResultSize = 60 << 20 },
		"at most MaxCallTimeout":   func(c *centrifugo.Config) { c.CallTimeout = time.Hour },
		"Channels[0]":              func(c *centrifugo.Config) { c.Channels = []centrifugo.Channel{{Name: "*"}} },
		"OlderContracts":           func(c *centrifugo.Config) { c.OlderContracts = [][]byte{{}} },
	} {
		c := good
		change(&c)
		_, err := centrifugo.New(centrirpc.NewRouter(), c)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "centrifugo: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
	if _, err := centrifugo.New(nil, good); err == nil {
		t.Error("a nil router is taken")
	}
}
