package faults

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// lease is that of the calls in these tests.
const lease = time.Second

// cluster is several nodes that share a Redis, and a client behind a proxy that
// leads to one of them.
type cluster struct {
	*rig
	redis *redisserver.Server // nil if url is of something else
	url   string
	nodes []*node
}

func newCluster(t *testing.T, language string, nodes int, flags ...string) *cluster {
	t.Helper()
	redis := redisserver.Start(t)
	c := newClusterAt(t, redis.URL(), language, nodes, flags...)
	c.redis = redis
	return c
}

func newClusterAt(t *testing.T, url, language string, nodes int, flags ...string) *cluster {
	t.Helper()
	c := &cluster{rig: &rig{t: t, journal: newJournal(t), gate: filepath.Join(t.TempDir(), "gate")}, url: url}
	for range nodes {
		c.add(flags...)
	}
	c.proxy = faultproxy.Start(t, c.nodes[0].addr)
	if language != "" {
		c.client = startDriver(t, language, c.proxy.Addr(), "u1", 700*time.Millisecond)
	}
	return c
}

func (c *cluster) add(flags ...string) *node {
	c.t.Helper()
	n := startNode(c.t, c.journal, append([]string{"-redis", c.url, "-lease", lease.String()}, flags...)...)
	c.nodes = append(c.nodes, n)
	return n
}

// move has the client connect to another node.
func (c *cluster) move(to int) {
	c.proxy.SetTarget(c.nodes[to].addr)
	c.proxy.Cut()
}

func (r *rig) starts(keys []string) {
	r.t.Helper()
	for _, key := range keys {
		r.journal.await("start", key)
	}
}

func TestTheSameCallOnTwoNodesAtOnce(t *testing.T) {
	c := newCluster(t, "", 2)
	const calls = 50
	var clients [2]*raw
	for n := range clients {
		clients[n] = dialRaw(t, c.nodes[n].addr, "u1")
	}
	var all sync.WaitGroup
	for _, client := range clients {
		all.Go(func() {
			for i := range calls {
				client.publish(fmt.Sprintf(`{"method":"work.once","params":{"say":"c%d","ms":20},"correlation_id":"c%d","reply_to":"user#u1"}`, i, i))
			}
		})
	}
	all.Wait()
	var ids []string
	for i := range calls {
		ids = append(ids, fmt.Sprint("c", i))
	}
	for n, client := range clients {
		for id, got := range client.replies(ids) {
			if got != itself(id) {
				t.Errorf("on node %d %s ended with %s", n, id, got)
			}
		}
	}
	counted := c.journal.count("start")
	for _, id := range ids {
		if counted[id] != 1 {
			t.Errorf("%s was run %d times", id, counted[id])
		}
	}
}

// While calls run, their ids are taken, for their user: on each node other params are a
// conflict, the same ones are the same call, and other users have their own.
func TestIDsOfCallsThatRun(t *testing.T) {
	c := newCluster(t, "", 2)
	a, b := dialRaw(t, c.nodes[0].addr, "u1"), dialRaw(t, c.nodes[1].addr, "u1")
	other := dialRaw(t, c.nodes[1].addr, "u2")
	var ids []string
	for i := range inFlight {
		ids = append(ids, fmt.Sprint("id", i))
	}
	ask := func(r *raw, prefix, user string) {
		for _, id := range ids {
			r.publish(fmt.Sprintf(`{"method":"work.once","params":{"say":"%s%s","ms":0,"file":%q},"correlation_id":%q,"reply_to":"user#%s"}`, prefix, id, c.gate, id, user))
		}
	}
	var first, others []string
	for _, id := range ids {
		first, others = append(first, "first-"+id), append(others, "other-"+id)
	}
	ask(a, "first-", "u1")
	c.starts(first)
	ask(other, "other-", "u2")
	c.starts(others)
	ask(b, "second-", "u1")
	for id, got := range b.replies(ids) {
		if got != "conflict" {
			t.Errorf("other params for %s: %s", id, got)
		}
	}
	ask(b, "first-", "u1") // which waits, too
	c.open()
	for name, heard := range map[string]map[string]string{"a": a.results(ids), "b": b.results(ids)} {
		for id, got := range heard {
			if got != "result first-"+id {
				t.Errorf("%s on node %s: %s", id, name, got)
			}
		}
	}
	for id, got := range other.replies(ids) {
		if got != "result other-"+id {
			t.Errorf("%s of another user: %s", id, got)
		}
	}
	counted := c.journal.count("start")
	for _, key := range append(first, others...) {
		if counted[key] != 1 {
			t.Errorf("%s was run %d times", key, counted[key])
		}
	}
	if len(counted) != 2*inFlight {
		t.Errorf("runs: %v", counted)
	}
}

