package calls

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// ackDelay is how long a call may take before it is acknowledged: when its
// handler is quicker, acknowledgement and reply go out together, in one write.
const ackDelay = time.Millisecond

// maxReplyTo bounds the reply channels that repeats of one running call may name,
// and maxAcks those repeats that wait for it to be claimed.
const (
	maxReplyTo = 16
	maxAcks    = 16
)

// run sees one request through: it is claimed, acknowledged, run and answered. A
// native RPC is only run and answered. A run belongs to its worker; what others
// may touch (those who end its context, and requests that come again and join it)
// is guarded by mu.
type run struct {
	centrirpc.Asker // whose call it is
	caller          *Caller
	slot            slot
	described       *centrirpc.Method // nil if there is none of the name that the caller says
	observer        MethodObserver    // or nil
	trace           Trace             // or nil
	arrived         time.Time
	params          json.RawMessage
	asked           time.Duration // how long the caller waits, or zero
	deadline        time.Time
	asksUntil       time.Time // when the caller stops asking
	started         time.Time
	fence           uint64
	notify          bool
	epoch           string                             // of the store that the call was first sent to, if it is sent again
	missing         *uint64                            // the first item that its caller misses, if it is sent again
	find            bool                               // the call is only looked for
	stream          *stream                            // nil unless the method is one
	native          func(json.RawMessage, *wire.Error) // how a native RPC is answered; nil for others
	parent          context.Context                    // a native RPC's; nil for others
	unhook          func() bool                        // lets go of parent

	mu       sync.Mutex
	cause    error // why the context ended, or nil
	done     chan struct{}
	after    map[*func()]struct{}
	timer    *time.Timer // acknowledges, then ends the run at its deadline
	begun    bool        // the handler has been, or is about to be, started
	owned    bool        // the call has been claimed for this run
	remote   bool        // another process runs the call: this run only looked for it
	ended    bool        // somebody answers, or has answered
	closed   bool        // no request can join any more
	acked    bool
	holds    int   // by the worker, and by who answers in its place or stores the reply later
	keeps    bool  // the call has ended, and items of its stream were not taken yet
	kept     int64 // their size in bytes, when it ended
	ack      func(error)
	moreAcks []func(error)
	replyTo  string
	alsoTo   []string
	progress *progress
	unstored []byte // the reply, while the store is out of reach
}

func (r *run) engine() *Engine { return r.caller.engine }

func (r *run) key() Key { return Key{r.Conn.UserID, r.CorrelationID} }

// joins lets r, of a request that came again, share the first run, and so end
// itself. It reports false where it must find its own way.
func (r *run) joins(first *run, req *wire.Request) bool {
	event, refusal, joined := first.join(req, r)
	if !joined {
		return false
	}
	if refusal != nil {
		r.engine().cfg.Observer.CallRefused(refusalName(refusal))
		r.endTrace(codeOfReply(refusal))
		return true
	}
	if first.trace != nil {
		first.trace.Happened(SentAgain)
	}
	r.happened(event)
	r.endTrace(0)
	return true
}

// join lets a request that came again share the run: its acknowledgement and its
// reply. It reports false when it must find its own way, because the run has been
// answered or is of another request under the same key. again is the run that was made
// for the request: a refusal is its client's, which may be another than the call's.
func (r *run) join(req *wire.Request, again *run) (event Event, refusal error, joined bool) {
	ack := again.ack
	r.mu.Lock()
	if r.Method != req.Method || r.notify != (req.Op == wire.OpNotify) || string(r.params) != string(req.Params) {
		r.mu.Unlock()
		return 0, nil, false
	}
	if r.closed {
		r.mu.Unlock()
		return Resent, nil, r.joinEnded(req, ack)
	}
	switch {
	case !r.acked && len(r.moreAcks) == maxAcks:
		refusal = again.refusal(errRepeats)
	case req.ReplyTo == r.replyTo || slices.Contains(r.alsoTo, req.ReplyTo):
	case len(r.alsoTo) == maxReplyTo:
		refusal = again.refusal(errChannels)
	default:
		r.alsoTo = append(r.alsoTo, req.ReplyTo)
	}
	if refusal == nil && !r.acked {
		r.moreAcks = append(r.moreAcks, ack)
		ack = nil
	}
	r.mu.Unlock()
	if ack != nil {
		ack(refusal)
	}
	if refusal == nil && r.stream != nil && req.Seq != nil {
		r.stream.resume(*req.Seq, req.ReplyTo)
	}
	return Attached, refusal, true
}

// joinEnded is join for a run that has been answered, but has something to tell
// still: a reply that could not be stored, or items that were not taken.
func (r *run) joinEnded(req *wire.Request, ack func(error)) bool {
	r.mu.Lock()
	reply, owned := r.unstored, r.owned
	r.mu.Unlock()
	switch {
	case r.stream != nil && owned && req.Seq != nil && !r.stream.isOver():
		ack(nil)
		r.stream.resume(*req.Seq, req.ReplyTo)
	case reply != nil:
		ack(nil)
		go func() {
			defer r.recovered()
			r.sendTo(req.ReplyTo, reply)
		}()
	default:
		return false
	}
	return true
}

// attach has the reply published on one more channel.
func (r *run) attach(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed && channel != r.replyTo && !slices.Contains(r.alsoTo, channel) && len(r.alsoTo) < maxReplyTo {
		r.alsoTo = append(r.alsoTo, channel)
	}
}

// broadcast publishes what is no reply yet on all channels that wait for one.
func (r *run) broadcast(message []byte) {
	if message == nil {
		return
	}
	r.mu.Lock()
	alsoTo := r.alsoTo
	r.mu.Unlock()
	r.send(message, alsoTo)
}

