package redisstore_test

import (
	"fmt"
	"strings"
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

// mayEnter waits until the user may have another connection there, and Redis says so.
func mayEnter(t *testing.T, s *redisstore.Store, user string, limit int) {
	t.Helper()
	eventually(t, "another connection is allowed", func() bool {
		allowed, err := s.Enter(t.Context(), user, limit)
		if !allowed || err != nil { // Redis is away, or slow on a busy machine
			s.Leave(user)
		}
		return allowed && err == nil
	})
}

func TestConnectionsAreCountedOverProcesses(t *testing.T) {
	r := startRedis(t)
	cfg := redisstore.Config{Lease: lease, Timeout: time.Second}
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
	cfg := redisstore.Config{Lease: lease, Timeout: time.Second}
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

// Who has left is soon nothing in Redis: users may be as many as connections.
func TestUsersWhoLeftAreForgotten(t *testing.T) {
	r := startRedis(t)
	one, two := r.open(t, redisstore.Config{}), r.open(t, redisstore.Config{})
	lasts := func(user string) time.Duration {
		ms, err := r.do("PTTL", "centrirpc:{u"+user+"}:connections").AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(ms) * time.Millisecond
	}
	enter(t, one, "gone", 5, true)
	enter(t, one, "here", 5, true)
	enter(t, two, "here", 5, true)
	one.Leave("here")
	one.Leave("gone")
	eventually(t, "the one who left is to be forgotten", func() bool { return lasts("gone") <= time.Minute })
	eventually(t, "the other connection counts alone", func() bool {
		got, err := r.do("HGET", "centrirpc:{uhere}:connections", one.ID()).ToString()
		return err == nil && strings.Contains(got, " 0 ")
	})
	if got := lasts("here"); got <= 20*time.Minute {
		t.Errorf("a user who is there is forgotten in %v", got)
	}
}

// While Redis is away, users who have come and gone do not heap up.
func TestUsersWhoLeftDoNotHeapUp(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{Lease: lease})
	s.Pause(true)
	eventually(t, "the lease has lapsed", func() bool { return !s.Leased() })
	for i := range redisstore.MaxUntold + 1000 {
		s.Leave(fmt.Sprint("u", i))
	}
	if n := s.Untold(); n > redisstore.MaxUntold {
		t.Errorf("%d users are waiting; want %d at most", n, redisstore.MaxUntold)
	}
	s.Pause(false)
	eventually(t, "Redis is told", func() bool { return s.Untold() == 0 })
}
