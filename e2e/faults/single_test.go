package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

// rig is one server, a proxy in front of it, and a client.
type rig struct {
	t       *testing.T
	journal *journal
	node    *node
	proxy   *faultproxy.Proxy
	client  *driver
	gate    string // a file that calls wait for
}

func newRig(t *testing.T, language string, silence time.Duration, flags ...string) *rig {
	t.Helper()
	return newRigWith(t, language, silence, nil, flags...)
}

// newRigWith is newRig with additions to the client's environment.
func newRigWith(t *testing.T, language string, silence time.Duration, env []string, flags ...string) *rig {
	t.Helper()
	r := &rig{t: t, journal: newJournal(t), gate: filepath.Join(t.TempDir(), "gate")}
	r.node = startNode(t, r.journal, flags...)
	r.proxy = faultproxy.Start(t, r.node.addr)
	r.client = startDriver(t, language, r.proxy.Addr(), "u1", silence, env...)
	return r
}

func (r *rig) open() {
	r.t.Helper()
	if err := os.WriteFile(r.gate, nil, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// start starts n calls of that order, with keys that begin with its key.
func (r *rig) start(o order, n int) (keys []string) {
	r.t.Helper()
	for i := range n {
		call := o
		call.Key = fmt.Sprintf("%s%d", o.Key, i)
		r.client.start(call)
		keys = append(keys, call.Key)
	}
	return keys
}

// want waits for the outcome of each call, and counts the runs of each.
func (r *rig) want(keys []string, wanted func(key string) string, runs int) {
	r.t.Helper()
	for _, key := range keys {
		if got := r.client.outcome(key).String(); got != wanted(key) {
			r.t.Errorf("%s ended with %s; want %s", key, got, wanted(key))
		}
	}
	for _, key := range keys { // a notification is accepted before it runs
		if runs > 0 {
			r.journal.await("start", key)
		}
	}
	counted := r.journal.count("start")
	for _, key := range keys {
		if counted[key] != runs {
			r.t.Errorf("%s was run %d times; want %d", key, counted[key], runs)
		}
	}
}

// finish ends a test: the client has no calls left, and none that ended twice.
func (r *rig) finish() {
	r.t.Helper()
	r.client.nothingLeft()
	r.client.once()
}

// wantDefinite waits for calls of which some may have been sent just as the
// connection ended: those that were answered ran once, and what is not known did
// not run twice.
func (r *rig) wantDefinite(keys []string) {
	r.t.Helper()
	results := 0
	for _, key := range keys {
		switch got := r.client.outcome(key).String(); got {
		case itself(key):
			results++
			if runs := r.journal.count("start")[key]; runs != 1 {
				r.t.Errorf("%s was run %d times", key, runs)
			}
		case "outcome_unknown":
			if runs := r.journal.count("start")[key]; runs > 1 {
				r.t.Errorf("%s was run %d times", key, runs)
			}
		default:
			r.t.Errorf("%s ended with %s", key, got)
		}
	}
	if results == 0 {
		r.t.Errorf("none of %d calls has a result", len(keys))
	}
}

func itself(key string) string { return "result " + key }

func always(what string) func(string) string { return func(string) string { return what } }

const inFlight = 30

// fewMore is how many goroutines a server may have more than before: those of a
// connection that is being closed, and the like.
const fewMore = 10

// The connection is cut when the first acknowledgement is on its way.
func TestCutBeforeTheAcknowledgement(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		cut := r.proxy.CutAt(faultproxy.Down, `"publish":{}`)
		keys := r.start(order{Key: "c", Method: "work.once", Params: work{MS: 50}}, inFlight)
		<-cut
		notes := r.start(order{Start: "notify", Key: "n", Method: "work.note"}, inFlight)
		r.want(keys, itself, 1)
		r.want(notes, always("result accepted"), 1)
		r.finish()
	})
}

// Requests that are on their way when the connection is cut do not arrive.
func TestCutBeforeTheServerHears(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		r.proxy.Stall(faultproxy.Up, true)
		keys := r.start(order{Key: "c", Method: "work.once"}, inFlight)
		notes := r.start(order{Start: "notify", Key: "n", Method: "work.note"}, inFlight)
		r.client.nothing("ack", keys)
		r.proxy.Cut()
		r.proxy.Stall(faultproxy.Up, false)
		r.want(keys, itself, 1)
		r.want(notes, always("result accepted"), 1)
		r.finish()
	})
}

