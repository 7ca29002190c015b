package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/centrifugal/protocol"

	"github.com/centrirpc/centrirpc/wire"
)

// RPCStream is a call that sends items before its result. It is under way from
// the moment that Stream makes it until its result or error has come, its context
// or time ends, or it is left: by Close, or by leaving a loop over Items. A lost
// connection does not end it.
//
// The server sends no more than a few hundred items ahead of what was taken: a
// slow reader slows the handler.
type RPCStream[Item, Result any] struct{ of *stream }

// Stream calls a method that is a stream. Params and opts are those of Call, and
// the time that the call may take is the whole stream's. It returns at once: what
// goes wrong is the error of the stream's items and of its result.
//
// Items and the result are read by encoding/json. Who does not want all of the
// items should Close the stream, or leave the loop over them.
func Stream[Item, Result any](ctx context.Context, c *CentrifugoRPCClient, method string, params any, opts ...CallOption) *RPCStream[Item, Result] {
	return &RPCStream[Item, Result]{c.stream(ctx, method, params, opts)}
}

// Items are the stream's items, each once and in order. If the stream fails, the
// items before that come first, and then the error, once, without an item. Leaving
// the loop early closes the stream.
//
// One goroutine at a time can take items. A second loop goes on where the first
// one ended.
func (s *RPCStream[Item, Result]) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		if !s.of.hold() {
			yield(none, s.of.wrap(errBusyStream))
			return
		}
		defer s.of.letGo()
		ended := false
		defer func() {
			if !ended { // by break, by return or by a panic
				s.Close()
			}
		}()
		for {
			raw, more := s.of.take()
			if !more {
				break
			}
			var item Item
			if err := json.Unmarshal(raw, &item); err != nil {
				err = fmt.Errorf("an item: %w: %w", ErrInvalidReply, err)
				s.of.leave(err)
				ended = true
				yield(none, s.of.wrap(err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
		ended = true
		if _, err := s.of.outcome(); err != nil {
			yield(none, err)
		}
	}
}

// Result is the stream's result. It waits until the stream has ended. Items that
// nobody takes meanwhile are dropped; so it must not be called inside a loop over
// the items, where it would wait for the loop. Its errors are those of Call, and
// ErrAborted for a stream that was left.
func (s *RPCStream[Item, Result]) Result() (Result, error) {
	var result, none Result
	if s.of.hold() {
		for more := true; more; {
			_, more = s.of.take()
		}
		s.of.letGo()
	}
	<-s.of.ended
	raw, err := s.of.outcome()
	if err != nil {
		return none, err
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return none, s.of.wrap(fmt.Errorf("%w: %w", ErrInvalidReply, err))
	}
	return result, nil
}

// Close leaves the stream: unless it has ended, its handler is cancelled and its
// error is ErrAborted. It may be called more than once, and by any goroutine.
func (s *RPCStream[Item, Result]) Close() { s.of.leave(errLeftStream) }

var (
	errLeftStream = errors.New("the stream was left")
	errBusyStream = errors.New("another goroutine takes the items of this stream")
)

// stream is an RPCStream without its types.
type stream struct {
	client *CentrifugoRPCClient
	method string
	call   *call
	in     *inbox
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed when in is over

	mu   sync.Mutex
	held bool // somebody takes items
}

func (c *CentrifugoRPCClient) stream(ctx context.Context, method string, params any, opts []CallOption) *stream {
	ctx, cancel := context.WithCancelCause(ctx)
	st := &stream{client: c, method: method, call: newCall(), in: newInbox(), cancel: cancel, ended: make(chan struct{})}
	st.call.stream = st.in
	r := &request{op: wire.OpCall, method: method}
	s, err := c.begin(ctx, st.call, r, params, opts)
	if err == nil && !c.holdStream(s) {
		c.calls.take(st.call.id)
		err = s.ended()
	}
	if err != nil {
		st.finish(nil, err)
		return st
	}
	go func() {
		defer s.streams.Done()
		result, err := c.carry(ctx, s, st.call, r)
		if _, sent := errors.AsType[*ServerError](err); sent || err == nil {
			c.acknowledgeAll(s, st)
		}
		st.finish(result, err)
	}()
	return st
}

// holdStream makes the session wait for one more stream, unless it is over.
func (c *CentrifugoRPCClient) holdStream(s *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return false
	}
	s.streams.Add(1)
	return true
}

func (st *stream) finish(result []byte, err error) {
	st.call.timer.Stop()
	st.in.finish(result, err)
	st.cancel(nil)
	close(st.ended)
}

func (st *stream) leave(why error) {
	st.cancel(why)
	<-st.ended
}

func (st *stream) wrap(err error) error { return fmt.Errorf("streaming %s: %w", st.method, err) }

// outcome is the result or error of a stream that has ended.
func (st *stream) outcome() ([]byte, error) {
	<-st.ended
	if st.in.err != nil {
		return nil, st.wrap(st.in.err)
	}
	return st.in.result, nil
}

func (st *stream) hold() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	free := !st.held
	st.held = true
	return free
}

func (st *stream) letGo() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.held = false
}

// take waits for the next item; there is none where more is false. Progress is
// told on the way.
func (st *stream) take() (item []byte, more bool) {
	for {
		t := st.in.take()
		switch {
		case t.progress != nil:
			st.client.tell(st.call.cfg.progress, t.progress)
		case t.item != nil:
			if t.tell {
				st.call.wake()
			}
			return t.item, true
		case t.over:
			return nil, false
		default:
			<-st.in.change
		}
	}
}

// serve tells the server which items were taken and which are missing.
func (c *CentrifugoRPCClient) serve(cl *call, l *link, now time.Time) {
	acked, ack, missing, resume := cl.stream.due(now)
	if ack {
		cl.forgetAck()
		_, cl.way.ack = c.aside(l, &request{op: wire.OpAck, id: cl.id[:], next: acked - 1, resumes: true, received: &c.received},
			replyFunc(func(r *protocol.Reply) {
				if r.Error != nil {
					cl.stream.unsure()
					cl.wake()
				}
			}))
	}
	if resume {
		c.aside(l, &request{op: wire.OpResume, id: cl.id[:], next: missing, resumes: true}, nil)
	}
}

// forgetAck drops the wait for the answer to what the server was told last of the
// stream.
func (cl *call) forgetAck() {
	if w := &cl.way; w.ack != 0 {
		w.link.forget(w.ack)
		w.ack = 0
	}
}

// acknowledgeAll tells the server that all items of a stream that has ended are
// here, so that it can forget them.
func (c *CentrifugoRPCClient) acknowledgeAll(s *session, st *stream) {
	if l, items := c.linkOf(s), st.in.received(); l != nil && items > 0 {
		c.aside(l, &request{op: wire.OpAck, id: st.call.id[:], next: items - 1, resumes: true, received: &c.received}, nil)
	}
}
