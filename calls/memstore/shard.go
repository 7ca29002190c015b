package memstore

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

func seconds(d time.Duration) int32 { return int32(d / time.Second) }

// bounds are those of the whole store.
type bounds struct {
	calls, userCalls int
	bytes, userBytes int64
}

// shard is a part of the store with a lock of its own. A user's calls are all in
// one shard.
type shard struct {
	mu       sync.Mutex
	entries  entries
	users    users
	replies  replies
	expiring map[int32]slot // by the second in which they expire, linked by expiresNext
	swept    int32          // those of this second and before are forgotten
	ends     list
	fence    uint64
	bounds   *bounds
	calls    *atomic.Int64 // of all shards together
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
	at := s.entries.byID[id]
	if at != 0 {
		if e := s.entries.at(at); e.expires >= seconds(now) {
			return s.found(e, fingerprint), notFull
		}
	}
	if idle != calls.Claimed {
		return calls.ClaimResult{State: idle}, notFull
	}
	if why := s.room(id.user, now); why != notFull {
		return calls.ClaimResult{State: calls.Full}, why
	}
	if at != 0 { // its time is over, and the sweep has not come by yet
		s.forget(at)
	}
	s.fence++
	s.calls.Add(1)
	at = s.entries.take()
	expires := max(seconds(deadline+Margin)+1, s.swept+1)
	*s.entries.at(at) = entry{
		id: id, fingerprint: fingerprint, fence: s.fence, user: s.users.join(id.user),
		expires: expires, expiresNext: s.expiring[expires],
	}
	s.expiring[expires] = at
	s.entries.byID[id] = at
	return calls.ClaimResult{State: calls.Claimed, Fence: s.fence}, notFull
}

// found is what a claim of a call comes to that is there.
func (s *shard) found(e *entry, fingerprint calls.Fingerprint) calls.ClaimResult {
	switch {
	case e.fingerprint != fingerprint:
		return calls.ClaimResult{State: calls.Conflict}
	case e.state == running:
		return calls.ClaimResult{State: calls.Running}
	case e.state == dropped:
		return calls.ClaimResult{State: calls.Dropped}
	}
	return calls.ClaimResult{State: calls.Done, Reply: s.replies.copy(e.reply)}
}

// room says whether there is room for another call of the user. To make some it
// drops replies of that user only.
func (s *shard) room(hash uint64, now time.Duration) full {
	if at, ok := s.users.byHash[hash]; ok {
		user := &s.users.all[at]
		if user.calls >= s.bounds.userCalls {
			return ofCalls
		}
		for user.bytes >= s.bounds.userBytes {
			if !s.dropOldest(&user.ends, now) {
				return ofCalls // others' replies make no room for this user
			}
		}
	}
	if s.calls.Load() >= int64(s.bounds.calls) {
		return ofCalls
	}
	if s.replies.total.Load() >= s.bounds.bytes {
		return ofReplies
	}
	return notFull
}

func (s *shard) complete(id id, fence uint64, reply []byte, now time.Duration) calls.Completion {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.entries.byID[id]
	if at == 0 {
		return calls.Forgotten
	}
	e := s.entries.at(at)
	switch {
	case e.expires < seconds(now):
		return calls.Forgotten
	case e.fence != fence:
		return calls.Superseded
	case e.state == done && bytes.Equal(s.replies.get(e.reply), reply):
		return calls.Completed
	case e.state != running:
		return calls.Superseded
	}
	e.state = done
	if len(reply) > 0 {
		user := &s.users.all[e.user]
		e.reply, e.ended = s.replies.put(reply), seconds(now)+1
		user.bytes += int64(len(reply))
		s.entries.push(&s.ends, ofShard, at)
		s.entries.push(&user.ends, ofUser, at)
	}
	return calls.Completed
}

func (s *shard) received(id id) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.entries.byID[id]; at != 0 && s.entries.at(at).state == done {
		s.drop(at)
	}
}

// drop forgets a finished call's reply and keeps its key.
func (s *shard) drop(at slot) {
	e := s.entries.at(at)
	if e.reply.size > 0 {
		user := &s.users.all[e.user]
		user.bytes -= int64(e.reply.size)
		s.entries.unlink(&s.ends, ofShard, at)
		s.entries.unlink(&user.ends, ofUser, at)
		s.replies.drop(e.reply)
	}
	e.reply, e.state = place{}, dropped
}

// dropOldest drops the oldest reply of an order, if it is old enough.
func (s *shard) dropOldest(of *list, now time.Duration) bool {
	at := of.oldest
	if at == 0 || seconds(now)-s.entries.at(at).ended < keepAtLeast {
		return false
	}
	s.drop(at)
	return true
}

// makeRoom drops replies, the oldest first, until there is room or none is old
// enough. It reports whether there is room now.
func (s *shard) makeRoom(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies.discard(s.replies.open)
	for s.replies.total.Load() >= s.bounds.bytes {
		if !s.dropOldest(&s.ends, now) {
			return false
		}
	}
	return true
}

// forget makes a key free again. The entry's place stays taken until its second is
// swept.
func (s *shard) forget(at slot) {
	s.drop(at)
	e := s.entries.at(at)
	e.state = gone
	delete(s.entries.byID, e.id)
	s.users.leave(e.user)
	s.calls.Add(-1)
}

// sweepAtOnce bounds how many calls one turn of a sweep forgets: others wait for
// the lock meanwhile.
const sweepAtOnce = 512

// expire forgets calls whose time is over.
func (s *shard) expire(now time.Duration) {
	for s.expireSome(seconds(now)) {
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies.discard(s.replies.open)
}

// expireSome reports whether there is more to do.
func (s *shard) expireSome(second int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := sweepAtOnce
	for ; s.swept+1 < second; s.swept++ {
		expires := s.swept + 1
		at := s.expiring[expires]
		for at != 0 && left > 0 {
			e := s.entries.at(at)
			next := e.expiresNext
			if e.state != gone {
				s.forget(at)
			}
			s.entries.give(at)
			at = next
			left--
		}
		if at != 0 {
			s.expiring[expires] = at
			return true
		}
		delete(s.expiring, expires)
	}
	return false
}
