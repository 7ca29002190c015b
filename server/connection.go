package server

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
)

// connection is one client that is connected.
type connection struct {
	server *Server
	client *centrifuge.Client
	// caller takes the connection's requests, and knows who asks.
	caller *calls.Caller
	// ctx ends with the connection. It is not the library's: deriving from that
	// costs a goroutine each time.
	ctx    context.Context
	cancel context.CancelFunc
	// request is kept for Authenticate at a refresh, or nil.
	request     *http.Request
	publishing  inOrder
	subscribing subscribing
	refreshing  atomic.Bool
	rpcs        atomic.Int64     // native ones, in flight
	leaving     atomic.Bool      // when those are answered
	counted     prometheus.Gauge // among those like it
}

func newConn(client *centrifuge.Client, id *Identity) *centrirpc.Conn {
	return &centrirpc.Conn{
		UserID:    id.UserID,
		ClientID:  client.ID(),
		Transport: client.Transport().Name(),
		Info:      id.Info,
		Meta:      id.Meta,
	}
}

// newConnection is nil if the client did not come through onConnecting.
func newConnection(s *Server, client *centrifuge.Client) *connection {
	known, ok := client.Context().Value(connectedKey{}).(*connected)
	if !ok {
		return nil
	}
	close(known.works)
	c := &connection{server: s, client: client, request: known.request}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.caller = s.engine.NewCaller(newConn(client, known.identity))
	c.counted = s.metrics.connections(client.Transport().Name(), known.name)
	c.counted.Inc()
	known.identity, known.request = nil, nil // lives as long as the connection
	known.connection.Store(c)
	return c
}

func (c *connection) userID() string { return c.caller.Conn().UserID }

// letGo has the client connect again, elsewhere, once its native RPCs are answered:
// unlike calls they are, if at all, on this connection.
func (c *connection) letGo() {
	c.leaving.Store(true)
	if c.rpcs.Load() == 0 {
		c.client.Disconnect(centrifuge.DisconnectShutdown)
	}
}

// answered counts a native RPC less.
func (c *connection) answered() {
	if c.rpcs.Add(-1) == 0 && c.leaving.Load() {
		c.client.Disconnect(centrifuge.DisconnectShutdown)
	}
}

func (c *connection) onDisconnect(centrifuge.DisconnectEvent) {
	c.cancel()
	c.counted.Dec()
	c.server.users.leave(c.userID())
}
