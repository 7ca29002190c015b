package server

import (
	"slices"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
)

// subscribed is how a client is subscribed to a channel of the application.
func (all *channels) subscribed(name string) centrifuge.SubscribeReply {
	return centrifuge.SubscribeReply{Options: all.options(name)}
}

func (all *channels) options(name string) centrifuge.SubscribeOptions {
	return centrifuge.SubscribeOptions{EmitPresence: all.ShowsPresence(name)}
}

// anyPresence reports whether there is such a channel at all.
func anyPresence(declared []Channel, router *centrirpc.Router) bool {
	return slices.ContainsFunc(declared, func(c Channel) bool { return c.Presence }) ||
		slices.ContainsFunc(router.Channels(), func(info centrirpc.ChannelInfo) bool { return info.Presence })
}

// onPresence lets a client see who is subscribed to a channel that it is subscribed to.
func (c *connection) onPresence(e centrifuge.PresenceEvent, answer centrifuge.PresenceCallback) {
	answer(centrifuge.PresenceReply{}, c.seesPresence(e.Channel))
}

// onPresenceStats is onPresence for their number.
func (c *connection) onPresenceStats(e centrifuge.PresenceStatsEvent, answer centrifuge.PresenceStatsCallback) {
	answer(centrifuge.PresenceStatsReply{}, c.seesPresence(e.Channel))
}

func (c *connection) seesPresence(channel string) error {
	if !c.server.channels.ShowsPresence(channel) || !c.client.IsSubscribed(channel) {
		return centrifuge.ErrorPermissionDenied
	}
	return nil
}
