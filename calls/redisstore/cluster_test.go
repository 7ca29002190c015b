package redisstore_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// listed waits until all of the masters list so many replicas.
func listed(t *testing.T, masters []*redisserver.Server, replicas int) {
	t.Helper()
	masters[0].Do("SET bar 1") // a replica is listed once it has got something
	want := fmt.Sprint(":", len(masters)+replicas)
	for _, master := range masters {
		eventually(t, "the replica is listed", func() bool {
			return master.Do(`EVAL "local n = 0; for _, slots in ipairs(redis.call('CLUSTER', 'SLOTS')) do n = n + #slots - 2 end; return n" 0`) == want
		})
	}
}

// A store opens while a replica that the cluster still lists is dead, or does not
// answer, or an address in the URL is nobody's: nothing is kept there alone.
func TestAStoreOpensWithoutAReplica(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*redisserver.Server){"killed": (*redisserver.Server).Kill, "stalled": (*redisserver.Server).Pause} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			masters := redisserver.StartCluster(t, 3, "--cluster-node-timeout", "60000") // it does not notice for long
			replica := redisserver.AddReplica(t, masters[0])
			listed(t, masters, 1)
			leave(replica)
			log := &journal{}
			s, err := redisstore.New(redisstore.Config{
				URLs:   []string{masters[0].URL() + "?addr=" + replica.Addr() + "&addr=" + masters[1].Addr() + "&addr=" + loopback.FreeAddress(t)},
				Lease:  lease,
				Logger: log.logger(),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			for i := range 8 { // of all slots
				c := claimOf(fmt.Sprint("u", i), "a")
				complete(t, s, c, claim(t, s, c, calls.Claimed).Fence, "x", calls.Completed)
			}
			if !strings.Contains(log.String(), "a replica of the Redis Cluster is out of reach") || !strings.Contains(log.String(), replica.Addr()) {
				t.Errorf("the log says %s", log.String())
			}
			if away, _ := s.Away(); away > 0 {
				t.Error("Redis is taken to be out of reach")
			}
		})
	}
}

// A store opens, and keeps its lease, while several of the nodes that a cluster lists do
// not answer, and asks the others but once whether they are needed.
func TestAStoreOpensWithoutSeveralReplicas(t *testing.T) {
	t.Parallel()
	masters := redisserver.StartCluster(t, 2, "--cluster-node-timeout", "60000")
	replicas := []*redisserver.Server{redisserver.AddReplica(t, masters[0]), redisserver.AddReplica(t, masters[0])}
	listed(t, masters, len(replicas))
	for _, replica := range replicas {
		replica.Pause()
	}
	log := &journal{}
	s, err := redisstore.New(redisstore.Config{URLs: []string{masters[0].URL()}, Lease: lease, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, replica := range replicas {
		if !s.IsReplica(replica.Addr()) {
			t.Errorf("%s is asked for again at every renewal", replica.Addr())
		}
	}
	first := s.Renewed()
	eventually(t, "the lease is renewed several times", func() bool { return s.Renewed() >= first+lease })
	if strings.Contains(log.String(), "out of reach; calls are refused") {
		t.Errorf("the log says %s", log.String())
	}
}

// Without one of its masters a cluster is none that calls could be kept in.
func TestNoStoreOpensWithoutAMaster(t *testing.T) {
	t.Parallel()
	masters := redisserver.StartCluster(t, 3, "--cluster-node-timeout", "60000")
	masters[2].Kill()
	s, err := redisstore.New(redisstore.Config{URLs: []string{masters[0].URL()}, Timeout: 500 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		s.Close()
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), "no Redis can be reached at") {
		t.Errorf("the error is %v", err)
	}
}

// A replica of a cluster dies. Nobody needs it, so nothing is out of reach, also
// before the cluster has noticed.
func TestAReplicaThatDiesIsNoOutage(t *testing.T) {
	masters := redisserver.StartCluster(t, 3)
	replica := redisserver.AddReplica(t, masters[0])
	listed(t, masters, 1)
	s, err := redisstore.New(redisstore.Config{
		URLs:  []string{"redis://" + masters[0].Addr() + "?addr=" + masters[1].Addr() + "&addr=" + masters[2].Addr()},
		Lease: lease, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	replica.Kill()
	eventually(t, "the cluster has noticed", func() bool {
		if away, _ := s.Away(); away > 0 {
			t.Fatal("Redis is taken to be out of reach")
		}
		for line := range strings.Lines(masters[0].Text("CLUSTER NODES")) {
			if strings.Contains(line, replica.Addr()) {
				return strings.Contains(line, "slave,fail ")
			}
		}
		return false
	})
}
