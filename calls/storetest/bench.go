package storetest

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// Bench measures claim, complete and received of calls with a reply of 200 bytes:
// of one user after another, of one user and of many at once, and claims of calls
// that have ended. Ids are received 32 at a time, as clients do. after, if any, are
// called with the number of calls made, to report what else they cost.
func Bench(b *testing.B, fresh func(b *testing.B) calls.Store, after ...func(b *testing.B, calls int)) {
	reply := make([]byte, 200)
	for i := range reply {
		reply[i] = 'x'
	}
	run := func(b *testing.B, s calls.Store, user string, prefix string, next func() bool) {
		ids := make([]string, 0, 32)
		for i := 0; next(); i++ {
			key := calls.Key{UserID: user, CorrelationID: prefix + strconv.Itoa(i)}
			got, err := s.Claim(b.Context(), calls.Claim{Key: key, Deadline: time.Now().Add(-5 * time.Second)}) // to be forgotten in 5 s
			if err != nil || got.State != calls.Claimed {
				b.Error(got.State, err)
				return
			}
			if _, err := s.Complete(b.Context(), key, got.Fence, reply); err != nil {
				b.Error(err)
				return
			}
			if ids = append(ids, key.CorrelationID); len(ids) == cap(ids) {
				s.Received(user, ids)
				ids = make([]string, 0, 32)
			}
		}
	}
	done := func(b *testing.B) {
		b.StopTimer()
		for _, f := range after {
			f(b, b.N)
		}
	}
	b.Run("one after another", func(b *testing.B) {
		s, n := fresh(b), 0
		b.ReportAllocs()
		b.ResetTimer()
		run(b, s, "u", "", func() bool { n++; return n <= b.N })
		done(b)
	})
	for _, users := range []int{1, 1000} {
		b.Run(fmt.Sprintf("at once, of %d users", users), func(b *testing.B) {
			s := fresh(b)
			var workers atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				n := int(workers.Add(1))
				run(b, s, "u"+strconv.Itoa(n%users), strconv.Itoa(n)+"-", pb.Next)
			})
			done(b)
		})
	}
	b.Run("asked again", func(b *testing.B) {
		s := fresh(b)
		claim := calls.Claim{Key: calls.Key{UserID: "u", CorrelationID: "a"}, Deadline: time.Now().Add(time.Hour)}
		got, err := s.Claim(b.Context(), claim)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Complete(b.Context(), claim.Key, got.Fence, reply); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if got, err := s.Claim(b.Context(), claim); err != nil || got.State != calls.Done {
				b.Fatal(got.State, err)
			}
		}
		done(b)
	})
}
