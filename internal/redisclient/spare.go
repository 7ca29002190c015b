package redisclient

import (
	"context"
	"net"
	"strconv"

	"github.com/redis/rueidis"
)

// clusterSlots is how many slots the keys of a Redis Cluster are spread over.
const clusterSlots = 16384

// Spare reports whether a Redis Cluster does without the node at that address, a key
// of client.Nodes: a node that answers says that masters at other addresses have
// all slots. It asks one node after the other, each for no longer than ctx and the
// client's own timeout allow, and reports false where none answers.
func Spare(ctx context.Context, client rueidis.Client, address string) bool {
	for at, node := range client.Nodes() {
		if at == address {
			continue
		}
		ranges, err := node.Do(ctx, node.B().ClusterSlots().Build()).ToArray()
		if err != nil {
			continue
		}
		return sparedBy(ranges, at, address)
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
