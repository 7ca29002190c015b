package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/centrifugal/protocol"

	"github.com/centrirpc/centrirpc/wire"
)

// commandOverhead is what is counted for the command around an envelope, in
// bytes.
const commandOverhead = 256

// pending are the calls that wait for a reply, by correlation id.
type pending struct {
	mu   sync.Mutex
	byID map[correlationID]*call
}

func (p *pending) add(id correlationID, cl *call) {
	p.mu.Lock()
	p.byID[id] = cl
	p.mu.Unlock()
}

// take removes a call. Whoever takes it ends it: nobody else will.
func (p *pending) take(id correlationID) *call {
	p.mu.Lock()
	cl := p.byID[id]
	delete(p.byID, id)
	p.mu.Unlock()
	return cl
}

// call is one call or notification under way, with the memory that it takes. It
// is used again for another once it was taken out of pending, its outcome was
// received and its result was decoded.
type call struct {
	outcome chan outcome // holds one
	timer   *time.Timer
	id      correlationID
	cfg     callConfig
	params  encoder
	buf     []byte // the envelope and the command
	body    []byte // the result, where it was copied: written by whoever takes the call
	result  decoder
	request protocol.PublishRequest // for the protobuf form
}

type outcome struct {
	result json.RawMessage
	err    *wire.Error
	// refused is the error of a publish that the server did not accept.
	refused *ServerError
}

var callPool = sync.Pool{New: func() any {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &call{outcome: make(chan outcome, 1), timer: timer}
}}

func (cl *call) release() {
	cl.timer.Stop()
	cl.cfg = callConfig{}
	cl.params.buf = reuse(cl.params.buf)
	cl.buf = reuse(cl.buf)
	cl.body = reuse(cl.body)
	cl.request.Data = nil
	callPool.Put(cl)
}

// Call calls a method and waits for its result, which it decodes into result: a
// pointer, or nil to ignore it. Params are written by encoding/json; nil means
// {}. While the client is connecting, Call waits for the connection.
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
	timeout, deadline := c.timeLeft(ctx, &cl.cfg)
	if timeout > 0 {
		cl.timer.Reset(timeout)
	}
	cl.id = newCorrelationID()
	r := request{op: op, method: method, params: body, id: cl.id[:], timeout: timeout, deadline: deadline}
	c.calls.add(cl.id, cl)
	out, given, err := c.exchange(ctx, s, cl, &r)
	switch {
	case err == nil:
	case c.calls.take(cl.id) == nil:
		// It was answered after all, at the last moment.
		out, err = <-cl.outcome, nil
	case given != nil && op == wire.OpCall:
		// Not before the call was taken: the server's answer to the cancel must not
		// become the call's.
		c.cancelCall(given, &r)
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
	c.observe(FrameError, r.id, method, nil, err)
	return nil, err
}

// timeLeft is how long a call may take, and until when. The timeout is 0 where
// only ctx ends it: the client's own counts where the caller gave no time at all.
func (c *CentrifugoRPCClient) timeLeft(ctx context.Context, cfg *callConfig) (timeout time.Duration, deadline time.Time) {
	end, ends := ctx.Deadline()
	timeout = cfg.timeout
	if timeout <= 0 {
		if ends {
			return 0, end
		}
		timeout = c.cfg.timeout
	}
	deadline = time.Now().Add(timeout)
	if ends && end.Before(deadline) {
		deadline = end
	}
	return timeout, deadline
}

// exchange sends the request and waits for its outcome. The link that it returns
// is one on which the request was given up: the server had better be told. What
// becomes of a call whose connection is lost is decided here and nowhere else.
func (c *CentrifugoRPCClient) exchange(ctx context.Context, s *session, cl *call, r *request) (outcome, *link, error) {
	sentBefore := false
	for {
		l, err := c.linkFor(ctx, s, cl.timer)
		if err != nil {
			if errors.Is(err, ErrNotConnected) && sentBefore {
				err = fmt.Errorf("%w: %w", ErrConnectionLost, err)
			}
			return outcome{}, nil, err
		}
		id, number, err := c.publish(ctx, l, cl, r, sentBefore)
		if err != nil {
			if l.err() != nil {
				continue
			}
			return outcome{}, nil, err
		}
		select {
		case out := <-cl.outcome:
			l.forget(id)
			return out, nil, nil
		case <-cl.timer.C:
			err = fmt.Errorf("%w after %s", ErrTimeout, r.timeout)
		case <-ctx.Done():
			err = contextError(ctx)
		case <-l.lost:
			select {
			case out := <-cl.outcome:
				return out, nil, nil
			default:
			}
			sent := l.sent(number)
			sentBefore = sentBefore || sent
			switch cause := l.err(); {
			case errors.Is(cause, ErrClosed):
				return outcome{}, nil, ErrClosed
			case !sent:
				// It never left: it may go by the next connection.
			case !cl.cfg.idempotent, errors.Is(cause, errFrameTooLarge):
				return outcome{}, nil, fmt.Errorf("%w: %w", ErrConnectionLost, cause)
			}
			continue
		}
		l.forget(id)
		return outcome{}, l, err
	}
}

