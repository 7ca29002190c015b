package memstore_test

import (
	"testing"

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
