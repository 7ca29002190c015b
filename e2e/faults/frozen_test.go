package faults

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

// A node stops without ending, as one does whose machine swaps or whose process hangs: it
// neither refuses nor answers, so that nginx sends it those who come. Its clients notice
// by themselves; when whoever looks after processes ends it, as a liveness probe has it
// done, they get in elsewhere at once, and their calls have results.
func TestAFrozenNodeIsEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t, []string{"-ping", "1s"})
	// At that node at first, and then wherever nginx sends them.
	door := faultproxy.Start(t, s.nodes[0].addr)
	var clients []*rig
	for _, language := range languages {
		client := startDriver(t, language, door.Addr(), "u-"+language, time.Second)
		clients = append(clients, &rig{t: t, journal: s.journal, gate: s.gate, client: client})
	}
	door.SetTarget(s.nginx.Addr())
	s.nodes[0].signal(syscall.SIGSTOP)
	frozen := time.Now()
	calls := make([][]string, len(clients))
	for i, r := range clients {
		calls[i] = r.start(order{Key: fmt.Sprintf("c%d-", i), Method: "work.once", TimeoutMS: 120_000}, 20)
	}
	for i, r := range clients {
		r.client.until("connecting anew", func() bool { return r.client.state == "connecting" || len(r.client.outcomes[calls[i][0]]) > 0 })
		t.Logf("the %s client noticed %v after", languages[i], time.Since(frozen).Round(time.Millisecond))
	}
	s.nodes[0].kill()
	ended := time.Now()
	for i, r := range clients {
		r.want(calls[i], itself, 1)
		t.Logf("the %s client had its results %v after the end of the node", languages[i], time.Since(ended).Round(time.Millisecond))
	}
}
