package client

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// The bounds of a stream's reading.
const (
	// maxAhead bounds the items that are kept while one before them is missing.
	maxAhead = 256
	// ackEvery items that were taken, or ackAfter an item that was, the server is
	// told, so that it sends more.
	ackEvery = 64
	ackAfter = 250 * time.Millisecond
	// ackIdle after several items the server is told, too, if all that came was taken:
	// it may have as many bytes out as it sends without being told.
	ackIdle = 20 * time.Millisecond
	// resumeAfter is how long a missing item is waited for before it is asked for
	// again.
	resumeAfter = 250 * time.Millisecond
)

// inbox puts the messages of one stream in order. The reader fills it, one
// consumer empties it, and the stream's goroutine tells the server of both.
type inbox struct {
	change chan struct{} // holds one: there is something for the consumer

	mu       sync.Mutex
	ready    [][]byte // items in order; those before head were taken
	head     int
	ahead    map[uint64][]byte // items that came before one that is missing
	next     uint64            // the first item that is missing
	beyond   uint64            // every item below it exists
	ending   bool              // final came; it is the outcome once all items below beyond have
	final    outcome
	taken    uint64    // items
	acked    uint64    // items that the server knows were taken
	since    time.Time // the first take that it does not know of
	last     time.Time // the latest take
	slow     bool      // the alarm does not go by the latest take: items were left
	notYet   time.Time // it is not told before
	asked    time.Time // the latest request for a missing item
	progress *Progress

	over   bool // nothing comes any more
	result []byte
	err    error
}

func newInbox() *inbox {
	return &inbox{change: make(chan struct{}, 1), ahead: map[uint64][]byte{}}
}

func (in *inbox) signal() {
	select {
	case in.change <- struct{}{}:
	default:
	}
}

// put takes the item of that number, once. It reports whether the stream is
// complete with it.
func (in *inbox) put(seq uint64, item []byte) (complete bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.over || seq < in.next || in.ending && seq >= in.beyond:
		return false
	case seq > in.next:
		in.beyond = max(in.beyond, seq+1)
		if seq-in.next <= maxAhead {
			in.ahead[seq] = item
		}
		return false
	}
	for ok := true; ok; item, ok = in.ahead[in.next] {
		delete(in.ahead, in.next)
		in.ready = append(in.ready, item)
		in.next++
	}
	in.beyond = max(in.beyond, in.next)
	in.signal()
	return in.ending && in.next == in.beyond
}

// end takes the final reply, which says how many items there are. It is false
// while some of them are missing.
func (in *inbox) end(items uint64, final outcome) (complete bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.next >= items {
		return true
	}
	if !in.ending {
		in.ending, in.final, in.beyond = true, final, items
		maps.DeleteFunc(in.ahead, func(seq uint64, _ []byte) bool { return seq >= items })
	}
	return false
}

// owes reports whether an item is missing.
func (in *inbox) owes() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.next < in.beyond
}

func (in *inbox) tell(p *Progress) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.progress = p
	in.signal()
}

// finish ends the inbox. Items that are there can still be taken, unless the
// caller gave the stream up.
func (in *inbox) finish(result []byte, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.over, in.result, in.err = true, result, err
	if errors.Is(err, ErrAborted) {
		in.ready, in.head = nil, 0
	}
	in.ahead = nil
	in.signal()
}

// taken is what a consumer gets.
type taken struct {
	progress *Progress
	item     []byte
	over     bool
	tell     bool // the stream's goroutine has to look
}

// take is what there is now for the consumer: nothing if all fields are zero.
func (in *inbox) take() taken {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.progress != nil:
		p := in.progress
		in.progress = nil
		return taken{progress: p}
	case in.head == len(in.ready):
		return taken{over: in.over}
	}
	item := in.ready[in.head]
	in.ready[in.head] = nil
	if in.head++; in.head == len(in.ready) || in.head > maxAhead && in.head > len(in.ready)/2 {
		in.ready, in.head = slices.Delete(in.ready, 0, in.head), 0
	}
	in.taken++
	in.last = time.Now()
	if in.since.IsZero() {
		in.since = in.last
	}
	waiting := in.taken - in.acked
	tell := waiting == 1 || waiting == 2 || waiting == ackEvery
	if in.slow && in.head == len(in.ready) {
		in.slow, tell = false, true
	}
	return taken{item: item, tell: tell}
}

// alarm is when the server has to be told something; zero if nothing.
func (in *inbox) alarm() (at time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.taken > in.acked {
		at = in.since
		if in.taken-in.acked < ackEvery {
			at = at.Add(ackAfter)
			idle := in.last.Add(ackIdle)
			in.slow = in.head < len(in.ready) && !time.Now().Before(idle)
			if in.taken-in.acked > 1 && !in.slow {
				at = sooner(at, idle)
			}
		}
		if at.Before(in.notYet) {
			at = in.notYet
		}
	}
	if in.next < in.beyond {
		at = sooner(at, in.asked.Add(resumeAfter))
	}
	return at
}

// due says what the server has to be told now: that items below acked were taken,
// and that the one numbered missing is.
func (in *inbox) due(now time.Time) (acked uint64, ack bool, missing uint64, resume bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	count := in.taken - in.acked
	idle := count > 1 && in.head == len(in.ready) && now.Sub(in.last) >= ackIdle
	if !now.Before(in.notYet) && (count >= ackEvery || idle || count > 0 && now.Sub(in.since) >= ackAfter) {
		in.acked, in.since, ack = in.taken, time.Time{}, true
	}
	if in.next < in.beyond && now.Sub(in.asked) >= resumeAfter {
		in.asked, resume = now, true
	}
	return in.acked, ack, in.next, resume
}

// repeated is the first missing item, for a request that is sent again. What was
// taken is to be told again: the word of it may be lost too.
func (in *inbox) repeated() uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	if in.asked = now; in.taken > 0 {
		in.acked, in.since, in.notYet = 0, now.Add(-ackAfter), time.Time{}
	}
	return in.next
}

// unsure has what was taken told again, after a while: the server did not take the
// word of it.
func (in *inbox) unsure() {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	in.acked, in.since, in.notYet = 0, now, now.Add(ackAfter)
}

// received is how many items have come.
func (in *inbox) received() uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.next
}
