package redisstore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/calls/storetest"
)

// lease is short, to see it lapse, and long enough for a busy machine.
const lease = 1500 * time.Millisecond

// exercise runs the suite on a store in these servers, one shard in each.
func exercise(t *testing.T, servers ...*server) {
	var urls []string
	for _, r := range servers {
		urls = append(urls, r.URL())
	}
	var mu sync.Mutex
	configs := map[calls.Store]redisstore.Config{}
	open := func(t *testing.T, cfg redisstore.Config) calls.Store {
		cfg.URLs = urls
		s := servers[0].open(t, cfg)
		mu.Lock()
		defer mu.Unlock()
		configs[s] = cfg
		return s
	}
	config := func(s calls.Store) redisstore.Config {
		mu.Lock()
		defer mu.Unlock()
		return configs[s]
	}
	storetest.Exercise(t, storetest.Backend{
		Open: func(t *testing.T, limits storetest.Limits) calls.Store {
			return open(t, redisstore.Config{Prefix: newPrefix(), Lease: lease, Timeout: time.Second, MaxCallsPerUser: limits.CallsPerUser, MaxReplyBytesPerUser: limits.ReplyBytesPerUser})
		},
		Join: func(t *testing.T, s calls.Store) calls.Store { return open(t, config(s)) },
		Die:  func(_ *testing.T, s calls.Store) { s.(*redisstore.Store).Pause(true) },
		Age: func(_ *testing.T, s calls.Store) {
			for _, r := range servers {
				for _, key := range r.keys(config(s).Prefix + ":*:ends") {
					ids, err := r.do("ZRANGE", key, "0", "-1").AsStrSlice()
					if err != nil {
						t.Fatal(err)
					}
					for _, id := range ids {
						r.do("ZINCRBY", key, "-6000", id)
					}
				}
			}
		},
	})
}

func TestStore(t *testing.T) { exercise(t, startRedis(t)) }

func TestStoreOfTwoShards(t *testing.T) { exercise(t, startRedis(t), startRedis(t)) }

func claimOf(user, id string) calls.Claim {
	return calls.Claim{Key: calls.Key{UserID: user, CorrelationID: id}, Fingerprint: calls.Fingerprint{1}, Deadline: time.Now().Add(time.Minute)}
}

func claim(t *testing.T, s *redisstore.Store, c calls.Claim, want calls.ClaimState) calls.ClaimResult {
	t.Helper()
	got, err := s.Claim(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != want {
		t.Fatalf("claiming %+v found state %d; want %d", c.Key, got.State, want)
	}
	return got
}

func complete(t *testing.T, s *redisstore.Store, c calls.Claim, fence uint64, reply string, want calls.Completion) {
	t.Helper()
	if got, err := s.Complete(t.Context(), c.Key, fence, []byte(reply)); err != nil || got != want {
		t.Fatalf("completing %+v = %v, %v; want %v", c.Key, got, err, want)
	}
}

// Everything that is written expires, so that nothing is left of users who are gone.
func TestEveryKeyButTheEpochExpires(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{})
	c := claimOf("u", "a")
	complete(t, s, c, claim(t, s, c, calls.Claimed).Fence, "x", calls.Completed)
	late := claimOf("u", "late")
	late.Deadline = time.Now().Add(time.Hour)
	claim(t, s, late, calls.Claimed)
	keys := r.keys("*")
	if len(keys) != 6 {
		t.Errorf("keys: %q", keys)
	}
	for _, key := range keys {
		ttl, err := r.do("PTTL", key).AsInt64()
		switch {
		case err != nil:
			t.Fatal(err)
		case key == "centrirpc:epoch":
			if ttl != -1 {
				t.Errorf("the epoch expires")
			}
		case key == "centrirpc:node:"+s.ID():
			if ttl <= 0 || ttl > 6000 {
				t.Errorf("%s: %d ms", key, ttl)
			}
		case ttl < (time.Hour+redisstore.Margin-time.Minute).Milliseconds() || ttl > (time.Hour+2*time.Minute).Milliseconds():
			t.Errorf("%s: %d ms", key, ttl)
		}
	}
}

