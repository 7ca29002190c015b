package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func TestUndeclaredChannels(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "tasks"}, {Name: "room.*"}}})
	c := connected(t, s.url, signed(t, "456"))
	id := uint32(1)
	for _, channel := range []string{
		"rpc.requests", "user#1", "user#456,1", "user#4567", "user.s1#1", "user.a.b#456", "user#", "users#456", "user",
		"news", "tasks.", "Tasks", "room.", "room", "room.*", "room.#456", "room.a#456", "$tasks", "personal:user#456",
	} {
		id++
		c.send(`{"id":%d,"subscribe":{"channel":%q}}`, id, channel)
		if code := c.code(id); code != 103 {
			t.Errorf("subscribe to %s: code %d; want 103", channel, code)
		}
	}
	for _, channel := range []string{"user#456", "user.s1#456", "user#1", "news", "tasks", "room.1", "rpc.requests.x", "rpc"} {
		id++
		c.send(`{"id":%d,"publish":{"channel":%q,"data":{}}}`, id, channel)
		if code := c.code(id); code != 103 {
			t.Errorf("publish on %s: code %d; want 103", channel, code)
		}
	}
	// What the library could do and this server does not offer.
	for frame, want := range map[string]uint32{
		`"presence":{"channel":"tasks"}`:                                         108,
		`"presence_stats":{"channel":"tasks"}`:                                   108,
		`"history":{"channel":"tasks"}`:                                          108,
		`"subscribe":{"channel":"tasks","type":1}`:                               103,
		`"subscribe":{"channel":"user#1","type":1}`:                              103,
		`"publish":{"channel":"tasks","type":1,"key":"k","data":{}}`:             108,
		`"sub_refresh":{"channel":"tasks","token":"t"}`:                          103,
		`"subscribe":{"channel":"rpc.requests","recover":true,"epoch":"x"}`:      103,
		`"subscribe":{"channel":"` + strings.Repeat("a", 300) + `"}`:             107,
		`"publish":{"channel":"rpc.requests","type":1,"key":"k","data":{"a":1}}`: 108,
	} {
		id++
		c.send(`{"id":%d,%s}`, id, frame)
		if code := c.code(id); code != want {
			t.Errorf("%s: code %d; want %d", frame, code, want)
		}
	}
	c.call(1000, "tasks.get_stats", `{"user_id":"1"}`)
}

func TestUsersCannotReadEachOthersReplies(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	ann, bob := connected(t, s.url, signed(t, "ann")), connected(t, s.url, signed(t, "bob"))
	for i, channel := range []string{"user#ann", "user.s1#ann", "user#ann,bob", "user#bob,ann"} {
		id := uint32(i + 2)
		bob.send(`{"id":%d,"subscribe":{"channel":%q}}`, id, channel)
		if code := bob.code(id); code != 103 {
			t.Errorf("bob subscribes to %s: code %d", channel, code)
		}
		bob.send("%s", request(id+100, "tasks.get_stats", `{"user_id":"1"}`, "x", channel))
		if code := bob.code(id + 100); code != 103 {
			t.Errorf("bob has replies sent to %s: code %d", channel, code)
		}
	}
	ann.send("%s", request(2, "tasks.get_stats", `{"user_id":"1"}`, "anns", "user#ann"))
	ann.answer("anns")
	bob.send("%s", request(50, "tasks.get_stats", `{"user_id":"1"}`, "bobs", "user#bob"))
	bob.answer("bobs")
	for _, m := range bob.waiting {
		if m.Push != nil {
			t.Errorf("bob got %s", m.raw)
		}
	}
	// Nor can bob end ann's calls by knowing their id: keys are per user.
	bob.send(`{"id":60,"publish":{"channel":"rpc.requests","data":{"op":"cancel","correlation_id":"anns"}}}`)
	if code := bob.code(60); code != 0 {
		t.Errorf("a cancel of nothing: code %d", code)
	}
}

func TestChannelRules(t *testing.T) {
	deny := errors.New("the reason is secret")
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{
		{Name: "tasks"},
		{Name: "room.*", Subscribe: func(ctx context.Context, conn *centrirpc.Conn, channel string) error {
			if conn.UserID != "ann" || centrirpc.ConnFromContext(ctx) != conn {
				return fmt.Errorf("%w: %s", deny, channel)
			}
			return nil
		}, Publish: func(_ context.Context, conn *centrirpc.Conn, channel string, data json.RawMessage) error {
			if conn.UserID != "ann" || string(data) == `"no"` {
				return deny
			}
			return nil
		}},
		{Name: "room.lobby"},
		{Name: "down", Subscribe: func(context.Context, *centrirpc.Conn, string) error {
			return fmt.Errorf("database: %w", server.ErrUnavailable)
		}},
		{Name: "bug", Subscribe: func(context.Context, *centrirpc.Conn, string) error { panic("boom") },
			Publish: func(context.Context, *centrirpc.Conn, string, json.RawMessage) error { panic("boom") }},
	}})
	ann, bob := connected(t, s.url, signed(t, "ann")), connected(t, s.url, signed(t, "bob"))
	try := func(c *rawClient, id uint32, want uint32, frame string) {
		t.Helper()
		c.send(`{"id":%d,%s}`, id, frame)
		m := c.reply(id)
		var code uint32
		if m.Error != nil {
			code = m.Error.Code
		}
		if code != want || strings.Contains(m.raw, "secret") {
			t.Errorf("%s: %s; want %d", frame, m.raw, want)
		}
	}
	try(ann, 2, 0, `"subscribe":{"channel":"tasks"}`)
	try(ann, 3, 0, `"subscribe":{"channel":"room.1"}`)
	try(bob, 3, 103, `"subscribe":{"channel":"room.1"}`)
	try(bob, 4, 0, `"subscribe":{"channel":"room.lobby"}`)
	try(ann, 5, 0, `"publish":{"channel":"room.1","data":{"text":"hello"}}`)
	if got := ann.event("room.1"); got != `{"text":"hello"}` {
		t.Errorf("event %s", got)
	}
	try(ann, 6, 103, `"publish":{"channel":"room.1","data":"no"}`)
	try(bob, 7, 103, `"publish":{"channel":"room.1","data":{}}`)
	try(ann, 8, 103, `"publish":{"channel":"room.lobby","data":{}}`) // the longest name counts
	try(ann, 9, 103, `"publish":{"channel":"tasks","data":{}}`)
	try(ann, 10, 100, `"subscribe":{"channel":"down"}`)
	try(ann, 11, 100, `"subscribe":{"channel":"bug"}`)
	try(ann, 12, 100, `"publish":{"channel":"bug","data":{}}`)
	if log := s.log.String(); !strings.Contains(log, "the reason is secret: room.1") || !strings.Contains(log, "panic in the rule of a channel") {
		t.Error("the log has not the reasons")
	}
}

