package calls

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// serve claims a request, acknowledges it and sees its call through. It runs on
// a goroutine of the call's own, which holds a slot.
func (c *Caller) serve(req wire.Request, taken slot, ack func(error)) {
	e := c.engine
	defer taken.free(e)
	if len(req.Received) > 0 {
		c.received(req.Received)
	}
	method, known := e.router.Lookup(req.Method)
	if !known || (method.Kind == contract.Notify) != (req.Op == wire.OpNotify) {
		taken.freeConn()
		ack(nil)
		e.cfg.Observer.CallRefused("method_not_found")
		c.answer(req, wrongKind(req, known))
		return
	}
	timeout := e.timeout(req.Timeout(), method)
	claim := Claim{Key: Key{c.conn.UserID, req.CorrelationID}, Fingerprint: fingerprint(&req), Deadline: time.Now().Add(timeout)}
	found, err := e.cfg.Store.Claim(e.base, claim)
	if err != nil {
		e.log.Error("a call could not be claimed", "method", req.Method, "correlation_id", req.CorrelationID, "error", err)
		err = fmt.Errorf("%w: the call store is out of reach", ErrUnavailable)
	} else if found.State == Full {
		err = fmt.Errorf("%w: the call store is full", ErrTooManyRequests)
	}
	if err != nil {
		e.cfg.Observer.CallRefused(refusalName(err))
		ack(err)
		return
	}
	ack(nil)
	if found.State != Claimed {
		taken.freeConn()
		c.repeat(req, found)
		return
	}
	e.execute(e.base, execution{
		conn: c.conn, method: method, params: req.Params, key: &claim.Key, timeout: timeout,
		returned: taken.freeConn,
		finish: func(result json.RawMessage, failed *wire.Error) {
			c.complete(req, claim.Key, found.Fence, result, failed)
		},
	})
}

// repeat answers a request that was claimed before.
func (c *Caller) repeat(req wire.Request, found ClaimResult) {
	switch found.State {
	case Done:
		if len(found.Reply) > 0 {
			c.send(req, found.Reply)
		}
	case Dropped:
		c.engine.cfg.Observer.CallRefused("outcome_unknown")
		c.answer(req, centrirpc.Errorf(wire.OutcomeUnknown, "the call has ended, and its reply is no longer kept"))
	case Conflict:
		c.engine.cfg.Observer.CallRefused("conflict")
		c.answer(req, centrirpc.Errorf(wire.Conflict, "the correlation id was used with another method or other params; give every call an id of its own"))
	}
}

// complete stores the reply of a call that this process ran, and sends it.
func (c *Caller) complete(req wire.Request, key Key, fence uint64, result json.RawMessage, failed *wire.Error) {
	e := c.engine
	var reply []byte
	switch {
	case req.Op == wire.OpNotify:
	case failed != nil:
		reply = wire.EncodeError(req.CorrelationID, failed)
	default:
		reply = wire.EncodeResult(req.CorrelationID, result)
	}
	owned, err := e.cfg.Store.Complete(e.base, key, fence, reply)
	if err != nil {
		e.log.Error("a reply could not be stored", "method", req.Method, "correlation_id", req.CorrelationID, "error", err)
	} else if !owned {
		e.log.Warn("a call ended after its claim had passed to another owner", "method", req.Method, "correlation_id", req.CorrelationID)
		return
	}
	if reply != nil {
		c.send(req, reply)
	}
}

// answer sends an error for a request that no handler ran.
func (c *Caller) answer(req wire.Request, failed *centrirpc.Error) {
	if req.Op != wire.OpNotify {
		c.send(req, wire.EncodeError(req.CorrelationID, failed.Wire()))
	}
}

func (c *Caller) send(req wire.Request, reply []byte) {
	if err := c.engine.publish(req.ReplyTo, reply); err != nil {
		c.engine.log.Error("a reply could not be published", "method", req.Method, "correlation_id", req.CorrelationID, "error", err)
	}
}

func wrongKind(req wire.Request, known bool) *centrirpc.Error {
	switch {
	case !known:
		return centrirpc.Errorf(wire.MethodNotFound, "there is no method %.128q", req.Method)
	case req.Op == wire.OpNotify:
		return centrirpc.Errorf(wire.MethodNotFound, "the method %s is called, not notified", req.Method)
	}
	return centrirpc.Errorf(wire.MethodNotFound, `the method %s takes notifications: send it with "op":"notify"`, req.Method)
}

func fingerprint(req *wire.Request) Fingerprint {
	var scratch [512]byte // on the stack; most requests fit
	text := append(append(append(scratch[:0], req.Method...), 0), req.Params...)
	sum := sha256.Sum256(text)
	return Fingerprint(sum[:16])
}

// execution is what execute needs to know of a call.
type execution struct {
	conn    *centrirpc.Conn
	method  *centrirpc.Method
	params  json.RawMessage
	key     *Key // nil for native RPC
	timeout time.Duration
	// returned is called when the handler has returned, before finish unless the
	// call ended without it.
	returned func()
	finish   func(json.RawMessage, *wire.Error)
}

// execute runs a method and calls finish exactly once, when the handler returns
// or, if that is sooner, when its deadline passes, it is cancelled or the engine
// stops: a handler that does not heed its context delays nobody but itself.
// execute returns when the handler does.
func (e *Engine) execute(parent context.Context, x execution) {
	started := time.Now()
	e.cfg.Observer.CallStarted(x.method.Name)
	var correlationID string
	if x.key != nil {
		correlationID = x.key.CorrelationID
	}
	run := newRun(parent, x.conn, correlationID, started.Add(x.timeout), func(result json.RawMessage, failed *wire.Error) {
		var code wire.Code
		if failed != nil {
			code = failed.Code
		}
		x.finish(result, failed)
		e.cfg.Observer.CallEnded(x.method.Name, code, time.Since(started))
	})
	if x.key != nil {
		e.running.add(*x.key, run)
		defer e.running.remove(*x.key)
	}
	defer run.close() // even if the handler ends its goroutine
	result, err := e.router.Call(run.ctx, x.method.Name, x.params)
	x.returned()
	result, failed := e.outcome(result, err)
	if failed != nil && run.ctx.Err() != nil && (failed.Code == wire.Cancelled || failed.Code == wire.DeadlineExceeded) {
		failed = endOf(context.Cause(run.ctx)) // the handler passed on why its context ended
	}
	run.end(result, failed)
}

// outcome is what a call's reply says, given what the router answered.
func (e *Engine) outcome(result json.RawMessage, err error) (json.RawMessage, *wire.Error) {
	if err != nil {
		failed, ok := err.(*centrirpc.Error)
		if !ok {
			failed = centrirpc.Errorf(wire.Internal, "internal error")
		}
		answer := failed.Wire()
		if len(answer.Details) > e.cfg.MaxResultSize {
			answer.Details = nil
		}
		return nil, answer
	}
	if len(result) > e.cfg.MaxResultSize {
		return nil, centrirpc.Errorf(wire.PayloadTooLarge, "the result is %d bytes; at most %d can be sent", len(result), e.cfg.MaxResultSize).Wire()
	}
	return result, nil
}
