package server_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server"
)

// A user's connections are bounded over all nodes, and those of one that is gone do
// not count.
func TestConnectionsPerUserOverNodes(t *testing.T) {
	redis := redisserver.Start(t)
	cfg := redisConfig(redis.URL())
	cfg.MaxConnectionsPerUser = 3
	nodes := startNodes(t, 3, nil, cfg)
	for _, n := range []int{0, 1, 1} {
		connected(t, nodes[n].url, signed(t, "456")).isGood(t) // answered once it is counted
	}
	over := dial(t, nodes[2].url, nil)
	over.send(`{"id":1,"connect":{"token":%q}}`, signed(t, "456"))
	// Not a code that ends clients for good: the others may be of a node that was killed.
	if code, reason := over.closed(); code != 4429 {
		t.Errorf("the fourth was closed with %d %s; want 4429", code, reason)
	}
	connected(t, nodes[2].url, signed(t, "457")).isGood(t)
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

// Where a node is killed, its connections count until its lease lapses, and their
// clients come to other nodes at once: they get in all the same, some of them later.
func TestClientsOfAKilledNodeGetIn(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	killed, err := redisstore.New(redisstore.Config{URLs: []string{redis.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(killed.Close)
	const limit = 3
	for range limit {
		if allowed, err := killed.Enter(t.Context(), "456", limit); !allowed || err != nil {
			t.Fatal(allowed, err)
		}
	}
	cfg := redisConfig(redis.URL())
	cfg.MaxConnectionsPerUser = limit
	url := socketURL(start(t, testRouter(nil), cfg).url)
	ended := make(chan error, limit)
	refused := make(chan client.State, 2*limit)
	for range limit {
		c, err := client.NewCentrifugoRPCClient(url, signed(t, "456"), "456")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		wasConnected := false
		c.OnState(func(state client.State) {
			if wasConnected && state != client.Connected {
				select {
				case refused <- state:
				default:
				}
			}
			wasConnected = state == client.Connected
		})
		go func() {
			err := c.Connect(t.Context())
			if err == nil {
				err = c.Call(t.Context(), "test.who", struct{}{}, nil)
			}
			ended <- err
		}()
	}
	for range limit { // refused for now
		if state := <-refused; state != client.Connecting {
			t.Fatalf("a client that is refused is %v; want it to come again", state)
		}
	}
	killed.Close() // its lease lapses
	for range limit {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// isGood makes sure that a connection is good.
func (c *rawClient) isGood(t *testing.T) {
	t.Helper()
	c.send(`{"id":2,"rpc":{"method":"test.who","data":{}}}`)
	if m := c.reply(2); m.RPC == nil {
		t.Errorf("a connection that is allowed: %s", m.raw)
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

// A node that drains lets its clients go to others at once: those with native RPCs in
// flight when these are answered, and those who were just connecting, too.
func TestDrainOfOneNode(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	g := newGate()
	held := make(chan struct{})
	arrived := make(chan struct{}, 1)
	cfg := redisConfig(redis.URL())
	cfg.Authenticate = func(r *http.Request, _ string) (server.Identity, error) {
		if r.URL.Query().Has("held") {
			arrived <- struct{}{}
			<-held
		}
		return server.Identity{UserID: "456"}, nil
	}
	nodes := startNodes(t, 2, g, cfg)
	join := func(url string) *rawClient {
		c := dial(t, url, nil)
		c.send(`{"id":1,"connect":{}}`)
		return c
	}
	calling, asking, other := join(nodes[0].url), join(nodes[0].url), join(nodes[1].url)
	for _, c := range []*rawClient{calling, asking, other} {
		c.reply(1)
	}
	calling.send("%s", request(2, "test.wait", `{}`, "running", "user#456"))
	asking.send(`{"id":2,"rpc":{"method":"test.wait"}}`)
	<-g.started
	<-g.started
	conn, _, err := websocket.Dial(t.Context(), socketURL(nodes[0].url)+"?held", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"id":1,"connect":{}}`)); err != nil {
		t.Fatal(err)
	}
	<-arrived

	done := make(chan error, 1)
	go func() { done <- nodes[0].Shutdown(t.Context()) }()
	if code, _ := calling.closed(); code != 3001 { // while its call runs
		t.Errorf("a client was let go with %d; want 3001", code)
	}
	close(held)
	for err == nil { // it may have been answered
		_, _, err = conn.Read(t.Context())
	}
	if code := websocket.CloseStatus(err); code != 3001 {
		t.Errorf("a client that was connecting: %v; want 3001", err)
	}
	select {
	case err := <-done:
		t.Fatalf("the drain ended with calls running: %v", err)
	default:
	}
	resp, err := http.Get(nodes[0].url + "/connection/websocket")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new client: %d; want 503", resp.StatusCode)
	}
	close(g.open)
	if m := asking.reply(2); m.RPC == nil {
		t.Errorf("the native RPC: %s", m.raw)
	}
	if code, _ := asking.closed(); code != 3001 {
		t.Errorf("then its client was let go with %d; want 3001", code)
	}
	if e := other.answer("running"); string(e.Result) != `"opened"` {
		t.Errorf("the reply on the other node: %+v", e)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A fallback's commands go through any node, so also through one that drains: the
// client is at another one, and is not to lose them.
func TestADrainingNodePassesCommandsOn(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	g := newGate()
	nodes := startNodes(t, 2, g, redisConfig(redis.URL()))
	holding := connected(t, nodes[0].url, signed(t, "457"))
	holding.send("%s", request(2, "test.wait", `{}`, "running", "user#457"))
	<-g.started
	done := make(chan error, 1)
	go func() { done <- nodes[0].Shutdown(t.Context()) }()
	if code, _ := holding.closed(); code != 3001 {
		t.Errorf("a client was let go with %d; want 3001", code)
	}

	c := streamClient(t, nodes[1].url, "http_stream", fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, signed(t, "456")))
	m := c.reply(1)
	if m.Connect == nil {
		t.Fatalf("answer %s", m.raw)
	}
	c.writesTo(nodes[0].url, m.Connect.Session, m.Connect.Node)
	if e := c.call(2, "test.who", `{}`); e.Error != nil {
		t.Errorf("answer %+v", e.Error)
	}
	close(g.open)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
