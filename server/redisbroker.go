package server

import (
	"errors"
	"net"
	"time"

	"github.com/centrifugal/centrifuge"
)

const (
	// nodeTries is how often a node of a Redis Cluster is tried with what any of them
	// may be given, as a publication is. Which one is left to the order of a map in the
	// client: of two nodes, the same one comes 7 times of 8.
	nodeTries = 64
	// nodeTriesWithin is how long others are tried: one that cannot be connected to
	// takes redisConnectTimeout.
	nodeTriesWithin = 2 * redisConnectTimeout
)

// redisBroker is the library's for a Redis Cluster. A cluster lists a node that is dead
// until it has noticed, and the library publishes through any that is listed: nothing is
// lost by one that refuses connections.
type redisBroker struct {
	*centrifuge.RedisBroker
	reached func() bool // whether another node may be there
}

// try publishes until a node could be connected to. What was not sent was not done:
// nothing is published twice.
func (b redisBroker) try(publish func() error) error {
	began := time.Now()
	for try := 1; ; try++ {
		err := publish()
		var dial *net.OpError
		if err == nil || try == nodeTries || !errors.As(err, &dial) || dial.Op != "dial" || time.Since(began) > nodeTriesWithin || !b.reached() {
			return err
		}
	}
}

func (b redisBroker) Publish(ch string, data []byte, opts centrifuge.PublishOptions) (result centrifuge.PublishResult, err error) {
	err = b.try(func() error {
		result, err = b.RedisBroker.Publish(ch, data, opts)
		return err
	})
	return result, err
}

func (b redisBroker) PublishJoin(ch string, info *centrifuge.ClientInfo) error {
	return b.try(func() error { return b.RedisBroker.PublishJoin(ch, info) })
}

func (b redisBroker) PublishLeave(ch string, info *centrifuge.ClientInfo) error {
	return b.try(func() error { return b.RedisBroker.PublishLeave(ch, info) })
}

func (b redisBroker) PublishControl(data []byte, nodeID, shardKey string) error {
	return b.try(func() error { return b.RedisBroker.PublishControl(data, nodeID, shardKey) })
}
