package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func TestCorrelatedCall(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
	m := c.reply(1)
	if m.Connect == nil {
		t.Fatalf("connect was answered with %s", m.raw)
	}
	if want := regexp.MustCompile(`^{"centrirpc":{"version":1,"max_message_size":65536,"user_id":"456","store":"[A-Z0-9]{26}\.[0-9a-z]+"}}$`); !want.Match(m.Connect.Data) {
		t.Errorf("connect data %s; want %s", m.Connect.Data, want)
	}
	if _, ok := m.Connect.Subs["user#456"]; !ok || len(m.Connect.Subs) != 1 {
		t.Errorf("subscribed at connect to %v; want user#456", m.Connect.Subs)
	}
	e := c.call(2, "tasks.get_stats", `{"user_id":"123"}`)
	if string(e.Result) != `{"total":100}` || e.channel != "user#456" {
		t.Errorf("answer %+v", e)
	}
}

func TestReplyOnSessionChannel(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c, other := connected(t, s.url, signed(t, "456")), connected(t, s.url, signed(t, "456"))
	c.send(`{"id":2,"subscribe":{"channel":"user.s1#456"}}`)
	if code := c.code(2); code != 0 {
		t.Fatalf("refused with %d", code)
	}
	c.send("%s", request(3, "tasks.get_stats", `{"user_id":"1"}`, "mine", "user.s1#456"))
	if e := c.answer("mine"); e.channel != "user.s1#456" {
		t.Errorf("answered on %s", e.channel)
	}
	// The user's other connection sees its own reply, and nothing before it.
	other.call(2, "tasks.get_stats", `{"user_id":"1"}`)
	for _, m := range other.waiting {
		if strings.Contains(m.raw, "mine") {
			t.Errorf("the other connection got %s", m.raw)
		}
	}
}

func TestErrorReplies(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{MaxResultSize: 2000})
	c := connected(t, s.url, signed(t, "456"))
	for i, v := range []struct {
		name, method, params string
		code                 int
		reason               string
	}{
		{"unknown method", "tasks.unknown", `{}`, 405, "method_not_found"},
		{"a method name that cannot be", "Tasks!", `{}`, 405, "method_not_found"},
		{"missing param", "tasks.get_stats", `{}`, 400, "invalid_params"},
		{"param of the wrong type", "tasks.get_stats", `{"user_id":1}`, 400, "invalid_params"},
		{"params that are no object", "tasks.get_stats", `[1]`, 400, "invalid_params"},
		{"panic", "test.panic", `{}`, 500, "internal"},
		{"plain error", "test.fail", `{}`, 500, "internal"},
		{"an error for the client", "test.refuse", `{}`, 403, "permission_denied"},
		{"slow handler", "test.slow", `{}`, 504, "deadline_exceeded"},
		{"result that is too large", "test.big", `{"bytes":2000}`, 413, "payload_too_large"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c.t = t
			e := c.call(uint32(i+2), v.method, v.params)
			if e.Error == nil || e.Error.Code != v.code || e.Error.Reason != v.reason {
				t.Fatalf("answer %+v, error %+v; want %d %s", e, e.Error, v.code, v.reason)
			}
			if strings.Contains(e.Error.Message, "hunter2") || strings.Contains(e.Error.Message, "boom") {
				t.Errorf("the message leaks: %s", e.Error.Message)
			}
		})
	}
	c.t = t
	if e := c.call(100, "tasks.get_stats", `{"user_id":"1"}`); string(e.Result) != `{"total":100}` {
		t.Errorf("after all of that: %+v", e)
	}
	if e := c.call(101, "test.big", `{"bytes":1998}`); e.Error != nil || len(e.Result) != 2000 {
		t.Errorf("a result of just the size: %+v", e.Error)
	}
}

func TestRefusedRequests(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	ok := `{"method":"tasks.get_stats","params":{"user_id":"1"},"correlation_id":"c","reply_to":"user#456"}`
	with := func(old, new string) string {
		changed := strings.Replace(ok, old, new, 1)
		if changed == ok {
			t.Fatalf("%q is not in %s", old, ok)
		}
		return changed
	}
	for i, v := range []struct {
		name, data string
		code       uint32
	}{
		{"no object", `[]`, 107},
		{"a string", `"call"`, 107},
		{"null", `null`, 107},
		{"no method", with(`"method":"tasks.get_stats",`, ``), 107},
		{"no correlation id", with(`"correlation_id":"c",`, ``), 107},
		{"an empty correlation id", with(`"c"`, `""`), 107},
		{"a correlation id of a number", with(`"c"`, `1`), 107},
		{"an over-long correlation id", with(`"c"`, `"`+strings.Repeat("c", 129)+`"`), 107},
		{"an over-long method", with(`tasks.get_stats`, strings.Repeat("m", 129)), 107},
		{"an unknown op", with(`{"method"`, `{"op":"run","method"`), 107},
		{"another user's reply channel", with(`user#456`, `user#457`), 103},
		{"a reply channel of two users", with(`user#456`, `user#456,457`), 103},
		{"an application channel to reply to", with(`user#456`, `tasks`), 103},
		{"rpc.requests to reply to", with(`user#456`, `rpc.requests`), 103},
		{"no reply channel", with(`,"reply_to":"user#456"`, ``), 103},
		{"a malformed session", with(`user#456`, `user.a.b#456`), 103},
	} {
		t.Run(v.name, func(t *testing.T) {
			c.t = t
			id := uint32(i + 2)
			c.send(`{"id":%d,"publish":{"channel":"rpc.requests","data":%s}}`, id, v.data)
			if code := c.code(id); code != v.code {
				t.Errorf("code %d; want %d", code, v.code)
			}
		})
	}
	c.t = t
	if e := c.call(100, "tasks.get_stats", `{"user_id":"1"}`); string(e.Result) != `{"total":100}` {
		t.Errorf("after all of that: %+v", e)
	}
}

