package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Option sets up a client.
type Option interface{ applyClient(*config) }

// CallOption sets up one call, notification, publication or native RPC.
type CallOption interface{ applyCall(*callConfig) }

type optionFunc func(*config)

func (f optionFunc) applyClient(c *config) { f(c) }

type config struct {
	timeout          time.Duration
	silence          time.Duration
	getToken         func(context.Context) (string, error)
	session          string
	maxRequestSize   int
	protobuf         bool
	minDelay         time.Duration
	maxDelay         time.Duration
	pingMargin       time.Duration
	handshakeTimeout time.Duration
	readLimit        int64
	eventBuffer      int
	httpClient       *http.Client
	header           http.Header
	onError          func(error)
	wallClock        func() time.Time
	traceparent      func(context.Context) string // nil for none
}

// Defaults of the options.
const (
	DefaultTimeout           = 30 * time.Second
	DefaultSilence           = 10 * time.Second
	DefaultMinReconnectDelay = 200 * time.Millisecond
	DefaultMaxReconnectDelay = 20 * time.Second
	DefaultPingMargin        = 10 * time.Second
	DefaultHandshakeTimeout  = 10 * time.Second
	DefaultReadLimit         = 4 << 20 // bytes
	DefaultMaxRequestSize    = 65536   // bytes, where the server does not say
	DefaultEventBuffer       = 1024    // events
)

func defaultConfig() config {
	return config{
		timeout:          DefaultTimeout,
		silence:          DefaultSilence,
		minDelay:         DefaultMinReconnectDelay,
		maxDelay:         DefaultMaxReconnectDelay,
		pingMargin:       DefaultPingMargin,
		handshakeTimeout: DefaultHandshakeTimeout,
		readLimit:        DefaultReadLimit,
		eventBuffer:      DefaultEventBuffer,
		httpClient:       http.DefaultClient,
		wallClock:        time.Now,
		onError:          func(err error) { slog.Default().Error("centrirpc client", "error", err) },
	}
}

func (c *config) check() error {
	var faults []error
	positive := func(ok bool, option string) {
		if !ok {
			faults = append(faults, fmt.Errorf("%s needs a value above zero", option))
		}
	}
	positive(c.timeout > 0, "WithTimeout")
	positive(c.silence > 0, "WithSilence")
	positive(c.pingMargin > 0, "WithPingMargin")
	positive(c.handshakeTimeout > 0, "WithHandshakeTimeout")
	positive(c.readLimit > 0, "WithReadLimit")
	positive(c.eventBuffer > 0, "WithEventBuffer")
	if c.maxRequestSize < 0 {
		faults = append(faults, errors.New("WithMaxRequestSize needs a value that is not negative"))
	}
	if c.minDelay <= 0 || c.maxDelay < c.minDelay {
		faults = append(faults, errors.New("WithReconnectDelay needs 0 < min <= max"))
	}
	if c.httpClient == nil {
		faults = append(faults, errors.New("WithHTTPClient needs a client"))
	}
	if c.onError == nil {
		faults = append(faults, errors.New("WithErrorHandler needs a function"))
	}
	return errors.Join(faults...)
}

// TimeoutOption is what WithTimeout returns: an option of a client and of a
// single call.
type TimeoutOption time.Duration

func (t TimeoutOption) applyClient(c *config)   { c.timeout = time.Duration(t) }
func (t TimeoutOption) applyCall(c *callConfig) { c.timeout = time.Duration(t) }

// WithTimeout bounds the time from making a call to its answer, waiting for a
// connection included. Given to a client it bounds calls, notifications,
// subscriptions and Connect where the context has no deadline; the default is
// DefaultTimeout. Given to a call it bounds that call, besides the context's
// deadline if there is one; zero or less is as if it were not given. Servers refuse,
// as a bad request, a call that waits for longer than their MaxCallWait, 1 hour
// unless they are configured otherwise, or than the method's own timeout if that is
// longer; that holds for the context's deadline, too.
func WithTimeout(d time.Duration) TimeoutOption { return TimeoutOption(d) }

type idempotentOption struct{}

func (idempotentOption) applyCall(c *callConfig) { c.idempotent = true }

// Idempotent says that running the call twice does no harm: it may be sent again
// even to a server that does not remember whether it ran.
func Idempotent() CallOption { return idempotentOption{} }

type volatileOption struct{}

func (volatileOption) applyCall(c *callConfig) { c.volatile = true }

