package faults

import (
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/nginxserver"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// site is three nodes that share a Redis, behind nginx with the configuration of
// deploy/nginx, and clients that know nothing but nginx.
type site struct {
	*cluster
	nginx *nginxserver.Server
}

func newSite(t *testing.T, flags []string, edits ...nginxserver.Edit) *site {
	t.Helper()
	return newSiteAt(t, redisserver.Start(t), flags, edits...)
}

func newSiteAt(t *testing.T, redis *redisserver.Server, flags []string, edits ...nginxserver.Edit) *site {
	t.Helper()
	s := &site{cluster: newClusterAt(t, redis.URL(), "", 3, flags...)}
	s.redis = redis
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

// startAgain starts another node at the address of one that has ended.
func (s *site) startAgain(i int, flags ...string) {
	s.t.Helper()
	addr, all := s.nodes[i].addr, s.nodes
	n := s.add(append(flags, "-addr", addr)...)
	all[i], s.nodes = n, all
}
