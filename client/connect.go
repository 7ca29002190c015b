package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/protocol"
)

// open makes a link on which replies can arrive. The second result is how long
// the token lasts, or 0 if it does not expire.
func (c *CentrifugoRPCClient) open(s *session) (_ *link, ttl time.Duration, err error) {
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token == "" && c.cfg.getToken != nil {
		tokenCtx, cancel := context.WithTimeoutCause(s.ctx, c.cfg.timeout, ErrTimeout)
		token, err = c.freshToken(tokenCtx)
		cancel()
		if err != nil {
			return nil, 0, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(s.ctx, c.cfg.handshakeTimeout,
		fmt.Errorf("the server did not answer within %s", c.cfg.handshakeTimeout))
	defer cancel()
	l, err := dial(ctx, s, c)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			l.abandon(err)
			l.end(false)
		}
	}()
	res, err := c.connectCommand(ctx, l, token)
	if err != nil {
		return nil, 0, err
	}
	if err := c.listen(ctx, l); err != nil {
		return nil, 0, err
	}
	if res.Expires && res.Ttl > 0 {
		ttl = time.Duration(res.Ttl) * time.Second
	}
	return l, ttl, nil
}

func (c *CentrifugoRPCClient) connectCommand(ctx context.Context, l *link, token string) (*protocol.ConnectResult, error) {
	data, err := c.connectData()
	if err != nil {
		return nil, err
	}
	reply, err := c.ask(ctx, l, &protocol.Command{Connect: &protocol.ConnectRequest{Token: token, Data: data, Name: "centrirpc-go"}},
		func(r *protocol.Reply) {
			if r.Connect != nil {
				l.connected(r.Connect)
			}
		})
	if err != nil {
		return nil, err
	}
	if e := reply.Error; e != nil {
		return nil, c.connectRefused(e, token)
	}
	if reply.Connect == nil {
		return nil, errors.New("the server answered the connect command with something else")
	}
	c.mu.Lock()
	c.tokenIsFresh = false
	c.mu.Unlock()
	return reply.Connect, l.unidentified
}

// requestLimit is the largest request that the server takes.
func (c *CentrifugoRPCClient) requestLimit(said serverSays) int {
	switch {
	case c.cfg.maxRequestSize > 0:
		return c.cfg.maxRequestSize
	case said.MaxMessageSize > 0:
		return said.MaxMessageSize
	}
	return DefaultMaxRequestSize
}

// tokenExpired is a try to connect that another token may mend.
type tokenExpired struct{ fresh bool } // fresh: the token had just been fetched

func (e *tokenExpired) Error() string { return "the token has expired" }

func (c *CentrifugoRPCClient) connectRefused(e *protocol.Error, token string) error {
	if e.Code == codeTokenExpired {
		if c.cfg.getToken == nil {
			return &ConnectError{Code: e.Code, Reason: e.Message + ": WithGetToken would give the client a fresh one"}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		fresh := c.tokenIsFresh
		if c.token == token {
			c.token, c.tokenIsFresh = "", false
		}
		return &tokenExpired{fresh: fresh}
	}
	if temporary(e.Code, e.Temporary) {
		return fmt.Errorf("the server refused the connection for now: %s (%d)", e.Message, e.Code)
	}
	return &ConnectError{Code: e.Code, Reason: e.Message}
}

// listen subscribes to the reply channel, unless the server did.
func (c *CentrifugoRPCClient) listen(ctx context.Context, l *link) error {
	channel := l.identity.replyChannel
	if l.serverSide(channel) {
		return nil
	}
	reply, err := c.ask(ctx, l, &protocol.Command{Subscribe: &protocol.SubscribeRequest{Channel: channel}},
		func(r *protocol.Reply) {
			if r.Subscribe != nil {
				l.subscribed(r.Subscribe.Data)
			}
		})
	if err != nil {
		return err
	}
	switch e := reply.Error; {
	case e == nil || e.Code == codeAlreadySubscribed:
		return nil
	case temporary(e.Code, e.Temporary):
		return fmt.Errorf("the server refused the reply channel %s for now: %s (%d)", channel, e.Message, e.Code)
	default:
		return &ConnectError{Code: e.Code, Reason: fmt.Sprintf("subscribing to the reply channel %s: %s", channel, e.Message)}
	}
}

// ask sends one command and waits for its reply. The function also, if not nil,
// sees the reply on the reader's goroutine, before anything that follows it.
func (c *CentrifugoRPCClient) ask(ctx context.Context, l *link, cmd *protocol.Command, also func(*protocol.Reply)) (*protocol.Reply, error) {
	cmd.Id = l.nextID()
	command, err := l.codec.appendCommand(nil, cmd)
	if err != nil {
		return nil, err
	}
	replies := make(chan *protocol.Reply, 1)
	w := replyFunc(func(r *protocol.Reply) {
		if also != nil {
			also(r)
		}
		replies <- r
	})
	if _, err := l.send(ctx, time.Time{}, cmd.Id, command, waiter{command: w}); err != nil {
		return nil, err
	}
	defer l.forget(cmd.Id)
	select {
	case r := <-replies:
		return r, nil
	case <-l.lost:
		return nil, l.err()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
