package memstore_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/calls/storetest"
)

func open(t *testing.T, cfg memstore.Config) *memstore.Store {
	s := memstore.New(cfg)
	t.Cleanup(s.Close)
	return s
}

func TestStore(t *testing.T) {
	var mu sync.Mutex
	ahead := map[calls.Store]*atomic.Int64{} // of the clock
	storetest.Exercise(t, storetest.Backend{
		Open: func(t *testing.T, limits storetest.Limits) calls.Store {
			clock := new(atomic.Int64)
			s := open(t, memstore.Config{
				MaxCallsPerUser:      limits.CallsPerUser,
				MaxReplyBytesPerUser: limits.ReplyBytesPerUser,
				Now:                  func() time.Time { return time.Now().Add(time.Duration(clock.Load())) },
			})
			mu.Lock()
			defer mu.Unlock()
			ahead[s] = clock
			return s
		},
		Age: func(_ *testing.T, s calls.Store) {
			mu.Lock()
			defer mu.Unlock()
			ahead[s].Add(int64(6 * time.Second))
		},
	})
}

func claim(t *testing.T, s *memstore.Store, id string, timeout time.Duration) calls.ClaimResult {
	t.Helper()
	got, err := s.Claim(t.Context(), calls.Claim{Key: calls.Key{UserID: "u", CorrelationID: id}, Deadline: time.Now().Add(timeout)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func complete(t *testing.T, s *memstore.Store, id string, fence uint64, reply string) {
	t.Helper()
	if got, err := s.Complete(t.Context(), calls.Key{UserID: "u", CorrelationID: id}, fence, []byte(reply)); err != nil || got != calls.Completed {
		t.Fatal(got, err)
	}
}

func TestCallsAreForgottenAfterTheirDeadlineAndTheMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{})
		defer s.Close()
		for i := range 1000 {
			id := fmt.Sprint(i)
			complete(t, s, id, claim(t, s, id, time.Second).Fence, "reply")
		}
		time.Sleep(time.Second + memstore.Margin)
		synctest.Wait()
		if got := claim(t, s, "0", time.Second); got.State != calls.Done {
			t.Errorf("forgotten before its time: state %d", got.State)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if s.Len() != 0 || s.ReplyBytes() != 0 {
			t.Errorf("%d calls and %d bytes are left", s.Len(), s.ReplyBytes())
		}
		if got := claim(t, s, "0", time.Second); got.State != calls.Claimed {
			t.Errorf("state %d", got.State)
		}
	})
}

func TestAtTheBoundOldRepliesGiveWayAndYoungOnesDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{MaxReplyBytes: 256_000, MaxReplyBytesPerUser: 256_000})
		defer s.Close()
		reply := strings.Repeat("x", 100)
		fill := func(prefix string) (full int) {
			for i := range 5000 {
				id := fmt.Sprint(prefix, i)
				got := claim(t, s, id, time.Minute)
				if got.State == calls.Full {
					full++
					continue
				}
				complete(t, s, id, got.Fence, reply)
			}
			return full
		}
		if fill("a") == 0 {
			t.Fatal("young replies gave way")
		}
		if got := claim(t, s, "a0", time.Minute); got.State != calls.Done {
			t.Fatalf("state %d", got.State)
		}
		time.Sleep(6 * time.Second)
		if claimed := 5000 - fill("b"); claimed < 2000 {
			t.Fatalf("only %d calls found room", claimed)
		}
		if got := claim(t, s, "a0", time.Minute); got.State != calls.Dropped {
			t.Errorf("the oldest reply is in state %d; want it dropped, its key kept", got.State)
		}
		if most := int64(256_000 + 512); s.ReplyBytes() > most {
			t.Errorf("%d bytes are kept; at most %d are allowed", s.ReplyBytes(), most)
		}
	})
}

func TestCallsAreBounded(t *testing.T) {
	s := open(t, memstore.Config{MaxCalls: 640, MaxCallsPerUser: 640})
	full := 0
	for i := range 2000 {
		if claim(t, s, fmt.Sprint(i), time.Minute).State == calls.Full {
			full++
		}
	}
	if s.Len() > 640 || s.Len()+full != 2000 {
		t.Errorf("%d calls are remembered, %d were refused", s.Len(), full)
	}
}

// The bound is one of all replies together, however large each is.
func TestLargeRepliesFillTheStoreEvenly(t *testing.T) {
	s := open(t, memstore.Config{MaxReplyBytes: 64 << 20, MaxReplyBytesPerUser: 64 << 20})
	reply, kept := strings.Repeat("x", 512<<10), 0
	for i := range 200 {
		id := fmt.Sprint(i)
		got := claim(t, s, id, time.Minute)
		if got.State == calls.Full {
			continue
		}
		complete(t, s, id, got.Fence, reply)
		kept++
	}
	if kept != 128 {
		t.Errorf("%d replies of 512 KiB were kept; want the 128 that fit into 64 MiB", kept)
	}
}