func TestCutBeforeTheReply(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		held := func(o order) []string {
			o.Params.File = r.gate
			return r.start(o, inFlight)
		}
		once := held(order{Key: "o", Method: "work.once"})
		again := held(order{Key: "a", Method: "work.again", Idempotent: true})
		volatile := held(order{Key: "v", Method: "work.volatile", Volatile: true})
		for _, keys := range [][]string{once, again, volatile} {
			for _, key := range keys {
				r.client.frame("ack", key)
			}
		}
		r.proxy.Cut()
		for _, key := range once {
			r.client.frame("resend", key)
		}
		r.proxy.Cut() // and once more, while they are sent again
		r.open()
		r.want(once, itself, 1)
		r.want(again, itself, 1)
		r.want(volatile, always("ConnectionLostError"), 1)
		r.finish()
	})
}

// The network swallows what is sent, in both directions or in one of them, and tells
// nobody. Whoever hears nothing learns of it as the pings, or their answers, stay away.
func TestHalfOpenConnection(t *testing.T) {
	t.Parallel()
	inEachLanguage(t, func(t *testing.T, language string) {
		first := newRig(t, language, time.Second, "-ping", "1s")
		rigs, held, later := map[string]*rig{"both": first}, map[string][]string{}, map[string][]string{}
		for _, name := range []string{"up", "down"} {
			proxy := faultproxy.Start(t, first.node.addr)
			rigs[name] = &rig{t: t, journal: first.journal, node: first.node, proxy: proxy, gate: first.gate,
				client: startDriver(t, language, proxy.Addr(), name, time.Second)}
		}
		for name, r := range rigs {
			held[name] = r.start(order{Key: name + "-c", Method: "work.once", Params: work{File: r.gate}}, inFlight)
			for _, key := range held[name] {
				r.client.frame("ack", key)
			}
		}
		rigs["both"].proxy.Vanish()
		rigs["up"].proxy.Vanish(faultproxy.Up)
		rigs["down"].proxy.Vanish(faultproxy.Down)
		for name, r := range rigs { // into the void, or with answers from there
			later[name] = r.start(order{Key: name + "-l", Method: "work.once"}, inFlight)
		}
		first.starts(later["down"])
		first.open()
		for name, r := range rigs {
			r.want(held[name], itself, 1)
			r.want(later[name], itself, 1)
			r.finish()
		}
	})
}

// Replies go to all tabs of a user; each takes its own.
func TestTwoTabsOfOneUser(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		other := &rig{t: t, journal: r.journal, node: r.node, proxy: r.proxy, gate: r.gate,
			client: startDriver(t, language, r.proxy.Addr(), "u1", 10*time.Second)}
		mine := r.start(order{Key: "mine", Method: "work.once", Params: work{MS: 20}}, 100)
		theirs := other.start(order{Key: "theirs", Method: "work.once", Params: work{MS: 20}}, 100)
		r.proxy.Cut()
		r.want(mine, itself, 1)
		other.want(theirs, itself, 1)
		other.finish()
		r.finish()
	})
}

// The server's memory is gone with it: calls end definitely, and none runs again
// that must not.
func TestTheProcessRestarts(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		hold := work{File: r.gate}
		once := r.start(order{Key: "o", Method: "work.once", Params: hold}, inFlight)
		again := r.start(order{Key: "a", Method: "work.again", Idempotent: true, Params: hold}, inFlight)
		volatile := r.start(order{Key: "v", Method: "work.volatile", Volatile: true, Params: hold}, inFlight)
		stream := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 100_000}}, 3)
		for _, keys := range [][]string{once, again, volatile, stream} {
			for _, key := range keys {
				r.journal.await("start", key)
			}
		}
		r.node.kill()
		r.client.until("end of the connection", func() bool { return r.client.state == "connecting" })
		waiting := r.start(order{Key: "w", Method: "work.once"}, inFlight) // for a connection
		r.node = startNode(t, r.journal)
		r.proxy.SetTarget(r.node.addr)
		r.open()
		r.want(once, always("outcome_unknown"), 1)
		r.want(again, itself, 2)
		r.want(volatile, always("ConnectionLostError"), 1)
		r.want(stream, always("outcome_unknown"), 1)
		r.want(waiting, itself, 1)
		r.finish()
	})
}

// A stop that has the time finishes what runs, and refuses the rest, which waits
// for the next server.
func TestStopWithAThousandCallsRunning(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		const drain = 30 * time.Second
		r := newRig(t, language, 10*time.Second, "-drain", drain.String())
		keys := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 120_000}, 1000)
		r.starts(keys)
		wait := r.node.stop(drain)
		within(t, func() (bool, string) { return r.node.drains(), "the server is not draining" })
		late := r.start(order{Key: "l", Method: "work.once"}, 10)
		for _, key := range late {
			r.client.frame("resend", key)
		}
		next := startNode(t, r.journal)
		r.proxy.SetTarget(next.addr)
		r.open()
		r.want(keys, itself, 1)
		wait()
		r.wantDefinite(late)
		r.finish()
	})
}

