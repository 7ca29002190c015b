package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

// Who has heard that it is subscribed hears what is published from then on.
func TestNothingIsLostAfterSubscribing(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "room.*"}}})
	var all sync.WaitGroup
	for i := range 32 {
		c := connected(t, s.url, signed(t, "456"))
		all.Go(func() {
			for j := range uint32(60) {
				channel := fmt.Sprintf("room.%d.%d", i, j)
				c.send(`{"id":%d,"subscribe":{"channel":%q}}`, 2+j, channel)
				m, err := c.receive(func(m message) bool { return m.ID == 2+j })
				if err != nil || m.Error != nil {
					t.Errorf("subscribing: %s, %v", m.raw, err)
					return
				}
				if err := s.Publish(t.Context(), channel, 1); err != nil {
					t.Error(err)
				}
				if _, err := c.receive(func(m message) bool { return m.Push != nil && m.Push.Channel == channel }); err != nil {
					t.Errorf("the event on %s: %v", channel, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// Who has heard that it is connected hears what is published from then on, on the
// channels that its connection is subscribed to from the start.
func TestNothingIsLostAfterConnecting(t *testing.T) {
	t.Parallel()
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{Name: "room.*"}}, MaxConnectionsPerUser: -1})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range 8 {
				var rooms []string // many, for they are subscribed to one after the other
				for k := range 100 {
					rooms = append(rooms, fmt.Sprintf("room.%d.%d.%d", i, j, k))
				}
				c := dial(t, s.url, nil)
				c.send(`{"id":1,"connect":{"token":%q}}`, signedClaims(t, token.Claims{UserID: "456", Channels: rooms}))
				m, err := c.receive(func(m message) bool { return m.ID == 1 })
				if err != nil || m.Connect == nil {
					t.Errorf("connecting: %s, %v", m.raw, err)
					return
				}
				for _, room := range rooms {
					if err := s.Publish(t.Context(), room, 1); err != nil {
						t.Error(err)
					}
				}
				for _, room := range rooms {
					if _, err := c.receive(func(m message) bool { return m.Push != nil && m.Push.Channel == room }); err != nil {
						t.Errorf("the event on %s: %v", room, err)
						return
					}
				}
				_ = c.conn.CloseNow()
			}
		})
	}
	all.Wait()
}
