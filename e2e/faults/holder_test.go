package faults

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

// holder is a client that has calls of each kind on a node of its choice, for as long
// as it wants, so that what happens to the node surely happens to calls.
type holder struct {
	*rig
	load *siteLoad
	held int
	keys map[string][]string // by kind, of the calls that are held
}

func (l *siteLoad) newHolder(language string) *holder {
	l.t.Helper()
	h := &holder{rig: &rig{t: l.t, journal: l.site.journal, proxy: faultproxy.Start(l.t, l.site.nginx.Addr())}, load: l}
	h.client = startDriver(l.t, language, h.proxy.Addr(), "holder-"+language, time.Second)
	return h
}

// hold connects to that node, and waits until calls run there. The next connection is
// to any node.
func (h *holder) hold(i int) {
	h.t.Helper()
	h.held++
	h.gate = filepath.Join(h.t.TempDir(), "gate")
	h.keys = map[string][]string{}
	h.proxy.SetTarget(h.load.site.nodes[i].addr)
	h.proxy.Cut()
	const each = 10
	for kind, o := range map[string]order{
		"once":   {Start: "call", Method: "work.once"},
		"again":  {Start: "call", Method: "work.again", Idempotent: true},
		"note":   {Start: "notify", Method: "work.note"},
		"stream": {Start: "stream", Method: "work.count", Params: work{MS: 1}},
	} {
		o.Key = fmt.Sprintf("%s-%s%d-", h.client.user, kind, h.held)
		o.Params.File, o.TimeoutMS = h.gate, 60_000
		h.keys[kind] = h.start(o, each)
	}
	for _, keys := range h.keys {
		for _, key := range keys {
			within(h.t, func() (bool, string) { return h.runs()[key] > 0, "no start of " + key })
		}
	}
	h.proxy.SetTarget(h.load.site.nginx.Addr())
}

// moved waits until the client has sent its calls again, to another node.
func (h *holder) moved() {
	h.t.Helper()
	for _, kind := range []string{"once", "again"} {
		for _, key := range h.keys[kind] {
			h.client.frame("resend", key)
		}
	}
}

// runs counts the runs of each of the client's calls, on all nodes that there have been.
func (h *holder) runs() map[string]int {
	h.t.Helper()
	counts := map[string]int{}
	for _, j := range h.load.journals {
		for key, runs := range j.count("start") {
			counts[key] += runs
		}
	}
	return counts
}

// want waits for the outcomes of the calls of a kind, and counts the runs of each.
func (h *holder) want(kind string, wanted func(key string) string, runs int) {
	h.t.Helper()
	for _, key := range h.keys[kind] {
		got := h.client.outcome(key)
		if got.String() != wanted(key) || got.ok() && got.Items != got.Sent {
			h.t.Errorf("%s ended with %s, %d of %d items; want %s", key, got, got.Items, got.Sent, wanted(key))
		}
	}
	counted := h.runs()
	for _, key := range h.keys[kind] {
		if counted[key] != runs {
			h.t.Errorf("%s was run %d times; want %d", key, counted[key], runs)
		}
	}
}