// Replies that were received give their memory back though others of their time
// are kept.
func TestReceivedRepliesGiveTheirMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{})
		defer s.Close()
		reply := strings.Repeat("x", 1000)
		var ids []string
		for i := range 20_000 {
			id := fmt.Sprint(i)
			complete(t, s, id, claim(t, s, id, time.Minute).Fence, reply+id)
			if i%1000 > 0 {
				ids = append(ids, id)
			}
		}
		before := s.ReplyBytes()
		s.Received("u", ids)
		if after := s.ReplyBytes(); before < 20_000_000 || after > 3_000_000 {
			t.Errorf("%d bytes before, %d after", before, after)
		}
		for i := range 20 {
			if got := claim(t, s, fmt.Sprint(i*1000), time.Minute); got.State != calls.Done || string(got.Reply) != reply+fmt.Sprint(i*1000) {
				t.Errorf("reply %d: state %d, %d bytes", i*1000, got.State, len(got.Reply))
			}
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if s.Len() != 0 || s.ReplyBytes() != 0 {
			t.Errorf("%d calls and %d bytes are left", s.Len(), s.ReplyBytes())
		}
	})
}

// What is kept long does not keep what came after it.
func TestALongCallDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{MaxReplyBytes: 1 << 20, MaxReplyBytesPerUser: 1 << 20})
		defer s.Close()
		for i := range 1000 { // in every shard
			id := fmt.Sprint("long", i)
			complete(t, s, id, claim(t, s, id, 24*time.Hour).Fence, "r")
		}
		complete(t, s, "again", claim(t, s, "again", time.Second).Fence, "old")
		for round := range 20 {
			for i := range 10_000 {
				id := fmt.Sprint(round, "-", i)
				complete(t, s, id, claim(t, s, id, time.Second).Fence, "r")
			}
			time.Sleep(20 * time.Second)
		}
		synctest.Wait()
		if n := s.Places(); s.Len() != 1000 || n > 22_000 {
			t.Errorf("for %d calls, %d places are taken", s.Len(), n)
		}
		// A reply is no older than its call, whatever else had its key before.
		complete(t, s, "again", claim(t, s, "again", time.Minute).Fence, "new")
		complete(t, s, "large", claim(t, s, "large", time.Minute).Fence, strings.Repeat("x", 1<<20))
		claim(t, s, "makes room", time.Minute)
		if got := claim(t, s, "again", time.Minute); got.State != calls.Done || string(got.Reply) != "new" {
			t.Errorf("state %d, %q; a reply is kept for 5 s at least", got.State, got.Reply)
		}
	})
}

func TestASmallStoreWhoseRepliesAreReceivedIsNeverFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{MaxReplyBytes: 16 << 10, MaxReplyBytesPerUser: 16 << 10})
		defer s.Close()
		for i := range 500 {
			id := fmt.Sprint(i)
			got := claim(t, s, id, time.Second)
			if got.State != calls.Claimed {
				t.Fatalf("call %d finds the store in state %d with %d bytes", i, got.State, s.ReplyBytes())
			}
			complete(t, s, id, got.Fence, "r")
			s.Received("u", []string{id})
		}
	})
}

func TestACallWhoseTimeIsLongOverIsForgottenToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{})
		defer s.Close()
		time.Sleep(time.Minute)
		claim(t, s, "a", -time.Hour)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := s.Len(); n != 0 {
			t.Errorf("%d calls are remembered", n)
		}
	})
}

func TestWhatExpiredLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Config{})
		defer s.Close()
		for round := range 10 {
			for i := range 3000 {
				key := calls.Key{UserID: fmt.Sprint("u", i%500), CorrelationID: fmt.Sprint(round, "-", i)}
				got, err := s.Claim(t.Context(), calls.Claim{Key: key, Deadline: time.Now().Add(time.Second)})
				if err != nil || got.State != calls.Claimed {
					t.Fatal(got, err)
				}
				if i%3 > 0 {
					if _, err := s.Complete(t.Context(), key, got.Fence, []byte("reply")); err != nil {
						t.Fatal(err)
					}
				}
				if i%3 > 1 {
					s.Received(key.UserID, []string{key.CorrelationID})
				}
			}
			time.Sleep(15 * time.Second)
			synctest.Wait()
		}
		if s.Len() != 0 || s.ReplyBytes() != 0 || s.Users() != 0 {
			t.Errorf("%d calls of %d users and %d bytes are left", s.Len(), s.Users(), s.ReplyBytes())
		}
		if n := s.Places(); n > 3000 {
			t.Errorf("%d places were made for 3000 calls at a time", n)
		}
	})
}
