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
	byID map[string]*call
}

func (p *pending) add(id string, cl *call) {
	p.mu.Lock()
	p.byID[id] = cl
	p.mu.Unlock()
}

// take removes a call. Whoever takes it ends it: nobody else will.
func (p *pending) take(id string) *call {
	p.mu.Lock()
	cl := p.byID[id]
	delete(p.byID, id)
	p.mu.Unlock()
	return cl
}

// takeBytes is take, for an id that was read off the wire.
func (p *pending) takeBytes(id []byte) *call {
	p.mu.Lock()
	cl := p.byID[string(id)]
	if cl != nil {
		delete(p.byID, string(id))
	}
	p.mu.Unlock()
	return cl
}

// call is one call or notification under way. It is used again for another once
// it was taken out of pending and its outcome received.
type call struct {
	outcome chan outcome // holds one
	timer   *time.Timer
	buf     []byte // the envelope, then the command
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
	cl.buf = reuse(cl.buf)
	callPool.Put(cl)
}

// Call calls a method and waits for its result, which it decodes into result: a
// pointer, or nil to ignore it. Params are written by encoding/json; nil means
// {}. While the client is connecting, Call waits for the connection.
//
// The error is a *ServerError if the server sent it. Otherwise it wraps
// ErrNotConnected, ErrConnectionLost, ErrClosed, ErrTimeout, ErrAborted,
// ErrRequestTooLarge, ErrInvalidParams or ErrInvalidReply.
func (c *CentrifugoRPCClient) Call(ctx context.Context, method string, params, result any, opts ...CallOption) error {
	body, err := encodeParams(params)
	if err != nil {
		return fmt.Errorf("calling %s: %w", method, err)
	}
	raw, err := c.do(ctx, wire.OpCall, method, body, opts)
	if err != nil {
		return fmt.Errorf("calling %s: %w", method, err)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return fmt.Errorf("calling %s: %w: %w", method, ErrInvalidReply, err)
	}
	return nil
}

// Notify sends a notification: a method that is accepted or refused but never
// answered. It returns when the server has accepted it. Its errors are those of
// Call.
func (c *CentrifugoRPCClient) Notify(ctx context.Context, method string, params any, opts ...CallOption) error {
	body, err := encodeParams(params)
	if err == nil {
		_, err = c.do(ctx, wire.OpNotify, method, body, opts)
	}
	if err != nil {
		return fmt.Errorf("notifying %s: %w", method, err)
	}
	return nil
}

func encodeParams(params any) ([]byte, error) {
	if params == nil {
		return nil, nil
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidParams, err)
	}
	return body, nil
}

