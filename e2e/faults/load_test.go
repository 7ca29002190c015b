package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/nginxserver"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// siteLoad is clients of all languages that call all the time, through nginx.
type siteLoad struct {
	*soak
	site *site
	// journals are those of all nodes that there have been. Only the test that
	// redeploys them gives each its own.
	journals []*journal

	began   time.Time
	over    atomic.Bool
	calling sync.WaitGroup
}

// startLoad has clients call until stop.
func startLoad(t *testing.T, s *site) *siteLoad {
	t.Helper()
	l := &siteLoad{soak: &soak{t: t, cluster: s.cluster}, site: s, journals: []*journal{s.journal}, began: time.Now()}
	for _, language := range languages {
		client := &soaker{free: make(chan struct{}, 4), calls: map[string]made{}}
		client.driver = startDriver(t, language, s.nginx.Addr(), "user-"+language, time.Second, "FRAMES=0")
		client.onOutcome = func() { <-client.free }
		l.clients = append(l.clients, client)
	}
	l.start()
	return l
}

// start has the clients call, and waits until they do.
func (l *siteLoad) start() {
	l.t.Helper()
	l.over.Store(false)
	for i, client := range l.clients {
		random := rand.New(rand.NewPCG(uint64(i), 0))
		l.calling.Go(func() { l.call(client, random, func(int) bool { return !l.over.Load() }) })
	}
	l.goesOn()
}

// goesOn waits until each client has results of calls that began after now.
func (l *siteLoad) goesOn() {
	l.t.Helper()
	const wanted = 30
	for _, client := range l.clients {
		client.mu.Lock()
		first := len(client.calls)
		client.mu.Unlock()
		end, results := time.Now().Add(soon), 0
		for n := first; results < wanted; n++ {
			got := client.outcome(client.key(n))
			if got.ok() {
				results++
			}
			if time.Now().After(end) {
				l.t.Fatalf("%s got %d results from %d calls in %v; the last call ended with %v", client.user, results, n-first+1, soon, got)
			}
		}
	}
}

// stop ends the calling, and waits for the last outcomes.
func (l *siteLoad) stop() {
	l.t.Helper()
	l.over.Store(true)
	l.calling.Wait()
	for _, client := range l.clients {
		client.nothingLeft()
	}
}

// check accounts for all calls, of which at least that share must have results.
func (l *siteLoad) check(mayFail func(call, reason string) bool, share float64) {
	l.t.Helper()
	l.account(l.starts(), mayFail, share, nil, time.Since(l.began))
}

// starts counts the runs of each call, by user and key.
func (l *siteLoad) starts() map[string]int {
	l.t.Helper()
	all := map[string]int{}
	for _, j := range l.journals {
		for call, runs := range j.countByUser("start") {
			all[call] += runs
		}
	}
	return all
}

// startAgain starts a node in the place of one that has ended, with a journal of its own.
func (l *siteLoad) startAgain(i int, flags ...string) {
	l.t.Helper()
	l.site.journal = newJournal(l.t)
	l.journals = append(l.journals, l.site.journal)
	l.site.startAgain(i, flags...)
}

func never(_, _ string) bool { return false }

// All nodes are redeployed one after another, and nobody notices. Then one is killed:
// what it was running has no outcome that anybody knows, and nothing else is lost.
func TestRollingRedeployAndAKill(t *testing.T) {
	const drain = 30 * time.Second // many times what a call takes
	l := startLoad(t, newSite(t, []string{"-drain", drain.String()}))
	var holders []*holder
	for _, language := range languages {
		holders = append(holders, l.newHolder(language))
	}
	for i, n := range l.site.nodes {
		h := holders[i]
		h.hold(i)
		wait := n.stop(drain)
		h.moved()
		h.open()
		h.want("once", itself, 1)
		h.want("again", itself, 1)
		h.want("note", always("result accepted"), 1)
		h.want("stream", itself, 1)
		wait()
		l.startAgain(i, "-drain", drain.String())
		l.goesOn()
	}
	l.stop()
	l.check(never, 1)
	l.ranOnce(l.starts)
	if t.Failed() {
		return
	}

	l.start()
	for _, h := range holders {
		h.hold(1)
	}
	l.site.nodes[1].kill()
	for _, h := range holders {
		h.moved()
		h.open()
		h.want("once", always("outcome_unknown"), 1)
		h.want("again", itself, 2)
		h.want("note", always("result accepted"), 1)
		h.want("stream", always("outcome_unknown"), 1)
		h.finish()
	}
	l.goesOn() // without it
	l.startAgain(1)
	l.goesOn()
	l.stop()
	killed, all := l.journals[2].countByUser("start"), l.starts() // the first journal is that of all nodes before
	lost := 0
	l.check(func(call, reason string) bool {
		lost++
		// One that was claimed and not started has no line.
		return reason == "outcome_unknown" && (killed[call] > 0 || all[call] == 0)
	}, 0.9)
	t.Logf("%d calls ended as unknown", lost)
}

// Redis is killed and started again: callers wait, or hear that it is away, and
// afterwards all is well without anybody's help. With the settings of deploy/compose,
// what it knew is there again.
func TestRedisRestartsUnderLoad(t *testing.T) {
	for name, persistence := range map[string][]string{"empty": nil, "append only": {"--appendonly", "yes", "--appendfsync", "everysec"}} {
		t.Run(name, func(t *testing.T) {
			redis := redisserver.Start(t, persistence...)
			l := startLoad(t, newSiteAt(t, redis, nil))
			redis.Kill()
			time.Sleep(2 * time.Second) // how long Redis is away
			redis.Restart()
			l.goesOn()
			l.stop()
			starts := l.starts()
			l.check(func(call, reason string) bool {
				// What has run was claimed, and what was claimed is on the disk.
				return anyHarm(call, reason) && (persistence == nil || starts[call] == 0)
			}, 0.6)
		})
	}
}

// nginx is reloaded, which cuts the connections of its old workers after a second, and
// is stopped and started again. Clients connect anew, and all their calls have results.
func TestNginxRestartsUnderLoad(t *testing.T) {
	l := startLoad(t, newSite(t, nil, nginxserver.Edit{Old: "worker_shutdown_timeout 1h;", New: "worker_shutdown_timeout 1s;"}))
	old := l.site.nginx.Workers()
	l.site.nginx.Reload()
	within(t, func() (bool, string) {
		left := slices.DeleteFunc(l.site.nginx.Workers(), func(pid string) bool { return !slices.Contains(old, pid) })
		return len(left) == 0, fmt.Sprintf("old workers %v", left)
	})
	l.goesOn()
	l.site.nginx.Stop()
	l.site.nginx.Restart()
	l.goesOn()
	l.stop()
	l.check(never, 1)
	l.ranOnce(l.starts)
}
