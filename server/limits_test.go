package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func TestCallsInFlightPerConnection(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{MaxInFlightPerConnection: 2})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signedClaims(t, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Minute)}))
	c.reply(1)
	for i := range uint32(2) {
		c.send("%s", request(i+2, "test.wait", `{}`, fmt.Sprint("c", i), "user#456"))
		<-g.started
	}
	for _, id := range []uint32{5, 8} {
		c.send("%s", request(id, "tasks.get_stats", `{"user_id":"1"}`, "over", "user#456"))
		if code := c.code(id); code != 111 {
			t.Errorf("code %d; want 111", code)
		}
		// A new token is no new connection.
		c.send(`{"id":%d,"refresh":{"token":%q}}`, id+1, signed(t, "456"))
		if m := c.reply(id + 1); m.Error != nil {
			t.Fatalf("refresh: %s", m.raw)
		}
	}
	c.send(`{"id":10,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`)
	if m := c.reply(10); m.Error == nil || m.Error.Code != 429 || !m.Error.Temporary {
		t.Errorf("native RPC: %s; want 429", m.raw)
	}
	// Other connections, of this user too, have slots of their own.
	connected(t, s.url, signed(t, "456")).call(2, "tasks.get_stats", `{"user_id":"1"}`)
	close(g.open)
	c.answer("c0")
	c.answer("c1")
	until(t, "a free slot", func() bool { return s.metric(t, "centrirpc_calls_in_flight") == "0" })
	c.call(11, "tasks.get_stats", `{"user_id":"1"}`)
}

func TestCallsInFlightInTotal(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{MaxInFlight: 2})
	for i := range 2 {
		c := connected(t, s.url, signed(t, "456"))
		c.send("%s", request(2, "test.wait", `{}`, fmt.Sprint("c", i), "user#456"))
		<-g.started
	}
	c := connected(t, s.url, signed(t, "457"))
	c.send("%s", request(5, "tasks.get_stats", `{"user_id":"1"}`, "over", "user#457"))
	if code := c.code(5); code != 111 {
		t.Errorf("code %d; want 111", code)
	}
	close(g.open)
}

func TestMessageSize(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{MaxMessageSize: 2048})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
	if m := c.reply(1); !strings.Contains(string(m.Connect.Data), `"max_message_size":2048`) {
		t.Errorf("connect data %s", m.Connect.Data)
	}
	frame := func(size int) string {
		empty := request(2, "tasks.get_stats", `{"user_id":""}`, "c2", "user#456")
		return strings.Replace(empty, `"user_id":""`, `"user_id":"`+strings.Repeat("x", size-len(empty))+`"`, 1)
	}
	c.send("%s", frame(2048))
	if code := c.code(2); code != 0 {
		t.Errorf("a frame of just the size: code %d", code)
	}
	c.answer("c2")
	c.send("%s", frame(2049))
	if code, _ := c.closed(); code != int(websocket.StatusMessageTooBig) {
		t.Errorf("closed with %d; want 1009", code)
	}
}

func TestChannelsPerConnection(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{MaxChannelsPerConnection: 2})
	c := connected(t, s.url, signed(t, "456"))
	c.send(`{"id":2,"subscribe":{"channel":"user.s2#456"}}`)
	if code := c.code(2); code != 0 {
		t.Errorf("code %d", code)
	}
	c.send(`{"id":3,"subscribe":{"channel":"user.s3#456"}}`)
	if code := c.code(3); code != 106 {
		t.Errorf("one channel too many: code %d; want 106", code)
	}
}

// Large replies to a client that reads do not overrun its queue.
func TestLargeResults(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	const bytes = 512<<10 - 2
	for i := range uint32(4) {
		if e := c.call(i+2, "test.big", fmt.Sprintf(`{"bytes":%d}`, bytes)); e.Error != nil || len(e.Result) != bytes+2 {
			t.Fatalf("answer of %d bytes, %+v", len(e.Result), e.Error)
		}
	}
}