// Requests are for the server alone: the publication goes to nobody.
func TestRequestsAreConsumed(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	c.send(`{"id":2,"subscribe":{"channel":"rpc.requests"}}`)
	if code := c.code(2); code != 103 {
		t.Errorf("code %d; want 103", code)
	}
	c.call(3, "tasks.get_stats", `{"user_id":"1"}`)
	for _, m := range c.waiting {
		if m.Push != nil {
			t.Errorf("got %s", m.raw)
		}
	}
}

func TestNativeRPC(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{MaxResultSize: 2000})
	c := connected(t, s.url, signed(t, "456"))
	for i, v := range []struct {
		name, method, data, result string
		code                       uint32
		temporary                  bool
	}{
		{"a call", "tasks.get_stats", `,"data":{"user_id":"1"}`, `{"total":100}`, 0, false},
		{"no data", "test.panic", ``, ``, 500, false},
		{"data of null", "tasks.get_stats", `,"data":null`, ``, 400, false},
		{"unknown method", "tasks.unknown", `,"data":{}`, ``, 405, false},
		{"no method", "", `,"data":{}`, ``, 405, false},
		{"bad params", "tasks.get_stats", `,"data":{"user_id":1}`, ``, 400, false},
		{"an error for the client", "test.refuse", ``, ``, 403, false},
		{"slow handler", "test.slow", ``, ``, 504, false},
		{"too large", "test.big", `,"data":{"bytes":3000}`, ``, 413, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			c.t = t
			id := uint32(i + 2)
			c.send(`{"id":%d,"rpc":{"method":%q%s}}`, id, v.method, v.data)
			m := c.reply(id)
			if v.code == 0 {
				if m.RPC == nil || string(m.RPC.Data) != v.result {
					t.Errorf("answer %s; want %s", m.raw, v.result)
				}
				return
			}
			if m.Error == nil || m.Error.Code != v.code || m.Error.Temporary != v.temporary {
				t.Errorf("answer %s; want error %d", m.raw, v.code)
			}
		})
	}
}

func TestConnSeenByHandlers(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signedClaims(t, token.Claims{UserID: "456", Info: []byte(`{"name":"Ann"}`), Meta: []byte(`{"role":"admin"}`)}))
	client := c.reply(1).Connect.Client
	want := fmt.Sprintf(`{"user_id":"456","client_id":%q,"transport":"websocket","info":{"name":"Ann"},"meta":{"role":"admin"}}`, client)
	if e := c.call(2, "test.who", `{}`); string(e.Result) != want {
		t.Errorf("correlated call: %s; want %s", e.Result, want)
	}
	c.send(`{"id":3,"rpc":{"method":"test.who"}}`)
	if m := c.reply(3); m.RPC == nil || string(m.RPC.Data) != want {
		t.Errorf("native RPC: %s; want %s", m.raw, want)
	}
}

// A handler that is stuck holds up neither pings nor other calls of its
// connection, correlated or native.
func TestStuckHandlerHoldsUpNothing(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := start(t, testRouter(g), server.Config{PingInterval: 2 * time.Second, PongTimeout: 1900 * time.Millisecond})
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.stuck", `{}`, "stuck", "user#456"))
	c.send(`{"id":3,"rpc":{"method":"test.stuck"}}`)
	<-g.started
	<-g.started
	for i := range uint32(100) {
		c.send("%s", request(10+i, "tasks.get_stats", `{"user_id":"1"}`, fmt.Sprint("c", i), "user#456"))
	}
	for i := range 100 {
		if e := c.answer(fmt.Sprint("c", i)); string(e.Result) != `{"total":100}` {
			t.Fatalf("call %d: %+v", i, e)
		}
	}
	// Two pings answered in time: the connection has outlived its PongTimeout.
	for id := uint32(1000); c.pings < 2; id++ {
		c.call(id, "tasks.get_stats", `{"user_id":"1"}`)
	}
	close(g.open)
	if e := c.answer("stuck"); string(e.Result) != `"opened"` {
		t.Errorf("the stuck call: %+v", e)
	}
	if m := c.reply(3); m.RPC == nil || string(m.RPC.Data) != `"opened"` {
		t.Errorf("the stuck RPC: %s", m.raw)
	}
}

func TestManyUsersAtOnce(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	for user := range 20 {
		t.Run(fmt.Sprint(user), func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprint("u", user)
			c := connected(t, s.url, signed(t, name))
			for i := range uint32(20) {
				c.send("%s", request(i+2, "test.who", `{}`, fmt.Sprint("c", i), "user#"+name))
			}
			for i := range 20 {
				if e := c.answer(fmt.Sprint("c", i)); !strings.Contains(string(e.Result), `"user_id":"`+name+`"`) {
					t.Errorf("user %s got %s", name, e.Result)
				}
			}
		})
	}
}
