package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/wire"
)

// Channel is a channel of the application whose events have no type that clients
// know, and who may do what on it; for those with a type see centrirpc.Channel.
// Rules may
// block: they hold up at most the publications of their own connection. Their
// ctx ends some seconds after the connection at the latest.
type Channel struct {
	// Name is the channel's name, such as "tasks", or with a "*" at its end the
	// beginning of the names of many: "room.*". Of several that fit, the longest
	// counts. It must be printable ASCII of at most 255 bytes, and without "#",
	// "$" and ",", which belong to the protocol.
	Name string
	// Subscribe says whether the client may subscribe; an error refuses it. Its
	// text goes to the log. Zero means that every client may.
	Subscribe func(ctx context.Context, conn *centrirpc.Conn, channel string) error
	// Publish says whether the client may publish data, which is JSON; an error
	// refuses it. Its text goes to the log. A client's publications are decided
	// upon, and sent, in its order. Zero means that only the server may publish.
	Publish func(ctx context.Context, conn *centrirpc.Conn, channel string, data json.RawMessage) error
	// Presence lets clients that are subscribed see who else is, on all nodes: user
	// id, client id and Identity.Info of each connection. Those of a node that was
	// killed are seen a minute longer. Zero means that nobody can.
	Presence bool
}

// channels are those that were declared, and which of them show presence.
type channels struct {
	*serving.Channels
	router *centrirpc.Router // has the typed channels
	shown  bool              // some have presence
}

func newChannels(declared []Channel, router *centrirpc.Router) (*channels, error) {
	all := make([]serving.Channel, len(declared))
	for i, c := range declared {
		all[i] = serving.Channel(c)
	}
	found, err := serving.NewChannels(all, router)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return &channels{found, router, anyPresence(declared, router)}, nil
}

// onSubscribe lets a client subscribe to reply channels of its own user, and to
// the application's channels as they allow.
func (c *connection) onSubscribe(e centrifuge.SubscribeEvent, subscribe centrifuge.SubscribeCallback) {
	answer := func(reply centrifuge.SubscribeReply, err error) {
		c.subscribing.make(func() { subscribe(reply, err) })
	}
	if e.Type != centrifuge.SubscriptionTypeStream {
		answer(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
		return
	}
	asking := c.caller.Conn()
	if wire.CheckReplyTo(e.Channel, asking.UserID) == nil {
		answer(centrifuge.SubscribeReply{}, nil)
		return
	}
	declared := c.server.channels.Find(e.Channel)
	switch {
	case declared == nil && !c.server.channels.Typed(e.Channel):
		c.refuseOnChannel("subscribe", e.Channel, serving.ErrUndeclared)
		answer(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
	case declared != nil && declared.Subscribe == nil:
		answer(c.server.channels.subscribed(e.Channel), nil)
	default:
		c.decideSubscribe(e.Channel, answer, func(ctx context.Context) error { return c.server.channels.MaySubscribe(ctx, e.Channel) })
	}
}

// decideSubscribe asks the application without holding up the connection.
func (c *connection) decideSubscribe(channel string, answer centrifuge.SubscribeCallback, ask func(context.Context) error) {
	go func() {
		defer c.server.recovered("subscribe", func() {})
		answer(c.server.channels.subscribed(channel), c.rule("subscribe", channel, ask))
	}()
}

// publishOnChannel takes a client's publication on any channel but that of the
// requests.
func (c *connection) publishOnChannel(e centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
	declared := c.server.channels.Find(e.Channel)
	if declared == nil || declared.Publish == nil {
		c.refuseOnChannel("publish", e.Channel, serving.ErrUndeclared)
		answer(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
		return
	}
	if !json.Valid(e.Data) {
		// A protobuf client can send anything, and what is not JSON would
		// disconnect every JSON client of the channel for good.
		answer(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
		return
	}
	taken := c.publishing.do(func() {
		defer c.server.recovered("publish", func() {})
		err := c.rule("publish", e.Channel, func(ctx context.Context) error { return c.server.channels.MayPublish(ctx, e.Channel, e.Data) })
		if err == nil { // the library publishes it
			c.server.metrics.Published(declared.Name)
		}
		answer(centrifuge.PublishReply{}, err)
	})
	if !taken {
		answer(centrifuge.PublishReply{}, centrifuge.ErrorTooManyRequests)
	}
}

// rule asks the application, and turns what it says into what the client hears.
func (c *connection) rule(what, channel string, ask func(context.Context) error) (err error) {
	defer c.server.recovered("the rule of a channel", func() { err = centrifuge.ErrorInternal })
	err = ask(centrirpc.ContextWithConn(c.ctx, c.caller.Conn()))
	if err == nil {
		return nil
	}
	c.refuseOnChannel(what, channel, err)
	if errors.Is(err, ErrUnavailable) || errors.Is(err, &centrirpc.Error{Code: wire.Unavailable}) {
		return centrifuge.ErrorInternal
	}
	return centrifuge.ErrorPermissionDenied
}

func (c *connection) refuseOnChannel(what, channel string, reason error) {
	c.server.log.Info("a client may not "+what, "channel", channel, "user", c.userID(), "client", c.client.ID(), "reason", reason)
}
