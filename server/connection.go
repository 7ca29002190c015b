package server

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
)

// connection is one client that is connected.
type connection struct {
	server *Server
	client *centrifuge.Client
	// asker is who asks, as of the last refresh.
	asker atomic.Pointer[asker]
	// ctx ends with the connection. It is not the library's: deriving from that
	// costs a goroutine each time.
	ctx    context.Context
	cancel context.CancelFunc
	// request is kept for Authenticate at a refresh, or nil.
	request    *http.Request
	publishing inOrder
	refreshing atomic.Bool
}

// asker is a conn and the caller that takes its requests.
type asker struct {
	conn   *centrirpc.Conn
	caller *calls.Caller
}

func (s *Server) newAsker(client *centrifuge.Client, id *Identity) *asker {
	conn := &centrirpc.Conn{
		UserID:    id.UserID,
		ClientID:  client.ID(),
		Transport: client.Transport().Name(),
		Info:      id.Info,
		Meta:      id.Meta,
	}
	return &asker{conn: conn, caller: s.engine.NewCaller(conn)}
}

// newConnection is nil if the client did not come through onConnecting.
func newConnection(s *Server, client *centrifuge.Client) *connection {
	known, ok := client.Context().Value(connectedKey{}).(*connected)
	if !ok {
		return nil
	}
	c := &connection{server: s, client: client, request: known.request}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.asker.Store(s.newAsker(client, known.identity))
	known.identity, known.request = nil, nil // lives as long as the connection
	return c
}

func (c *connection) userID() string { return c.asker.Load().conn.UserID }

func (c *connection) onDisconnect(centrifuge.DisconnectEvent) {
	c.cancel()
	c.server.users.leave(c.userID())
}
