package calls

import (
	"context"
	"errors"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Why a handler's context ended.
var (
	errDeadline  = errors.New("the call's deadline passed")
	errCancelled = errors.New("the call was cancelled")
	errGone      = errors.New("the connection of a native RPC dropped")
	errStopped   = errors.New("the server gave up waiting for the call")
	errReturned  = errors.New("the handler has returned")
)

// endOf is what a caller hears of a context that ended before its handler.
func endOf(cause error) *wire.Error {
	switch cause {
	case errDeadline:
		return centrirpc.Errorf(wire.DeadlineExceeded, "the call's deadline passed").Wire()
	case errStopped:
		return centrirpc.Errorf(wire.OutcomeUnknown, "the server stopped before the call ended").Wire()
	}
	return centrirpc.Errorf(wire.Cancelled, "the call was cancelled").Wire()
}

// A run is the context of its handler. The library's contexts would make four
// objects for what it has at hand.
var _ context.Context = (*run)(nil)

// Deadline implements context.Context.
func (r *run) Deadline() (time.Time, bool) { return r.deadline, true }

// Done implements context.Context. Its channel is made for those who ask.
func (r *run) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		if r.cause != nil {
			close(r.done)
		}
	}
	return r.done
}

// Err implements context.Context.
func (r *run) Err() error {
	switch r.why() {
	case nil:
		return nil
	case errDeadline:
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// why is why the context ended, or nil.
func (r *run) why() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cause
}

// Value implements context.Context.
func (r *run) Value(key any) any {
	if asker := r.Asker.Value(key); asker != nil {
		return asker
	}
	if key == centrirpc.ProgressKey() && r.native == nil && !r.notify {
		return r
	}
	if r.trace != nil {
		if value := r.trace.Value(key); value != nil {
			return value
		}
	}
	if r.parent != nil {
		return r.parent.Value(key)
	}
	return nil
}

// AfterFunc is what the context package looks for, so that contexts made from
// this one need no goroutine to wait for its end.
func (r *run) AfterFunc(f func()) (stop func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cause != nil {
		go f()
		return func() bool { return false }
	}
	if r.after == nil {
		r.after = map[*func()]struct{}{}
	}
	r.after[&f] = struct{}{}
	return func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, waiting := r.after[&f]
		delete(r.after, &f)
		return waiting
	}
}

// endContext ends the context. Only the first cause counts. It is called with mu
// held.
func (r *run) endContext(cause error) {
	if r.cause != nil {
		return
	}
	r.cause = cause
	if r.done != nil {
		close(r.done)
	}
	for f := range r.after {
		go (*f)()
	}
	r.after = nil
}

// String is how the context prints. Without it, fmt would read what mu guards, and
// print the params.
func (r *run) String() string { return "the context of a call of " + r.Method }
