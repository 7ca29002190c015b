package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/centrifugal/protocol"
)

// RPC calls a method by the connection's own request and reply, without an
// envelope: data is the params (JSON; nil means {}) and what is returned is the
// result. It is the cheapest way to ask, and a lost connection loses the answer:
// ErrConnectionLost. Its other errors are those of Call.
func (c *CentrifugoRPCClient) RPC(ctx context.Context, method string, data json.RawMessage, opts ...CallOption) (json.RawMessage, error) {
	if data == nil {
		data = json.RawMessage("{}")
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("native RPC %s: %w: data is not JSON", method, ErrInvalidParams)
	}
	reply, err := c.command(ctx, &protocol.Command{Rpc: &protocol.RPCRequest{Method: method, Data: protocol.Raw(data)}}, opts)
	if err == nil && reply.Rpc == nil {
		err = fmt.Errorf("%w: the server answered with something else", ErrInvalidReply)
	}
	if err != nil {
		return nil, fmt.Errorf("native RPC %s: %w", method, err)
	}
	return json.RawMessage(reply.Rpc.Data), nil
}

// Publish publishes data, written by encoding/json, on a channel where the
// server lets clients publish. It returns when the server has accepted it. Its
// errors are those of Call.
func (c *CentrifugoRPCClient) Publish(ctx context.Context, channel string, data any, opts ...CallOption) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("publishing on %s: %w: %w", channel, ErrInvalidParams, err)
	}
	if _, err := c.command(ctx, &protocol.Command{Publish: &protocol.PublishRequest{Channel: channel, Data: body}}, opts); err != nil {
		return fmt.Errorf("publishing on %s: %w", channel, err)
	}
	return nil
}

// command sends one command and waits for its reply, within the call's time.
func (c *CentrifugoRPCClient) command(ctx context.Context, cmd *protocol.Command, opts []CallOption) (*protocol.Reply, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	w := commandPool.Get().(*commandWaiter)
	w.cfg = callConfig{}
	for _, o := range opts {
		o.applyCall(&w.cfg)
	}
	var until time.Time
	if w.cfg.timeout, _ = c.timeLeft(ctx, &w.cfg, time.Now()); w.cfg.timeout > 0 {
		w.timer.Reset(w.cfg.timeout)
		until = time.Now().Add(w.cfg.timeout)
	}
	reply, reusable, err := c.commandOn(ctx, s, w, cmd, until)
	w.timer.Stop()
	w.buf = reuse(w.buf)
	if reusable {
		commandPool.Put(w)
	}
	if err != nil {
		return nil, err
	}
	if e := reply.Error; e != nil {
		return nil, refusal(e.Code, e.Message)
	}
	return reply, nil
}

// commandWaiter waits for the reply to one command. It is used again only after
// its reply has come, so that a late reply finds nobody else's waiter.
type commandWaiter struct {
	replies chan *protocol.Reply // holds one
	timer   *time.Timer
	cfg     callConfig
	buf     []byte
}

var commandPool = sync.Pool{New: func() any {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &commandWaiter{replies: make(chan *protocol.Reply, 1), timer: timer}
}}

func (w *commandWaiter) answered(r *protocol.Reply) { w.replies <- r }

// commandOn sends the command on the present link, or on the next one as long as
// it was not sent. The second result says whether w can be used again.
func (c *CentrifugoRPCClient) commandOn(ctx context.Context, s *session, w *commandWaiter, cmd *protocol.Command, until time.Time) (*protocol.Reply, bool, error) {
	for {
		l := c.linkOf(s)
		var err error
		if l == nil {
			if l, err = c.await(ctx, s, w.timer.C); err != nil {
				return nil, true, err
			}
		}
		cmd.Id = l.nextID()
		if w.buf, err = l.codec.appendCommand(w.buf[:0], cmd); err != nil {
			return nil, true, err
		}
		if limit := int(l.limit.Load()); len(w.buf) > limit {
			return nil, true, fmt.Errorf("%w: it takes %d bytes and the limit is %d", ErrRequestTooLarge, len(w.buf), limit)
		}
		number, err := l.send(ctx, until, cmd.Id, w.buf, waiter{command: w})
		if err != nil {
			if l.err() != nil {
				continue
			}
			if errors.Is(err, ErrTimeout) {
				return nil, true, fmt.Errorf("%w after %s", err, w.cfg.timeout)
			}
			return nil, true, contextError(ctx)
		}
		select {
		case reply := <-w.replies:
			return reply, true, nil
		case <-w.timer.C:
			err = fmt.Errorf("%w after %s", ErrTimeout, w.cfg.timeout)
		case <-ctx.Done():
			err = contextError(ctx)
		case <-l.lost:
			select {
			case reply := <-w.replies:
				return reply, true, nil
			default:
			}
			if err = l.err(); !errors.Is(err, ErrClosed) {
				if !l.sent(number) || w.cfg.idempotent && !errors.Is(err, errFrameTooLarge) {
					continue
				}
				err = fmt.Errorf("%w: %w", ErrConnectionLost, err)
			}
		}
		l.forget(cmd.Id)
		return nil, false, err
	}
}
