package redisserver

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// slots is how many a Redis Cluster has.
const slots = 16384

// StartCluster starts a Redis Cluster of so many masters, with the slots spread over
// them, and waits until it is up.
func StartCluster(t testing.TB, masters int) []*Server {
	t.Helper()
	nodes := make([]*Server, masters)
	for i := range nodes {
		nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		nodes[i].Do(fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", slots*i/masters, slots*(i+1)/masters-1))
		nodes[i].Do(fmt.Sprint("CLUSTER SET-CONFIG-EPOCH ", i+1))
	}
	for _, node := range nodes[1:] {
		_, port, _ := net.SplitHostPort(node.addr)
		nodes[0].Do(fmt.Sprintf("CLUSTER MEET 127.0.0.1 %s %s", port, node.busPort))
	}
	for _, node := range nodes {
		await(t, "the cluster to be up", func() bool {
			info := node.Text("CLUSTER INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_known_nodes:", masters, "\r"))
		})
	}
	return nodes
}

// AddReplica starts a replica of a master of the cluster, and waits until it follows.
// When the master is gone for two seconds it takes its place.
func AddReplica(t testing.TB, master *Server) *Server {
	t.Helper()
	replica := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
	_, port, _ := net.SplitHostPort(master.addr)
	replica.Do(fmt.Sprintf("CLUSTER MEET 127.0.0.1 %s %s", port, master.busPort))
	id := strings.TrimSpace(master.Text("CLUSTER MYID"))
	await(t, "the replica to be taken", func() bool { return replica.Do("CLUSTER REPLICATE "+id) == "+OK" })
	await(t, "the replica to follow", func() bool {
		return strings.Contains(replica.Text("INFO replication"), "master_link_status:up")
	})
	return replica
}

// await polls until something holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
