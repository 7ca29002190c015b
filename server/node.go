package server

import (
	"fmt"
	"runtime/debug"

	"github.com/centrifugal/centrifuge"
)

// startNode makes and runs the Centrifuge node. The library does not recover
// panics, and most of its callbacks run outside of any HTTP handler: every
// callback given to it recovers its own.
func (s *Server) startNode() error {
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:                libraryLevel(s.log),
		LogHandler:              s.libraryLog(),
		ClientQueueMaxSize:      s.cfg.ClientQueueSize,
		ClientChannelLimit:      s.cfg.MaxChannelsPerConnection,
		UserConnectionLimit:     s.cfg.MaxConnectionsPerUser,
		ClientExpiredCloseDelay: s.cfg.RefreshGrace,
		Metrics:                 centrifuge.MetricsConfig{RegistererGatherer: s.metrics.Registry()},
	})
	if err != nil {
		return err
	}
	if s.publications != nil {
		if err := s.publications.use(node, s.cfg.RedisPrefix); err != nil {
			return err
		}
	}
	node.OnConnecting(s.onConnecting)
	node.OnConnect(s.onConnect)
	node.OnTransportWrite(onTransportWrite)
	s.node = node
	err = node.Run()
	if err != nil && s.publications != nil {
		return fmt.Errorf("Config.Redis: %w (its user needs the keys and the channels that begin with %q)", err, s.cfg.RedisPrefix)
	}
	return err
}

// onConnect sets up a connection. The library holds back the connection's next
// commands until it returns.
func (s *Server) onConnect(client *centrifuge.Client) {
	c := newConnection(s, client)
	if c == nil {
		client.Disconnect(centrifuge.DisconnectServerError)
		return
	}
	client.OnPublish(c.onPublish)
	client.OnSubscribe(c.onSubscribe)
	client.OnRPC(c.onRPC)
	if s.channels.shown {
		client.OnPresence(c.onPresence)
		client.OnPresenceStats(c.onPresenceStats)
	}
	client.OnRefresh(c.onRefresh)
	client.OnDisconnect(c.onDisconnect)
	if refusal := s.users.enter(c.ctx, c.userID()); refusal != nil {
		// The library has refused those over the limit of this node already, but it
		// counts before it adds: connections that came at the same moment all got
		// through.
		client.Disconnect(*refusal)
		return
	}
	if s.publications != nil && s.draining.Load() { // it came in before, and letGo did not see it
		c.letGo()
	}
}

// recovered is deferred by callbacks. It logs a panic and calls failed.
func (s *Server) recovered(what string, failed func()) {
	if p := recover(); p != nil {
		s.log.Error("panic in "+what, "panic", p, "stack", string(debug.Stack()))
		failed()
	}
}
