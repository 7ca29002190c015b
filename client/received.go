package client

import (
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// The ids of calls whose replies have come go along with the next requests. What
// has waited for receivedIdle without a new one goes by itself; a whole request's
// worth goes after receivedFull already.
const (
	maxReceivedKept = 1024
	receivedIdle    = time.Second
	receivedFull    = 50 * time.Millisecond
)

// received are the calls whose final reply has come and of which the server that
// keeps the reply has not been told. It forgets the oldest over maxReceivedKept.
type received struct {
	flush func() // gets a goroutine of its own

	mu     sync.Mutex
	epoch  string                          // of the server's store; nothing is kept while it is empty
	ids    *[maxReceivedKept]correlationID // a ring; nil before the first id
	head   int                             // of the oldest
	count  int
	latest time.Time // when the newest came
	timer  *time.Timer
	armed  bool
	closed bool // no connection is to come
}

// connected says whose store the ids are for from now on. Those for another are
// forgotten.
func (r *received) connected(epoch string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = false
	if epoch != r.epoch {
		r.epoch, r.head, r.count = epoch, 0, 0
	}
	if r.count > 0 && !r.armed {
		r.armLocked(receivedIdle)
	}
}

func (r *received) add(id correlationID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch == "" {
		return
	}
	if r.ids == nil {
		r.ids = new([maxReceivedKept]correlationID)
	}
	r.ids[(r.head+r.count)%maxReceivedKept] = id
	if r.count < maxReceivedKept {
		r.count++
	} else {
		r.head = (r.head + 1) % maxReceivedKept
	}
	r.latest = time.Now()
	switch {
	case r.count == wire.MaxReceived:
		r.armLocked(receivedFull)
	case !r.armed:
		r.armLocked(receivedIdle)
	}
}

func (r *received) armLocked(d time.Duration) {
	if r.closed {
		return
	}
	r.armed = true
	if r.timer == nil {
		r.timer = time.AfterFunc(d, r.flush)
		return
	}
	r.timer.Reset(d)
}

// due reports whether ids are to be sent by themselves now, and gives one of them.
// Otherwise the timer runs again if there are any.
func (r *received) due() (correlationID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed = false
	if r.count == 0 {
		return correlationID{}, false
	}
	if left := receivedIdle - time.Since(r.latest); left > 0 && r.count < wire.MaxReceived {
		r.armLocked(left)
		return correlationID{}, false
	}
	return r.ids[r.head], true
}

// stop ends the timer; the ids are kept for the next connection.
func (r *received) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed, r.closed = false, true
	if r.timer != nil {
		r.timer.Stop()
	}
}

const receivedHead = `,"received":[`

// appendTo appends the field "received" of a request with as many ids as go into
// one and into room, in bytes. They are forgotten: telling of them is best effort.
func (r *received) appendTo(b []byte, room int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	const each = len(correlationID{}) + len(`"",`)
	n := min(r.count, wire.MaxReceived, (room-len(receivedHead))/each)
	if n <= 0 {
		return b
	}
	b = append(b, receivedHead...)
	for range n {
		b = append(b, '"')
		b = append(b, r.ids[r.head][:]...)
		b = append(b, '"', ',')
		r.head = (r.head + 1) % maxReceivedKept
	}
	r.count -= n
	b[len(b)-1] = ']'
	return b
}

// flushReceived tells the server of the replies that have come, if it has not
// been for a while.
func (c *CentrifugoRPCClient) flushReceived() {
	for {
		l := c.current.Load()
		id, due := c.received.due()
		if l == nil || !due {
			return
		}
		if env, _ := c.aside(l, &request{op: wire.OpAck, id: id[:], received: &c.received}, nil); env == nil {
			return
		}
	}
}
