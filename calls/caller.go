package calls

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// Caller takes the requests of one connection.
type Caller struct {
	engine   *Engine
	conn     atomic.Pointer[centrirpc.Conn]
	shard    uint32
	inFlight atomic.Int64
	// streamBytes is the size of all items that were not taken yet.
	streamBytes atomic.Int64
	waiting     waiting      // for room
	signals     atomic.Int64 // to other processes, under way
}

// NewCaller makes a caller for a connection. It needs no closing: calls outlive
// connections.
func (e *Engine) NewCaller(conn *centrirpc.Conn) *Caller {
	c := &Caller{engine: e, shard: e.callers.Add(1)}
	c.conn.Store(conn)
	return c
}

// Conn is who asks, as of now.
func (c *Caller) Conn() *centrirpc.Conn { return c.conn.Load() }

// SetConn says anew who asks, for calls from now on: the connection's token was
// refreshed. The user must be the same.
func (c *Caller) SetConn(conn *centrirpc.Conn) { c.conn.Store(conn) }

var (
	errConnBusy    = fmt.Errorf("%w: the connection has as many calls running as it may", ErrTooManyRequests)
	errStreamsFull = fmt.Errorf("%w: the server has as many streams whose items were not taken as it may", ErrTooManyRequests)
	errServerBusy  = fmt.Errorf("%w: the server has as many calls running as it may", ErrTooManyRequests)
	errDraining    = fmt.Errorf("%w: the server is draining", ErrUnavailable)
	errBroken      = fmt.Errorf("%w: the call could not be claimed", ErrUnavailable)
	errRepeats     = fmt.Errorf("%w: the call is sent again too often while it is being claimed", ErrTooManyRequests)
	errChannels    = fmt.Errorf("%w: requests of the same call name too many reply channels", ErrTooManyRequests)
)

// Submit takes what the connection published on wire.RequestsChannel. It never
// blocks. ack is called exactly once, from any goroutine, perhaps before Submit
// returns: with nil when the request is claimed (or was already), or with an
// error that wraps one of the refusals. What becomes of the call is published on
// its reply channel, before or after the acknowledgement. data is not kept.
func (c *Caller) Submit(data []byte, ack func(error)) {
	req, err := wire.DecodeRequest(data)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrBadRequest, err)
	} else if reason := c.submit(&req, ack); reason != nil {
		err = &Refusal{centrirpc.Asker{Conn: c.Conn(), CorrelationID: req.CorrelationID, Method: req.Method, Traceparent: req.Traceparent}, reason}
	}
	if err != nil {
		c.engine.cfg.Observer.CallRefused(refusalName(err))
		ack(err)
	}
}

// submit returns an error if it did not, and will not, call ack.
func (c *Caller) submit(req *wire.Request, ack func(error)) error {
	conn := c.Conn()
	switch req.Op {
	case wire.OpCancel:
		c.signal(Key{conn.UserID, req.CorrelationID}, Signal{Kind: SignalCancel}, func() {})
		c.received(conn.UserID, req.Received)
		ack(nil)
		return nil
	case wire.OpAck:
		if req.Seq != nil {
			c.signal(Key{conn.UserID, req.CorrelationID}, Signal{Kind: SignalAck, Seq: *req.Seq}, func() {})
		}
		c.received(conn.UserID, req.Received)
		ack(nil)
		return nil
	case wire.OpResume:
		if err := wire.CheckReplyTo(req.ReplyTo, conn.UserID); err != nil {
			return fmt.Errorf("%w: %w", ErrPermissionDenied, err)
		}
		c.received(conn.UserID, req.Received)
		ack(nil)
		c.resume(conn.UserID, req)
		return nil
	case wire.OpCall:
		if err := wire.CheckReplyTo(req.ReplyTo, conn.UserID); err != nil {
			return fmt.Errorf("%w: %w", ErrPermissionDenied, err)
		}
	}
	method, _ := c.engine.router.Lookup(req.Method)
	if err := c.engine.checkWait(req.Timeout(), method); err != nil {
		return err
	}
	c.received(conn.UserID, req.Received)
	r := &run{
		Asker:  centrirpc.Asker{Conn: conn, CorrelationID: req.CorrelationID, Method: req.Method, Logger: c.engine.log},
		caller: c, described: method, observer: c.engine.observers[method], arrived: time.Now(), params: req.Params, asked: req.Timeout(),
		notify: req.Op == wire.OpNotify, ack: ack, replyTo: req.ReplyTo, holds: 1,
		epoch: storeEpoch(req.Store, conn.UserID), missing: req.Seq,
	}
	if method != nil && method.Kind == contract.Stream {
		r.stream = newStream(r)
	}
	r.follow(req.Traceparent)
	// Before it has a slot, so that a call that runs is never refused.
	if first := c.engine.running.add(r); first != nil && r.joins(first, req) {
		return nil
	}
	c.start(r)
	return nil
}

// start starts a run, or refuses it where there is no slot for it.
func (c *Caller) start(r *run) {
	var err error
	if r.slot, r.find, err = c.engine.take(c, r.epoch != "", r.stream != nil); err != nil {
		c.engine.running.remove(r)
		if r.native == nil {
			r.refuse(err)
			return
		}
		r.unhook()
		c.engine.cfg.Observer.CallRefused(refusalName(err))
		r.native(nil, refusalAnswer(err))
		r.endTrace(codeOfReply(err))
		return
	}
	c.engine.workers.start(r)
}

// received drops replies that the caller has.
func (c *Caller) received(userID string, ids []string) {
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		if r := c.engine.running.find(Key{userID, id}); r != nil && r.stream != nil {
			r.stream.received()
		}
	}
	c.engine.cfg.Store.Received(userID, ids)
}

// Invoke runs a method for native RPC: the same router and limits, but no call
// store, so a dropped connection loses the answer. It never blocks. ctx ends with
// the connection and ends the handler's context, which has its values. reply is
// called exactly once, from any goroutine, with a result or an error. params are
// not kept longer than the handler runs.
func (c *Caller) Invoke(ctx context.Context, method string, params json.RawMessage, reply func(json.RawMessage, *wire.Error)) {
	e := c.engine
	described, ok := e.router.Lookup(method)
	if !ok {
		e.cfg.Observer.CallRefused("method_not_found")
		reply(nil, noSuchMethod(method).Wire())
		return
	}
	r := &run{
		Asker:  centrirpc.Asker{Conn: c.Conn(), Method: method, Logger: e.log},
		caller: c, described: described, observer: e.observers[described], arrived: time.Now(), params: params,
		deadline: time.Now().Add(e.timeout(0, described)), native: reply, parent: ctx, holds: 1,
	}
	r.follow("")
	e.running.add(r)
	r.unhook = context.AfterFunc(ctx, func() { r.giveUp(errGone) })
	c.start(r)
}

func refusalAnswer(refusal error) *wire.Error {
	return centrirpc.Errorf(codeOfReply(refusal), "%v", refusal).Wire()
}
