package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// way is what the goroutine of a call knows of its way to the server.
type way struct {
	link      *link // of the latest publish; nil before the first
	command   uint32
	number    uint64
	ack       uint32 // the command that told on link of a stream's items, if its answer is waited for; else 0
	published bool   // at least once
	// out means that the latest publish may be at the server: it was neither
	// refused nor dropped with its connection before it left.
	out bool
	// uncertain means that a publish before the latest one may have been claimed.
	uncertain bool
	// epoch is that of the server's store when the call could first be claimed.
	epoch string

	since    time.Time     // the latest publish
	heard    time.Time     // the latest sign of the call
	patience time.Duration // how long there may be none

	refusal  *ServerError // the server's latest word, if that is that it cannot take the call now
	refusals int
	retryAt  time.Time // zero unless the call is backing off
}

// maxPatience bounds the silence that doubles, unless it is longer from the start.
const maxPatience = time.Minute

// mayBeThere reports whether the server may have the call.
func (w *way) mayBeThere() bool { return w.out || w.uncertain }

// lost notes that the connection of the latest publish is lost.
func (w *way) lost() {
	if w.out && w.link.sent(w.number) {
		w.uncertain = true
	}
	w.out, w.retryAt = false, time.Time{}
}

// repeatable reports whether the call may be sent again although it may have been
// claimed.
func (cl *call) repeatable() bool {
	return cl.cfg.idempotent || !cl.cfg.volatile && cl.way.epoch != ""
}

// exchange sends the request, again where it has to, and waits for its outcome.
// What becomes of a call whose connection is lost is decided here and nowhere
// else.
func (c *CentrifugoRPCClient) exchange(ctx context.Context, s *session, cl *call, r *request) (outcome, error) {
	w := &cl.way
	for {
		l, direct, err := c.linkFor(ctx, s, cl, r)
		switch {
		case err == nil:
		case errors.Is(err, ErrNotConnected) && w.uncertain:
			return outcome{}, fmt.Errorf("%w: %w", ErrConnectionLost, err)
		default:
			return outcome{}, overdue(cl, err)
		}
		if err := cl.maySendOn(l); err != nil {
			return outcome{}, err
		}
		paced := !direct || w.published
		if paced {
			out, next, err := c.awaitTurn(ctx, cl, l, r)
			if err != nil || next == done {
				return out, err
			}
			if next == afresh {
				continue
			}
		}
		if err := c.publish(ctx, l, cl, r, paced); err != nil {
			if l.err() == nil {
				return outcome{}, overdue(cl, err)
			}
			if errors.Is(l.err(), ErrClosed) {
				return outcome{}, ErrClosed
			}
			continue
		}
		out, next, err := c.watch(ctx, cl, r)
		if err != nil || next == done {
			return out, err
		}
	}
}

// next is what a wait came to.
type next int

const (
	afresh next = iota // look for a connection and publish
	proceed
	done // the outcome is there
)

// linkFor is the link to send on. It waits for one within the call's time; direct
// means that it did not have to.
func (c *CentrifugoRPCClient) linkFor(ctx context.Context, s *session, cl *call, r *request) (l *link, direct bool, err error) {
	if l := c.linkOf(s); l != nil {
		return l, true, nil
	}
	cl.arm(r.until)
	l, err = c.await(ctx, s, cl.timer.C)
	return l, false, err
}

// linkOf is the session's present link, or nil.
func (c *CentrifugoRPCClient) linkOf(s *session) *link {
	if l := c.current.Load(); l != nil && l.session == s && l.err() == nil {
		return l
	}
	return nil
}

// maySendOn is an error if the call may have been claimed and the server behind
// the link could not know.
func (cl *call) maySendOn(l *link) error {
	w := &cl.way
	switch {
	case !w.uncertain || cl.cfg.idempotent:
		return nil
	case l.store == "":
		return fmt.Errorf("%w: the server does not remember calls", ErrConnectionLost)
	}
	return nil
}

// awaitTurn waits until the link's pacer lets the call be sent.
func (c *CentrifugoRPCClient) awaitTurn(ctx context.Context, cl *call, l *link, r *request) (outcome, next, error) {
	if len(cl.outcome) > 0 {
		return <-cl.outcome, done, nil
	}
	if l.pace.enter(cl) {
		return outcome{}, proceed, nil
	}
	cl.arm(r.until)
	var err error
	select {
	case <-cl.turn:
		return outcome{}, proceed, nil
	case out := <-cl.outcome:
		l.pace.leave(cl)
		return out, done, nil
	case <-l.lost:
		l.pace.leave(cl)
		cl.way.lost()
		return outcome{}, afresh, nil
	case <-cl.timer.C:
		err = fmt.Errorf("%w after %s", ErrTimeout, r.timeout)
	case <-ctx.Done():
		err = contextError(ctx)
	}
	l.pace.leave(cl)
	return outcome{}, done, overdue(cl, err)
}

