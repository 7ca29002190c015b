package server_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// A user's connections are bounded over all nodes, and those of one that is gone do
// not count.
func TestConnectionsPerUserOverNodes(t *testing.T) {
	redis := redisserver.Start(t)
	cfg := redisConfig(redis.URL())
	cfg.MaxConnectionsPerUser = 3
	nodes := startNodes(t, 3, nil, cfg)
	for _, n := range []int{0, 1, 1} {
		connected(t, nodes[n].url, signed(t, "456"))
	}
	over := dial(t, nodes[2].url, nil)
	over.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
	if code, reason := over.closed(); code != 3504 {
		t.Errorf("the fourth was closed with %d %s; want 3504", code, reason)
	}
	connected(t, nodes[2].url, signed(t, "457")).call457(t)
	comes := func() bool {
		c := dial(t, nodes[2].url, nil)
		c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
		if m, err := c.receive(func(m message) bool { return m.ID == 1 }); err != nil || m.Connect == nil {
			return false
		}
		// One that is over the limit is let go before it is answered anything else.
		c.send(`{"id":2,"rpc":{"method":"test.who","data":{}}}`)
		_, err := c.receive(func(m message) bool { return m.ID == 2 && m.RPC != nil })
		return err == nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := nodes[1].Shutdown(ctx); err != nil {
		t.Error(err)
	}
	until(t, "the connections of the node that is gone not to count", comes)
}

// call457 makes sure that another user's connection is good.
func (c *rawClient) call457(t *testing.T) {
	t.Helper()
	c.send(`{"id":2,"rpc":{"method":"test.who","data":{}}}`)
	if m := c.reply(2); m.RPC == nil {
		t.Errorf("another user: %s", m.raw)
	}
}

// What a user may have in the store is bounded for all nodes together.
func TestCallsPerUserOverNodes(t *testing.T) {
	redis := redisserver.Start(t)
	var clients []*rawClient
	for range 2 {
		store, err := redisstore.New(redisstore.Config{URLs: []string{redis.URL()}, MaxCallsPerUser: 10})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		cfg := redisConfig(redis.URL())
		cfg.Store = store
		clients = append(clients, connected(t, start(t, testRouter(nil), cfg).url, signed(t, "456")))
	}
	refused := 0
	for i := range 24 {
		c, id := clients[i%2], uint32(2+i)
		c.send("%s", request(id, "tasks.get_stats", `{"user_id":"1"}`, fmt.Sprint("c", i), "user#456"))
		switch code := c.code(id); code {
		case 0:
		case 111:
			refused++
		default:
			t.Fatalf("call %d: %d", i, code)
		}
	}
	if refused != 14 {
		t.Errorf("%d calls of 24 were refused; want 14", refused)
	}
}
