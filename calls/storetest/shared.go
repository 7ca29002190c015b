package storetest

import (
	"sync"
	"testing"

	"github.com/centrirpc/centrirpc/calls"
)

// shared are the tests of stores that processes share.
func shared() []part {
	two := func(name string, run func(t *testing.T, b Backend, one, two subject)) part {
		return part{name, func(t *testing.T, b Backend) {
			one := b.Open(t, Limits{})
			run(t, b, subject{one, t}, subject{b.Join(t, one), t})
		}}
	}
	return []part{
		two("what one knows the other knows", func(t *testing.T, _ Backend, one, two subject) {
			c := claimOf("u", "a")
			first := one.claim(c, calls.Claimed)
			two.claim(c, calls.Running)
			two.find(c, calls.Running)
			two.complete(c, first.Fence, "theirs", calls.Superseded)
			one.complete(c, first.Fence, "ours", calls.Completed)
			two.replies(c, "ours")
			two.Received("u", []string{"a"})
			one.becomes(c, calls.Dropped)
			for _, user := range manyUsers() {
				if a, b := one.Epoch(user), two.Epoch(user); a != b {
					t.Errorf("the epochs of %s are %q and %q", user, a, b)
				}
				c := claimOf(user, "a")
				first := one.claim(c, calls.Claimed)
				two.claim(c, calls.Running)
				one.complete(c, first.Fence, user, calls.Completed)
				two.replies(c, user)
			}
		}),
		two("of many claims of both one wins", func(t *testing.T, _ Backend, one, two subject) { race(t, one, two) }),
		two("a call whose owner died is lost, for good", func(t *testing.T, b Backend, one, two subject) {
			c, other := claimOf("u", "a"), claimOf("u", "b")
			first := one.claim(c, calls.Claimed)
			second := one.claim(other, calls.Claimed)
			b.Die(t, one.Store)
			two.becomes(c, calls.Lost)
			two.claim(c, calls.Lost)
			two.find(c, calls.Lost)
			again := c
			again.Idempotent = true
			two.claim(again, calls.Lost)
			one.complete(c, first.Fence, "late", calls.Superseded)
			two.claim(c, calls.Lost)
			one.complete(other, second.Fence, "nobody asked before", calls.Completed)
			two.replies(other, "nobody asked before")
		}),
		two("finding a call whose owner died leaves it to a claim", func(t *testing.T, b Backend, one, two subject) {
			c := claimOf("u", "a")
			c.Idempotent = true
			one.claim(c, calls.Claimed)
			b.Die(t, one.Store)
			find := c
			find.Find = true
			two.becomes(find, calls.Lost)
			two.claim(c, calls.Claimed)
		}),
		two("a call that may run again passes to who asks when its owner died", func(t *testing.T, b Backend, one, two subject) {
			c := claimOf("u", "a")
			c.Idempotent = true
			first := one.claim(c, calls.Claimed)
			two.claim(c, calls.Running)
			b.Die(t, one.Store)
			second := two.becomes(c, calls.Claimed)
			if first.TakenOver || !second.TakenOver {
				t.Errorf("taken over: %v, then %v; want it of the second alone", first.TakenOver, second.TakenOver)
			}
			two.claim(c, calls.Running)
			one.complete(c, first.Fence, "old", calls.Superseded)
			two.complete(c, second.Fence, "new", calls.Completed)
			one.complete(c, first.Fence, "old", calls.Superseded)
			two.replies(c, "new")
		}),
		two("of many who ask after a call whose owner died one gets it", func(t *testing.T, b Backend, one, two subject) {
			three := subject{b.Join(t, one.Store), t}
			c := claimOf("u", "a")
			c.Idempotent = true
			one.claim(c, calls.Claimed)
			b.Die(t, one.Store)
			var all sync.WaitGroup
			fences := make(chan uint64, 16)
			for n := range 16 {
				all.Go(func() {
					eventually(t, func() bool {
						got, err := []subject{two, three}[n%2].Claim(t.Context(), c)
						if err != nil {
							t.Error(err)
						}
						if got.State == calls.Claimed {
							fences <- got.Fence
						}
						return err != nil || got.State == calls.Claimed || len(fences) > 0
					}, func() { t.Error("nobody gets it") })
				})
			}
			all.Wait()
			if len(fences) != 1 {
				t.Errorf("%d got it", len(fences))
			}
		}),
		two("signals reach the owner, and nobody else", func(t *testing.T, b Backend, one, two subject) {
			type signal struct {
				key calls.Key
				calls.Signal
			}
			heard := func(s subject) chan signal {
				got := make(chan signal, 100)
				s.Store.(calls.Signaler).Receive(func(k calls.Key, s calls.Signal) { got <- signal{k, s} })
				return got
			}
			ofOne, ofTwo := heard(one), heard(two)
			c, mine := claimOf("u", "a"), claimOf("u", "b")
			c.Idempotent = true
			first := one.claim(c, calls.Claimed)
			two.claim(mine, calls.Claimed)
			sent := []calls.Signal{
				{Kind: calls.SignalCancel},
				{Kind: calls.SignalAck, Seq: 1<<53 + 1},
				{Kind: calls.SignalResume, Seq: 7, ReplyTo: "user.s#u"},
				{Kind: calls.SignalAttach, ReplyTo: "user#u"},
			}
			expect := func(got chan signal, key calls.Key, want calls.Signal) {
				t.Helper()
				var heard signal
				eventually(t, func() bool {
					select {
					case heard = <-got:
						return true
					default:
						return false
					}
				}, func() { t.Fatalf("%+v of %v was not heard", want, key) })
				if heard != (signal{key, want}) {
					t.Fatalf("%+v was heard; want %+v of %v", heard, want, key)
				}
			}
			signals := func(s subject, c calls.Claim, signal calls.Signal, want bool) {
				t.Helper()
				if delivered, err := s.Store.(calls.Signaler).Signal(t.Context(), c.Key, signal); err != nil || delivered != want {
					t.Fatalf("signalling to who has %+v: %v, %v", c.Key, delivered, err)
				}
			}
			by := func(s subject, c calls.Claim, signal calls.Signal) {
				t.Helper()
				signals(s, c, signal, true)
			}
			signals(two, claimOf("u", "unknown"), sent[0], false)
			signals(two, claimOf("v", "a"), sent[0], false)
			for _, signal := range sent {
				by(two, c, signal)
			}
			for _, signal := range sent { // in the order in which they were sent
				expect(ofOne, c.Key, signal)
			}
			by(two, mine, sent[0])
			expect(ofTwo, mine.Key, sent[0]) // and none before it
			one.complete(c, first.Fence, "x", calls.Completed)
			by(two, c, sent[2]) // a stream's items are with who ran it
			expect(ofOne, c.Key, sent[2])

			later := claimOf("u", "c")
			later.Idempotent = true
			one.claim(later, calls.Claimed)
			b.Die(t, one.Store)
			two.becomes(later, calls.Claimed)
			eventually(t, func() bool { // who had it is not there any more
				delivered, err := two.Store.(calls.Signaler).Signal(t.Context(), c.Key, sent[0])
				return err == nil && !delivered
			}, func() { t.Fatal("a signal to a dead process was delivered") })
			for len(ofOne) > 0 { // it is not as dead as that
				<-ofOne
			}
			by(two, later, sent[0])
			expect(ofTwo, later.Key, sent[0])
			if len(ofTwo) > 0 {
				t.Errorf("%d more were heard", len(ofTwo))
			}
		}),
	}
}
