package calls

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Caller takes the requests of one connection.
type Caller struct {
	engine   *Engine
	conn     *centrirpc.Conn
	shard    uint32
	inFlight atomic.Int64
}

// NewCaller makes a caller for a connection. It needs no closing: calls outlive
// connections.
func (e *Engine) NewCaller(conn *centrirpc.Conn) *Caller {
	return &Caller{engine: e, conn: conn, shard: e.callers.Add(1)}
}

var (
	errConnBusy   = fmt.Errorf("%w: the connection has as many calls running as it may", ErrTooManyRequests)
	errServerBusy = fmt.Errorf("%w: the server has as many calls running as it may", ErrTooManyRequests)
	errDraining   = fmt.Errorf("%w: the server is draining", ErrUnavailable)
	errNoStreams  = fmt.Errorf("%w: there is no stream to resume", ErrBadRequest)
)

// Submit takes what the connection published on wire.RequestsChannel. It never
// blocks. ack is called exactly once, from any goroutine, perhaps before Submit
// returns: with nil when the request is claimed (or was already), or with an
// error that wraps one of the refusals. What becomes of the call is published on
// its reply channel, before or after the acknowledgement. data is not kept.
func (c *Caller) Submit(data []byte, ack func(error)) {
	if err := c.submit(data, ack); err != nil {
		c.engine.cfg.Observer.CallRefused(refusalName(err))
		ack(err)
	}
}

// submit returns an error if it did not, and will not, call ack.
func (c *Caller) submit(data []byte, ack func(error)) error {
	req, err := wire.DecodeRequest(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	switch req.Op {
	case wire.OpCancel:
		c.engine.running.cancel(Key{c.conn.UserID, req.CorrelationID})
		c.received(req.Received)
		ack(nil)
		return nil
	case wire.OpAck:
		c.received(req.Received)
		ack(nil)
		return nil
	case wire.OpResume:
		return errNoStreams
	case wire.OpCall:
		if err := wire.CheckReplyTo(req.ReplyTo, c.conn.UserID); err != nil {
			return fmt.Errorf("%w: %w", ErrPermissionDenied, err)
		}
	}
	taken, err := c.engine.take(c)
	if err != nil {
		return err
	}
	c.engine.workers.run(c.shard, func() { c.serve(req, taken, ack) })
	return nil
}

// received drops replies that the caller has. The store may be out of reach, or
// slow: nothing depends on it.
func (c *Caller) received(ids []string) {
	if len(ids) == 0 {
		return
	}
	go func() {
		if err := c.engine.cfg.Store.Received(c.engine.base, c.conn.UserID, ids); err != nil {
			c.engine.log.Debug("received replies could not be dropped", "error", err)
		}
	}()
}

// Invoke runs a method for native RPC: the same router and limits, but no call
// store, so a dropped connection loses the answer. It never blocks. ctx ends with
// the connection and ends the handler's context. reply is called exactly once,
// from any goroutine, with a result or an error.
func (c *Caller) Invoke(ctx context.Context, method string, params json.RawMessage, reply func(json.RawMessage, *wire.Error)) {
	e := c.engine
	described, ok := e.router.Lookup(method)
	if !ok {
		e.cfg.Observer.CallRefused("method_not_found")
		reply(nil, noSuchMethod(method))
		return
	}
	taken, err := e.take(c)
	if err != nil {
		e.cfg.Observer.CallRefused(refusalName(err))
		reply(nil, refusalAnswer(err))
		return
	}
	e.workers.run(c.shard, func() {
		defer taken.free(e)
		e.execute(ctx, execution{
			conn: c.conn, method: described, params: params, timeout: e.timeout(0, described),
			returned: taken.freeConn, finish: reply,
		})
	})
}

func noSuchMethod(method string) *wire.Error {
	return centrirpc.Errorf(wire.MethodNotFound, "there is no method %.128q", method).Wire()
}

func refusalAnswer(refusal error) *wire.Error {
	code := wire.Unavailable
	if CodeOf(refusal) == 111 {
		code = wire.ResourceExhausted
	}
	return centrirpc.Errorf(code, "%v", refusal).Wire()
}
