package main

import (
	"sync/atomic"

	"github.com/centrirpc/centrirpc/client"
)

// tellOfLosses tells on standard error when the connection is lost, and when it is
// there again, so that whoever waits knows what for. Who wants no progress is not
// told, nor whose call ends with the connection.
func (c *call) tellOfLosses(rpc *client.CentrifugoRPCClient, view *progressView) (stop func()) {
	if c.volatile && !c.idempotent {
		return func() {}
	}
	var lost atomic.Bool
	return rpc.OnState(func(state client.State) {
		switch {
		case state == client.Connecting && !lost.Swap(true):
			view.say("connection lost, trying again…")
		case state == client.Connected && lost.Swap(false):
			view.say("connected again")
		}
	})
}
