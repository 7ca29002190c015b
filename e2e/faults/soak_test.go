package faults

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

var (
	soakCalls = flag.Int("soak-calls", 6_000, "how many calls the soak test makes at least")
	soakSeed  = flag.Uint64("soak-seed", 0, "seed of the soak test's faults; 0 takes one from the clock")
)

// soaker is a client with calls to make.
type soaker struct {
	*driver
	proxy *faultproxy.Proxy
	free  chan struct{}   // a place for each call that may be out
	calls map[string]made // by key
}

// key is that of the nth call of the client, and of no other client's.
func (c *soaker) key(n int) string { return fmt.Sprintf("%s-%d", c.user, n) }

// soak is everything at once: nodes that share a Redis, clients of all languages
// that call all the time, and a fault every so often.
type soak struct {
	t       *testing.T
	cluster *cluster
	random  *rand.Rand
	clients []*soaker
	hasty   bool     // there are calls that end without a result though nothing is broken
	bag     []string // harms to come
	stops   []func()
}

// harms are the kinds of harm that are done, each as often as it is said.
var harms = map[string]int{
	"cut": 8, "move": 5, "stall of a connection": 2, "delay": 2, "half open": 1, "kill": 2, "stop": 2, "pause": 2, "stall of Redis": 2,
}

const (
	soakDrain = 5 * time.Second
	// soakPing is short, so that both sides hear soon of connections that are half open.
	soakPing = time.Second
)

// Whatever happens: each call has one outcome, no call that must not runs twice,
// and nothing is left behind.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("the seed is %d (-soak-seed)", seed)
	s := &soak{t: t, random: rand.New(rand.NewPCG(seed, 0)), hasty: true}
	s.cluster = newCluster(t, "", 3, soakFlags...)
	for i, language := range languages {
		proxy := faultproxy.Start(t, s.cluster.nodes[i].addr)
		client := &soaker{proxy: proxy, free: make(chan struct{}, 64), calls: map[string]made{}}
		client.driver = startDriver(t, language, proxy.Addr(), "user-"+language, time.Second, "FRAMES=0")
		client.onOutcome = func() { <-client.free }
		s.clients = append(s.clients, client)
	}
	before := s.cluster.nodes[0].load()
	keys, lasting := s.keys()
	start := time.Now()
	var calling sync.WaitGroup
	for i, client := range s.clients {
		random := rand.New(rand.NewPCG(seed, uint64(i)+1))
		each := (*soakCalls + len(s.clients) - 1) / len(s.clients)
		calling.Go(func() { s.call(client, random, func(made int) bool { return made < each }) })
	}
	called := make(chan struct{})
	go func() { calling.Wait(); close(called) }()
	faults := s.breakThings(called)
	for _, client := range s.clients {
		client.nothingLeft()
	}
	s.account(s.cluster.journal.countByUser("start"), anyHarm, 0.6, faults, time.Since(start))
	if len(faults) == 0 {
		t.Error("there were no faults")
	}
	for _, wait := range s.stops {
		wait()
	}
	for i, n := range s.cluster.nodes { // the first one has been there all the time
		within(t, func() (bool, string) {
			running := n.metric("centrirpc_calls_in_flight")
			return running == 0, fmt.Sprintf("%d calls are running on node %d", running, i)
		})
		n.settles(before.Goroutines + 3*fewMore)
		l := n.load()
		t.Logf("node %d has %d goroutines, %d idle workers, a heap of %d bytes; %d, %d, %d before", i, l.Goroutines, l.Idle, l.Heap, before.Goroutines, before.Idle, before.Heap)
		if l.Heap > before.Heap+32<<20 {
			t.Errorf("the heap of node %d went from %d to %d bytes", i, before.Heap, l.Heap)
		}
	}
	if _, left := s.keys(); left > lasting {
		t.Errorf("%d keys in Redis never expire, and %d did before", left, lasting)
	}
	if *soakCalls < 100_000 {
		return
	}
	for kind := range harms {
		if faults[kind] == 0 {
			t.Errorf("no fault of the kind %q", kind)
		}
	}
	// What is kept of a call goes 10 s after its deadline.
	left, _ := s.keys()
	for end := time.Now().Add(90 * time.Second); left > keys+20 && time.Now().Before(end); left, _ = s.keys() {
		time.Sleep(time.Second)
	}
	if left > keys+20 {
		t.Errorf("%d keys are left in Redis, and %d were there", left, keys)
	}
}

var soakFlags = []string{"-drain", soakDrain.String(), "-ping", soakPing.String()}

var keyspace = regexp.MustCompile(`db0:keys=(\d+),expires=(\d+)`)

// keys is how many there are in Redis, and how many of them never expire.
func (s *soak) keys() (all, lasting int) {
	s.t.Helper()
	found := keyspace.FindStringSubmatch(s.cluster.redis.Text("INFO keyspace"))
	if found == nil {
		return 0, 0
	}
	all, _ = strconv.Atoi(found[1])
	expire, _ := strconv.Atoi(found[2])
	return all, all - expire
}

// made is a call that was made.
type made struct {
	order
	cancelled bool
	// ends are the errors with which it may end by itself: the client's, and the server's.
	ends []string
}

