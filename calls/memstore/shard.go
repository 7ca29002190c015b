package memstore

import (
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

type entry struct {
	fingerprint calls.Fingerprint
	fence       uint64
	expires     int64 // Unix seconds
	state       state
	reply       []byte
}

// ended is one finished call in the order of their ends.
type ended struct {
	id id
	at time.Time
}

// shard is a part of the store with a lock of its own.
type shard struct {
	mu       sync.Mutex
	entries  map[id]*entry
	expiring map[int64][]id // by the Unix second in which they expire
	ended    []ended        // oldest first; from head on
	head     int
	bytes    int64
	fence    uint64
	maxBytes int64
	maxCalls int
}

func (s *shard) claim(id id, claim calls.Claim, now time.Time) calls.ClaimResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.expires >= now.Unix() {
		switch {
		case e.fingerprint != claim.Fingerprint:
			return calls.ClaimResult{State: calls.Conflict}
		case e.state == running:
			return calls.ClaimResult{State: calls.Running}
		case e.state == dropped:
			return calls.ClaimResult{State: calls.Dropped}
		}
		return calls.ClaimResult{State: calls.Done, Reply: e.reply}
	}
	if len(s.entries) >= s.maxCalls || s.bytes >= s.maxBytes && !s.makeRoom(now) {
		return calls.ClaimResult{State: calls.Full}
	}
	s.fence++
	expires := claim.Deadline.Add(Margin).Unix() + 1
	s.entries[id] = &entry{fingerprint: claim.Fingerprint, fence: s.fence, expires: expires}
	s.expiring[expires] = append(s.expiring[expires], id)
	return calls.ClaimResult{State: calls.Claimed, Fence: s.fence}
}

func (s *shard) complete(id id, fence uint64, reply []byte, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || e.fence != fence || e.state != running {
		return false
	}
	e.state = done
	e.reply = reply
	if len(reply) > 0 {
		s.bytes += int64(len(reply))
		s.ended = append(s.ended, ended{id, now})
	}
	return true
}

func (s *shard) received(id id) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.state == done {
		s.drop(e)
	}
}

// drop forgets a finished call's reply and keeps its key.
func (s *shard) drop(e *entry) {
	s.bytes -= int64(len(e.reply))
	e.reply, e.state = nil, dropped
}

// makeRoom drops the oldest replies that are old enough, and reports whether
// there is room now.
func (s *shard) makeRoom(now time.Time) bool {
	for s.bytes >= s.maxBytes && s.head < len(s.ended) {
		oldest := s.ended[s.head]
		if now.Sub(oldest.at) < keepAtLeast {
			break
		}
		s.head++
		if e := s.entries[oldest.id]; e != nil && e.state == done {
			s.drop(e)
		}
	}
	s.compact()
	return s.bytes < s.maxBytes
}

// compact gives back what stands before head.
func (s *shard) compact() {
	if s.head > 1024 && s.head*2 > len(s.ended) {
		s.ended = append([]ended(nil), s.ended[s.head:]...)
		s.head = 0
	}
}

// expire forgets calls whose time is over.
func (s *shard) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	second := now.Unix()
	for at, ids := range s.expiring {
		if at >= second {
			continue
		}
		for _, id := range ids {
			e := s.entries[id]
			if e == nil || e.expires != at {
				continue // claimed anew since
			}
			s.bytes -= int64(len(e.reply))
			delete(s.entries, id)
		}
		delete(s.expiring, at)
	}
	// Ended calls whose entry is gone need no place in the order.
	for s.head < len(s.ended) {
		if e := s.entries[s.ended[s.head].id]; e != nil && e.state == done {
			break
		}
		s.head++
	}
	s.compact()
}
