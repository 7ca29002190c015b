package server_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server"
)

// presence asks for a channel's subscribers: client id to user, or the error's code.
func (c *rawClient) presence(id uint32, channel string) (users map[string]string, stats [2]int, code uint32) {
	c.t.Helper()
	c.send(`{"id":%d,"presence":{"channel":%q}}`, id, channel)
	c.send(`{"id":%d,"presence_stats":{"channel":%q}}`, id+1, channel)
	first, second := c.reply(id), c.reply(id+1)
	if first.Error != nil || second.Error != nil {
		if first.Error == nil || second.Error == nil || first.Error.Code != second.Error.Code {
			c.t.Errorf("presence says %s, its stats %s", first.raw, second.raw)
			return nil, stats, 0
		}
		return nil, stats, first.Error.Code
	}
	var got struct {
		Presence struct {
			Presence map[string]struct{ User string }
		}
		Stats struct {
			NumClients int `json:"num_clients"`
			NumUsers   int `json:"num_users"`
		} `json:"presence_stats"`
	}
	if err := json.Unmarshal([]byte(first.raw), &got); err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(second.raw), &got); err != nil {
		c.t.Fatal(err)
	}
	users = map[string]string{}
	for client, info := range got.Presence.Presence {
		users[client] = info.User
	}
	return users, [2]int{got.Stats.NumClients, got.Stats.NumUsers}, 0
}

type roomArgs struct {
	Room string `json:"room"`
}

// Who is subscribed is shown where a channel asks for it, over all nodes, to those who
// are subscribed too.
func TestPresence(t *testing.T) {
	router := func() *centrirpc.Router {
		r := testRouter(nil)
		centrirpc.Channel[roomArgs, string](r, "shown:{room}", centrirpc.ChannelPresence())
		centrirpc.Channel[roomArgs, string](r, "hidden:{room}")
		return r
	}
	channels := []server.Channel{{Name: "room.*", Presence: true}, {Name: "news"}}
	redis := redisserver.Start(t)
	for name, nodes := range map[string][2]*running{
		"one node": func() [2]*running {
			s := start(t, router(), server.Config{Channels: channels})
			return [2]*running{s, s}
		}(),
		"two nodes": {
			start(t, router(), server.Config{Channels: channels, Redis: []string{redis.URL()}}),
			start(t, router(), server.Config{Channels: channels, Redis: []string{redis.URL()}}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			ann, bob, eve := connected(t, nodes[0].url, signed(t, "ann")), connected(t, nodes[1].url, signed(t, "bob")), connected(t, nodes[1].url, signed(t, "eve"))
			id := uint32(10)
			for _, channel := range []string{"shown:1", "hidden:1", "room.1", "news"} {
				for _, c := range []*rawClient{ann, bob} {
					id += 10
					c.send(`{"id":%d,"subscribe":{"channel":%q}}`, id, channel)
					if code := c.code(id); code != 0 {
						t.Fatalf("subscribing to %s: %d", channel, code)
					}
				}
				id += 10
				if _, _, code := eve.presence(id, channel); code != 103 {
					t.Errorf("one who is not subscribed to %s: %d; want 103", channel, code)
				}
				users, stats, code := ann.presence(id, channel)
				if channel == "hidden:1" || channel == "news" {
					if code != 103 {
						t.Errorf("presence of %s: %v, %d; want 103", channel, users, code)
					}
					continue
				}
				want := map[string]string{ann.connect.Connect.Client: "ann", bob.connect.Connect.Client: "bob"}
				if fmt.Sprint(users) != fmt.Sprint(want) || stats != [2]int{2, 2} {
					t.Errorf("%s shows %v, %v, error %d; want %v", channel, users, stats, code, want)
				}
			}
			if _, _, code := ann.presence(1000, "user#ann"); code != 103 {
				t.Errorf("presence of a reply channel: %d; want 103", code)
			}
			_ = bob.conn.CloseNow()
			until(t, "one who left not to be shown", func() bool {
				id += 10
				users, _, _ := ann.presence(id, "room.1")
				return len(users) == 1
			})
		})
	}
}

func TestNoPresenceAnywhere(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "news"}}})
	c := connected(t, s.url, signed(t, "456"))
	if _, _, code := c.presence(2, "news"); code != 108 {
		t.Errorf("presence: %d; want 108", code)
	}
}