// watch waits for the outcome of a call that was published, or until it is to be
// published again.
func (c *CentrifugoRPCClient) watch(ctx context.Context, cl *call, r *request) (outcome, next, error) {
	w := &cl.way
	for {
		cl.arm(cl.alarm(r))
		select {
		case out := <-cl.outcome:
			return out, done, nil
		case <-cl.nudge:
		case <-cl.timer.C:
		case <-ctx.Done():
			return outcome{}, done, overdue(cl, contextError(ctx))
		case <-w.link.lost:
			return c.afterLoss(cl)
		}
		now := time.Now()
		c.look(cl, now)
		switch {
		case !r.until.IsZero() && !now.Before(r.until):
			return outcome{}, done, overdue(cl, fmt.Errorf("%w after %s", ErrTimeout, r.timeout))
		case !w.retryAt.IsZero() && !now.Before(w.retryAt):
			w.retryAt = time.Time{}
			return outcome{}, afresh, nil
		case w.silentUntil(cl, now):
			w.patience = min(2*w.patience, max(maxPatience, c.cfg.silence))
			w.uncertain = true
			c.calls.listen(cl)
			return outcome{}, afresh, nil
		case cl.stream != nil:
			c.serve(cl, w.link, now)
		}
	}
}

// afterLoss says what becomes of a call whose connection was lost.
func (c *CentrifugoRPCClient) afterLoss(cl *call) (outcome, next, error) {
	if len(cl.outcome) > 0 {
		return <-cl.outcome, done, nil
	}
	c.look(cl, time.Now())
	w := &cl.way
	w.lost()
	cause := w.link.err()
	switch {
	case errors.Is(cause, ErrClosed):
		return outcome{}, done, ErrClosed
	case w.uncertain && (!cl.repeatable() || errors.Is(cause, errFrameTooLarge)):
		return outcome{}, done, fmt.Errorf("%w: %w", ErrConnectionLost, cause)
	}
	return outcome{}, afresh, nil
}

// look takes the reader's news of the call.
func (c *CentrifugoRPCClient) look(cl *call, now time.Time) {
	w, n := &cl.way, c.calls.news(cl)
	if n.heard.After(w.heard) {
		w.heard, w.patience = n.heard, c.cfg.silence
		n.accepted = n.accepted || n.heard.After(w.since)
	}
	if n.accepted {
		w.refusal, w.refusals = nil, 0
	}
	if n.refused != nil && w.out {
		w.out, w.refusal = false, n.refused
		// A server in between says 100 when it does not know what became of the
		// request: ours may have it.
		w.uncertain = w.uncertain || n.refused.Code == codeInternal && w.epoch != ""
		w.retryAt = now.Add(backoff(w.refusals))
		w.refusals++
	}
	if n.progress != nil {
		c.tell(cl.cfg.progress, n.progress)
	}
}

// alarm is when the call has to be looked at next; zero if never.
func (cl *call) alarm(r *request) time.Time {
	w := &cl.way
	at := r.until
	switch {
	case !w.retryAt.IsZero():
		at = sooner(at, w.retryAt)
	case cl.repeatable():
		at = sooner(at, w.silentAt())
	}
	if cl.stream != nil {
		at = sooner(at, cl.stream.alarm())
	}
	return at
}

// silentAt is when the server has given no sign of the call for too long.
func (w *way) silentAt() time.Time {
	last := w.since
	if w.heard.After(last) {
		last = w.heard
	}
	return last.Add(w.patience)
}

func (w *way) silentUntil(cl *call, now time.Time) bool {
	return w.retryAt.IsZero() && cl.repeatable() && !now.Before(w.silentAt())
}

// sooner is the sooner of two times. A zero time is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// overdue is the error of a call whose time is up. Where the server's last word is
// that it cannot take the call now, and it has never taken it, that is the error.
func overdue(cl *call, err error) error {
	w := &cl.way
	switch {
	case w.refusal == nil || !errors.Is(err, ErrTimeout) && !errors.Is(err, context.DeadlineExceeded):
		return err
	case w.mayBeThere():
		// It must not be taken for an error that the server sent.
		return fmt.Errorf("%w (the server's last word: %v)", err, w.refusal) //nolint:errorlint // see above
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", cl.cfg.errors.typed(w.refusal), context.DeadlineExceeded)
	}
	return cl.cfg.errors.typed(w.refusal)
}

// mayPass reports whether a publish that was refused with that code is worth
// another try.
func mayPass(code uint32) bool {
	switch code {
	case codeInternal, codeTooManyRequests, uint32(wire.ResourceExhausted), uint32(wire.Unavailable):
		return true
	}
	return false
}

// The delay after a refusal is random, up to a bound that doubles with each
// refusal.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
)

func backoff(refusals int) time.Duration {
	bound := maxBackoff
	if refusals < 6 {
		bound = min(bound, minBackoff<<refusals)
	}
	return randomUpTo(bound)
}
