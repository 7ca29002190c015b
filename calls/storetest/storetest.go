// Package storetest is what every call store must pass: one suite, run on each
// implementation by its own tests, so that they cannot drift apart.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// Limits are the bounds of a store that the suite sets. Zero leaves one to the
// implementation.
type Limits struct {
	CallsPerUser      int
	ReplyBytesPerUser int64
}

// Backend is how the suite gets at an implementation.
type Backend struct {
	// Open makes a store that remembers nothing.
	Open func(t *testing.T, limits Limits) calls.Store
	// Age makes what is stored seem 6 s older than it is.
	Age func(t *testing.T, s calls.Store)
	// Join makes another store, as another process would have it, that shares what
	// s remembers. Nil for stores of one process.
	Join func(t *testing.T, s calls.Store) calls.Store
	// Die makes a store that is shared look as if its process had died. Nil as Join.
	Die func(t *testing.T, s calls.Store)
}

// Exercise runs the suite, its parts in parallel.
func Exercise(t *testing.T, b Backend) {
	parts := append(oneStore(), bounds()...)
	if b.Join != nil {
		parts = append(parts, shared()...)
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.run(t, b)
		})
	}
}

// part is one test of the suite.
type part struct {
	name string
	run  func(t *testing.T, b Backend)
}

// simple is a part that needs no more than an empty store.
func simple(name string, run func(t *testing.T, s subject)) part {
	return part{name, func(t *testing.T, b Backend) { run(t, subject{b.Open(t, Limits{}), t}) }}
}

// subject is a store under test.
type subject struct {
	calls.Store
	t *testing.T
}

// manyUsers are so many that each part of a store that spreads them has some.
func manyUsers() []string {
	users := make([]string, 24)
	for i := range users {
		users[i] = fmt.Sprint("user-", i)
	}
	return users
}

func claimOf(user, id string) calls.Claim {
	return calls.Claim{Key: calls.Key{UserID: user, CorrelationID: id}, Fingerprint: calls.Fingerprint{1}, Deadline: time.Now().Add(time.Minute)}
}

func (s subject) claim(c calls.Claim, want calls.ClaimState) calls.ClaimResult {
	s.t.Helper()
	got, err := s.Claim(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	if got.State != want {
		s.t.Fatalf("claiming %+v found state %d; want %d", c.Key, got.State, want)
	}
	return got
}

// find asks for a call without taking it.
func (s subject) find(c calls.Claim, want calls.ClaimState) {
	s.t.Helper()
	c.Find = true
	s.claim(c, want)
}

// becomes claims until the call is in a state.
func (s subject) becomes(c calls.Claim, want calls.ClaimState) calls.ClaimResult {
	s.t.Helper()
	var got calls.ClaimResult
	eventually(s.t, func() bool {
		var err error
		if got, err = s.Claim(s.t.Context(), c); err != nil {
			s.t.Fatal(err)
		}
		return got.State == want
	}, func() { s.t.Fatalf("%+v is in state %d; want %d", c.Key, got.State, want) })
	return got
}

func (s subject) complete(c calls.Claim, fence uint64, reply string, want calls.Completion) {
	s.t.Helper()
	got, err := s.Complete(s.t.Context(), c.Key, fence, []byte(reply))
	if err != nil || got != want {
		s.t.Fatalf("completing %+v = %v, %v; want %v", c.Key, got, err, want)
	}
}

// ended claims and completes a call.
func (s subject) ended(c calls.Claim, reply string) {
	s.t.Helper()
	s.complete(c, s.claim(c, calls.Claimed).Fence, reply, calls.Completed)
}

func (s subject) replies(c calls.Claim, want string) {
	s.t.Helper()
	if got := s.claim(c, calls.Done); string(got.Reply) != want {
		s.t.Fatalf("reply = %q; want %q", got.Reply, want)
	}
}

// eventually waits until something holds, and fails when it takes too long.
func eventually(t *testing.T, holds func() bool, failed func()) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			failed()
			t.FailNow()
		}
	}
}