// linkFor is the link to send on. It waits for one within the call's time.
func (c *CentrifugoRPCClient) linkFor(ctx context.Context, s *session, timer *time.Timer) (*link, error) {
	if l := c.current.Load(); l != nil && l.session == s && l.err() == nil {
		return l, nil
	}
	return c.await(ctx, s, timer.C)
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

// publish sends the request's envelope. The acknowledgement matters only where it
// is an error, or to a notification.
func (c *CentrifugoRPCClient) publish(ctx context.Context, l *link, cl *call, r *request, again bool) (uint32, uint64, error) {
	id := l.nextID()
	var env []byte
	cl.buf, env = l.codec.openPublish(cl.buf[:0], id, r, l.identity.replyChannel)
	if size, limit := len(env)+commandOverhead, int(l.limit.Load()); size > limit {
		return 0, 0, fmt.Errorf("%w: it takes %d bytes and the limit is %d", ErrRequestTooLarge, size, limit)
	}
	if again {
		c.observe(FrameResend, r.id, r.method, env, nil)
	} else {
		c.observe(FramePublish, r.id, r.method, env, nil)
	}
	cl.request.Channel, cl.request.Data = wire.RequestsChannel, env
	var command []byte
	var err error
	if cl.buf, command, err = l.codec.closePublish(cl.buf, id, &cl.request); err != nil {
		return 0, 0, err
	}
	number, err := l.send(ctx, id, command, waiter{ack: acknowledgement{c: c, id: cl.id, method: r.method, notify: r.op == wire.OpNotify}})
	if err != nil && ctx.Err() != nil {
		err = contextError(ctx)
	}
	return id, number, err
}

// acknowledgement waits for the reply to a publish. It stands for itself, not
// for a pooled call, which may be another's by the time that a late one comes.
type acknowledgement struct {
	c      *CentrifugoRPCClient // nil if nobody waits
	id     correlationID
	method string
	notify bool
}

func (a *acknowledgement) answered(r *protocol.Reply) {
	switch e := r.Error; {
	case e != nil:
		if cl := a.c.calls.take(a.id); cl != nil {
			cl.outcome <- outcome{refused: refusal(e.Code, e.Message)}
		}
	case a.notify:
		a.observe()
		if cl := a.c.calls.take(a.id); cl != nil {
			cl.outcome <- outcome{}
		}
	default:
		a.observe()
	}
}

func (a *acknowledgement) observe() {
	a.c.observe(FrameAck, a.id[:], a.method, nil, nil)
}

// cancelCall asks the server to end a call that nobody waits for any more: best
// effort, once.
func (c *CentrifugoRPCClient) cancelCall(l *link, r *request) {
	cancel := request{op: wire.OpCancel, method: r.method, id: r.id}
	env := cancel.appendTo(nil, "")
	id := l.nextID()
	cmd := protocol.Command{Id: id, Publish: &protocol.PublishRequest{Channel: wire.RequestsChannel, Data: env}}
	command, err := l.codec.appendCommand(nil, &cmd)
	if err != nil {
		return
	}
	if err := l.sendNow(id, command, waiter{}); err == nil {
		c.observe(FrameCancel, r.id, r.method, env, nil)
	}
}

func serverError(e *wire.Error) *ServerError {
	s := &ServerError{Code: e.Code, Reason: e.Reason, Message: e.Message, Details: e.Details}
	if s.Reason == "" {
		s.Reason = e.Code.Reason()
	}
	return s
}
