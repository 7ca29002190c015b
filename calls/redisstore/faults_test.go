package redisstore_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/redisstore"
)

// goroutinesBack waits until there are no more goroutines than before.
func goroutinesBack(t *testing.T, before int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d goroutines are left", before), func() bool { return runtime.NumGoroutine() <= before })
}

// away are the ways in which a Redis can be out of reach, and come back.
var away = map[string]struct {
	leave, comeBack func(r *server)
	forgets         bool
}{
	"stalled":   {(*server).Pause, (*server).Continue, false},
	"restarted": {(*server).Kill, (*server).Restart, true},
	"paused": {
		func(r *server) { r.do("CLIENT", "PAUSE", "15000", "ALL") },
		func(*server) {}, false}, // it ends by itself, when the test has seen the lease lapse
}

func TestWhileRedisIsAway(t *testing.T) {
	for name, way := range away {
		t.Run(name, func(t *testing.T) {
			r := startRedis(t)
			var log journal
			timeout := time.Second
			s := r.open(t, redisstore.Config{Lease: 3 * time.Second, Timeout: timeout, Logger: log.logger()})
			heard := make(chan calls.Key, 100)
			s.Receive(func(k calls.Key, _ calls.Signal) { heard <- k })
			ended, running := claimOf("u", "ended"), claimOf("u", "running")
			complete(t, s, ended, claim(t, s, ended, calls.Claimed).Fence, "x", calls.Completed)
			fence := claim(t, s, running, calls.Claimed).Fence
			epoch := s.Epoch("u")
			before := runtime.NumGoroutine()

			way.leave(r)
			left := time.Now()
			if _, err := s.Complete(t.Context(), running.Key, fence, []byte("late")); err == nil {
				t.Error("a completion reached Redis")
			}
			ask := func(from, n int, says string) {
				var all sync.WaitGroup
				var slowest atomic.Int64
				for i := range n {
					all.Go(func() {
						start := time.Now()
						if got, err := s.Claim(t.Context(), claimOf("u", fmt.Sprint(from+i))); err == nil {
							t.Errorf("a claim found state %d", got.State)
						} else if !strings.Contains(err.Error(), says) {
							t.Errorf("a claim ended with %v; want %q", err, says)
						}
						took := int64(time.Since(start))
						for was := slowest.Load(); took > was && !slowest.CompareAndSwap(was, took); was = slowest.Load() {
						}
					})
				}
				all.Wait()
				if took := time.Duration(slowest.Load()); took > timeout+8*time.Second { // the machine may be busy
					t.Errorf("a claim took %v", took)
				}
			}
			ask(0, 3000, "redisstore: ")
			for i := range 3 * redisstore.MaxWaiting {
				s.Received("u", []string{fmt.Sprint(i)})
			}
			if _, err := s.Signal(t.Context(), running.Key, calls.Signal{Kind: calls.SignalCancel}); err == nil {
				t.Error("a signal reached Redis")
			}
			if n := s.Waiting(); n > redisstore.MaxWaiting {
				t.Errorf("%d messages wait", n)
			}
			goroutinesBack(t, before+20) // connections are tried
			eventually(t, "the lease is taken to have lapsed", func() bool { return !s.Leased() })
			ask(3000, 1000, "lease has lapsed")           // so Redis is not asked
			if time.Since(left) < 1500*time.Millisecond { // it had been renewed 1 s before, at most
				t.Error("the lease lapsed early")
			}

			way.comeBack(r)
			eventually(t, "Redis is back", s.Leased)
			if (s.Epoch("u") != epoch) != way.forgets {
				eventually(t, "the epoch is right", func() bool { return (s.Epoch("u") != epoch) == way.forgets })
			}
			eventually(t, "no claim is held by nobody", func() bool {
				for i := range 50 {
					got, err := s.Claim(t.Context(), claimOf("u", fmt.Sprint(i)))
					if err != nil {
						return false
					}
					if got.State == calls.Claimed {
						continue
					}
					if got.State != calls.Running {
						t.Fatalf("state %d", got.State)
					}
				}
				return true
			})
			again := ended
			again.Epoch = epoch
			if way.forgets {
				claim(t, s, again, calls.Lost)
				again.Key = running.Key
				claim(t, s, again, calls.Lost)
			} else {
				claim(t, s, again, calls.Done)
				again.Key = running.Key
				// What was not answered may have been done, so it is tried again.
				complete(t, s, running, fence, "late", calls.Completed)
				if got := claim(t, s, again, calls.Done); string(got.Reply) != "late" {
					t.Errorf("the reply is %q", got.Reply)
				}
			}
			eventually(t, "nothing is in doubt", func() bool { return s.Doubts() == 0 })

			mine := claimOf("v", "signalled")
			claim(t, s, mine, calls.Claimed)
			eventually(t, "signals are heard again", func() bool {
				if delivered, err := s.Signal(t.Context(), mine.Key, calls.Signal{Kind: calls.SignalCancel}); err != nil || !delivered {
					return false
				}
				for {
					select {
					case k := <-heard:
						if k == mine.Key {
							return true
						}
					default:
						return false
					}
				}
			})
			for _, once := range []string{"Redis is out of reach", "Redis is back"} {
				if n := strings.Count(log.String(), once); n != 1 {
					t.Errorf("the log says %d times that %s: %s", n, once, log.String())
				}
			}
		})
	}
}

