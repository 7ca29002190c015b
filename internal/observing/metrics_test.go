package observing

import (
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// What is told on the way of every call makes no garbage.
func TestObservingAllocatesNothing(t *testing.T) {
	m := NewMetrics(centrirpc.NewRouter(), []string{"news"})
	observer := m.Method(&centrirpc.Method{Name: "a.b", Kind: contract.Stream})
	var asObserver calls.Observer = m
	for name, tell := range map[string]func(){
		"events": func() {
			for event := range calls.Event(calls.Events) {
				observer.Happened(event)
			}
		},
		"returned": func() { observer.HandlerReturned(time.Millisecond) },
		"ended":    func() { observer.CallEnded(0, time.Millisecond) },
		"failed":   func() { observer.CallEnded(wire.NotFound, time.Millisecond) },
		"own":      func() { observer.CallEnded(1999, time.Millisecond) },
		"store":    func() { asObserver.StoreAsked(true, time.Millisecond, nil) },
		"channel":  func() { m.Published("news") },
	} {
		if n := testing.AllocsPerRun(100, tell); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
