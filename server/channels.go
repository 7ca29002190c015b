package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
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

// channels finds the rules of a channel.
type channels struct {
	exact    map[string]*Channel // by Name
	patterns []*Channel          // those that end in "*", longest first
	router   *centrirpc.Router   // has the typed channels
	shown    bool                // some have presence
}

const maxChannelName = contract.MaxChannelName

func newChannels(declared []Channel, router *centrirpc.Router) (*channels, error) {
	all := &channels{exact: map[string]*Channel{}, router: router}
	typed := router.Channels()
	for i := range declared {
		c := &declared[i]
		if err := checkChannelName(c.Name); err != nil {
			return nil, fmt.Errorf("server: Channels[%d]: %w", i, err)
		}
		if all.exact[c.Name] != nil {
			return nil, fmt.Errorf("server: Channels[%d]: %q is there twice; keep one of them", i, c.Name)
		}
		if other := typedLike(c.Name, typed); other != "" {
			return nil, fmt.Errorf("server: Channels[%d]: %q can be a name of %q, which is a typed channel of the router; remove the one or rename the other", i, c.Name, other)
		}
		all.exact[c.Name] = c
		if strings.HasSuffix(c.Name, "*") {
			all.patterns = append(all.patterns, c)
		}
	}
	all.shown = all.anyPresence()
	slices.SortFunc(all.patterns, func(a, b *Channel) int { return len(b.Name) - len(a.Name) })
	return all, nil
}

// typedLike is the typed channel that has a name in common with Channel.Name.
func typedLike(name string, typed []centrirpc.ChannelInfo) string {
	prefix, many := strings.CutSuffix(name, "*")
	for _, info := range typed {
		pattern, err := contract.ParseChannelPattern(info.Pattern)
		if err != nil {
			continue // the router has parsed it
		}
		_, same := pattern.Match(name)
		if same || many && pattern.OverlapsPrefix(prefix) {
			return info.Pattern
		}
	}
	return ""
}

func checkChannelName(name string) error {
	prefix, _ := strings.CutSuffix(name, "*")
	switch {
	case prefix == "":
		return fmt.Errorf("the name %q is too wide; give a channel's name, or the beginning of many followed by *", name)
	case len(name) > maxChannelName:
		return fmt.Errorf("the name %.32q… is %d bytes long; at most %d are allowed", name, len(name), maxChannelName)
	case name == wire.RequestsChannel || name != prefix && strings.HasPrefix(wire.RequestsChannel, prefix): //nolint:gocritic // it is the protocol's name that may begin so
		return fmt.Errorf("the name %q covers %s, which is the protocol's own", name, wire.RequestsChannel)
	}
	for i := 0; i < len(prefix); i++ {
		if c := prefix[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("#$,*", c) >= 0 {
			return fmt.Errorf("the name %q holds %q; it must be printable ASCII without # $ , and with * at its end only", name, rune(c))
		}
	}
	return nil
}

// find is the channel's declaration, or nil.
func (all *channels) find(name string) *Channel {
	if name == wire.RequestsChannel || strings.ContainsAny(name, "#$,*") {
		return nil
	}
	if c := all.exact[name]; c != nil {
		return c
	}
	for _, c := range all.patterns {
		if prefix := c.Name[:len(c.Name)-1]; len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			return c
		}
	}
	return nil
}

// typed reports whether the name is one of the router's typed channels.
func (all *channels) typed(name string) bool {
	_, ok := all.router.LookupChannel(name)
	return ok
}

// onSubscribe lets a client subscribe to reply channels of its own user, and to
// the application's channels as they allow.
func (c *connection) onSubscribe(e centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
	if e.Type != centrifuge.SubscriptionTypeStream {
		answer(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
		return
	}
	asking := c.caller.Conn()
	if wire.CheckReplyTo(e.Channel, asking.UserID) == nil {
		answer(centrifuge.SubscribeReply{}, nil)
		return
	}
	declared := c.server.channels.find(e.Channel)
	switch {
	case declared == nil && c.server.channels.typed(e.Channel):
		c.decideSubscribe(e.Channel, answer, func(ctx context.Context) error { return c.server.channels.router.MaySubscribe(ctx, e.Channel) })
	case declared == nil:
		c.refuseOnChannel("subscribe", e.Channel, errUndeclared)
		answer(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
	case declared.Subscribe == nil:
		answer(c.server.channels.subscribed(e.Channel), nil)
	default:
		c.decideSubscribe(e.Channel, answer, func(ctx context.Context) error { return declared.Subscribe(ctx, asking, e.Channel) })
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
	declared := c.server.channels.find(e.Channel)
	if declared == nil || declared.Publish == nil {
		c.refuseOnChannel("publish", e.Channel, errUndeclared)
		answer(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
		return
	}
	if !json.Valid(e.Data) {
		// A protobuf client can send anything, and what is not JSON would
		// disconnect every JSON client of the channel for good.
		answer(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
		return
	}
	asking := c.caller.Conn()
	taken := c.publishing.do(func() {
		defer c.server.recovered("publish", func() {})
		err := c.rule("publish", e.Channel, func(ctx context.Context) error { return declared.Publish(ctx, asking, e.Channel, e.Data) })
		if err == nil { // the library publishes it
			c.server.metrics.published(declared.Name)
		}
		answer(centrifuge.PublishReply{}, err)
	})
	if !taken {
		answer(centrifuge.PublishReply{}, centrifuge.ErrorTooManyRequests)
	}
}

var errUndeclared = errors.New("the channel does not allow it to clients, or is neither in Config.Channels nor a typed channel of the router")

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