func (c made) kind() string {
	kind := c.Start + " " + c.Method
	switch {
	case c.cancelled:
		return "cancelled " + kind
	case slices.Contains(c.ends, "deadline_exceeded") && !c.Volatile:
		return "short " + kind
	}
	return kind
}

// next is the call to make with that key.
func (s *soak) next(key string, random *rand.Rand) made {
	c := made{order: order{Key: key, Start: "call", Method: "work.once", TimeoutMS: 60_000}}
	switch kind := random.IntN(100); {
	case kind < 15:
		c.Method, c.Idempotent = "work.again", true
	case kind < 25:
		c.Start, c.Method = "notify", "work.note"
	case kind < 28:
		c.Start, c.Method, c.Params.N = "stream", "work.count", random.IntN(600)
	case kind < 45:
		c.Params.MS = random.IntN(200)
	case s.hasty && kind < 50:
		c.Params.MS = random.IntN(400)
		c.cancelled, c.ends = true, []string{"CallAbortedError"}
	case s.hasty && kind < 55:
		c.Params.MS, c.TimeoutMS = random.IntN(400), 1+random.IntN(400)
		c.ends = []string{"CallTimeoutError", "deadline_exceeded"}
	case s.hasty && kind < 60: // its reply may be lost, and it is not sent again
		c.Method, c.Volatile, c.TimeoutMS, c.Params.MS = "work.volatile", true, 5_000, random.IntN(200)
		c.ends = []string{"ConnectionLostError", "CallTimeoutError", "deadline_exceeded"}
	}
	return c
}

// call makes calls of all kinds, as many at a time as there are places, while there is
// to be one more.
func (s *soak) call(client *soaker, random *rand.Rand, more func(made int) bool) {
	var unwanted []string
	for {
		client.mu.Lock()
		n := len(client.calls)
		client.mu.Unlock()
		if !more(n) {
			break
		}
		client.free <- struct{}{}
		c := s.next(client.key(n), random)
		client.mu.Lock()
		client.calls[c.Key] = c
		client.mu.Unlock()
		client.start(c.order)
		if c.cancelled {
			unwanted = append(unwanted, c.Key)
		}
		if len(unwanted) > 0 && random.IntN(10) == 0 { // at once, or some calls later
			client.cancel(unwanted[0])
			unwanted = unwanted[1:]
		}
	}
	for _, key := range unwanted {
		client.cancel(key)
	}
}

// breakThings does one harm after another until all calls were made, and counts
// each kind.
func (s *soak) breakThings(called <-chan struct{}) map[string]int {
	counts := map[string]int{}
	for {
		select {
		case <-called:
			return counts
		case <-time.After(time.Duration(100+s.random.IntN(700)) * time.Millisecond):
		}
		kind := s.draw()
		counts[kind]++
		s.harm(kind)
	}
}

// draw chooses a kind of harm at random, and each as often as it should be in the end.
func (s *soak) draw() (kind string) {
	if len(s.bag) == 0 {
		for _, kind := range slices.Sorted(maps.Keys(harms)) {
			s.bag = append(s.bag, slices.Repeat([]string{kind}, harms[kind])...)
		}
		s.random.Shuffle(len(s.bag), func(i, j int) { s.bag[i], s.bag[j] = s.bag[j], s.bag[i] })
	}
	kind, s.bag = s.bag[0], s.bag[1:]
	return kind
}

func (s *soak) harm(kind string) {
	proxy := s.clients[s.random.IntN(len(s.clients))].proxy
	n := s.cluster.nodes[s.random.IntN(len(s.cluster.nodes))]
	replaced := 1 + s.random.IntN(len(s.cluster.nodes)-1) // never the first
	way := faultproxy.Direction(s.random.IntN(2))
	switch kind {
	case "cut":
		proxy.Cut()
	case "move":
		proxy.SetTarget(n.addr)
		proxy.Cut()
	case "stall of a connection":
		proxy.Stall(way, true)
		time.Sleep(300 * time.Millisecond)
		proxy.Stall(way, false)
	case "delay":
		proxy.Delay(way, 30*time.Millisecond)
		time.Sleep(500 * time.Millisecond)
		proxy.Delay(way, 0)
	case "half open":
		proxy.Vanish(way)
	case "kill":
		s.cluster.nodes[replaced].kill()
		s.replace(replaced)
	case "stop":
		s.stops = append(s.stops, s.cluster.nodes[replaced].stop(soakDrain))
		s.replace(replaced)
	case "pause":
		n.signal(syscall.SIGSTOP)
		time.Sleep(lease * 3 / 2)
		n.signal(syscall.SIGCONT)
	case "stall of Redis":
		s.cluster.redis.Pause()
		time.Sleep(500 * time.Millisecond)
		s.cluster.redis.Continue()
	default:
		s.t.Errorf("no harm %q", kind)
	}
}

// replace starts a node in the place of one that ends, and sends its clients there.
func (s *soak) replace(i int) {
	old := s.cluster.nodes[i].addr
	s.cluster.nodes[i] = s.cluster.add(soakFlags...)
	s.cluster.nodes = s.cluster.nodes[:3]
	for _, client := range s.clients {
		client.proxy.Redirect(old, s.cluster.nodes[i].addr)
	}
}

// anyHarm is how calls may end when servers are killed and Redis is away.
func anyHarm(_, reason string) bool { return reason == "outcome_unknown" || reason == "unavailable" }