// acknowledge tells all who wait for it that the request is claimed, or that it
// is refused. Only the first time counts.
func (r *run) acknowledge(refusal error) {
	r.mu.Lock()
	first, more := r.ack, r.moreAcks
	r.ack, r.moreAcks, r.acked = nil, nil, true
	r.mu.Unlock()
	if first != nil {
		r.tell(first, refusal)
	}
	for _, ack := range more {
		r.tell(ack, refusal)
	}
	if first != nil && refusal == nil {
		r.happened(Acknowledged)
	}
}

// tell calls an acknowledgement; if that panics, the others and the reply follow.
func (r *run) tell(ack func(error), refusal error) {
	defer r.recovered()
	ack(refusal)
}

// work is what the run's worker does. It returns when the handler has.
func (r *run) work() {
	defer r.leave() // even if the handler ends its goroutine
	if r.native == nil && !r.claim() {
		return
	}
	e := r.engine()
	r.started = time.Now()
	r.happened(Started)
	var result json.RawMessage
	var failed *wire.Error
	if cause := r.begin(); cause != nil {
		r.returned()
		failed = endOf(cause)
	} else {
		answer, err := r.invoke()
		result, failed = e.outcome(answer, err)
		if failed != nil && (failed.Code == wire.Cancelled || failed.Code == wire.DeadlineExceeded) {
			if cause := r.why(); cause != nil {
				failed = endOf(cause) // the handler passed on why its context ended
			}
		}
	}
	r.freeConn()
	if r.takeEnd() {
		r.finish(result, failed)
	}
}

func (r *run) invoke() (json.RawMessage, error) {
	defer r.returned()
	if r.stream != nil {
		return r.engine().router.CallStream(r, r.described.Name, r.params, r.stream.send)
	}
	return r.engine().router.Call(r, r.described.Name, r.params)
}

// cancel ends a call that its caller has left.
func (r *run) cancel() {
	r.giveUp(errCancelled)
	if r.stream != nil {
		r.stream.close()
	}
}

// begin starts the run's clock, unless its context has ended already.
func (r *run) begin() (cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = true
	if r.cause == nil {
		first := time.Until(r.deadline)
		if !r.acked && r.native == nil {
			first = min(first, ackDelay)
		}
		r.timer = time.AfterFunc(first, r.tick)
	}
	return r.cause
}

// tick acknowledges a call that takes its time, and ends it at its deadline.
func (r *run) tick() {
	left := time.Until(r.deadline)
	if left <= 0 {
		r.giveUp(errDeadline)
		return
	}
	r.mu.Lock()
	if !r.ended {
		r.timer.Reset(left)
	}
	r.mu.Unlock()
	if r.native == nil {
		r.acknowledge(nil)
	}
}

// giveUp ends the context and answers in the handler's place: one that does not
// heed its context delays nobody but itself. A run that has not begun is left to
// its worker.
func (r *run) giveUp(cause error) {
	r.mu.Lock()
	if r.remote && cause == errCancelled {
		r.mu.Unlock()
		r.engine().tell(r.key(), Signal{Kind: SignalCancel})
		return
	}
	if r.cause != nil || r.ended {
		r.mu.Unlock()
		return
	}
	r.endContext(cause)
	mine := r.begun
	if mine {
		r.ended = true
		r.holds++
	}
	r.mu.Unlock()
	if mine {
		defer r.release()
		defer r.recovered()
		r.finish(nil, endOf(cause))
	}
}

// takeEnd is true for the one who is to answer the call.
func (r *run) takeEnd() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.ended
	r.ended = true
	return first
}

// leave ends the run's part on its worker, whatever became of it.
func (r *run) leave() {
	defer r.release()
	defer r.recovered() // of what is done below
	if p := recover(); p != nil {
		r.logPanic(p)
	}
	r.mu.Lock()
	r.endContext(errReturned) // for goroutines that the handler left behind
	if r.timer != nil {
		r.timer.Stop()
	}
	abandoned := r.begun && !r.ended
	r.ended = true
	refused := !r.begun && !r.closed
	r.mu.Unlock()
	r.freeConn()
	switch {
	case abandoned:
		r.finish(nil, centrirpc.Errorf(wire.Internal, "internal error").Wire())
	case refused && r.native == nil:
		r.refuse(errBroken)
	case refused:
		r.native(nil, centrirpc.Errorf(wire.Internal, "internal error").Wire())
		r.endTrace(wire.Internal)
	}
}

// freeConn frees the connection's part of the slot, unless the caller has items to
// take still: a caller that takes none must not start streams without end.
func (r *run) freeConn() {
	if r.stream == nil || r.stream.isEmpty() {
		r.slot.freeConn()
	}
}

// isOwned reports whether the call has been claimed for this run.
func (r *run) isOwned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.owned
}

// release gives back one hold. With the last one the run is over, but for items
// that its caller has not taken: those are kept, without a slot of the process.
func (r *run) release() {
	r.mu.Lock()
	r.holds--
	last, keeps := r.holds == 0, r.keeps
	if last && keeps {
		r.slot.freeProcess(r.engine())
	}
	r.mu.Unlock()
	if last && !keeps {
		r.over()
	}
}

// keep has the run stay for items of that many bytes, until letGo.
func (r *run) keep(bytes int64) {
	r.engine().untaken.add(bytes)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keeps, r.kept = true, bytes
}

// letGo ends keep: the items were taken, or nobody wants them.
func (r *run) letGo() {
	r.mu.Lock()
	r.keeps = false
	last := r.holds == 0
	r.mu.Unlock()
	if last {
		r.over()
	}
	r.engine().untaken.remove(r.kept)
}

// over forgets the run.
func (r *run) over() {
	if r.unhook != nil {
		r.unhook()
	}
	r.engine().running.remove(r)
	r.slot.free(r.engine())
}
