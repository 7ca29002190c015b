package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// margin is how long stores remember calls past their deadline.
const margin = 10 * time.Second

// oneStore are the tests of what every store does.
func oneStore() []part {
	return []part{
		simple("a call is claimed once, attached to while it runs, answered again when it has ended", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			first := s.claim(c, calls.Claimed)
			s.claim(c, calls.Running)
			s.complete(c, first.Fence, `{"result":1}`, calls.Completed)
			for range 2 {
				s.replies(c, `{"result":1}`)
			}
		}),
		simple("another request under the same key is a conflict, running, ended or dropped", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			other := c
			other.Fingerprint = calls.Fingerprint{2}
			first := s.claim(c, calls.Claimed)
			s.claim(other, calls.Conflict)
			s.complete(c, first.Fence, "x", calls.Completed)
			s.claim(other, calls.Conflict)
			s.Received("u", []string{"a"})
			s.becomes(c, calls.Dropped)
			s.claim(other, calls.Conflict)
		}),
		simple("users do not share ids", func(_ *testing.T, s subject) {
			for i, c := range []calls.Claim{claimOf("u", "a"), claimOf("v", "a"), claimOf("ua", "b"), claimOf("", "ua"), claimOf("u}", "a"), claimOf("u{", "a"), claimOf("u%7D", "a"), claimOf("é", "a")} {
				s.ended(c, fmt.Sprint(i))
				defer s.replies(c, fmt.Sprint(i))
			}
		}),
		simple("a call is completed once, and only by its owner", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			first := s.claim(c, calls.Claimed)
			s.complete(c, first.Fence+1, "theirs", calls.Superseded)
			s.complete(c, first.Fence, "ours", calls.Completed)
			s.complete(c, first.Fence, "another", calls.Superseded)
			s.complete(c, first.Fence, "ours", calls.Completed) // again, for its answer was lost
			s.complete(c, first.Fence+1, "ours", calls.Superseded)
			s.replies(c, "ours")
		}),
		simple("a call that nobody claimed is forgotten", func(_ *testing.T, s subject) {
			s.complete(claimOf("u", "a"), 1, "x", calls.Forgotten)
			s.claim(claimOf("u", "a"), calls.Claimed)
		}),
		simple("a reply is kept byte by byte", func(_ *testing.T, s subject) {
			for i, reply := range []string{"\x00\r\n$-1\xff", strings.Repeat("é", 300_000)} {
				c := claimOf("u", fmt.Sprint(i))
				s.ended(c, reply)
				s.replies(c, reply)
			}
		}),
		simple("a reply that was received is dropped, its key stays", func(_ *testing.T, s subject) {
			c, running, other := claimOf("u", "a"), claimOf("u", "b"), claimOf("u", "c")
			first := s.claim(c, calls.Claimed)
			second := s.claim(running, calls.Claimed)
			s.complete(c, first.Fence, "x", calls.Completed)
			s.ended(other, "y")
			s.Received("v", []string{"a"})
			s.Received("u", nil)
			s.Received("u", []string{"b", "c", "unknown"})
			s.becomes(other, calls.Dropped)
			s.claim(c, calls.Done)
			s.Received("u", []string{"a", "a"})
			s.becomes(c, calls.Dropped)
			s.complete(c, first.Fence, "z", calls.Superseded)
			s.claim(running, calls.Running)
			s.complete(running, second.Fence, "z", calls.Completed)
			s.replies(running, "z")
		}),
		simple("a notification ends without a reply", func(t *testing.T, s subject) {
			c := claimOf("u", "a")
			first := s.claim(c, calls.Claimed)
			for range 2 {
				if got, err := s.Complete(t.Context(), c.Key, first.Fence, nil); err != nil || got != calls.Completed {
					t.Fatal(got, err)
				}
			}
			s.complete(c, first.Fence, "x", calls.Superseded)
			s.replies(c, "")
		}),
		simple("finding takes nothing", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			s.find(c, calls.Unknown)
			s.find(c, calls.Unknown)
			first := s.claim(c, calls.Claimed)
			s.find(c, calls.Running)
			s.complete(c, first.Fence, "x", calls.Completed)
			s.find(c, calls.Done)
			s.Received("u", []string{"a"})
			s.becomes(c, calls.Dropped)
			s.find(c, calls.Dropped)
			c.Fingerprint = calls.Fingerprint{2}
			s.find(c, calls.Conflict)
		}),
		simple("users do not know of one another's calls", func(_ *testing.T, s subject) {
			users := manyUsers()
			for _, user := range users {
				s.ended(claimOf(user, "a"), "of "+user)
			}
			for _, user := range users {
				s.replies(claimOf(user, "a"), "of "+user)
				s.Received(user, []string{"a"})
				s.becomes(claimOf(user, "a"), calls.Dropped)
			}
		}),
		simple("an epoch is printable, and stays", func(t *testing.T, s subject) {
			epoch := s.Epoch("u")
			if len(epoch) == 0 || len(epoch) > 64 || strings.ContainsFunc(epoch, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("the epoch is %q", epoch)
			}
			s.ended(claimOf("u", "a"), "x")
			if again := s.Epoch("u"); again != epoch {
				t.Errorf("the epoch was %q and is %q", epoch, again)
			}
		}),
		simple("a call of another epoch that is not there is lost, unless it may run again", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			c.Epoch = "another"
			s.find(c, calls.Unknown)
			for range 2 { // the claim leaves nothing behind
				s.claim(c, calls.Lost)
			}
			s.claim(claimOf("u", "b"), calls.Claimed)
			c.Idempotent = true
			s.ended(c, "x")
			c.Idempotent = false
			s.replies(c, "x") // what is there is there
		}),
		simple("a call of this epoch that is not there was never claimed", func(_ *testing.T, s subject) {
			c := claimOf("u", "a")
			c.Epoch = s.Epoch("u")
			s.ended(c, "x")
			s.replies(c, "x")
		}),
		simple("calls are forgotten after their deadline and the margin", func(_ *testing.T, s subject) {
			soon := func(id string) calls.Claim {
				c := claimOf("u", id)
				c.Deadline = time.Now().Add(300*time.Millisecond - margin)
				return c
			}
			ended, running, again := soon("ended"), soon("running"), soon("again")
			s.ended(claimOf("u", "kept"), "x")
			fence := s.claim(running, calls.Claimed).Fence
			old := s.claim(again, calls.Claimed).Fence
			s.ended(ended, "x")
			s.replies(ended, "x")
			find := running
			find.Find = true
			s.becomes(find, calls.Unknown)
			s.complete(running, fence, "x", calls.Forgotten)
			find.Key = ended.Key
			s.becomes(find, calls.Unknown)
			find.Key = again.Key
			s.becomes(find, calls.Unknown)
			newer := claimOf("u", "again")
			newer.Fingerprint = calls.Fingerprint{2}
			first := s.claim(newer, calls.Claimed)
			s.complete(again, old, "old", calls.Superseded)
			s.complete(newer, first.Fence, "new", calls.Completed)
			s.replies(newer, "new")
			s.replies(claimOf("u", "kept"), "x")
		}),
		simple("of many claims at once one wins", func(t *testing.T, s subject) { race(t, s) }),
	}
}

// race lets stores claim the same calls at the same time.
func race(t *testing.T, stores ...subject) {
	for i := range 50 {
		c := claimOf("u", fmt.Sprint(i))
		var won atomic.Int32
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				if got, err := stores[n%len(stores)].Claim(t.Context(), c); err != nil || got.State != calls.Claimed && got.State != calls.Running {
					t.Error(got, err)
				} else if got.State == calls.Claimed {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d claims won", won.Load())
		}
	}
}
