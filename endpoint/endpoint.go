package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// HTTP is a centrirpc.Endpoint over HTTP. It is safe for concurrent use.
type HTTP struct {
	cfg      Config
	client   *http.Client
	breaker  *breaker
	places   chan struct{} // holds as many as calls have a connection, or are about to
	began    time.Time
	answered instant // when it last was
}

// clock is the time since the endpoint was made, by the monotonic clock.
func (h *HTTP) clock() time.Duration { return time.Since(h.began) }

// instant is a time by HTTP.clock; zero is none.
type instant struct{ nanoseconds atomic.Int64 }

func (i *instant) Store(at time.Duration) { i.nanoseconds.Store(int64(at)) }
func (i *instant) Load() time.Duration    { return time.Duration(i.nanoseconds.Load()) }

// New makes an endpoint. It connects to nothing yet: the other process may start
// later. The error names the field of the Config and the fix.
func New(cfg Config) (*HTTP, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // closing a request closes its connection: nobody can overlook that
	h := &HTTP{cfg: cfg, places: make(chan struct{}, cfg.MaxConnections), began: time.Now()}
	h.client = &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: cfg.DialTimeout}).DialContext,
			TLSClientConfig:     cfg.TLS,
			TLSHandshakeTimeout: cfg.DialTimeout,
			MaxConnsPerHost:     cfg.MaxConnections,
			MaxIdleConnsPerHost: cfg.MaxConnections,
			IdleConnTimeout:     cfg.IdleTimeout,
			DisableCompression:  true,
			Protocols:           protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	h.breaker = newBreaker(cfg)
	return h, nil
}

// Close closes the connections that no call uses.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

// Call runs a call at the other process: see the package. It is what
// centrirpc.Forward asks.
func (h *HTTP) Call(ctx context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	limited := ctx
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, h.cfg.Timeout)
		defer cancel()
	}
	result, err := h.call(limited, call)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		// The router cannot know: ctx has not ended, or not yet.
		return nil, centrirpc.Errorf(wire.DeadlineExceeded, "the call's deadline passed")
	}
	return result, err
}

// call is Call with a deadline.
func (h *HTTP) call(ctx context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	ended, err := h.breaker.admit()
	if err != nil {
		return nil, centrirpc.Errorf(wire.Unavailable, "%s", outOfReach)
	}
	outcome := errUnended // of a panic
	defer func() { ended(outcome) }()
	result, err := h.try(ctx, call)
	outcome = err
	var f *failure
	if errors.As(err, &f) {
		return nil, f.forCaller(ctx, call)
	}
	return result, err
}

// try sends a call as often as is safe. A failure is not forgotten for the call's
// end while it is tried again.
func (h *HTTP) try(ctx context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	deadline, _ := ctx.Deadline()
	var failed *failure
	pause := firstPause
	for attempt := 1; ; attempt++ {
		result, err := h.send(ctx, call)
		if failed != nil && excluded(err) {
			return nil, failed
		}
		var f *failure
		if !errors.As(err, &f) {
			return result, err
		}
		if failed != nil {
			f.ran = max(f.ran, failed.ran)
		}
		failed = f
		if attempt == h.cfg.Attempts || !f.again(call) || time.Until(deadline) <= pause {
			return nil, failed
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, failed
		}
		pause *= 2
	}
}

const firstPause = 100 * time.Millisecond
