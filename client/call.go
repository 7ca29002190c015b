package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// Call calls a method and waits for its result, which it decodes into result: a
// pointer, or nil to ignore it. Params are written by encoding/json; nil means
// {}. While the client is connecting, Call waits for the connection.
//
// Where the connection is lost, the call is sent again, and does not run twice; see
// the package's documentation.
//
// It ends with ctx, or after WithTimeout among opts, whichever comes first. The
// client's own timeout counts where ctx has no deadline and there is no such
// option.
//
// The error wraps a *ServerError if the server sent it, of the type that
// ErrorTypes among opts gives it. Otherwise it wraps
// ErrNotConnected, ErrConnectionLost, ErrClosed, ErrTimeout, ErrAborted,
// ErrRequestTooLarge, ErrInvalidParams or ErrInvalidReply.
func (c *CentrifugoRPCClient) Call(ctx context.Context, method string, params, result any, opts ...CallOption) error {
	cl := callPool.Get().(*call)
	raw, err := c.do(ctx, cl, wire.OpCall, method, params, opts)
	if err == nil && result != nil {
		if err = cl.result.decode(raw, result); err != nil {
			err = fmt.Errorf("%w: %w", ErrInvalidReply, err)
		}
	}
	cl.release()
	if err != nil {
		return fmt.Errorf("calling %s: %w", method, err)
	}
	return nil
}

// Notify sends a notification: a method that is accepted or refused but never
// answered. It returns when the server has accepted it. Its errors are those of
// Call.
func (c *CentrifugoRPCClient) Notify(ctx context.Context, method string, params any, opts ...CallOption) error {
	cl := callPool.Get().(*call)
	_, err := c.do(ctx, cl, wire.OpNotify, method, params, opts)
	cl.release()
	if err != nil {
		return fmt.Errorf("notifying %s: %w", method, err)
	}
	return nil
}

// do is the life of a call or notification. The result lies in the call's memory
// or in its own.
func (c *CentrifugoRPCClient) do(ctx context.Context, cl *call, op wire.Op, method string, params any, opts []CallOption) ([]byte, error) {
	r := request{op: op, method: method}
	s, err := c.begin(ctx, cl, &r, params, opts)
	if err != nil {
		return nil, err
	}
	return c.carry(ctx, s, cl, &r)
}

// begin makes the request of a call and registers it: from then on a reply finds
// it. carry is to follow.
func (c *CentrifugoRPCClient) begin(ctx context.Context, cl *call, r *request, params any, opts []CallOption) (*session, error) {
	body, err := cl.params.encode(params)
	if err != nil {
		return nil, err
	}
	for _, o := range opts {
		o.applyCall(&cl.cfg)
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	r.params, r.received = body, &c.received
	r.traceparent = c.cfg.traceparentOf(ctx, &cl.cfg)
	now := time.Now()
	r.timeout, r.deadline = c.timeLeft(ctx, &cl.cfg, now)
	if r.timeout > 0 {
		r.until = now.Add(r.timeout)
	}
	r.wallDeadline = c.cfg.wallClock().Round(0).Add(r.deadline.Sub(now))
	cl.id = newCorrelationID()
	r.id = cl.id[:]
	c.calls.add(cl.id, cl)
	return s, nil
}

// carry brings a call that has begun to its end.
func (c *CentrifugoRPCClient) carry(ctx context.Context, s *session, cl *call, r *request) ([]byte, error) {
	out, err := c.exchange(ctx, s, cl, r)
	switch {
	case err == nil:
	case c.calls.take(cl.id) == nil:
		// It was answered after all, at the last moment.
		out, err = <-cl.outcome, nil
	case r.op == wire.OpCall && cl.way.mayBeThere() && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrAborted)):
		// Not before the call was taken: the server's answer to the cancel must not
		// become the call's.
		c.cancelCall(s, r)
	}
	if l := cl.way.link; l != nil {
		l.forget(cl.way.command)
		cl.forgetAck()
	}
	if p := cl.news.progress; p != nil {
		c.tell(cl.cfg.progress, p)
	}
	if err == nil {
		switch {
		case out.refused != nil:
			err = cl.cfg.errors.typed(out.refused)
		case out.err != nil:
			err = cl.cfg.errors.typed(serverError(out.err))
		default:
			return out.result, nil
		}
	}
	c.observe(FrameError, r.id, r.method, nil, err)
	return nil, err
}

// timeLeft is how long a call may take, and until when. The timeout is 0 where
// only ctx ends it: the client's own counts where the caller gave no time at all.
func (c *CentrifugoRPCClient) timeLeft(ctx context.Context, cfg *callConfig, now time.Time) (timeout time.Duration, deadline time.Time) {
	end, ends := ctx.Deadline()
	timeout = cfg.timeout
	if timeout <= 0 {
		if ends {
			return 0, end
		}
		timeout = c.cfg.timeout
	}
	deadline = now.Add(timeout)
	if ends && end.Before(deadline) {
		deadline = end
	}
	return timeout, deadline
}

// openSession is the session that a call made now belongs to.
func (c *CentrifugoRPCClient) openSession() (*session, error) {
	if l := c.current.Load(); l != nil {
		return l.session, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.session; {
	case s == nil || errors.Is(s.err, ErrClosed):
		return nil, fmt.Errorf("%w: call Connect first", ErrNotConnected)
	case s.err != nil:
		return nil, s.err
	default:
		return s, nil
	}
}

func serverError(e *wire.Error) *ServerError {
	s := &ServerError{Code: e.Code, Reason: e.Reason, Message: e.Message, Details: e.Details}
	if s.Reason == "" {
		s.Reason = e.Code.Reason()
	}
	return s
}
