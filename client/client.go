package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// State says whether a client has a connection.
type State string

// The states of a client.
const (
	Disconnected State = "disconnected" // not asked to connect, closed, or refused for good
	Connecting   State = "connecting"   // the first connection, or a new one, is being made
	Connected    State = "connected"    // the connection stands and replies can arrive
)

// CentrifugoRPCClient calls methods and receives events over one WebSocket
// connection, which it keeps up by itself. Make one with
// NewCentrifugoRPCClient. All its methods may be used from several goroutines.
type CentrifugoRPCClient struct {
	cfg   config
	url   string
	fixed *identity // that the client was made with; nil if the server is to say it

	calls    pending
	received received
	current  atomic.Pointer[link] // the link of a connected client, else nil
	frames   listeners[Frame]
	states   listeners[State]
	faults   serial[error]

	mu     sync.Mutex
	userID string // the latest; empty while it is not known
	token  string
	// tokenIsFresh means that the token was fetched and not yet accepted: if it
	// has expired already, the next one had better wait.
	tokenIsFresh bool
	contract     string   // hash to state at connects; may be empty
	session      *session // the latest; nil before the first Connect
	feeds        map[string]*feed
}

// NewCentrifugoRPCClient makes a client for the WebSocket endpoint at url (ws,
// wss, http or https), such as "wss://example.org/connection/websocket". It does
// not connect yet.
//
// The token may be empty, where WithGetToken gives it or the server needs none,
// as with cookies or for anonymous users.
//
// The user id says on which channel replies arrive. If it is empty, it is the
// "sub" of a token that is a JWT. Without such a token, it is what the server
// says at each connect, as centrirpc's own does. It is an error if a JWT has no
// "sub", or if the user id could not be part of a channel's name; see
// wire.CheckUserID.
func NewCentrifugoRPCClient(url, token, userID string, opts ...Option) (*CentrifugoRPCClient, error) {
	c := &CentrifugoRPCClient{
		cfg:    defaultConfig(),
		url:    url,
		userID: userID,
		token:  token,
		feeds:  map[string]*feed{},
	}
	for _, o := range opts {
		if o != nil {
			o.applyClient(&c.cfg)
		}
	}
	if err := c.cfg.check(); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if err := checkURL(url); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if c.userID == "" {
		var err error
		if c.userID, err = userOf(token); err != nil {
			return nil, fmt.Errorf("making a client: no user id was given and %w: give the user id", err)
		}
	}
	if s := c.cfg.session; s != "" && wire.CheckReplyTo(wire.SessionReplyChannel(s, "x"), "x") != nil {
		return nil, fmt.Errorf(`making a client: the session %q is not 1 to %d letters, digits, "-" and "_"`, s, wire.MaxSessionLength)
	}
	if c.userID != "" {
		if err := wire.CheckUserID(c.userID); err != nil {
			return nil, fmt.Errorf("making a client: %w", err)
		}
		c.fixed = c.cfg.identity(c.userID)
	}
	c.calls.byID = map[correlationID]*call{}
	c.received.flush = c.flushReceived
	c.faults = serial[error]{
		limit:   256,
		what:    "the error handler",
		handle:  func(err error, _ int) { c.cfg.onError(err) },
		onError: func(err error) { slog.Default().Error("centrirpc client", "error", err) },
	}
	return c, nil
}

// report hands a fault that no caller waits for to the error handler.
func (c *CentrifugoRPCClient) report(err error) { c.faults.push(err) }

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"ws", "wss", "http", "https"}, u.Scheme) || u.Host == "" {
		return fmt.Errorf("the address %q is not a WebSocket's, such as wss://example.org/connection/websocket", raw)
	}
	return nil
}

// UserID is the user whose reply channel the client listens on. Where only the
// server knows it, it is empty until the client has connected, and may be another
// after each reconnect.
func (c *CentrifugoRPCClient) UserID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.userID
}

// State is the client's state at this moment.
func (c *CentrifugoRPCClient) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stateLocked()
}

func (c *CentrifugoRPCClient) stateLocked() State {
	switch s := c.session; {
	case s == nil || s.err != nil:
		return Disconnected
	case s.link == nil:
		return Connecting
	default:
		return Connected
	}
}

// Connect connects and returns when calls can be made: the server has accepted
// the connection and replies can arrive. Failures that may pass are tried again
// until ctx ends, or, where ctx has no deadline, for the client's timeout. A
// *ConnectError means that the server refused for good.
//
// Where Connect returns an error, the attempt it started is given up. On a
// client that is connected it returns at once; while another Connect is under
// way it waits for the same connection. After Close, or after the server ended
// the connection for good, a client may connect again.
func (c *CentrifugoRPCClient) Connect(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.cfg.timeout, ErrTimeout)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("connecting to %s: %w", c.url, contextError(ctx))
	}
	c.mu.Lock()
	s, started := c.session, false
	if s == nil || s.err != nil {
		s, started = newSession(), true
		c.session = s
		for _, f := range c.feeds {
			for _, sub := range f.subs {
				sub.events.resume()
			}
		}
		c.states.push(Connecting)
		go c.run(s)
	}
	c.mu.Unlock()

	_, err := c.await(ctx, s, nil)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && s.ended() == nil {
		c.mu.Lock()
		if s.failure != nil {
			err = fmt.Errorf("%w (the last failure: %w)", err, s.failure)
		}
		c.mu.Unlock()
		if started {
			c.finish(s, fmt.Errorf("%w: connecting was given up: %w", ErrNotConnected, err))
			<-s.done
		}
	}
	return fmt.Errorf("connecting to %s: %w", c.url, err)
}

// Close disconnects. Calls under way fail at once with ErrClosed, handlers of
// events are not called any more, and every goroutine of the client has ended
// when Close returns, but for handlers that are running. It takes up to a second where the
// server does not answer the closing handshake. Subscriptions are kept for the
// next Connect. Closing a client that is not connected does nothing.
func (c *CentrifugoRPCClient) Close() error {
	c.mu.Lock()
	s := c.session
	if s == nil {
		c.mu.Unlock()
		return nil
	}
	c.finishLocked(s, ErrClosed)
	for _, f := range c.feeds {
		for _, sub := range f.subs {
			sub.events.stop()
		}
	}
	c.mu.Unlock()
	<-s.done
	return nil
}

// await waits until the session is connected. The error is the session's own if
// it ended, and otherwise says that ctx ended or, by ErrTimeout, that something
// came from timeout, which may be nil.
func (c *CentrifugoRPCClient) await(ctx context.Context, s *session, timeout <-chan time.Time) (*link, error) {
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
		case <-timeout:
			return nil, fmt.Errorf("%w waiting for the connection", ErrTimeout)
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
}

// OnState calls handler with each new state, in order, until stop is called.
func (c *CentrifugoRPCClient) OnState(handler func(State)) (stop func()) {
	return c.states.add(handler, 64, "a handler of OnState", c.report)
}

// jitter is a random time up to the delay before the given try, counted from 0.
func (c *config) jitter(try int) time.Duration {
	bound := c.maxDelay
	if try < 32 && c.minDelay<<try > 0 {
		bound = min(bound, c.minDelay<<try)
	}
	return randomUpTo(bound)
}
