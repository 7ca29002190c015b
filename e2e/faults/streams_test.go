package faults

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Streams go on for as long as it takes to cut their connection a hundred times, and
// other calls go on beside them.
func TestAStreamIsCutAHundredTimes(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		const cuts = 100
		streams := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{MS: 1, File: r.gate}, TimeoutMS: 240_000}, 3)
		r.starts(streams)
		random := rand.New(rand.NewPCG(1, 2))
		var beside []string
		for cut := 0; cut < cuts; {
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond) // at a random item
			if r.proxy.Cut() == 0 {
				continue
			}
			cut++
			beside = append(beside, r.start(order{Key: fmt.Sprintf("c%d-", cut), Method: "work.once", TimeoutMS: 240_000}, 1)...)
		}
		for _, key := range streams {
			if r.client.hasEnded(key) {
				t.Errorf("%s ended before all the cuts", key)
			}
		}
		r.open()
		r.want(streams, itself, 1)
		r.want(beside, itself, 1)
		for _, key := range streams {
			if got := r.client.outcome(key); got.Items != got.Sent || got.Items < cuts {
				t.Errorf("of %s %d of %d items arrived", key, got.Items, got.Sent)
			}
		}
		r.finish()
	})
}

// A reader that stops for a while stops the handler, and what it would have sent piles
// up nowhere.
func TestASlowReaderOfAStream(t *testing.T) {
	t.Parallel()
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		before := r.node.load()
		const size, limit = 4 << 10, 32 << 20
		o := order{Start: "stream", Key: "long", Method: "work.count", Params: work{N: 3_000, Pad: size}, Hold: 16, Take: 32, TimeoutMS: 200_000}
		long := r.start(o, 9) // 108 MB of items
		o.Key, o.Params.N, o.Take = "whole", 500, 0
		whole := r.start(o, 1)
		keys := append(long, whole...)
		for _, key := range keys {
			r.client.frame("held", key)
		}
		within(t, func() (bool, string) {
			l := r.node.load()
			waiting := l.In["github.com/centrirpc/centrirpc/calls.(*stream).await"]
			return waiting == len(keys), fmt.Sprintf("%d of %d handlers are held up: %v", waiting, len(keys), l.In)
		})
		for range 20 { // they stay so, and nothing grows
			if during := r.node.load(); during.Heap > before.Heap+limit {
				t.Fatalf("the heap went from %d to %d bytes", before.Heap, during.Heap)
			}
			time.Sleep(20 * time.Millisecond)
		}
		if done := r.journal.count("done"); len(done) > 0 {
			t.Errorf("handlers went on without their reader: %v", done)
		}
		for _, key := range keys {
			r.client.tell(map[string]string{"go_on": key})
		}
		r.want(long, always("result left"), 1)
		r.want(whole, itself, 1)
		if got := r.client.outcome(whole[0]); got.Items != o.Params.N || got.Sent != o.Params.N {
			t.Errorf("%d of %d items arrived; want %d", got.Items, got.Sent, o.Params.N)
		}
		for _, key := range long {
			r.journal.await("ended", key)
		}
		r.finish()
	})
}

func TestLeavingAStream(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second)
		before := r.node.load()
		keys := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 1_000_000}, Take: 300}, 100)
		r.want(keys, always("result left"), 1)
		for _, key := range keys {
			r.journal.await("ended", key)
		}
		r.node.settles(before.Goroutines + fewMore)
		r.finish()
	})
}
