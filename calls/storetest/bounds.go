package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// bounds are the tests of what one user may take of a store.
func bounds() []part {
	open := func(t *testing.T, b Backend, limits Limits) subject { return subject{b.Open(t, limits), t} }
	return []part{
		{"a user's calls are bounded, and nobody else's by them", func(t *testing.T, b Backend) {
			s := open(t, b, Limits{CallsPerUser: 3})
			for i := range 3 {
				s.ended(claimOf("u", fmt.Sprint(i)), "x")
			}
			s.Received("u", []string{"0"})
			s.becomes(claimOf("u", "0"), calls.Dropped)
			b.Age(t, s.Store)
			s.claim(claimOf("u", "new"), calls.Full) // keys stay, whatever becomes of replies
			s.replies(claimOf("u", "1"), "x")
			s.find(claimOf("u", "new"), calls.Unknown)
			s.claim(claimOf("v", "new"), calls.Claimed)
		}},
		{"room for calls comes back with their expiry", func(t *testing.T, b Backend) {
			s := open(t, b, Limits{CallsPerUser: 150})
			over := time.Now().Add(4*time.Second - margin) // when all are there, on a busy machine
			for i := range 150 {
				c := claimOf("u", fmt.Sprint(i))
				c.Deadline = over
				s.ended(c, "x")
			}
			s.claim(claimOf("u", "new"), calls.Full)
			s.becomes(claimOf("u", "new"), calls.Claimed)
		}},
		{"at the bound of bytes a user's own oldest replies are dropped, if they are old enough", func(t *testing.T, b Backend) {
			s := open(t, b, Limits{ReplyBytesPerUser: 1000})
			reply := strings.Repeat("x", 300)
			s.ended(claimOf("v", "0"), reply)
			for i := range 4 {
				s.ended(claimOf("u", fmt.Sprint(i)), reply)
			}
			s.claim(claimOf("u", "4"), calls.Full)
			s.replies(claimOf("u", "0"), reply)
			b.Age(t, s.Store)
			s.ended(claimOf("u", "4"), reply)
			s.claim(claimOf("u", "0"), calls.Dropped)
			s.replies(claimOf("u", "1"), reply)
			s.ended(claimOf("u", "5"), reply)
			s.claim(claimOf("u", "1"), calls.Dropped)
			s.replies(claimOf("u", "2"), reply)
			s.replies(claimOf("v", "0"), reply)
			s.Received("u", []string{"2", "3"})
			s.becomes(claimOf("u", "3"), calls.Dropped)
			s.ended(claimOf("u", "6"), reply) // 900 bytes
			s.ended(claimOf("u", "7"), reply)
			s.claim(claimOf("u", "8"), calls.Full)
			s.replies(claimOf("u", "4"), reply)
		}},
		{"a user who is at the bound keeps what runs", func(t *testing.T, b Backend) {
			s := open(t, b, Limits{ReplyBytesPerUser: 10})
			one, two := claimOf("u", "1"), claimOf("u", "2")
			first, second := s.claim(one, calls.Claimed), s.claim(two, calls.Claimed)
			s.complete(one, first.Fence, strings.Repeat("x", 100), calls.Completed)
			s.claim(claimOf("u", "3"), calls.Full)
			s.complete(two, second.Fence, strings.Repeat("y", 100), calls.Completed)
			s.replies(two, strings.Repeat("y", 100))
			s.Received("u", []string{"1", "2"})
			s.becomes(claimOf("u", "3"), calls.Claimed)
		}},
	}
}
