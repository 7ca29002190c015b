package redisstore_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// A replica of a cluster dies. Nobody needs it, so nothing is out of reach, also
// before the cluster has noticed.
func TestAReplicaThatDiesIsNoOutage(t *testing.T) {
	masters := redisserver.StartCluster(t, 3)
	replica := redisserver.AddReplica(t, masters[0])
	masters[0].Do("SET bar 1") // a replica is listed once it has got something
	for _, master := range masters {
		eventually(t, "the replica is listed", func() bool {
			return master.Do(`EVAL "local n = 0; for _, slots in ipairs(redis.call('CLUSTER', 'SLOTS')) do n = n + #slots - 2 end; return n" 0`) == ":4"
		})
	}
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
