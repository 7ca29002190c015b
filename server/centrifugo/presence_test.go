package centrifugo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/server/token"
)

// Who is subscribed is shown where a channel declares it, although Centrifugo knows no
// channels but only namespaces; not even to who was subscribed at connect.
func TestPresence(t *testing.T) {
	t.Parallel()
	type args struct {
		Room string `json:"room"`
	}
	router := centrirpc.NewRouter()
	centrirpc.Channel[args, string](router, "shown:{room}", centrirpc.ChannelPresence())
	centrirpc.Channel[args, string](router, "hidden:{room}")
	config := centrifugo.Config{
		Channels:  []centrifugo.Channel{{Name: "room.*", Presence: true}, {Name: "news"}},
		Anonymous: true,
	}
	s := newSystem(t, router, centrifugoconfig.Options{Presence: true, Connect: true})
	s.serve(router, config)
	ann, bob := s.dial("ann"), s.dial("bob")
	for channel, want := range map[string]int{"shown:1": 2, "room.1": 2, "hidden:1": 0, "news": 0} {
		for _, c := range []*asking{ann, bob} {
			c.ask(`"subscribe":{"channel":%q}`, channel)
		}
		var got struct {
			Presence struct {
				Presence map[string]struct{ User string }
			}
		}
		if err := json.Unmarshal(bob.ask(`"presence":{"channel":%q}`, channel), &got); err != nil {
			t.Fatal(err)
		}
		users := map[string]bool{}
		for _, info := range got.Presence.Presence {
			users[info.User] = true
		}
		if len(users) != want || want > 0 && (!users["ann"] || !users["bob"]) {
			t.Errorf("on %s there are %v", channel, users)
		}
	}
	// A reply channel, at connect and not.
	anonymous := s.dial("")
	var connected struct {
		Connect struct {
			Subs map[string]any
		}
	}
	if err := json.Unmarshal(anonymous.connected, &connected); err != nil || len(connected.Connect.Subs) != 1 {
		t.Fatalf("%s: %v", anonymous.connected, err)
	}
	for channel := range connected.Connect.Subs {
		if answer := string(anonymous.ask(`"presence":{"channel":%q}`, channel)); answer != `{"id":2,"presence":{"presence":{}}}` {
			t.Errorf("on %s: %s", channel, answer)
		}
	}
}

// asking is a client that speaks the protocol by hand.
type asking struct {
	t         *testing.T
	ws        *websocket.Conn
	id        int
	connected []byte
}

// dial connects as that user, or as nobody.
func (s *system) dial(user string) *asking {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	s.t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, "ws://"+s.addr+"/connection/websocket", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	c := &asking{t: s.t, ws: ws}
	signed := ""
	if user != "" {
		if signed, err = token.Sign(tokenSecret, token.Claims{UserID: user}); err != nil {
			s.t.Fatal(err)
		}
	}
	c.connected = c.ask(`"connect":{"token":%q}`, signed)
	return c
}

// ask sends a command and returns its reply, which must be the next message.
func (c *asking) ask(command string, args ...any) []byte {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	c.id++
	if err := c.ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"id":%d,%s}`, c.id, fmt.Sprintf(command, args...))); err != nil {
		c.t.Fatal(err)
	}
	_, answer, err := c.ws.Read(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}
