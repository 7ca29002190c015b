// Package storetest is what every call store must pass: one suite, run on each
// implementation by its own tests, so that they cannot drift apart.
package storetest

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// Exercise runs the suite. fresh gives an empty store for each part.
func Exercise(t *testing.T, fresh func(t *testing.T) calls.Store) {
	claimOf := func(user, id string) calls.Claim {
		return calls.Claim{Key: calls.Key{UserID: user, CorrelationID: id}, Fingerprint: calls.Fingerprint{1}, Deadline: time.Now().Add(time.Minute)}
	}
	claim := func(t *testing.T, s calls.Store, c calls.Claim, want calls.ClaimState) calls.ClaimResult {
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
	complete := func(t *testing.T, s calls.Store, c calls.Claim, fence uint64, reply string, want calls.Completion) {
		t.Helper()
		got, err := s.Complete(t.Context(), c.Key, fence, []byte(reply))
		if err != nil || got != want {
			t.Fatalf("completing %+v = %v, %v; want %v", c.Key, got, err, want)
		}
	}

	t.Run("a call is claimed once, attached to while it runs, answered again when it has ended", func(t *testing.T) {
		s, c := fresh(t), claimOf("u", "a")
		first := claim(t, s, c, calls.Claimed)
		claim(t, s, c, calls.Running)
		complete(t, s, c, first.Fence, `{"result":1}`, calls.Completed)
		for range 2 {
			if again := claim(t, s, c, calls.Done); !bytes.Equal(again.Reply, []byte(`{"result":1}`)) {
				t.Fatalf("reply = %s", again.Reply)
			}
		}
	})
	t.Run("another request under the same key is a conflict, running or ended", func(t *testing.T) {
		s, c := fresh(t), claimOf("u", "a")
		other := c
		other.Fingerprint = calls.Fingerprint{2}
		first := claim(t, s, c, calls.Claimed)
		claim(t, s, other, calls.Conflict)
		complete(t, s, c, first.Fence, "x", calls.Completed)
		claim(t, s, other, calls.Conflict)
	})
	t.Run("users do not share ids", func(t *testing.T) {
		s := fresh(t)
		claim(t, s, claimOf("u", "a"), calls.Claimed)
		claim(t, s, claimOf("v", "a"), calls.Claimed)
		claim(t, s, claimOf("ua", ""), calls.Claimed)
		claim(t, s, claimOf("", "ua"), calls.Claimed)
	})
	t.Run("a call is completed once, and only by its owner", func(t *testing.T) {
		s, c := fresh(t), claimOf("u", "a")
		first := claim(t, s, c, calls.Claimed)
		complete(t, s, c, first.Fence+1, "theirs", calls.Superseded)
		complete(t, s, c, first.Fence, "ours", calls.Completed)
		complete(t, s, c, first.Fence, "again", calls.Superseded)
		if again := claim(t, s, c, calls.Done); string(again.Reply) != "ours" {
			t.Fatalf("reply = %s", again.Reply)
		}
		complete(t, s, claimOf("u", "never claimed"), 1, "x", calls.Forgotten)
	})
	t.Run("a reply that was received is dropped, its key stays", func(t *testing.T) {
		s, c, running := fresh(t), claimOf("u", "a"), claimOf("u", "b")
		first := claim(t, s, c, calls.Claimed)
		claim(t, s, running, calls.Claimed)
		complete(t, s, c, first.Fence, "x", calls.Completed)
		s.Received("v", []string{"a"})
		claim(t, s, c, calls.Done)
		s.Received("u", []string{"a", "b", "unknown"})
		claim(t, s, c, calls.Dropped)
		claim(t, s, running, calls.Running)
	})
	t.Run("a notification ends without a reply", func(t *testing.T) {
		s, c := fresh(t), claimOf("u", "a")
		first := claim(t, s, c, calls.Claimed)
		if got, err := s.Complete(t.Context(), c.Key, first.Fence, nil); err != nil || got != calls.Completed {
			t.Fatal(got, err)
		}
		if again := claim(t, s, c, calls.Done); len(again.Reply) != 0 {
			t.Fatalf("reply = %s", again.Reply)
		}
	})
	t.Run("of many claims at once one wins", func(t *testing.T) {
		s := fresh(t)
		for i := range 50 {
			c := claimOf("u", fmt.Sprint(i))
			var won atomic.Int32
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if got, err := s.Claim(t.Context(), c); err == nil && got.State == calls.Claimed {
						won.Add(1)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d claims won", won.Load())
			}
		}
	})
}
