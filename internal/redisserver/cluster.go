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
// them, and waits until it is up. More arguments are for each node.
func StartCluster(t testing.TB, masters int, args ...string) []*Server {
	t.Helper()
	nodes := make([]*Server, masters)
	for i := range nodes {
		nodes[i] = Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000"}, args...)...)
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

// AddReplica starts a replica of a master of the cluster, and waits until it follows and
// all nodes know it. When the master is gone for two seconds it takes its place.
func AddReplica(t testing.TB, master *Server) *Server {
	t.Helper()
	replica := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
	var others []*Server
	for line := range strings.Lines(master.Text("CLUSTER NODES")) {
		at, bus, _ := strings.Cut(strings.Fields(line)[1], "@")
		host, port, _ := net.SplitHostPort(at)
		replica.Do(fmt.Sprintf("CLUSTER MEET %s %s %s", host, port, bus))
		others = append(others, &Server{t: t, addr: at})
	}
	id := strings.TrimSpace(master.Text("CLUSTER MYID"))
	await(t, "the replica to be taken", func() bool { return replica.Do("CLUSTER REPLICATE "+id) == "+OK" })
	await(t, "the replica to follow", func() bool {
		return strings.Contains(replica.Text("INFO replication"), "master_link_status:up")
	})
	for _, other := range others {
		await(t, "the replica to be known", func() bool {
			for line := range strings.Lines(other.Text("CLUSTER NODES")) {
				if strings.Contains(line, replica.addr) && strings.Contains(line, "slave "+id) {
					return true
				}
			}
			return false
		})
	}
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