// Claims that were not answered do not hold their calls for good: each is claimed
// when it is asked for again, once.
func TestClaimsWithoutAnAnswerAreTakenBack(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{Lease: 3 * time.Second, Timeout: time.Second})
	other := r.open(t, redisstore.Config{Lease: 3 * time.Second, Timeout: time.Second})
	for i := range 10 { // every connection is in use
		claim(t, s, claimOf("warm", fmt.Sprint(i)), calls.Claimed)
	}
	r.Pause()
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			if _, err := s.Claim(t.Context(), claimOf("u", fmt.Sprint(i))); err == nil {
				t.Error("a claim was answered")
			}
		})
	}
	all.Wait()
	if s.Doubts() == 0 {
		t.Error("nothing is in doubt")
	}
	r.Continue()
	eventually(t, "nothing is in doubt", func() bool { return s.Doubts() == 0 })
	eventually(t, "the other is back", other.Leased)
	for i := range 200 {
		claim(t, other, claimOf("u", fmt.Sprint(i)), calls.Claimed)
	}
}

// A stall in which every lease lapses tells nothing of who is alive.
func TestAStallKillsNobody(t *testing.T) {
	r := startRedis(t)
	cfg := redisstore.Config{Lease: 2 * time.Second, Timeout: time.Second}
	one, two := r.open(t, cfg), r.open(t, cfg)
	c := claimOf("u", "a")
	fence := claim(t, one, c, calls.Claimed).Fence
	one.Pause(true) // it comes back later than the other
	r.Pause()
	eventually(t, "the leases have lapsed", func() bool { return !one.Leased() && !two.Leased() })
	r.Continue()
	eventually(t, "the other is back", two.Leased)
	if n, _ := r.do("EXISTS", "centrirpc:node:"+one.ID()).AsInt64(); n != 0 {
		t.Fatal("the lease has not lapsed in Redis")
	}
	claim(t, two, c, calls.Running)
	one.Pause(false)
	eventually(t, "the owner is back", one.Leased)
	claim(t, two, c, calls.Running)
	complete(t, one, c, fence, "x", calls.Completed)
	claim(t, two, c, calls.Done)
}

func TestAProcessWithoutALeaseClaimsNothing(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{Lease: 2 * time.Second, Timeout: time.Second})
	s.Pause(true)
	eventually(t, "the lease has lapsed", func() bool { return !s.Leased() })
	if got, err := s.Claim(t.Context(), claimOf("u", "a")); err == nil {
		t.Errorf("state %d", got.State)
	}
	s.Pause(false)
	eventually(t, "it is back", s.Leased)
	claim(t, s, claimOf("u", "a"), calls.Claimed)
}

// What Redis forgot it does not know, whatever way it forgot: calls from before are
// lost, and leave nothing behind.
func TestEveryLossIsAnotherEpoch(t *testing.T) {
	for name, forget := range map[string]func(r *server){
		"restarted empty": func(r *server) { r.Kill(); r.Restart() },
		"flushed":         func(r *server) { r.do("FLUSHALL") },
		"restarted with older data": func(r *server) {
			r.do("HDEL", "centrirpc:{uu}:calls", "running") // as if it came after the snapshot
			r.do("SAVE")
			r.Kill()
			r.Restart()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRedis(t)
			var log journal
			s := r.open(t, redisstore.Config{Lease: 2 * time.Second, Timeout: time.Second, Logger: log.logger()})
			other := r.open(t, redisstore.Config{Lease: 30 * time.Second}) // its epoch is an old one for long
			c := claimOf("u", "running")
			fence := claim(t, s, c, calls.Claimed).Fence
			epoch := s.Epoch("u")
			forget(r)
			again := c
			again.Epoch = epoch
			var got calls.ClaimResult
			eventually(t, "it is answered", func() (ok bool) {
				var err error
				got, err = other.Claim(t.Context(), again)
				return err == nil
			})
			if got.State != calls.Lost {
				t.Errorf("claimed again, the call is in state %d", got.State)
			}
			if other.Epoch("u") == epoch {
				t.Error("the epoch is the same for who has seen that")
			}
			// At once, or when the connection broke on the way, a little later.
			eventually(t, "the claim is undone", func() bool {
				n, err := r.do("HEXISTS", "centrirpc:{uu}:calls", "running").AsInt64()
				return err == nil && n == 0
			})
			eventually(t, "the completion is answered", func() bool {
				done, err := s.Complete(t.Context(), c.Key, fence, []byte("x"))
				if err == nil && done != calls.Forgotten {
					t.Fatalf("completion %d", done)
				}
				return err == nil
			})
			eventually(t, "everybody knows the new epoch", func() bool { return s.Epoch("u") == other.Epoch("u") && s.Epoch("u") != epoch })
			eventually(t, "the log says so", func() bool { return strings.Contains(log.String(), "unknown outcome") })
			again.Epoch = s.Epoch("u")
			claim(t, s, again, calls.Claimed)
		})
	}
}