func TestStopThatRunsOutOfTime(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		const drain = 500 * time.Millisecond
		r := newRig(t, language, 10*time.Second, "-drain", drain.String())
		keys := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 120_000}, 1000)
		r.starts(keys)
		wait := r.node.stop(drain)
		r.want(keys, always("outcome_unknown"), 1)
		wait()
		r.finish()
	})
}

func TestFiveHundredCallsWaitForAReconnect(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		held := r.start(order{Key: "h", Method: "work.once", Params: work{File: r.gate}}, 500)
		for _, key := range held {
			r.journal.await("start", key)
		}
		r.proxy.Refuse(true)
		r.proxy.Cut()
		waiting := r.start(order{Key: "w", Method: "work.once"}, 500)
		r.open()
		r.proxy.Refuse(false)
		r.want(held, itself, 1)
		r.want(waiting, itself, 1)
		r.finish()
	})
}

// What is given up while there is no connection is cancelled when there is one.
func TestACancelWhileTheConnectionIsAway(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		keys := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 200_000}, inFlight)
		streams := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 1_000_000}, PauseMS: 50, TimeoutMS: 200_000}, 3)
		for _, key := range append(keys, streams...) {
			r.journal.await("start", key)
		}
		r.proxy.Refuse(true)
		r.proxy.Cut()
		r.client.until("end of the connection", func() bool { return r.client.state == "connecting" })
		for _, key := range append(keys, streams...) {
			r.client.cancel(key)
		}
		r.want(append(keys, streams...), always("CallAbortedError"), 1)
		r.proxy.Refuse(false)
		for _, key := range append(keys, streams...) {
			r.journal.await("ended", key)
		}
		r.finish()
	})
}

// A cancel that comes as the call ends: one outcome, one run, and the handler has
// ended either way.
func TestCancelsAndCompletionsRace(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		before := r.node.load()
		random := rand.New(rand.NewPCG(3, 4))
		var keys []string
		for i := range 200 {
			keys = append(keys, r.start(order{Key: fmt.Sprintf("c%d-", i), Method: "work.once", Params: work{MS: 5}}, 1)...)
			if i%20 == 19 {
				r.proxy.Cut()
			}
			switch i % 10 {
			case 0: // before it can end, and after it has
			case 1:
				r.client.outcome(keys[i])
			default:
				time.Sleep(time.Duration(random.IntN(8)) * time.Millisecond) // to hit any moment
			}
			r.client.cancel(keys[i])
		}
		results, aborts := 0, 0
		for _, key := range keys {
			switch got := r.client.outcome(key).String(); got {
			case itself(key):
				results++
			case "CallAbortedError":
				aborts++
			default:
				t.Errorf("%s ended with %s", key, got)
			}
		}
		if results == 0 || aborts == 0 {
			t.Errorf("%d results and %d aborts: there was no race", results, aborts)
		}
		var starts, dones, ends map[string]int
		within(t, func() (bool, string) {
			starts, dones, ends = r.journal.count("start"), r.journal.count("done"), r.journal.count("ended")
			return len(starts) == len(dones)+len(ends), fmt.Sprintf("%d handlers have begun, %d are done, %d were cancelled", len(starts), len(dones), len(ends))
		})
		for _, key := range keys {
			if starts[key] > 1 || dones[key]+ends[key] != starts[key] {
				t.Errorf("%s was run %d times, done %d times and cancelled %d times", key, starts[key], dones[key], ends[key])
			}
			if r.client.outcome(key).ok() && dones[key] != 1 {
				t.Errorf("%s has a result, and was done %d times", key, dones[key])
			}
		}
		if len(dones) == 0 || len(ends) == 0 {
			t.Errorf("%d handlers are done and %d were cancelled: there was no race", len(dones), len(ends))
		}
		r.node.settles(before.Goroutines + fewMore)
		r.finish()
	})
}

// A client that is closed ends its calls at once, keeps nothing, and says whose doing
// it was.
func TestClosingAClient(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		calls := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 200_000}, inFlight)
		stream := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{MS: 1, File: r.gate}, TimeoutMS: 200_000}, 1)
		keys := append(calls, stream...)
		r.starts(keys)
		r.client.tell(map[string]bool{"close": true})
		r.want(keys, always("ClientClosedError"), 1)
		r.client.until("end of the closing", func() bool { return r.client.closed })
		r.client.most = r.client.before // not even what a connection has
		r.finish()
		within(t, func() (bool, string) {
			n := r.node.connections()
			return n == 0, fmt.Sprintf("%d connections are left", n)
		})
		r.node.kill() // it would wait for the stream to be taken
	})
}
