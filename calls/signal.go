package calls

import (
	"context"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// signalTimeout bounds a word to another process.
const signalTimeout = 5 * time.Second

// maxSignals bounds the words to other processes that are under way for one
// connection. Those over it are lost.
const maxSignals = 1024

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
	delivered, err := e.trySignal(key, signal)
	if err != nil {
		e.log.Log(context.Background(), e.storing.fail(), "a signal to the process that runs a call was lost; that is said once until the call store is back", "correlation_id", key.CorrelationID, "user", key.UserID, "error", err)
		return true // nothing is known; the caller asks again
	}
	return delivered
}

func (e *Engine) trySignal(key Key, signal Signal) (delivered bool, err error) {
	defer asError(&err)
	ctx, cancel := context.WithTimeout(context.Background(), signalTimeout)
	defer cancel()
	return e.signaler.Signal(ctx, key, signal)
}

// signal hands a word about a call to the process that runs it: this one, or one
// that shares the store. It does not block. missing is called where there is none.
func (c *Caller) signal(key Key, signal Signal, missing func()) {
	e := c.engine
	// A run that is not known to have the call may find that another process has it.
	if r := e.running.find(key); r != nil && (signal.Kind == SignalCancel || r.isOwned()) {
		r.receive(signal)
		return
	}
	if e.signaler == nil {
		missing()
		return
	}
	if c.signals.Add(1) > maxSignals {
		c.signals.Add(-1)
		return // words are best effort, and those that matter are said again
	}
	go func() {
		defer c.signals.Add(-1)
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
	c.signal(Key{userID, id}, Signal{Kind: SignalResume, Seq: seq, ReplyTo: replyTo}, func() {
		c.engine.send(replyTo, wire.EncodeError(id, itemsGone().Wire()), &centrirpc.Asker{Conn: c.Conn(), CorrelationID: id, Method: req.Method})
	})
}