// A rule that hangs holds up its own connection's publications, in order, and
// nothing else.
func TestStuckRule(t *testing.T) {
	asked := make(chan string, 100)
	subscribe, publish := make(chan struct{}), make(chan struct{})
	hang := func(ctx context.Context, channel string, open chan struct{}) error {
		asked <- channel
		select {
		case <-open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{
		{Name: "slow", Subscribe: func(ctx context.Context, _ *centrirpc.Conn, channel string) error {
			return hang(ctx, channel, subscribe)
		}, Publish: func(ctx context.Context, _ *centrirpc.Conn, channel string, _ json.RawMessage) error {
			return hang(ctx, channel, publish)
		}},
		{Name: "never", Publish: func(ctx context.Context, _ *centrirpc.Conn, channel string, _ json.RawMessage) error {
			return hang(ctx, channel, nil)
		}},
	}})
	c, other := connected(t, s.url, signed(t, "456")), connected(t, s.url, signed(t, "457"))
	c.send(`{"id":2,"subscribe":{"channel":"slow"}}`)
	<-asked
	const sent = 70
	for i := range uint32(sent) {
		c.send(`{"id":%d,"publish":{"channel":"slow","data":%d}}`, 10+i, i)
	}
	<-asked
	c.call(3, "tasks.get_stats", `{"user_id":"1"}`)
	other.send("%s", request(3, "tasks.get_stats", `{"user_id":"1"}`, "c", "user#457"))
	other.answer("c")
	if code := c.code(10 + sent - 1); code != 111 {
		t.Errorf("too many publications waiting: code %d; want 111", code)
	}
	close(subscribe)
	if code := c.code(2); code != 0 {
		t.Errorf("subscribe: code %d", code)
	}
	close(publish)
	for i := range uint32(60) {
		if code := c.code(10 + i); code != 0 {
			t.Fatalf("publication %d: code %d", i, code)
		}
		if got := c.event("slow"); got != fmt.Sprint(i) {
			t.Fatalf("event %s; want %d", got, i)
		}
	}
	// A rule's context ends with its connection.
	other.send(`{"id":4,"publish":{"channel":"never","data":1}}`)
	for channel := range asked {
		if channel == "never" {
			break
		}
	}
	_ = other.conn.CloseNow()
	until(t, "the rule to end", func() bool { return strings.Contains(s.log.String(), "context canceled") })
}

func TestServerPublishes(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "tasks"}}, MaxResultSize: 1024})
	a, b := connected(t, s.url, signed(t, "a")), connected(t, s.url, signed(t, "b"))
	for _, c := range []*rawClient{a, b} {
		c.send(`{"id":2,"subscribe":{"channel":"tasks"}}`)
		if code := c.code(2); code != 0 {
			t.Fatal(code)
		}
	}
	type event struct {
		ID   int      `json:"id"`
		Tags []string `json:"tags"`
	}
	if err := s.Publish(t.Context(), "tasks", event{ID: 7}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*rawClient{a, b} {
		if got := c.event("tasks"); got != `{"id":7,"tags":[]}` {
			t.Errorf("event %s", got)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for want, err := range map[string]error{
		"add it to Config.Channels": s.Publish(t.Context(), "other", 1),
		"add it to":                 s.Publish(t.Context(), "rpc.requests", 1),
		"over Config.MaxResultSize": s.Publish(t.Context(), "tasks", strings.Repeat("x", 1024)),
		"context canceled":          s.Publish(ended, "tasks", 1),
		"chan":                      s.Publish(t.Context(), "tasks", make(chan int)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
}

func TestChannelsOfAToken(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "tasks", Subscribe: func(context.Context, *centrirpc.Conn, string) error {
		return errors.New("only by token")
	}}}})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signedClaims(t, token.Claims{UserID: "456", Channels: []string{"tasks", "unknown", "user#1", "rpc.requests"}, ExpiresAt: time.Now().Add(time.Hour)}))
	m := c.reply(1)
	if m.Connect == nil || len(m.Connect.Subs) != 2 || m.Connect.Subs["tasks"] == nil || m.Connect.Subs["user#456"] == nil {
		t.Fatalf("answer %s; want subscriptions to tasks and user#456", m.raw)
	}
	if err := s.Publish(t.Context(), "tasks", 1); err != nil {
		t.Fatal(err)
	}
	if got := c.event("tasks"); got != "1" {
		t.Errorf("event %s", got)
	}
	if !strings.Contains(s.log.String(), "channel=unknown") {
		t.Error("the log says nothing of the unknown channel")
	}
}
