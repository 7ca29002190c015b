package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func jwtWith(t *testing.T, alg string, key any, claims jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRefusedAtConnect(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	hour := time.Now().Add(time.Hour).Unix()
	hmac := func(claims jwt.MapClaims) string { return jwtWith(t, "HS256", []byte(secret), claims) }
	for _, v := range []struct {
		name, token string
		code        int // of the error reply, or of the disconnect
		reason, log string
	}{
		{"no token", "", 3500, "invalid token", "no token was sent"},
		{"not a token", "secret", 3500, "invalid token", "malformed"},
		{"bad signature", jwtWith(t, "HS256", []byte("wrong"), jwt.MapClaims{"sub": "456"}), 3500, "invalid token", "signature"},
		{"alg none", jwtWith(t, "none", jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": "456"}), 3500, "invalid token", "none"},
		{"no sub", hmac(jwt.MapClaims{}), 3500, "invalid token", "sub is missing"},
		{"expired", hmac(jwt.MapClaims{"sub": "456", "exp": 1}), 109, "token expired", "expired"},
		{"not yet valid", hmac(jwt.MapClaims{"sub": "456", "nbf": hour}), 109, "token expired", "not valid yet"},
		{"user id of two users", hmac(jwt.MapClaims{"sub": "1,2"}), 3500, "invalid user id", `"1,2\" holds the character`},
		{"user id with a colon", hmac(jwt.MapClaims{"sub": "a:b"}), 3500, "invalid user id", "holds the character"},
		{"user id with a hash", hmac(jwt.MapClaims{"sub": "a#b"}), 3500, "invalid user id", "holds the character"},
		{"user id that is too long", hmac(jwt.MapClaims{"sub": strings.Repeat("u", 200)}), 3500, "invalid user id", "200 bytes"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := dial(t, s.url, nil)
			// The second command must not be served either.
			c.send(`{"id":1,"connect":{"token":%q}}`+"\n"+`{"id":2,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`, v.token)
			if v.code < 3000 {
				m := c.reply(1)
				if m.Error == nil || int(m.Error.Code) != v.code || m.Error.Message != v.reason {
					t.Errorf("answer %s; want error %d", m.raw, v.code)
				}
				for _, m := range c.waiting {
					t.Errorf("also got %s", m.raw)
				}
			} else if code, reason := c.closed(); code != v.code || reason != v.reason {
				t.Errorf("closed with %d %q; want %d %q", code, reason, v.code, v.reason)
			}
			if log := s.log.String(); !strings.Contains(log, v.log) {
				t.Errorf("the log says nothing of %q", v.log)
			}
			if v.token != "" && strings.Contains(s.log.String(), v.token+"") && v.token != "secret" {
				t.Error("the log holds the token")
			}
		})
	}
}

func TestNothingBeforeConnect(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	for _, frame := range []string{
		request(1, "tasks.get_stats", `{"user_id":"1"}`, "c", "user#456"),
		`{"id":1,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`,
		`{"id":1,"subscribe":{"channel":"user#456"}}`,
		`no json`,
		`{}`,
	} {
		c := dial(t, s.url, nil)
		c.send("%s", frame)
		if code, _ := c.closed(); code != 3501 {
			t.Errorf("%s: closed with %d; want 3501", frame, code)
		}
	}
}

func TestOwnAuthentication(t *testing.T) {
	users := map[string]string{"cookie-of-ann": "ann"}
	var seenToken string
	s := start(t, testRouter(nil), server.Config{Authenticate: func(r *http.Request, sent string) (server.Identity, error) {
		seenToken = sent
		if err := r.Context().Err(); err != nil {
			return server.Identity{}, err
		}
		if r.Header.Get("X-Fault") == "panic" {
			panic("boom")
		}
		if r.Header.Get("X-Fault") == "database" {
			return server.Identity{}, errors.Join(errors.New("no database"), server.ErrUnavailable)
		}
		cookie, err := r.Cookie("session")
		if err != nil {
			return server.Identity{}, err
		}
		return server.Identity{UserID: users[cookie.Value], Meta: []byte(`{"role":"admin"}`)}, nil
	}})
	connect := func(name, value string) *rawClient {
		c := dial(t, s.url, http.Header{name: {value}})
		c.send(`{"id":1,"connect":{"token":"the token"}}`)
		return c
	}
	c := connect("Cookie", "session=cookie-of-ann")
	if m := c.reply(1); m.Connect == nil || m.Connect.Subs["user#ann"] == nil {
		t.Fatalf("answer %s", m.raw)
	}
	if seenToken != "the token" {
		t.Errorf("Authenticate saw the token %q", seenToken)
	}
	c.send("%s", request(2, "test.who", `{}`, "c", "user#ann"))
	if e := c.answer("c"); !strings.Contains(string(e.Result), `"user_id":"ann"`) || !strings.Contains(string(e.Result), `"role":"admin"`) {
		t.Errorf("answer %s", e.Result)
	}
	if code, reason := connect("X-Nothing", "").closed(); code != 3500 || reason != "invalid token" {
		t.Errorf("without the cookie: %d %s", code, reason)
	}
	if code, _ := connect("Cookie", "session=made-up").closed(); code != 3500 {
		t.Errorf("an identity without a user: %d", code)
	}
	for _, fault := range []string{"database", "panic"} {
		if m := connect("X-Fault", fault).reply(1); m.Error == nil || m.Error.Code != 100 || !m.Error.Temporary {
			t.Errorf("%s: %s; want the temporary error 100", fault, m.raw)
		}
	}
	if !strings.Contains(s.log.String(), "panic in authentication") {
		t.Error("the panic is not in the log")
	}
}

func TestAnonymous(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Anonymous: true, TokenHMACSecret: secret})
	ids := map[string]bool{}
	for range 2 {
		c := dial(t, s.url, nil)
		c.send(`{"id":1,"connect":{}}`)
		m := c.reply(1)
		if m.Connect == nil || len(m.Connect.Subs) != 1 {
			t.Fatalf("answer %s", m.raw)
		}
		for channel := range m.Connect.Subs {
			ids[channel] = true
			if !strings.Contains(string(m.Connect.Data), `"user_id":"`+strings.TrimPrefix(channel, "user#")+`"`) {
				t.Errorf("data %s does not name the user of %s", m.Connect.Data, channel)
			}
			c.send("%s", request(2, "tasks.get_stats", `{"user_id":"1"}`, "c", channel))
			c.answer("c")
		}
	}
	if len(ids) != 2 {
		t.Errorf("two connections share the id of %v", ids)
	}
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":"bad"}}`)
	if code, _ := c.closed(); code != 3500 {
		t.Errorf("a bad token where anonymous clients are allowed: %d", code)
	}
	connected(t, s.url, signed(t, "456")).call(2, "tasks.get_stats", `{"user_id":"1"}`)
}