// do is the life of a call or notification.
func (c *CentrifugoRPCClient) do(ctx context.Context, op wire.Op, method string, params []byte, opts []CallOption) (json.RawMessage, error) {
	cfg := callConfig{}
	for _, o := range opts {
		o.applyCall(&cfg)
	}
	if cfg.timeout <= 0 {
		cfg.timeout = c.cfg.timeout
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	cl := callPool.Get().(*call)
	cl.timer.Reset(cfg.timeout)
	r := request{op: op, method: method, params: params, id: newCorrelationID(), timeout: cfg.timeout, deadline: time.Now().Add(cfg.timeout)}
	if d, ok := ctx.Deadline(); ok && d.Before(r.deadline) {
		r.deadline = d
	}
	c.calls.add(r.id, cl)
	out, err := c.exchange(ctx, s, cl, &r, cfg.idempotent)
	if err != nil && c.calls.take(r.id) == nil {
		// It was answered after all, at the last moment.
		out, err = <-cl.outcome, nil
	}
	cl.release()
	if err == nil {
		switch {
		case out.refused != nil:
			err = out.refused
		case out.err != nil:
			err = serverError(out.err)
		default:
			return out.result, nil
		}
	}
	c.observe(FrameError, &r, nil, err)
	return nil, err
}

// exchange sends the request and waits for its outcome. What becomes of a call
// whose connection is lost is decided here and nowhere else.
func (c *CentrifugoRPCClient) exchange(ctx context.Context, s *session, cl *call, r *request, idempotent bool) (outcome, error) {
	sentBefore := false
	for {
		l, err := c.linkFor(ctx, s, cl.timer)
		if err != nil {
			if errors.Is(err, ErrNotConnected) && sentBefore {
				err = fmt.Errorf("%w: %w", ErrConnectionLost, err)
			}
			return outcome{}, err
		}
		id, number, err := c.publish(ctx, l, cl, r, sentBefore)
		if err != nil {
			if l.err() != nil {
				continue
			}
			return outcome{}, err
		}
		select {
		case out := <-cl.outcome:
			l.forget(id)
			return out, nil
		case <-cl.timer.C:
			err = fmt.Errorf("%w after %s", ErrTimeout, r.timeout)
		case <-ctx.Done():
			err = contextError(ctx)
		case <-l.lost:
			select {
			case out := <-cl.outcome:
				return out, nil
			default:
			}
			sent := l.sent(number)
			sentBefore = sentBefore || sent
			switch cause := l.err(); {
			case errors.Is(cause, ErrClosed):
				return outcome{}, ErrClosed
			case !sent:
				// It never left: it may go by the next connection.
			case !idempotent, errors.Is(cause, errFrameTooLarge):
				return outcome{}, fmt.Errorf("%w: %w", ErrConnectionLost, cause)
			}
			continue
		}
		l.forget(id)
		if r.op == wire.OpCall {
			c.cancelCall(l, r)
		}
		return outcome{}, err
	}
}

// linkFor is the link to send on. It waits for one within the call's time.
func (c *CentrifugoRPCClient) linkFor(ctx context.Context, s *session, timer *time.Timer) (*link, error) {
	if l := c.current.Load(); l != nil && l.session == s && l.err() == nil {
		return l, nil
	}
	for {
		c.mu.Lock()
		l, err, changed := s.link, s.err, s.changed
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if l != nil && l.err() == nil {
			return l, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil, fmt.Errorf("%w waiting for the connection", ErrTimeout)
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
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
	env := r.appendTo(cl.buf[:0], c.replyChannel)
	cl.buf = env
	if size, limit := len(env)+commandOverhead, int(l.limit.Load()); size > limit {
		return 0, 0, fmt.Errorf("%w: it takes %d bytes and the limit is %d", ErrRequestTooLarge, size, limit)
	}
	if again {
		c.observe(FrameResend, r, env, nil)
	} else {
		c.observe(FramePublish, r, env, nil)
	}
	id := l.nextID()
	cmd := protocol.Command{Id: id, Publish: &protocol.PublishRequest{Channel: wire.RequestsChannel, Data: env}}
	buf, err := l.codec.appendCommand(env, &cmd)
	if err != nil {
		return 0, 0, err
	}
	cl.buf = buf
	number, err := l.send(ctx, id, buf[len(env):], &acknowledgement{c: c, id: r.id, method: r.method, notify: r.op == wire.OpNotify})
	if err != nil && ctx.Err() != nil {
		err = contextError(ctx)
	}
	return id, number, err
}

// acknowledgement waits for the reply to a publish.
type acknowledgement struct {
	c      *CentrifugoRPCClient
	id     string
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
		a.c.observe(FrameAck, &request{id: a.id, method: a.method}, nil, nil)
		if cl := a.c.calls.take(a.id); cl != nil {
			cl.outcome <- outcome{}
		}
	default:
		a.c.observe(FrameAck, &request{id: a.id, method: a.method}, nil, nil)
	}
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
	if _, err := l.send(nil, id, command, nil); err == nil {
		c.observe(FrameCancel, &cancel, env, nil)
	}
}

func serverError(e *wire.Error) *ServerError {
	s := &ServerError{Code: e.Code, Reason: e.Reason, Message: e.Message, Details: e.Details}
	if s.Reason == "" {
		s.Reason = e.Code.Reason()
	}
	return s
}
