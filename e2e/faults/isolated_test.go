package faults

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/nginxserver"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// newIsolable is a site whose first node alone has a proxy before its Redis.
func newIsolable(t *testing.T) (s *site, way *faultproxy.Proxy) {
	t.Helper()
	redis := redisserver.Start(t)
	way = faultproxy.Start(t, redis.Addr())
	s = &site{cluster: newClusterAt(t, "redis://"+way.Addr(), "", 1)}
	s.url, s.redis = redis.URL(), redis
	s.add()
	s.add()
	s.nginx = nginxserver.Start(t, []string{s.nodes[0].addr, s.nodes[1].addr, s.nodes[2].addr})
	return s, way
}

// status is what a node answers at a path, a handshake without what belongs to it.
func (n *node) status(path string) int {
	n.t.Helper()
	resp, err := http.Get("http://" + n.addr + path)
	if err != nil {
		n.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// One node alone loses Redis. Its clients get to the others, and their calls end with
// results there; who comes meanwhile gets a node that works; and when the node has Redis
// again, it gets clients again.
func TestOneNodeAloneLosesRedis(t *testing.T) {
	t.Parallel()
	s, way := newIsolable(t)
	// At the node that fails at first, and then wherever nginx sends them.
	door := faultproxy.Start(t, s.nodes[0].addr)
	var clients []*rig
	for _, language := range languages {
		client := startDriver(t, language, door.Addr(), "u-"+language, time.Second)
		clients = append(clients, &rig{t: t, journal: s.journal, gate: s.gate, client: client})
	}
	door.SetTarget(s.nginx.Addr())
	began := time.Now()
	way.Refuse(true)
	way.Cut()
	within(t, func() (bool, string) {
		return s.nodes[0].status("/ready") == 503 && s.nodes[0].status("/connection/websocket") == 503, "the node takes clients without Redis"
	})
	isolated := time.Now()
	calls := make([][]string, len(clients))
	for i, r := range clients { // within the time that clients give calls of their own accord
		calls[i] = r.start(order{Key: fmt.Sprintf("c%d-", i), Method: "work.once"}, 20)
	}
	for i, language := range languages { // nginx asks that node first: it has the fewest requests in a moment
		r := s.connect(language, "new-"+language)
		r.want(r.start(order{Key: fmt.Sprintf("n%d-", i), Method: "work.once"}, 5), itself, 1)
	}
	// On a fallback each request goes to a node of its own, which passes it on.
	fallback := &rig{t: t, journal: s.journal, gate: s.gate, client: startDriver(t, "typescript", s.nginx.Addr(), "new-fallback", time.Second, "FALLBACK=http_stream")}
	for i := range 10 {
		fallback.want(fallback.start(order{Key: fmt.Sprintf("f%d-", i), Method: "work.once"}, 1), itself, 1)
	}
	t.Logf("those who came had their results %v after", time.Since(isolated).Round(time.Millisecond))
	for i, r := range clients {
		r.want(calls[i], itself, 1)
	}
	t.Logf("all had their results %v after Redis was lost", time.Since(began).Round(time.Millisecond))
	within(t, func() (bool, string) {
		n := s.nodes[0].connections()
		return n == 0, fmt.Sprintf("%d clients are left at the node without Redis", n)
	})

	// That node has let nobody in, only to send them away: nginx logs a connection when it has ended.
	for line := range strings.Lines(s.nginx.AccessLog()) {
		if strings.Contains(line, `" 101 `) && strings.Contains(line, "from "+s.nodes[0].addr+"\n") {
			t.Errorf("nginx's log: %s", line)
		}
	}

	way.Refuse(false)
	within(t, func() (bool, string) { return s.nodes[0].status("/ready") == 200, "the node is not ready with Redis" })
	r := s.connect("go", "late")
	if n := s.nodes[0].connections(); n != 1 {
		t.Errorf("the node that has Redis again has %d clients; want the one that came", n)
	}
	r.want(r.start(order{Key: "late", Method: "work.once"}, 5), itself, 1)
}
