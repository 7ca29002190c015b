package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

var (
	soakCalls = flag.Int("soak-calls", 6_000, "how many calls the soak test makes")
	soakSeed  = flag.Uint64("soak-seed", 0, "seed of the soak test's faults; 0 takes one from the clock")
)

// soaker is a client with calls to make.
type soaker struct {
	*driver
	proxy  *faultproxy.Proxy
	free   chan struct{} // a place for each call that may be out
	orders map[string]order
}

// soak is everything at once: nodes that share a Redis, clients of all languages
// that call all the time, and a fault every so often.
type soak struct {
	t       *testing.T
	cluster *cluster
	random  *rand.Rand
	mu      sync.Mutex // of nodes
	clients []*soaker
}

// Whatever happens: each call has one outcome, no call that must not runs twice,
// and nothing is left behind.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("the seed is %d (-soak-seed)", seed)
	s := &soak{t: t, cluster: newCluster(t, "", 3, "-drain", "5s"), random: rand.New(rand.NewPCG(seed, 0))}
	for i, language := range languages {
		proxy := faultproxy.Start(t, s.cluster.nodes[i].addr)
		client := &soaker{proxy: proxy, free: make(chan struct{}, 64), orders: map[string]order{}}
		client.driver = startDriver(t, language, proxy.Addr(), "user-"+language, time.Second, "FRAMES=0")
		client.onOutcome = func() { <-client.free }
		s.clients = append(s.clients, client)
	}
	before := make([]load, 3)
	for i, n := range s.cluster.nodes {
		before[i] = n.load()
	}
	keys := s.keys()
	start := time.Now()
	var calling sync.WaitGroup
	for i, client := range s.clients {
		random := rand.New(rand.NewPCG(seed, uint64(i)+1))
		calling.Go(func() { s.call(client, random, func(made int) bool { return made < *soakCalls/len(s.clients) }) })
	}
	called := make(chan struct{})
	go func() { calling.Wait(); close(called) }()
	faults := s.breakThings(called)
	for _, n := range s.cluster.nodes {
		n.signal(syscall.SIGCONT)
	}
	for _, client := range s.clients {
		client.nothingLeft()
	}
	s.account(s.cluster.journal.countByUser("start"), anyHarm, faults, time.Since(start))
	for _, n := range s.cluster.nodes {
		n.settles(before[0].Goroutines + 3*fewMore)
		l := n.load()
		t.Logf("a node has %d goroutines, %d idle workers, a heap of %d bytes; %d, %d, %d before", l.Goroutines, l.Idle, l.Heap, before[0].Goroutines, before[0].Idle, before[0].Heap)
		if l.Heap > before[0].Heap+32<<20 {
			t.Errorf("the heap of a node went from %d to %d bytes", before[0].Heap, l.Heap)
		}
	}
	if *soakCalls >= 100_000 {
		// What is kept of a call goes 10 s after its deadline.
		for end := time.Now().Add(90 * time.Second); s.keys() > keys+20 && time.Now().Before(end); {
			time.Sleep(time.Second)
		}
		if left := s.keys(); left > keys+20 {
			t.Errorf("%d keys are left in Redis, and %d were there", left, keys)
		}
	}
}