func TestRefresh(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	now := time.Now()
	tokenFor := func(user, meta string, ttl time.Duration) string {
		return signedClaims(t, token.Claims{UserID: user, Meta: []byte(meta), ExpiresAt: now.Add(ttl)})
	}
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, tokenFor("456", `"old"`, time.Minute))
	if m := c.reply(1); m.Connect == nil || !m.Connect.Expires || m.Connect.TTL < 50 || m.Connect.TTL > 60 {
		t.Fatalf("answer %s; want a ttl of a minute", m.raw)
	}
	c.send(`{"id":2,"refresh":{"token":%q}}`, tokenFor("456", `"new"`, time.Hour))
	if m := c.reply(2); m.Error != nil || !strings.Contains(m.raw, `"expires":true`) {
		t.Fatalf("refresh: %s", m.raw)
	}
	if e := c.call(3, "test.who", `{}`); !strings.Contains(string(e.Result), `"meta":"new"`) {
		t.Errorf("after the refresh handlers see %s", e.Result)
	}
	c.send(`{"id":4,"refresh":{"token":%q}}`, signed(t, "456"))
	if m := c.reply(4); m.Error != nil {
		t.Errorf("refresh with a token that does not expire: %s", m.raw)
	}
	c.send(`{"id":5,"refresh":{"token":%q}}`, tokenFor("457", "1", time.Hour))
	if code, _ := c.closed(); code != 3500 {
		t.Errorf("refresh with another user's token: closed with %d; want 3500", code)
	}

	c = dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, tokenFor("456", "1", time.Minute))
	c.reply(1)
	c.send(`{"id":2,"refresh":{"token":%q}}`, tokenFor("456", "1", -time.Minute))
	if code, _ := c.closed(); code != 3005 {
		t.Errorf("refresh with an expired token: closed with %d; want 3005", code)
	}
}

// A connection whose token expires is closed so that the client comes again,
// hears 109, fetches a new token and goes on.
func TestExpiredThenRefreshed(t *testing.T) {
	t.Parallel()
	s := start(t, testRouter(nil), server.Config{RefreshGrace: time.Millisecond})
	old := signedClaims(t, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(2 * time.Second)})
	c := connected(t, s.url, old)
	if code, reason := c.closed(); code != 3005 || reason != "connection expired" {
		t.Fatalf("closed with %d %s; want 3005", code, reason)
	}
	c = dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, old)
	if code := c.code(1); code != 109 {
		t.Fatalf("code %d; want 109", code)
	}
	connected(t, s.url, signed(t, "456")).call(2, "tasks.get_stats", `{"user_id":"1"}`)
}

