package redisserver

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/internal/loopback"
)

// Passwords of what StartSentinel starts: of its Redis, and of the Sentinel.
const (
	RedisPassword    = "of-the-redis"
	SentinelPassword = "of-the-sentinel"
)

// Watched is a master and its replica that a Sentinel watches. Both have a password.
type Watched struct {
	Master, Replica, Sentinel *Server
	// URL is the address as users configure it, passwords and all.
	URL string
}

// StartSentinel starts a master, a replica and a Sentinel that makes the one the
// other half a second after it is gone. It waits until they know one another.
func StartSentinel(t testing.TB) *Watched {
	t.Helper()
	locked := []string{"--requirepass", RedisPassword, "--masterauth", RedisPassword}
	w := &Watched{Master: Start(t, locked...)}
	host, port, _ := net.SplitHostPort(w.Master.addr)
	w.Replica = Start(t, append(locked, "--replicaof", host+" "+port)...)
	awaitInfo(w.Replica, RedisPassword, "replication", "master_link_status:up")
	addr := loopback.FreeAddress(t)
	_, ownPort, _ := net.SplitHostPort(addr)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nrequirepass %s\nsentinel monitor main %s %s 1\nsentinel auth-pass main %s\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n",
		ownPort, SentinelPassword, host, port, RedisPassword)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Sentinel = start(t, addr, []string{config, "--sentinel"})
	w.URL = fmt.Sprintf("redis://:%s@%s?master_set=main&sentinel_password=%s", RedisPassword, addr, SentinelPassword)
	awaitInfo(w.Sentinel, SentinelPassword, "sentinel", "status=ok,address="+w.Master.addr+",slaves=1")
	return w
}

// Promoted waits until the replica is the master.
func (w *Watched) Promoted() {
	w.Replica.t.Helper()
	awaitInfo(w.Replica, RedisPassword, "replication", "role:master")
}

// awaitInfo waits until a section of a server's INFO has something in it. A server
// that changes its role closes its connections.
func awaitInfo(s *Server, password, section, what string) {
	s.t.Helper()
	await(s.t, what+" in INFO "+section, func() bool {
		text, err := s.ask(password, "INFO "+section)
		return err == nil && strings.Contains(text, what)
	})
}
