package memstore

import (
	"github.com/centrirpc/centrirpc/calls"
)

type state uint8

const (
	running state = iota
	done
	dropped // ended, its reply gone
	gone    // its key belongs to another entry since, or to none
)

// slot is an entry's place among those of its shard. Zero stands for none.
type slot uint32

// entry is one call. It holds no pointer: millions of them cost the garbage
// collector nothing.
type entry struct {
	id          id
	fingerprint calls.Fingerprint
	fence       uint64
	reply       place
	user        userSlot
	expires     int32 // in seconds since the store's start
	ended       int32 // the same, rounded up
	expiresNext slot  // in the list of those that expire in the same second
	links       [orders]link
	state       state
}

// orders are the lists of ended calls whose reply is kept, oldest first, that an
// entry is in: its shard's and its user's.
const (
	ofShard = iota
	ofUser
	orders
)

type link struct{ before, after slot }

// list is the ends of one order.
type list struct{ oldest, newest slot }

const chunkSize = 256

// entries are the calls of one shard, in chunks that stay where they are.
type entries struct {
	byID   map[id]slot
	chunks []*[chunkSize]entry
	used   slot // how many were ever in use, the one that stands for none included
	free   slot // the first of those that are free again, linked by expiresNext
}

func newEntries() entries { return entries{byID: map[id]slot{}, used: 1} }

func (e *entries) at(s slot) *entry { return &e.chunks[s/chunkSize][s%chunkSize] }

// take gives a place to a new entry.
func (e *entries) take() slot {
	if s := e.free; s != 0 {
		e.free = e.at(s).expiresNext
		return s
	}
	if int(e.used/chunkSize) == len(e.chunks) {
		e.chunks = append(e.chunks, new([chunkSize]entry))
	}
	e.used++
	return e.used - 1
}

// give takes a place back that nothing refers to any more.
func (e *entries) give(s slot) {
	*e.at(s) = entry{expiresNext: e.free}
	e.free = s
}

// push adds an entry as the newest of an order.
func (e *entries) push(l *list, order int, s slot) {
	e.at(s).links[order] = link{before: l.newest}
	if l.newest == 0 {
		l.oldest = s
	} else {
		e.at(l.newest).links[order].after = s
	}
	l.newest = s
}

// unlink takes an entry out of an order that it is in.
func (e *entries) unlink(l *list, order int, s slot) {
	at := e.at(s).links[order]
	if at.before == 0 {
		l.oldest = at.after
	} else {
		e.at(at.before).links[order].after = at.after
	}
	if at.after == 0 {
		l.newest = at.before
	} else {
		e.at(at.after).links[order].before = at.before
	}
}
