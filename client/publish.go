package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/protocol"

	"github.com/centrirpc/centrirpc/wire"
)

// commandOverhead is what is counted for the command around an envelope, in
// bytes. What a request that is sent again says besides fits into it.
const commandOverhead = 256

// publish sends the request's envelope, for the first time or again.
func (c *CentrifugoRPCClient) publish(ctx context.Context, l *link, cl *call, r *request, paced bool) error {
	w := &cl.way
	w.uncertain = w.uncertain || w.out
	if w.link != nil {
		w.link.forget(w.command)
		cl.forgetAck()
	}
	if w.link != l {
		w.patience = c.cfg.silence
	}
	r.left = r.remaining(w.uncertain, c.cfg.wallClock)
	if w.uncertain && r.left <= 0 {
		if paced {
			l.pace.acknowledged()
		}
		return r.overslept()
	}
	r.store, r.next = "", 0
	if w.uncertain {
		r.store = w.epoch
		if cl.stream != nil {
			r.next, r.resumes = cl.stream.repeated(), true
		}
	} else {
		w.epoch = l.store
	}
	limit := int(l.limit.Load())
	r.limit = limit - commandOverhead
	id := l.nextID()
	var env []byte
	cl.buf, env = l.codec.openPublish(cl.buf[:0], id, r, l.identity.replyChannel)
	if size := len(env) - r.repetition + commandOverhead; size > limit {
		err := fmt.Errorf("%w: it takes %d bytes and the limit is %d", ErrRequestTooLarge, size, limit)
		if w.uncertain {
			err = fmt.Errorf("%w: it cannot be sent again: it takes %d bytes and the limit is %d now", ErrConnectionLost, size, limit)
		}
		if paced {
			l.pace.acknowledged()
		}
		return err
	}
	kind := FramePublish
	if w.published {
		kind = FrameResend
	}
	c.observe(kind, r.id, r.method, env, nil)
	cl.request.Channel, cl.request.Data = wire.RequestsChannel, env
	var command []byte
	var err error
	if cl.buf, command, err = l.codec.closePublish(cl.buf, id, &cl.request); err != nil {
		if paced {
			l.pace.acknowledged()
		}
		return err
	}
	w.link, w.command = l, id
	w.number, err = l.send(ctx, r.until, id, command, waiter{
		ack: acknowledgement{c: c, id: cl.id, method: r.method, notify: r.op == wire.OpNotify}, paced: paced,
	})
	switch {
	case err == nil:
		w.published, w.out, w.since = true, true, time.Now()
		return nil
	case paced:
		l.pace.acknowledged()
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	if errors.Is(err, ErrTimeout) {
		err = fmt.Errorf("%w after %s", err, r.timeout)
	}
	return err
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
	case e != nil && mayPass(e.Code):
		a.c.calls.refuse(a.id, refusal(e.Code, e.Message))
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
		a.c.calls.acknowledge(a.id)
	}
}

func (a *acknowledgement) observe() {
	a.c.observe(FrameAck, a.id[:], a.method, nil, nil)
}

// cancelCall asks the server to end a call that nobody waits for any more: best
// effort, once, and later where there is no connection.
func (c *CentrifugoRPCClient) cancelCall(s *session, r *request) {
	if l := c.linkOf(s); l != nil {
		c.sendCancel(l, r.id, r.method)
		return
	}
	c.mu.Lock()
	l := s.link // there may be one by now
	if l == nil && s.err == nil {
		s.cancels = append(s.cancels, cancelled{correlationID(r.id), r.method})
		s.cancels = s.cancels[max(0, len(s.cancels)-maxCancels):]
	}
	c.mu.Unlock()
	if l != nil {
		c.sendCancel(l, r.id, r.method)
	}
}

// maxCancels is how many calls may be given up while there is no connection, and
// be cancelled when there is one.
const maxCancels = 256

// cancelled is a call that was given up.
type cancelled struct {
	id     correlationID
	method string
}

func (c *CentrifugoRPCClient) sendCancel(l *link, id []byte, method string) {
	if env, _ := c.aside(l, &request{op: wire.OpCancel, id: id}, nil); env != nil {
		c.observe(FrameCancel, id, method, env, nil)
	}
}

// cancelLate cancels what was given up before the link stood.
func (c *CentrifugoRPCClient) cancelLate(s *session, l *link) {
	c.mu.Lock()
	late := s.cancels
	s.cancels = nil
	c.mu.Unlock()
	for i := range late {
		c.sendCancel(l, late[i].id[:], late[i].method)
	}
}

// aside publishes a request that is no call's. It does not block, and returns the
// envelope, or nil if it was not sent, and the number of its command. What is to
// get the answer may be nil.
func (c *CentrifugoRPCClient) aside(l *link, r *request, answer replyTaker) ([]byte, uint32) {
	r.limit = int(l.limit.Load()) - commandOverhead
	env := r.appendTo(nil, l.identity.replyChannel)
	id := l.nextID()
	cmd := protocol.Command{Id: id, Publish: &protocol.PublishRequest{Channel: wire.RequestsChannel, Data: env}}
	command, err := l.codec.appendCommand(nil, &cmd)
	if err != nil || l.sendNow(id, command, waiter{command: answer}) != nil {
		return nil, 0
	}
	return env, id
}
