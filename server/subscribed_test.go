package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/centrirpc/centrirpc/server"
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