func TestOneIDManyMeanings(t *testing.T) {
	c := newCluster(t, "", 2)
	a, b := dialRaw(t, c.nodes[0].addr, "u1"), dialRaw(t, c.nodes[1].addr, "u1")
	other := dialRaw(t, c.nodes[1].addr, "u2")
	ask := func(r *raw, say, user string) string {
		r.publish(fmt.Sprintf(`{"method":"work.once","params":{"say":%q,"ms":0},"correlation_id":"id","reply_to":"user#%s"}`, say, user))
		return r.reply("id")
	}
	if got := ask(a, "first", "u1"); got != "result first" {
		t.Errorf("first: %s", got)
	}
	if got := b.reply("id"); got != "result first" {
		t.Errorf("the user's other tab, on another node, heard %s", got)
	}
	if got := ask(b, "second", "u1"); got != "conflict" {
		t.Errorf("other params: %s", got)
	}
	if got := ask(other, "other", "u2"); got != "result other" {
		t.Errorf("another user: %s", got)
	}
	if got := ask(b, "first", "u1"); got != "result first" {
		t.Errorf("again, on the other node: %s", got)
	}
	if counts := c.journal.count("start"); counts["first"] != 1 || counts["second"] != 0 || counts["other"] != 1 {
		t.Errorf("runs: %v", counts)
	}
}

// The node that runs the calls is killed.
func TestTheOwnerIsKilled(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 2)
		hold := work{File: c.gate}
		once := c.start(order{Key: "o", Method: "work.once", Params: hold}, inFlight)
		again := c.start(order{Key: "a", Method: "work.again", Idempotent: true, Params: hold}, inFlight)
		stream := c.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 1_000_000}, TimeoutMS: 60_000}, 3)
		c.starts(once)
		c.starts(again)
		c.starts(stream)
		c.nodes[0].kill()
		c.move(1)
		c.open()
		c.want(once, always("outcome_unknown"), 1)
		c.want(again, itself, 2)
		c.want(stream, always("outcome_unknown"), 1)
		c.finish()
	})
}

// It dies after it stored the reply and before it published it.
func TestTheOwnerDiesBetweenStoringAndPublishing(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 1, "-die-after-storing", "c7")
		c.add()
		keys := c.start(order{Key: "c", Method: "work.once"}, 8)
		c.nodes[0].wait()
		c.move(1)
		for _, key := range keys {
			got := c.client.outcome(key).String()
			if got != itself(key) && (key == "c7" || got != "outcome_unknown") { // others may have been in the middle
				t.Errorf("%s ended with %s", key, got)
			}
		}
		if got := c.client.outcome("c7").String(); got != "result c7" || c.journal.count("start")["c7"] != 1 {
			t.Errorf("c7 ended with %s after %d runs", got, c.journal.count("start")["c7"])
		}
		c.finish()
	})
}

// The owner is paused for longer than its lease, and goes on when others have its
// calls.
func TestTheOwnerIsPaused(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 2)
		once := c.start(order{Key: "o", Method: "work.once", Params: work{File: c.gate}}, 5)
		again := c.start(order{Key: "a", Method: "work.again", Idempotent: true, Params: work{File: c.gate}}, 5)
		c.starts(once)
		c.starts(again)
		c.nodes[0].signal(syscall.SIGSTOP)
		c.move(1)
		c.want(once, always("outcome_unknown"), 1)
		for _, key := range again {
			within(t, func() (bool, string) { return c.journal.count("start")[key] == 2, key + " is not run again" })
		}
		c.open()
		c.want(again, itself, 2)
		c.nodes[0].signal(syscall.SIGCONT)
		within(t, func() (bool, string) {
			refused := strings.Count(c.nodes[0].stderr.String(), "claim had passed to another owner")
			return refused == 10, fmt.Sprintf("%d late completions were refused", refused)
		})
		c.finish()
	})
}

func TestCallsMoveWithTheirClient(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 3)
		held := c.start(order{Key: "h", Method: "work.once", Params: work{File: c.gate}, TimeoutMS: 60_000}, inFlight)
		left := c.start(order{Key: "l", Method: "work.once", Params: work{File: c.gate}, TimeoutMS: 60_000}, inFlight)
		stream := c.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 20_000}, TimeoutMS: 60_000}, 2)
		c.starts(held)
		c.starts(left)
		c.starts(stream)
		c.move(1)
		for _, key := range left {
			c.client.frame("resend", key)
		}
		for _, key := range left {
			c.client.cancel(key)
		}
		for _, key := range left {
			if got := c.client.outcome(key).String(); got != "CallAbortedError" {
				t.Errorf("%s ended with %s", key, got)
			}
			c.journal.await("ended", key)
		}
		c.move(2)
		c.open()
		c.want(held, itself, 1)
		c.move(0)
		c.want(stream, itself, 1)
		if got := c.client.outcome("s0").Items; got != 20_000 {
			t.Errorf("%d items", got)
		}
		c.finish()
	})
}

