package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/nginxserver"
)

// site is three nodes that share a Redis, behind nginx with the configuration of
// deploy/nginx, and clients that know nothing but nginx.
type site struct {
	*cluster
	nginx *nginxserver.Server
}

func newSite(t *testing.T, flags []string, edits ...nginxserver.Edit) *site {
	t.Helper()
	s := &site{cluster: newCluster(t, "", 3, flags...)}
	var addresses []string
	for _, n := range s.nodes {
		addresses = append(addresses, n.addr)
	}
	s.nginx = nginxserver.Start(t, addresses, edits...)
	return s
}

// connect starts a client of that language, through nginx.
func (s *site) connect(language, user string) *rig {
	s.t.Helper()
	return &rig{t: s.t, journal: s.journal, gate: s.gate, client: startDriver(s.t, language, s.nginx.Addr(), user, time.Second)}
}

// redeploy stops a node as an orchestrator does, and starts another one at its
// address when it has ended.
func (s *site) redeploy(i int, flags ...string) {
	s.t.Helper()
	s.nodes[i].signal(syscall.SIGTERM)
	s.nodes[i].wait()
	s.startAgain(i, flags...)
}

func (s *site) startAgain(i int, flags ...string) {
	s.t.Helper()
	addr, all := s.nodes[i].addr, s.nodes
	n := s.add(append(flags, "-addr", addr)...)
	all[i], s.nodes = n, all
}
