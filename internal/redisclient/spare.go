package redisclient

import (
	"context"
	"net"
	"strconv"

	"github.com/redis/rueidis"
)

// clusterSlots is how many slots the keys of a Redis Cluster are spread over.
const clusterSlots = 16384

// AnyNode asks all nodes at the same time, and returns nil when one has done it; the
// error is that of one of them. The others go on until ctx ends.
func AnyNode(ctx context.Context, client rueidis.Client, do func(context.Context, rueidis.Client) error) error {
	nodes := client.Nodes()
	answers := make(chan error, len(nodes))
	for _, node := range nodes {
		go func() { answers <- do(ctx, node) }()
	}
	err := rueidis.ErrNoSlot
	for range nodes {
		if err = <-answers; err == nil {
			return nil
		}
	}
	return err
}

// Spare reports whether a Redis Cluster does without the node at that address, a key
// of client.Nodes: a node that answers says that masters at other addresses have
// all slots. It asks all others at the same time, so that one that is dead does not
// take the time of one that is not, and goes by the first answer. It reports false
// where none answers before ctx ends or the client's own timeout has passed.
func Spare(ctx context.Context, client rueidis.Client, address string) bool {
	nodes := client.Nodes()
	delete(nodes, address)
	answers := make(chan *bool, len(nodes)) // nil where none came
	for at, node := range nodes {
		// What is still asked when this returns ends with ctx: ending it here would
		// end connects that others wait for, too.
		go func() {
			ranges, err := node.Do(ctx, node.B().ClusterSlots().Build()).ToArray()
			if err != nil {
				answers <- nil
				return
			}
			spare := sparedBy(ranges, at, address)
			answers <- &spare
		}()
	}
	for range nodes {
		if spare := <-answers; spare != nil {
			return *spare
		}
	}
	return false
}

// sparedBy is Spare by an answer to CLUSTER SLOTS: ranges of slots, each as its first
// and last slot and its nodes, the master first. The answer is of the node at an
// address, whose host counts where the answer has none.
func sparedBy(ranges []rueidis.RedisMessage, at, address string) bool {
	covered := int64(0)
	for i := range ranges {
		parts, err := ranges[i].ToArray()
		if err != nil || len(parts) < 3 {
			return false
		}
		first, err1 := parts[0].AsInt64()
		last, err2 := parts[1].AsInt64()
		master, err3 := parts[2].ToArray()
		if err1 != nil || err2 != nil || err3 != nil || len(master) < 2 {
			return false
		}
		host, _ := master[0].ToString() // or nil
		port, err := master[1].AsInt64()
		if err != nil {
			return false
		}
		if host == "" {
			host, _, _ = net.SplitHostPort(at)
		}
		if net.JoinHostPort(host, strconv.FormatInt(port, 10)) == address {
			return false
		}
		covered += last - first + 1
	}
	return covered == clusterSlots
}
