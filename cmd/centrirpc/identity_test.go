package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

// user is who the server took the caller for.
func user(t *testing.T, o outcome) string {
	t.Helper()
	var result greetResult
	if o.code != exitOK || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	if err := json.Unmarshal([]byte(o.stdout), &result); err != nil {
		t.Fatal(err)
	}
	return result.User
}

func TestCallWithoutAToken(t *testing.T) {
	t.Setenv("CENTRIRPC_TOKEN", "")
	t.Run("anonymous", func(t *testing.T) {
		url := serveWith(t, server.Config{Anonymous: true})
		if got := user(t, run(t, "call", "-url", url, "greet", `{"name":"Ann"}`)); got == "" {
			t.Error("the caller has no user id")
		}
	})
	t.Run("known by headers", func(t *testing.T) {
		url := serveWith(t, server.Config{Authenticate: func(r *http.Request, token string) (server.Identity, error) {
			session, err := r.Cookie("session")
			if err != nil || token != "" || !slices.Equal(r.Header.Values("X-Tenant"), []string{"a: b", "c"}) {
				return server.Identity{}, errors.New("nobody")
			}
			return server.Identity{UserID: "user-of-" + session.Value}, nil
		}})
		args := []string{"call", "-url", url, "-header", "Cookie: session=7", "greet", "-header=x-tenant:a: b", "-header", "X-Tenant: c", `{"name":"Ann"}`}
		if got := user(t, run(t, args...)); got != "user-of-7" {
			t.Errorf("the user is %q", got)
		}
		run(t, "call", "-url", url, "greet").refuses(t, exitFailed, "connecting to "+url, "refused", "no token was sent", "-token", "CENTRIRPC_TOKEN", "-header")
	})
	t.Run("that the server asks for", func(t *testing.T) {
		url := serve(t)
		run(t, "call", "-url", url, "greet").refuses(t, exitFailed, "connecting to "+url, "no token was sent", "-token")
	})
}

func TestCallWithAnOpaqueToken(t *testing.T) {
	url := serveWith(t, server.Config{Authenticate: func(_ *http.Request, sent string) (server.Identity, error) {
		if sent != "opaque" {
			return server.Identity{}, token.ErrExpired
		}
		return server.Identity{UserID: "42"}, nil
	}})
	for name, args := range map[string][]string{"the server says the user": nil, "and so does the caller": {"-user", "42"}} {
		if got := user(t, run(t, append([]string{"call", "-url", url, "-token", "opaque", "greet", `{"name":"Ann"}`}, args...)...)); got != "42" {
			t.Errorf("%s: %q", name, got)
		}
	}
	run(t, "call", "-url", url, "-token", "opaque", "-user", "43", "greet").refuses(t, exitFailed, `for the user "43"`, `knows it as "42"`)
}

// A server of another make does not say the user's id.
func TestCallOfAServerThatDoesNotSayTheUser(t *testing.T) {
	url := servePlain(t, "42")
	run(t, "call", "-url", url, "-token", "opaque", "m").refuses(t, exitFailed, "connecting to "+url, "says the user's id", "give it with -user")
	if o := run(t, "call", "-url", url, "-token", "opaque", "-user", "42", "m"); o.code != exitOK || o.stdout != "\"m\"\n" || o.stderr != "" {
		t.Errorf("%+v", o)
	}
}

// servePlain starts a server on the Centrifuge library alone, which answers each
// call with the method's name.
func servePlain(t *testing.T, userID string) (url string) {
	t.Helper()
	return servePlainWith(t, userID, func(node *centrifuge.Node, e centrifuge.PublishEvent, done centrifuge.PublishCallback) {
		var request struct {
			Method        string `json:"method"`
			CorrelationID string `json:"correlation_id"`
			ReplyTo       string `json:"reply_to"`
		}
		err := json.Unmarshal(e.Data, &request)
		if err == nil && request.Method != "" {
			var reply []byte
			if reply, err = json.Marshal(map[string]any{"correlation_id": request.CorrelationID, "result": request.Method}); err == nil {
				_, err = node.Publish(request.ReplyTo, reply)
			}
		}
		done(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, err)
	})
}

// servePlainWith starts a server on the Centrifuge library alone, to which all are the
// same user, and which does with what is published as it is told.
func servePlainWith(t *testing.T, userID string, published func(*centrifuge.Node, centrifuge.PublishEvent, centrifuge.PublishCallback)) (url string) {
	t.Helper()
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		t.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: userID}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, done centrifuge.PublishCallback) { published(node, e, done) })
	})
	if err := node.Run(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := node.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return "ws" + strings.TrimPrefix(web.URL, "http")
}
