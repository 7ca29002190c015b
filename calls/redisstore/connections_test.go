package redisstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls/redisstore"
)

func enter(t *testing.T, s *redisstore.Store, user string, limit int, want bool) {
	t.Helper()
	if got, err := s.Enter(t.Context(), user, limit); err != nil || got != want {
		t.Fatalf("a connection of %s: allowed %v, %v; want %v", user, got, err, want)
	}
}

// mayEnter waits until the user may have another connection there.
func mayEnter(t *testing.T, s *redisstore.Store, user string, limit int) {
	t.Helper()
	eventually(t, "another connection is allowed", func() bool {
		allowed, err := s.Enter(t.Context(), user, limit)
		if err != nil {
			t.Fatal(err)
		}
		if !allowed {
			s.Leave(user)
		}
		return allowed
	})
}

func TestConnectionsAreCountedOverProcesses(t *testing.T) {
	r := startRedis(t)
	cfg := redisstore.Config{Lease: lease}
	one, two, three := r.open(t, cfg), r.open(t, cfg), r.open(t, cfg)
	enter(t, one, "u", 3, true)
	enter(t, two, "u", 3, true)
	enter(t, two, "u", 3, true)
	enter(t, three, "u", 3, false)
	three.Leave("u")
	enter(t, one, "v", 1, true)
	enter(t, two, "v", 1, false)
	two.Leave("v")
	one.Leave("v")
	mayEnter(t, two, "v", 1)
	two.Leave("u")
	mayEnter(t, three, "u", 3)
	enter(t, one, "u", 3, false)
	one.Leave("u")

	two.Pause(true) // as if it had been killed
	mayEnter(t, one, "u", 3)
	three.Close()
	mayEnter(t, one, "u", 3)
	if ttl, err := r.do("PTTL", "centrirpc:{uu}:connections").AsInt64(); err != nil || ttl <= 0 || ttl > (30*time.Minute).Milliseconds() {
		t.Errorf("the numbers expire after %d ms, %v", ttl, err)
	}
}

// Of many who come at once exactly as many get in as may.
func TestManyConnectionsAtOnce(t *testing.T) {
	r := startRedis(t)
	stores := []*redisstore.Store{r.open(t, redisstore.Config{}), r.open(t, redisstore.Config{}), r.open(t, redisstore.Config{})}
	for round := range 20 {
		user := fmt.Sprint("u", round)
		var in atomic.Int32
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				s := stores[i%3]
				switch allowed, err := s.Enter(t.Context(), user, 10); {
				case err != nil:
					t.Error(err)
				case allowed:
					in.Add(1)
				}
			})
		}
		all.Wait()
		// Those who were refused are counted until they leave, so fewer may be in.
		if n := in.Load(); n < 1 || n > 10 {
			t.Errorf("%d got in; want 10 at most", n)
		}
	}
}

// What Redis forgot, or did not hear of while it was away, it is told.
func TestConnectionsAreToldAgain(t *testing.T) {
	r := startRedis(t)
	cfg := redisstore.Config{Lease: lease, Timeout: 300 * time.Millisecond}
	one, two := r.open(t, cfg), r.open(t, cfg)
	enter(t, one, "stays", 1, true)
	enter(t, one, "leaves", 1, true)
	r.Pause()
	if allowed, err := two.Enter(t.Context(), "comes", 1); !allowed || err == nil {
		t.Errorf("while Redis is away: allowed %v, %v", allowed, err)
	}
	one.Leave("leaves")
	r.Continue()
	mayEnter(t, two, "leaves", 1)
	eventually(t, "the one that came is known", func() bool {
		allowed, err := one.Enter(t.Context(), "comes", 1)
		one.Leave("comes")
		return err == nil && !allowed
	})
	r.Kill()
	r.Restart()
	eventually(t, "the one that stays is known again", func() bool {
		allowed, err := two.Enter(t.Context(), "stays", 1)
		two.Leave("stays")
		return err == nil && !allowed
	})
}
