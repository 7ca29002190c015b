package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/calls/storetest"
)

// BenchmarkCall is what one call costs the store: claim, complete and received.
func BenchmarkCall(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) calls.Store {
		s := memstore.New(memstore.Config{})
		b.Cleanup(s.Close)
		return s
	})
}

// BenchmarkSweep is what a second costs a store whose calls have deadlines all over
// an hour, when none of them is over.
func BenchmarkSweep(b *testing.B) {
	s := memstore.New(memstore.Config{})
	b.Cleanup(s.Close)
	for i := range 500_000 {
		key := calls.Key{UserID: fmt.Sprint(i % 1000), CorrelationID: fmt.Sprint(i)}
		if _, err := s.Claim(b.Context(), calls.Claim{Key: key, Deadline: time.Now().Add(time.Minute + time.Duration(i%3600)*time.Second)}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		s.Sweep(0)
	}
}
