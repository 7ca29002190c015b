package server

import (
	"testing"
	"testing/synctest"
)

func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q inOrder
		var got []int
		hold := make(chan struct{})
		q.do(func() { <-hold })
		synctest.Wait() // it runs, and nothing waits
		for i := range maxWaiting {
			if !q.do(func() { got = append(got, i) }) {
				t.Fatalf("%d is refused", i)
			}
		}
		if q.do(func() {}) {
			t.Error("one too many is taken")
		}
		close(hold)
		synctest.Wait()
		for i, n := range got {
			if i != n {
				t.Fatalf("ran in the order %v", got)
			}
		}
		if len(got) != maxWaiting || q.running || q.waiting != nil {
			t.Errorf("%d ran; running %v, waiting %v", len(got), q.running, q.waiting)
		}
		if !q.do(func() { got = nil }) {
			t.Error("refused when idle")
		}
		synctest.Wait()
		if got != nil {
			t.Error("what came later did not run")
		}
	})
}