// A Redis without memory refuses calls; what runs ends as it should, and nobody
// seems dead.
func TestWithoutMemoryCallsAreRefusedAndEnd(t *testing.T) {
	r := startRedis(t)
	s := r.open(t, redisstore.Config{Lease: 2 * time.Second, Timeout: time.Second})
	other := r.open(t, redisstore.Config{Lease: 2 * time.Second, Timeout: time.Second})
	first, second := claimOf("u", "a"), claimOf("u", "b")
	fence := claim(t, s, first, calls.Claimed).Fence
	fence2 := claim(t, s, second, calls.Claimed).Fence
	stays := claimOf("u", "c")
	claim(t, s, stays, calls.Claimed)
	r.do("CONFIG", "SET", "maxmemory", "1mb")
	claim(t, s, claimOf("u", "new"), calls.Full)
	complete(t, s, first, fence, strings.Repeat("x", 1000), calls.Completed)
	if got := claim(t, other, first, calls.Done); len(got.Reply) != 1000 {
		t.Errorf("%d bytes", len(got.Reply))
	}
	if done, err := s.Complete(t.Context(), second.Key, fence2, nil); err != nil || done != calls.Completed {
		t.Error(done, err)
	}
	s.Received("u", []string{"a"})
	eventually(t, "the reply is dropped", func() bool {
		got, err := other.Claim(t.Context(), first)
		return err == nil && got.State == calls.Dropped
	})
	late := r.open(t, redisstore.Config{}) // a lease can be had as well
	claim(t, late, claimOf("u", "new"), calls.Full)
	was := []time.Duration{s.Renewed(), other.Renewed()}
	eventually(t, "every lease is renewed", func() bool { return s.Renewed() > was[0] && other.Renewed() > was[1] })
	claim(t, other, stays, calls.Running)
	r.do("CONFIG", "SET", "maxmemory", "0")
	claim(t, s, claimOf("u", "new"), calls.Claimed)
}

// Nothing is left running after Close, whatever Redis does.
func TestCloseEndsEverything(t *testing.T) {
	for name, happens := range map[string]func(r *server){"well": func(*server) {}, "stalled": (*server).Pause, "dead": (*server).Kill} {
		t.Run(name, func(t *testing.T) {
			r := startRedis(t)
			before := runtime.NumGoroutine()
			s := r.open(t, redisstore.Config{Timeout: 400 * time.Millisecond})
			s.Receive(func(calls.Key, calls.Signal) {})
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() { s.Claim(t.Context(), claimOf("u", fmt.Sprint(i))) })
			}
			all.Wait()
			happens(r)
			for i := range 100 {
				all.Go(func() { s.Claim(t.Context(), claimOf("v", fmt.Sprint(i))) })
			}
			start := time.Now()
			s.Close()
			s.Close()
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			all.Wait()
			goroutinesBack(t, before)
		})
	}
}

func TestNothingOfTheURLIsLogged(t *testing.T) {
	r := startRedis(t, "--requirepass", "geheim")
	var log journal
	s := r.open(t, redisstore.Config{URLs: []string{"redis://:geheim@" + r.Addr()}, Lease: 600 * time.Millisecond, Logger: log.logger()})
	r.Kill()
	eventually(t, "Redis is missed", func() bool { return strings.Contains(log.String(), "out of reach") })
	_, err := s.Claim(t.Context(), claimOf("u", "a"))
	if err == nil {
		t.Fatal("no error")
	}
	if text := log.String() + err.Error(); strings.Contains(text, "geheim") {
		t.Error(text)
	}
}
