package redisstore_test

import (
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/redisstore"
)

// usersOf are n users of each of two shards.
func usersOf(n int) (all [2][]string) {
	for i := 0; len(all[0]) < n || len(all[1]) < n; i++ {
		user := fmt.Sprint("user", i)
		if of := redisstore.ShardOf(user, 2); len(all[of]) < n {
			all[of] = append(all[of], user)
		}
	}
	return all
}

func TestUsersAreSpread(t *testing.T) {
	const users = 20_000
	for shards := 2; shards <= 8; shards++ {
		counts, moved := make([]int, shards+1), 0
		for i := range users {
			user := fmt.Sprint("user-", i)
			before, after := redisstore.ShardOf(user, shards), redisstore.ShardOf(user, shards+1)
			counts[before]++
			if after != before {
				moved++
				if after != shards {
					t.Fatalf("%s moves from shard %d to %d, which is not new", user, before, after)
				}
			}
		}
		for shard, n := range counts[:shards] {
			if want := users / shards; math.Abs(float64(n-want)) > 0.1*float64(want) {
				t.Errorf("shard %d of %d has %d users; want about %d", shard, shards, n, want)
			}
		}
		if want := users / (shards + 1); math.Abs(float64(moved-want)) > 0.1*float64(want) {
			t.Errorf("with one shard more than %d, %d users move; want about %d", shards, moved, want)
		}
	}
	for user, want := range map[string]int{"456": 1, "u": 0, "user-7": 0} { // for good: other processes count on it
		if got := redisstore.ShardOf(user, 5); got != want {
			t.Errorf("user %q is on shard %d of 5; was on %d", user, got, want)
		}
	}
}

// One shard that is away keeps its own users waiting, and nobody else.
func TestOneShardIsAway(t *testing.T) {
	one, two := startRedis(t), startRedis(t)
	cfg := redisstore.Config{URLs: []string{one.URL(), two.URL()}, Lease: 2 * time.Second, Timeout: time.Second}
	s, other := one.open(t, cfg), one.open(t, cfg)
	users := usersOf(5)
	heard := make(chan calls.Key, 100)
	other.Receive(func(k calls.Key, _ calls.Signal) { heard <- k })
	running := claimOf(users[0][0], "running")
	claim(t, other, running, calls.Claimed)
	epochs := [2]string{s.Epoch(users[0][0]), s.Epoch(users[1][0])}
	if epochs[0] == epochs[1] {
		t.Error("the shards have the same epoch")
	}
	away := func(want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d shards are away", want), func() bool {
			n, all := s.Away()
			return n == want && all == 2
		})
	}
	away(0)
	two.Kill()
	away(1)
	for _, user := range users[1] {
		start := time.Now()
		if got, err := s.Claim(t.Context(), claimOf(user, "a")); err == nil {
			t.Errorf("%s of the shard that is away: state %d", user, got.State)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("that took %v", took)
		}
	}
	for _, user := range users[0] {
		c := claimOf(user, "a")
		complete(t, s, c, claim(t, s, c, calls.Claimed).Fence, "x", calls.Completed)
	}
	if delivered, err := s.Signal(t.Context(), running.Key, calls.Signal{Kind: calls.SignalCancel}); err != nil || !delivered {
		t.Errorf("a signal by the shard that is there: %v, %v", delivered, err)
	}
	select {
	case k := <-heard:
		if k != running.Key {
			t.Errorf("heard of %v", k)
		}
	case <-time.After(10 * time.Second):
		t.Error("the signal was not heard")
	}
	one.Kill()
	away(2)
	one.Restart()
	two.Restart()
	away(0)
	for i, user := range []string{users[0][0], users[1][0]} {
		eventually(t, "the epoch is another one, for Redis came back empty", func() bool { return s.Epoch(user) != epochs[i] })
		claim(t, s, claimOf(user, "b"), calls.Claimed)
	}
}

// When the list of shards changes while calls are out, those of users who move have
// an unknown outcome at worst: nothing is claimed twice, whatever the order of events.
func TestAnotherListOfShardsRunsNothingTwice(t *testing.T) {
	a, b, c := startRedis(t), startRedis(t), startRedis(t)
	urls := func(servers ...*server) (all []string) {
		for _, r := range servers {
			all = append(all, r.URL())
		}
		return all
	}
	lists := [][]string{urls(a, b), urls(a, b, c), urls(a), urls(b, a), urls(a, b)}
	var stores []*redisstore.Store
	for _, list := range lists {
		s, err := redisstore.New(redisstore.Config{URLs: list, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		stores = append(stores, s)
	}
	states := map[calls.ClaimState]int{}
	for i := range 200 {
		for first := range stores {
			sent := claimOf(fmt.Sprint("user", i), fmt.Sprint("call", first))
			claim(t, stores[first], sent, calls.Claimed)
			again := sent
			again.Epoch = stores[first].Epoch(sent.Key.UserID)
			for _, s := range stores {
				got, err := s.Claim(t.Context(), again)
				if err != nil {
					t.Fatal(err)
				}
				states[got.State]++
			}
		}
	}
	if states[calls.Running] == 0 || states[calls.Lost] == 0 || len(states) != 2 {
		t.Errorf("sent again, calls were in the states %v; want only running ones and lost ones", states)
	}
}