// Authenticate's refresh sees the request that the connection began with; an
// identity without a token is checked again by connecting again.
func TestOwnAuthenticationRefresh(t *testing.T) {
	t.Parallel()
	s := start(t, testRouter(nil), server.Config{RefreshGrace: time.Millisecond, Authenticate: func(r *http.Request, sent string) (server.Identity, error) {
		if err := r.Context().Err(); err != nil {
			return server.Identity{}, err
		}
		ttl := time.Hour
		if sent == "" {
			ttl = 2 * time.Second
		}
		return server.Identity{UserID: r.Header.Get("X-User"), ExpiresAt: time.Now().Add(ttl), Meta: []byte(`"` + sent + `"`)}, nil
	}})
	header := http.Header{"X-User": {"456"}}
	c := dial(t, s.url, header)
	c.send(`{"id":1,"connect":{"token":"one"}}`)
	if m := c.reply(1); m.Connect == nil || !m.Connect.Expires {
		t.Fatalf("answer %s", m.raw)
	}
	c.send(`{"id":2,"refresh":{"token":"two"}}`)
	if m := c.reply(2); m.Error != nil {
		t.Fatalf("refresh: %s", m.raw)
	}
	if e := c.call(3, "test.who", `{}`); !strings.Contains(string(e.Result), `"meta":"two"`) {
		t.Errorf("after the refresh handlers see %s", e.Result)
	}
	cookieOnly := dial(t, s.url, header)
	cookieOnly.send(`{"id":1,"connect":{}}`)
	if m := cookieOnly.reply(1); m.Connect == nil || m.Connect.Expires {
		t.Fatalf("answer %s; a client without a token cannot refresh it", m.raw)
	}
	if code, _ := cookieOnly.closed(); code != 3005 {
		t.Errorf("closed with %d; want 3005", code)
	}
}

func TestConnectionsPerUser(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{MaxConnectionsPerUser: 2})
	first := connected(t, s.url, signed(t, "456"))
	connected(t, s.url, signed(t, "456"))
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
	if code, _ := c.closed(); code != 3504 {
		t.Errorf("the third connection: closed with %d; want 3504", code)
	}
	connected(t, s.url, signed(t, "457"))
	_ = first.conn.CloseNow()
	until(t, "room for a connection", func() bool {
		c := dial(t, s.url, nil)
		c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
		_, err := c.receive(func(m message) bool { return m.Connect != nil })
		return err == nil
	})
}

// Connections that come at the same moment do not slip through together.
func TestConnectionsPerUserAtOnce(t *testing.T) {
	const limit, tries = 3, 30
	s := start(t, testRouter(nil), server.Config{MaxConnectionsPerUser: limit})
	frame := []byte(`{"id":1,"connect":{"token":"` + signed(t, "456") + `"}}`)
	closings := make(chan error, tries)
	for range tries {
		conn := dial(t, s.url, nil).conn
		go func() {
			err := conn.Write(t.Context(), websocket.MessageText, frame)
			for err == nil {
				_, _, err = conn.Read(t.Context())
			}
			closings <- err
		}()
	}
	for range tries - limit {
		select {
		case err := <-closings:
			if code := websocket.CloseStatus(err); code != 3504 {
				t.Fatalf("closed with %v; want 3504", err)
			}
		case <-time.After(testTimeout):
			t.Fatal("too few connections were refused")
		}
	}
	until(t, "the last to be gone", func() bool { return s.connections(t) == limit })
}

// A client is told which node it is at, if the node has a name.
func TestTheNodesName(t *testing.T) {
	for name, want := range map[string]string{"": "", `a "node" at 127.0.0.1:8001`: `a "node" at 127.0.0.1:8001`} {
		m := connected(t, start(t, testRouter(nil), server.Config{NodeName: name}).url, signed(t, "456")).connect
		var said struct {
			Centrirpc struct {
				Node *string `json:"node"`
			} `json:"centrirpc"`
		}
		if err := json.Unmarshal(m.Connect.Data, &said); err != nil {
			t.Fatal(err)
		}
		if got := said.Centrirpc.Node; (got == nil) != (want == "") || got != nil && *got != want {
			t.Errorf("of the node %q clients hear %s", name, m.Connect.Data)
		}
	}
}
