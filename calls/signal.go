package calls

import (
	"context"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// signalTimeout bounds a word to another process.
const signalTimeout = 5 * time.Second

// receive takes a signal that another process sent to the one that runs the call.
func (e *Engine) receive(key Key, signal Signal) {
	if r := e.running.find(key); r != nil {
		r.receive(signal)
	}
}

func (r *run) receive(signal Signal) {
	switch signal.Kind {
	case SignalCancel:
		go r.cancel()
	case SignalAck:
		if r.stream != nil {
			r.stream.taken(signal.Seq)
		}
	case SignalResume:
		r.attach(signal.ReplyTo)
		if r.stream != nil {
			r.stream.resume(signal.Seq, signal.ReplyTo)
		}
	case SignalAttach:
		r.attach(signal.ReplyTo)
	}
}

// tell sends a signal to another process that shares the store.
func (e *Engine) tell(key Key, signal Signal) (delivered bool) {
	ctx, cancel := context.WithTimeout(context.Background(), signalTimeout)
	defer cancel()
	delivered, err := e.signaler.Signal(ctx, key, signal)
	if err != nil {
		e.log.Warn("a signal to the process that runs a call was lost", "correlation_id", key.CorrelationID, "error", err)
		return true // nothing is known; the caller asks again
	}
	return delivered
}

// signal hands a word about a call to the process that runs it: this one, or one
// that shares the store. It does not block. missing is called where there is none.
func (e *Engine) signal(key Key, signal Signal, missing func()) {
	// A run that is not known to have the call may find that another process has it.
	if r := e.running.find(key); r != nil && (signal.Kind == SignalCancel || r.isOwned()) {
		r.receive(signal)
		return
	}
	if e.signaler == nil {
		missing()
		return
	}
	go func() {
		if !e.tell(key, signal) {
			missing()
		}
	}()
}

// resume sends a stream's items again.
func (c *Caller) resume(userID string, req *wire.Request) {
	var seq uint64
	if req.Seq != nil {
		seq = *req.Seq
	}
	id, replyTo := req.CorrelationID, req.ReplyTo
	c.engine.signal(Key{userID, id}, Signal{Kind: SignalResume, Seq: seq, ReplyTo: replyTo}, func() {
		gone := wire.EncodeError(id, itemsGone().Wire())
		if err := c.engine.publish(replyTo, gone); err != nil {
			c.engine.log.Error("a reply could not be published", "correlation_id", id, "error", err)
		}
	})
}
