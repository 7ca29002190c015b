package client

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// FrameKind says what happened in the life of a call.
type FrameKind string

// The kinds of frame.
const (
	FramePublish  FrameKind = "publish"  // the request was handed to the connection
	FrameAck      FrameKind = "ack"      // the server accepted the request
	FrameReply    FrameKind = "reply"    // the final reply arrived
	FrameResend   FrameKind = "resend"   // the request was handed to a connection again
	FrameItem     FrameKind = "item"     // an item of a stream arrived
	FrameProgress FrameKind = "progress" // word arrived of how far the call has come
	FrameCancel   FrameKind = "cancel"   // the server was asked to end the call
	FrameError    FrameKind = "error"    // the call failed; Err says why
)

// Frame is one step in the life of a call or notification, for logs and for
// finding faults.
type Frame struct {
	Kind          FrameKind
	CorrelationID string
	Method        string // empty in what the server published
	At            time.Time
	Data          json.RawMessage // the envelope that went or came, or nil
	Err           error
}

// OnFrame calls handler with each step of each call, in order, until stop is
// called. At most 4096 frames wait for the handler; over it the oldest are
// dropped. It costs nothing while there is no handler.
func (c *CentrifugoRPCClient) OnFrame(handler func(Frame)) (stop func()) {
	return c.frames.add(handler, 4096, "a handler of OnFrame", c.report)
}

func (c *CentrifugoRPCClient) observe(kind FrameKind, id []byte, method string, data []byte, err error) {
	if c.frames.none() {
		return
	}
	c.frames.push(Frame{
		Kind: kind, CorrelationID: string(id), Method: method, At: time.Now(), Data: slices.Clone(data), Err: err,
	})
}

// listeners are the handlers of one kind of value.
type listeners[T any] struct {
	mu  sync.Mutex
	all atomic.Pointer[[]*serial[T]]
}

func (l *listeners[T]) none() bool { return l.all.Load() == nil }

func (l *listeners[T]) push(v T) {
	if all := l.all.Load(); all != nil {
		for _, s := range *all {
			s.push(v)
		}
	}
}

func (l *listeners[T]) add(handler func(T), limit int, what string, onError func(error)) (stop func()) {
	s := &serial[T]{limit: limit, handle: func(v T, _ int) { handler(v) }, what: what, onError: onError}
	l.change(func(all []*serial[T]) []*serial[T] { return append(all, s) })
	return func() {
		s.stop()
		l.change(func(all []*serial[T]) []*serial[T] {
			return slices.DeleteFunc(all, func(other *serial[T]) bool { return other == s })
		})
	}
}

func (l *listeners[T]) change(f func([]*serial[T]) []*serial[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*serial[T]
	if old := l.all.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = f(all); len(all) == 0 {
		l.all.Store(nil)
		return
	}
	l.all.Store(&all)
}
