package memstore

import (
	"slices"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

type state uint8

const (
	running state = iota
	done
	dropped // ended, its reply gone
)

// entry is one call. It holds no pointer: millions of them cost the garbage
// collector nothing.
type entry struct {
	fingerprint calls.Fingerprint
	fence       uint64
	expires     int64 // in seconds since the store's start
	reply       place
	state       state
}

// ended is one finished call in the order of their ends.
type ended struct {
	id    id
	fence uint64
	at    time.Duration // since the store's start
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// shard is a part of the store with a lock of its own.
type shard struct {
	mu       sync.Mutex
	entries  map[id]entry
	replies  replies
	expiring map[int64][]id // by the second in which they expire
	ended    []ended        // oldest first; from head on
	head     int
	fence    uint64
	maxBytes int64 // of all shards together
	maxCalls int
}

// full is a claim that finds no room. Room may be made for replies, not for calls.
type full int

const (
	notFull full = iota
	ofCalls
	ofReplies
)

func (s *shard) claim(id id, fingerprint calls.Fingerprint, idle calls.ClaimState, deadline, now time.Duration) (calls.ClaimResult, full) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[id]; ok && e.expires >= seconds(now) {
		switch {
		case e.fingerprint != fingerprint:
			return calls.ClaimResult{State: calls.Conflict}, notFull
		case e.state == running:
			return calls.ClaimResult{State: calls.Running}, notFull
		case e.state == dropped:
			return calls.ClaimResult{State: calls.Dropped}, notFull
		}
		return calls.ClaimResult{State: calls.Done, Reply: s.replies.get(e.reply)}, notFull
	}
	if idle != calls.Claimed {
		return calls.ClaimResult{State: idle}, notFull
	}
	if len(s.entries) >= s.maxCalls {
		return calls.ClaimResult{State: calls.Full}, ofCalls
	}
	if s.replies.total.Load() >= s.maxBytes {
		return calls.ClaimResult{State: calls.Full}, ofReplies
	}
	if e, ok := s.entries[id]; ok { // its time is over, and the sweep has not come by yet
		s.replies.drop(e.reply)
	}
	s.fence++
	expires := seconds(deadline+Margin) + 1
	s.entries[id] = entry{fingerprint: fingerprint, fence: s.fence, expires: expires}
	s.expiring[expires] = append(s.expiring[expires], id)
	return calls.ClaimResult{State: calls.Claimed, Fence: s.fence}, notFull
}

func (s *shard) complete(id id, fence uint64, reply []byte, now time.Duration) calls.Completion {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[id]
	switch {
	case !ok:
		return calls.Forgotten
	case e.fence != fence || e.state != running:
		return calls.Superseded
	}
	e.state = done
	if len(reply) > 0 {
		e.reply = s.replies.put(reply)
		s.ended = append(s.ended, ended{id, fence, now})
	}
	s.entries[id] = e
	return calls.Completed
}

func (s *shard) received(id id) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[id]; ok && e.state == done {
		s.drop(id, e)
	}
}

// drop forgets a finished call's reply and keeps its key.
func (s *shard) drop(id id, e entry) {
	s.replies.drop(e.reply)
	e.reply, e.state = place{}, dropped
	s.entries[id] = e
}

// makeRoom drops replies, the oldest first, until there is room or none is old
// enough. It reports whether there is room now.
func (s *shard) makeRoom(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies.discard(s.replies.open)
	for s.replies.total.Load() >= s.maxBytes && s.head < len(s.ended) {
		oldest := s.ended[s.head]
		if now-oldest.at < keepAtLeast {
			break
		}
		s.head++
		if e, ok := s.entries[oldest.id]; ok && e.state == done && e.fence == oldest.fence {
			s.drop(oldest.id, e)
		}
	}
	s.compact()
	return s.replies.total.Load() < s.maxBytes
}

// compact gives back what stands before head.
func (s *shard) compact() {
	if s.head > 1024 && s.head*2 > len(s.ended) {
		s.ended = append([]ended(nil), s.ended[s.head:]...)
		s.head = 0
	}
}

// expire forgets calls whose time is over.
func (s *shard) expire(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	second := seconds(now)
	for at, ids := range s.expiring {
		if at >= second {
			continue
		}
		for _, id := range ids {
			e, ok := s.entries[id]
			if !ok || e.expires != at {
				continue // claimed anew since
			}
			s.replies.drop(e.reply)
			delete(s.entries, id)
		}
		delete(s.expiring, at)
	}
	// Ended calls whose entry is gone need no place in the order.
	for s.head < len(s.ended) && !s.kept(s.ended[s.head]) {
		s.head++
	}
	if len(s.ended)-s.head > 2*len(s.entries)+1024 { // one that is kept long holds up the rest
		s.ended, s.head = slices.DeleteFunc(s.ended[s.head:], func(e ended) bool { return !s.kept(e) }), 0
	}
	s.compact()
	s.replies.discard(s.replies.open)
}

// kept reports whether the call's reply is stored.
func (s *shard) kept(of ended) bool {
	e, ok := s.entries[of.id]
	return ok && e.state == done && e.fence == of.fence
}
