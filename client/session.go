package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// session is the time from a Connect to the Close, or to the refusal, that ends
// it. Its goroutine makes one link after another. The fields below ctx are
// guarded by the client's mutex.
type session struct {
	ctx    context.Context // ends with the session
	cancel context.CancelFunc
	done   chan struct{} // closed when the session's goroutines have returned
	// streams are those of the session. They are added under the client's mutex,
	// and not once err is set.
	streams sync.WaitGroup
	over    chan struct{} // closed when err is set

	link    *link         // nil while connecting
	changed chan struct{} // closed, and replaced, when link or err changes
	cancels []cancelled   // calls given up while connecting, oldest first
	failure error         // of the latest try
	err     error         // why the session is over; nil while it is not
}

func newSession() *session {
	ctx, cancel := context.WithCancel(context.Background())
	return &session{
		ctx:     ctx,
		cancel:  cancel,
		done:    make(chan struct{}),
		over:    make(chan struct{}),
		changed: make(chan struct{}),
	}
}

// ended is why the session is over, or nil.
func (s *session) ended() error {
	select {
	case <-s.over:
		return s.err
	default:
		return nil
	}
}

func (s *session) changedLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// run makes links until the session is over.
func (c *CentrifugoRPCClient) run(s *session) {
	defer close(s.done)
	defer s.streams.Wait()
	tries := 0
	for {
		began := time.Now()
		err := c.hold(s)
		if s.ctx.Err() != nil {
			return
		}
		if time.Since(began) > c.cfg.maxDelay {
			tries = 0
		}
		if refused := refusedForGood(err); refused != nil {
			c.finish(s, fmt.Errorf("%w: %w", ErrNotConnected, refused))
			return
		}
		c.mu.Lock()
		s.failure = err
		if closed, ok := errors.AsType[*closedError](err); ok && closed.code == codeStateInvalidated && c.cfg.getToken != nil {
			c.token, c.tokenIsFresh = "", false
		}
		c.mu.Unlock()
		delay := c.cfg.jitter(tries)
		if expired, ok := errors.AsType[*tokenExpired](err); ok && !expired.fresh {
			delay = 0
		}
		tries++
		if !sleep(s.ctx, delay) {
			return
		}
	}
}

// refusedForGood is the error that ends the session, or nil if the connection is
// worth another try.
func refusedForGood(err error) error {
	if refused, ok := errors.AsType[*ConnectError](err); ok {
		return refused
	}
	if closed, ok := errors.AsType[*closedError](err); ok && closed.terminal() {
		return &ConnectError{Code: closed.code, Reason: closed.reason}
	}
	if errors.Is(err, ErrUnauthorized) {
		return err
	}
	return nil
}

// finish ends a session, once.
func (c *CentrifugoRPCClient) finish(s *session, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishLocked(s, err)
}

func (c *CentrifugoRPCClient) finishLocked(s *session, err error) {
	if s.err != nil {
		return
	}
	s.err = err
	close(s.over)
	c.detachLocked(s, err)
	c.received.stop()
	s.changedLocked()
	s.cancel()
	c.states.push(Disconnected)
}

// detachLocked takes the link away from calls, which fail or wait for another.
func (c *CentrifugoRPCClient) detachLocked(s *session, cause error) {
	if s.link == nil {
		return
	}
	c.current.Store(nil)
	s.link.abandon(cause)
	s.link = nil
}

// hold makes a link and keeps it until it is lost or the session is over.
func (c *CentrifugoRPCClient) hold(s *session) error {
	l, ttl, err := c.open(s)
	if err != nil {
		return err
	}
	if !c.attach(s, l) {
		l.abandon(ErrClosed)
		l.end(true)
		return ErrClosed
	}
	c.cancelLate(s, l)
	err = c.keep(s, l, ttl)
	c.mu.Lock()
	if refused := refusedForGood(err); refused != nil {
		c.finishLocked(s, fmt.Errorf("%w: %w", ErrNotConnected, refused))
	}
	if s.err == nil {
		c.detachLocked(s, err)
		s.changedLocked()
		c.states.push(Connecting)
	}
	c.mu.Unlock()
	l.abandon(err)
	l.end(s.ctx.Err() != nil)
	return err
}

// attach hands the link to calls and makes the subscriptions on it. It is false
// if the session is over.
func (c *CentrifugoRPCClient) attach(s *session, l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return false
	}
	c.userID = l.identity.userID
	for _, f := range c.feeds {
		c.subscribeLocked(l, f)
	}
	c.received.connected(l.store)
	s.link, s.failure = l, nil
	c.current.Store(l)
	s.changedLocked()
	c.states.push(Connected)
	return true
}

// sleep waits for d; it is false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func randomUpTo(d time.Duration) time.Duration {
	return rand.N(d + 1)
}