// What expired is forgotten by later claims, and its bytes with it.
func TestWhatExpiredTakesNoMemory(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{})
	for i := range 250 {
		c := claimOf("u", fmt.Sprint(i))
		c.Deadline = time.Now().Add(time.Second - redisstore.Margin)
		complete(t, s, c, claim(t, s, c, calls.Claimed).Fence, "reply", calls.Completed)
	}
	find := claimOf("u", "249")
	find.Find = true
	eventually(t, "the last one has expired", func() bool {
		got, err := s.Claim(t.Context(), find)
		return err == nil && got.State == calls.Unknown
	})
	for i := range 64 {
		claim(t, s, claimOf("u", fmt.Sprint("new", i)), calls.Claimed)
	}
	for key, want := range map[string]int64{"calls": 65, "expiries": 64, "replies": 0, "ends": 0} { // one is the summary
		command := map[bool]string{true: "HLEN", false: "ZCARD"}[key == "calls" || key == "replies"]
		if n, err := r.do(command, "centrirpc:{uu}:"+key).AsInt64(); err != nil || n != want {
			t.Errorf("%s holds %d; want %d (%v)", key, n, want, err)
		}
	}
	if got, err := r.do("HGET", "centrirpc:{uu}:calls", "").ToString(); err != nil || got[:2] != "0 " {
		t.Errorf("the summary is %q, %v", got, err)
	}
}

// A closed store's calls need not wait for its lease to lapse.
func TestCloseGivesTheLeaseBack(t *testing.T) {
	r := startRedis(t)
	one, two := r.open(t, redisstore.Config{Lease: time.Hour}), r.open(t, redisstore.Config{})
	c := claimOf("u", "a")
	claim(t, one, c, calls.Claimed)
	claim(t, two, c, calls.Running)
	one.Close()
	claim(t, two, c, calls.Lost)
	if _, err := one.Claim(t.Context(), c); err == nil {
		t.Error("a closed store claims")
	}
	if _, err := one.Complete(t.Context(), c.Key, 1, nil); err == nil {
		t.Error("a closed store completes")
	}
	one.Received("u", []string{"a"})
	if _, err := one.Signal(t.Context(), c.Key, calls.Signal{Kind: calls.SignalCancel}); err == nil {
		t.Error("a closed store signals")
	}
}

// In a Redis Cluster a script's keys must lie in one slot. (A cluster of one node
// insists on that as any other.)
func TestCluster(t *testing.T) {
	r := startRedis(t, "--cluster-enabled", "yes")
	r.do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	eventually(t, "the cluster is up", func() bool {
		info, err := r.do("CLUSTER", "INFO").ToString()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	})
	exercise(t, r)
}

// A key that empties is gone, and its expiry with it; when it is there again it
// must expire again.
func TestKeysThatWereEmptyExpireAgain(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{})
	soon := func(user, id string) calls.Claim {
		c := claimOf(user, id)
		c.Deadline = time.Now().Add(500*time.Millisecond - redisstore.Margin)
		return c
	}
	for i := range 16 {
		claim(t, s, soon(fmt.Sprint("u", i), "first"), calls.Claimed)
	}
	last := claimOf("u15", "first")
	last.Find = true
	eventually(t, "they have expired", func() bool {
		got, err := s.Claim(t.Context(), last)
		return err == nil && got.State == calls.Unknown
	})
	for i := range 16 { // one of these forgets what is over
		claim(t, s, soon(fmt.Sprint("u", i), "second"), calls.Claimed)
	}
	for _, key := range r.keys("centrirpc:{uu*") {
		if ttl, err := r.do("PTTL", key).AsInt64(); err != nil || ttl <= 0 {
			t.Errorf("%s: %d ms, %v", key, ttl, err)
		}
	}
}

// A process that lost its subscription is about to have it again: the caller of its
// stream must not hear that the items are gone.
func TestAProcessThatDoesNotHearAtTheMomentIsThere(t *testing.T) {
	r := startRedis(t)
	one, two := r.open(t, redisstore.Config{}), r.open(t, redisstore.Config{})
	c := claimOf("u", "a")
	claim(t, one, c, calls.Claimed)
	resume := calls.Signal{Kind: calls.SignalResume, ReplyTo: "user#u"}
	if delivered, err := two.Signal(t.Context(), c.Key, resume); err != nil || !delivered {
		t.Errorf("while it is not subscribed: %v, %v", delivered, err)
	}
	one.Close()
	if delivered, err := two.Signal(t.Context(), c.Key, resume); err != nil || delivered {
		t.Errorf("when it is closed: %v, %v", delivered, err)
	}
}