// Volatile says that the server does not remember the call, as its method
// declares: if the connection is lost after it was sent, it fails with
// ErrConnectionLost, unless it is Idempotent too.
func Volatile() CallOption { return volatileOption{} }

type callConfig struct {
	timeout    time.Duration
	idempotent bool
	volatile   bool
	progress   func(Progress)
	errors     ErrorTypes

	traceparent string
}

// WithSilence is how long the server may give no sign of a call, on a connection
// that stands, before the call is sent again under its correlation id, which does
// not run it twice. It doubles each time, up to a minute, until there is a sign or
// a new connection; that the server acknowledges a call again is no sign of it. The
// default is DefaultSilence.
func WithSilence(d time.Duration) Option {
	return optionFunc(func(c *config) { c.silence = d })
}

// WithGetToken gives the client a source of fresh tokens. It is asked when the
// server says that the token has expired, shortly before a token expires, and at
// the first connect if the client was made without a token. Its context ends
// when the answer is no longer wanted. An error is retried after a delay, except
// ErrUnauthorized, which disconnects the client.
func WithGetToken(f func(ctx context.Context) (string, error)) Option {
	return optionFunc(func(c *config) { c.getToken = f })
}

// WithSession makes the client use the reply channel "user.<session>#<id>",
// which it has to itself, instead of "user#<id>", which it shares with the
// user's other connections. A session is 1 to 64 letters, digits, "-" and "_".
func WithSession(session string) Option {
	return optionFunc(func(c *config) { c.session = session })
}

// WithMaxRequestSize bounds a request, in bytes, with the command around it
// counted as 256. Requests over it fail with ErrRequestTooLarge before anything
// is sent, and requests made together share frames up to this size. Zero, the
// default, means what the server says when it accepts the connection, and
// DefaultMaxRequestSize where it does not say.
func WithMaxRequestSize(bytes int) Option {
	return optionFunc(func(c *config) { c.maxRequestSize = bytes })
}

// WithProtobuf makes the client speak the protobuf form of the Centrifuge
// protocol instead of the JSON form. Params, results and events stay JSON.
func WithProtobuf() Option {
	return optionFunc(func(c *config) { c.protobuf = true })
}

// WithReconnectDelay bounds the delay before a connection is tried again: a
// random time up to min for the first try, up to twice as long for each further
// one, never over max. The defaults are DefaultMinReconnectDelay and
// DefaultMaxReconnectDelay.
func WithReconnectDelay(min, max time.Duration) Option {
	return optionFunc(func(c *config) { c.minDelay, c.maxDelay = min, max })
}

// WithPingMargin is how long after its announced interval the server's ping may
// come before the connection counts as lost. The default is DefaultPingMargin.
func WithPingMargin(d time.Duration) Option {
	return optionFunc(func(c *config) { c.pingMargin = d })
}

// WithHandshakeTimeout bounds one try to connect: the WebSocket handshake, the
// connect command and the subscription to the reply channel. The default is
// DefaultHandshakeTimeout.
func WithHandshakeTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) { c.handshakeTimeout = d })
}

// WithReadLimit bounds a frame from the server, in bytes. A larger one ends the
// connection. The default is DefaultReadLimit.
func WithReadLimit(bytes int64) Option {
	return optionFunc(func(c *config) { c.readLimit = bytes })
}

// WithEventBuffer is how many events of one subscription may wait for its
// handler. Over it the oldest are dropped; Event.Dropped counts them. The
// default is DefaultEventBuffer.
func WithEventBuffer(events int) Option {
	return optionFunc(func(c *config) { c.eventBuffer = events })
}

// WithHTTPClient sets the HTTP client of the WebSocket handshake: proxies, TLS,
// cookies. The default is http.DefaultClient.
func WithHTTPClient(h *http.Client) Option {
	return optionFunc(func(c *config) { c.httpClient = h })
}

// WithHeader adds headers to the WebSocket handshake.
func WithHeader(h http.Header) Option {
	return optionFunc(func(c *config) { c.header = h.Clone() })
}

// WithErrorHandler is told of faults that no caller waits for: a handler that
// panicked, events dropped because a handler was too slow, a subscription that
// the server ended, a token that could not be had. It runs as other handlers do;
// at most 256 faults wait for it. The default logs to slog.Default.
func WithErrorHandler(f func(error)) Option {
	return optionFunc(func(c *config) { c.onError = f })
}
