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

// tryNodes does what any node of a Redis Cluster may be asked to, until one could be
// connected to. A cluster lists a node that is dead until it has noticed, and the
// client takes any that is listed. What was not sent was not done: nothing is done
// twice. Where there is only one node, asking again asks the same one.
func tryNodes(cluster bool, do func() error) error {
	began := time.Now()
	for try := 1; ; try++ {
		err := do()
		var dial *net.OpError
		if err == nil || !cluster || try == nodeTries || !errors.As(err, &dial) || dial.Op != "dial" || time.Since(began) > nodeTriesWithin {
			return err
		}
	}
}

// redisBroker is the library's, and loses nothing by a node of a Redis Cluster that
// is dead.
type redisBroker struct {
	*centrifuge.RedisBroker
}

func (b redisBroker) Publish(ch string, data []byte, opts centrifuge.PublishOptions) (result centrifuge.PublishResult, err error) {
	err = tryNodes(true, func() error {
		result, err = b.RedisBroker.Publish(ch, data, opts)
		return err
	})
	return result, err
}

func (b redisBroker) PublishJoin(ch string, info *centrifuge.ClientInfo) error {
	return tryNodes(true, func() error { return b.RedisBroker.PublishJoin(ch, info) })
}

func (b redisBroker) PublishLeave(ch string, info *centrifuge.ClientInfo) error {
	return tryNodes(true, func() error { return b.RedisBroker.PublishLeave(ch, info) })
}

func (b redisBroker) PublishControl(data []byte, nodeID, shardKey string) error {
	return tryNodes(true, func() error { return b.RedisBroker.PublishControl(data, nodeID, shardKey) })
}