// keys is how many there are in Redis.
func (s *soak) keys() int {
	n, err := strconv.Atoi(strings.TrimPrefix(s.cluster.redis.Do("DBSIZE"), ":"))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// call makes calls of all kinds, 64 at a time, while there is to be one more.
func (s *soak) call(client *soaker, random *rand.Rand, more func(made int) bool) {
	for {
		client.mu.Lock()
		made := len(client.orders)
		client.mu.Unlock()
		if !more(made) {
			return
		}
		client.free <- struct{}{}
		o := order{Key: fmt.Sprint("k", made), Start: "call", Method: "work.once", TimeoutMS: 60_000}
		switch kind := random.IntN(100); {
		case kind < 15:
			o.Method, o.Idempotent = "work.again", true
		case kind < 25:
			o.Start, o.Method = "notify", "work.note"
		case kind < 28:
			o.Start, o.Method, o.Params.N = "stream", "work.count", random.IntN(600)
		case kind < 45:
			o.Params.MS = random.IntN(200)
		}
		client.mu.Lock()
		client.orders[o.Key] = o
		client.mu.Unlock()
		client.start(o)
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
		what, harm := s.harm()
		counts[what]++
		harm()
	}
}

func (s *soak) harm() (string, func()) {
	client := s.clients[s.random.IntN(len(s.clients))]
	i := s.random.IntN(len(s.cluster.nodes))
	n := s.cluster.nodes[i]
	switch kind := s.random.IntN(100); {
	case kind < 40:
		return "cut", func() { client.proxy.Cut() }
	case kind < 60:
		return "move", func() {
			client.proxy.SetTarget(n.addr)
			client.proxy.Cut()
		}
	case kind < 70:
		return "stall of a connection", func() {
			client.proxy.Stall(faultproxy.Down, true)
			time.Sleep(300 * time.Millisecond)
			client.proxy.Stall(faultproxy.Down, false)
		}
	case kind < 78:
		return "kill", func() {
			n.kill()
			s.replace(i)
		}
	case kind < 86:
		return "stop", func() {
			n.signal(syscall.SIGTERM)
			s.replace(i)
		}
	case kind < 93:
		return "pause", func() {
			n.signal(syscall.SIGSTOP)
			time.Sleep(lease * 3 / 2)
			n.signal(syscall.SIGCONT)
		}
	}
	return "stall of Redis", func() {
		s.cluster.redis.Pause()
		time.Sleep(500 * time.Millisecond)
		s.cluster.redis.Continue()
	}
}

// replace starts a node in the place of one that ends, and sends its clients there.
func (s *soak) replace(i int) {
	old := s.cluster.nodes[i].addr
	s.cluster.nodes[i] = s.cluster.add("-drain", "5s")
	s.cluster.nodes = s.cluster.nodes[:3]
	for _, client := range s.clients {
		client.proxy.Redirect(old, s.cluster.nodes[i].addr)
	}
}

// anyHarm is how calls may end when servers are killed and Redis is away.
func anyHarm(_, reason string) bool { return reason == "outcome_unknown" || reason == "unavailable" }

// account counts outcomes, and runs by user and key. What may end a call, of that
// user and key, otherwise than with its result, is for mayFail to say.
func (s *soak) account(starts map[string]int, mayFail func(call, reason string) bool, faults map[string]int, took time.Duration) {
	ends, total := map[string]int{}, 0
	for _, client := range s.clients {
		for key, o := range client.orders {
			got := client.outcome(key)
			total++
			ends[o.Start+" "+o.Method+": "+strings.TrimSuffix(got.String(), " "+key)]++
			runs := starts[client.user+" "+key]
			switch {
			case !o.Idempotent && runs > 1:
				s.t.Errorf("%s of %s was run %d times", key, client.user, runs)
			case o.Start != "notify" && got.Result != "" && runs == 0: // one that was accepted may die with its node
				s.t.Errorf("%s of %s has the outcome %v without a run", key, client.user, got)
			case o.Start == "stream" && got.Result != "" && got.Items != o.Params.N:
				s.t.Errorf("%s of %s: %d of %d items", key, client.user, got.Items, o.Params.N)
			case got.Fault != "", got.ClientError != "", got.Error != "" && !mayFail(client.user+" "+key, got.Error):
				s.t.Errorf("%s of %s ended with %v after %d of %d items, %d runs", key, client.user, got, got.Items, o.Params.N, runs)
			}
		}
		client.once()
	}
	s.t.Logf("%d calls in %v; faults: %v", total, took.Round(time.Millisecond), faults)
	for end, n := range ends {
		s.t.Logf("%7d %s", n, end)
	}
}
