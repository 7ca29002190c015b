package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/protocol"
)

// keep watches over a link until it is lost or the session is over, and hands
// the server a fresh token before the present one expires.
func (c *CentrifugoRPCClient) keep(s *session, l *link, ttl time.Duration) error {
	refresh := time.NewTimer(0)
	refresh.Stop()
	defer refresh.Stop()
	plan := func(ttl time.Duration) {
		if ttl > 0 && c.cfg.getToken != nil {
			refresh.Reset(ttl - min(ttl/5, 30*time.Second))
		}
	}
	plan(ttl)
	tries := 0
	for {
		select {
		case <-l.lost:
			return l.err()
		case <-s.ctx.Done():
			return s.ended()
		case <-refresh.C:
		}
		ttl, err := c.refresh(l)
		switch {
		case err == nil:
			tries = 0
			plan(ttl)
		case refusedForGood(err) != nil:
			return err
		default:
			if l.err() == nil {
				c.report(fmt.Errorf("refreshing the token: %w", err))
			}
			refresh.Reset(c.cfg.jitter(tries))
			tries++
		}
	}
}

// refresh gives the server a fresh token and returns how long that one lasts.
func (c *CentrifugoRPCClient) refresh(l *link) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(l.ctx, c.cfg.timeout, ErrTimeout)
	defer cancel()
	token, err := c.freshToken(ctx)
	if err != nil {
		return 0, err
	}
	reply, err := c.ask(ctx, l, &protocol.Command{Refresh: &protocol.RefreshRequest{Token: token}}, nil)
	if err != nil {
		return 0, err
	}
	if e := reply.Error; e != nil {
		if e.Code == codeTokenExpired || temporary(e.Code, e.Temporary) {
			return 0, fmt.Errorf("the server refused the fresh token: %s (%d)", e.Message, e.Code)
		}
		return 0, &ConnectError{Code: e.Code, Reason: e.Message}
	}
	if reply.Refresh == nil || !reply.Refresh.Expires {
		return 0, nil
	}
	return time.Duration(reply.Refresh.Ttl) * time.Second, nil
}

// freshToken asks the application for a token, for at most ctx.
func (c *CentrifugoRPCClient) freshToken(ctx context.Context) (string, error) {
	type answer struct {
		token string
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("it panicked: %v", p)
			}
			answers <- a
		}()
		a.token, a.err = c.cfg.getToken(ctx)
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("getting a token: %w", a.err)
		}
		if a.token == "" {
			return "", errors.New("getting a token: it is empty")
		}
		c.mu.Lock()
		c.token, c.tokenIsFresh = a.token, true
		c.mu.Unlock()
		return a.token, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