// Redis does not answer for ten seconds.
func TestRedisStalls(t *testing.T) {
	t.Parallel()
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 1)
		before := c.nodes[0].load()
		held := c.start(order{Key: "h", Method: "work.once", Params: work{File: c.gate}, TimeoutMS: 60_000}, inFlight)
		c.starts(held)
		c.redis.Pause()
		short := c.start(order{Key: "s", Method: "work.once", TimeoutMS: 3_000}, inFlight)
		long := c.start(order{Key: "l", Method: "work.once", TimeoutMS: 60_000}, inFlight)
		c.open()
		stalled := time.Now()
		for _, key := range short {
			if got := c.client.outcome(key).String(); got != "unavailable" && got != "CallTimeoutError" {
				t.Errorf("%s ended with %s", key, got)
			}
		}
		if l := c.nodes[0].load(); l.Goroutines > before.Goroutines+500 {
			t.Errorf("%d goroutines, and %d before", l.Goroutines, before.Goroutines)
		}
		time.Sleep(time.Until(stalled.Add(10 * time.Second))) // how long the fault lasts
		c.redis.Continue()
		c.want(held, itself, 1)
		c.want(long, itself, 1)
		for key, runs := range c.journal.count("start") {
			if runs > 1 {
				t.Errorf("%s was run %d times", key, runs)
			}
		}
		c.nodes[0].settles(before.Goroutines + fewMore)
		c.finish()
	})
}

// Redis comes back without anything in it.
func TestRedisRestartsEmpty(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 2)
		before := c.nodes[0].load()
		held := c.start(order{Key: "h", Method: "work.once", Params: work{File: c.gate}, TimeoutMS: 60_000}, inFlight)
		c.starts(held)
		c.redis.Kill()
		away := c.start(order{Key: "a", Method: "work.once", TimeoutMS: 60_000}, inFlight)
		c.redis.Restart()
		c.move(1) // whose clients' calls nobody remembers
		c.open()
		for _, key := range held {
			if got := c.client.outcome(key).String(); got != itself(key) && got != "outcome_unknown" {
				t.Errorf("%s ended with %s", key, got)
			}
		}
		for _, key := range away {
			if got := c.client.outcome(key).String(); got != itself(key) && got != "outcome_unknown" {
				t.Errorf("%s ended with %s", key, got)
			}
		}
		c.want(c.start(order{Key: "n", Method: "work.once"}, inFlight), itself, 1)
		for key, runs := range c.journal.count("start") {
			if runs > 1 {
				t.Errorf("%s was run %d times", key, runs)
			}
		}
		c.nodes[0].settles(before.Goroutines + fewMore)
		c.finish()
	})
}

// Redis is away, and refuses connections: everybody hears so, from the server, within
// their time, and nothing has run. When it is back all goes on by itself.
func TestRedisIsAway(t *testing.T) {
	t.Parallel()
	inEachLanguage(t, func(t *testing.T, language string) {
		c := newCluster(t, language, 1)
		before := c.nodes[0].load()
		c.redis.Kill()
		keys := c.start(order{Key: "c", Method: "work.once", TimeoutMS: 6_000}, inFlight)
		notes := c.start(order{Start: "notify", Key: "n", Method: "work.note", TimeoutMS: 6_000}, inFlight)
		most := 0
		within(t, func() (bool, string) {
			most = max(most, c.nodes[0].load().Goroutines)
			return c.client.hasEnded(keys[0]), "no outcome of " + keys[0]
		})
		if most > before.Goroutines+2*inFlight+fewMore {
			t.Errorf("%d goroutines, and %d before", most, before.Goroutines)
		}
		c.want(append(keys, notes...), always("unavailable"), 0)
		c.redis.Restart()
		c.want(c.start(order{Key: "later", Method: "work.once", TimeoutMS: 60_000}, inFlight), itself, 1)
		if runs := c.journal.count("start"); len(runs) != inFlight {
			t.Errorf("runs: %v", runs)
		}
		c.nodes[0].settles(before.Goroutines + fewMore)
		c.finish()
	})
}

// The master dies while calls are out, and its replica takes its place.
func TestTheMasterOfRedisDies(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		watched := redisserver.StartSentinel(t)
		c := newClusterAt(t, watched.URL, language, 2)
		held := c.start(order{Key: "h", Method: "work.once", Params: work{File: c.gate}, TimeoutMS: 60_000}, inFlight)
		c.starts(held)
		watched.Master.Kill()
		away := c.start(order{Key: "a", Method: "work.once", TimeoutMS: 60_000}, inFlight)
		watched.Promoted()
		c.move(1)
		c.open()
		for _, key := range append(held, away...) {
			if got := c.client.outcome(key).String(); got != itself(key) && got != "outcome_unknown" {
				t.Errorf("%s ended with %s", key, got)
			}
		}
		c.want(c.start(order{Key: "n", Method: "work.once"}, inFlight), itself, 1)
		for key, runs := range c.journal.count("start") {
			if runs > 1 {
				t.Errorf("%s was run %d times", key, runs)
			}
		}
		c.finish()
	})
}
