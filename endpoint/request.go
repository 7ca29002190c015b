package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc"
)

// request is Centrifugo's RPC proxy's, with a member of ours.
type request struct {
	Client    string          `json:"client"`
	Transport string          `json:"transport"`
	Protocol  string          `json:"protocol"`
	Encoding  string          `json:"encoding"`
	User      string          `json:"user"`
	Method    string          `json:"method"`
	Data      json.RawMessage `json:"data"`
	Meta      json.RawMessage `json:"meta,omitempty"`
	Centrirpc extension       `json:"centrirpc"`
}

type extension struct {
	Version       int             `json:"version"`
	CorrelationID string          `json:"correlation_id,omitempty"`
	TimeoutMS     int64           `json:"timeout_ms"`
	Traceparent   string          `json:"traceparent,omitempty"`
	Idempotent    bool            `json:"idempotent,omitempty"`
	Info          json.RawMessage `json:"info,omitempty"`
}

const (
	formatVersion = 1
	maxTimeout    = 24 * time.Hour // the format's bound
	// maxMargin is what a call's time is shortened by at most, for the answer to
	// come back before the deadline: a tenth of it, if that is less.
	maxMargin = 100 * time.Millisecond
)

// body is the request's; left is the time until the call's deadline, at least a
// millisecond.
func body(call centrirpc.ForwardedCall, left time.Duration) ([]byte, error) {
	limit := min(left-min(left/10, maxMargin), maxTimeout)
	encoded := request{
		Client: call.Conn.ClientID, Transport: call.Conn.Transport, Protocol: "json", Encoding: "json", User: call.Conn.UserID,
		Method: call.Method, Data: call.Params, Meta: call.Conn.Meta,
		Centrirpc: extension{
			Version: formatVersion, CorrelationID: call.CorrelationID, TimeoutMS: max(1, limit.Milliseconds()),
			Traceparent: call.Traceparent, Idempotent: call.Idempotent, Info: call.Conn.Info,
		},
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(encoded); err != nil {
		return nil, fmt.Errorf("the call cannot be written: %w", err)
	}
	return b.Bytes(), nil
}

// send sends a call once. The error is a *failure, the context's, one that the
// caller may read, or one for the log.
func (h *HTTP) send(ctx context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-ctx.Done():
		return nil, &failure{cause: errNoPlace, ran: neverSent, blameless: true}
	}
	// What is left is known only now that nothing but connecting stands before it.
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	if ctx.Err() != nil || left < time.Millisecond {
		return nil, endOf(ctx)
	}
	encoded, err := body(call, left)
	if err != nil {
		return nil, err
	}
	var sent delivery
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, sent.trace(h.clock)), http.MethodPost, h.cfg.URL, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SecretHeader, h.cfg.Secret)
	resp, err := h.client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		var result json.RawMessage
		if result, err = h.read(ctx, resp); !broken(err) {
			if !counts(err) {
				h.answered.Store(h.clock())
			}
			return result, err
		}
	}
	// A connection's own timer may be first to notice that the deadline passed.
	over := ctx.Err() != nil || time.Until(deadline) <= 0
	switch {
	case sent.never():
		var n net.Error
		return nil, &failure{cause: err, ran: neverSent, blameless: over, timeout: errors.As(err, &n) && n.Timeout()}
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && h.silentSince(sent.written.Load()):
		return nil, late{endOf(ctx)}
	case over:
		return nil, endOf(ctx)
	}
	return nil, &failure{cause: err, ran: unknown}
}

var errNoPlace = errors.New("no connection was free until the call's end; the service is slow, or Config.MaxConnections too low")

// endOf is why the context ended, or is about to.
func endOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.DeadlineExceeded
}

// silentSince reports whether the endpoint has had a request for so long, and has
// answered no other meanwhile, that its silence speaks against it. How long a call may
// take is for its caller to say: a short time, or one slow handler while others answer,
// tells nothing. The time is by clock; 0 for a request that was not written to its end.
func (h *HTTP) silentSince(written time.Duration) bool {
	return written != 0 && h.clock()-written >= h.cfg.SilentAfter && h.answered.Load() < written
}

// delivery follows a request on its way. The transport may ask for a connection
// several times, and does so again only as long as nothing was written.
type delivery struct {
	connected atomic.Bool
	written   instant // when all of it was
}

func (d *delivery) trace(clock func() time.Duration) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { d.connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { d.connected.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err != nil { // not all of it, and half a request is none
				d.connected.Store(false)
				return
			}
			d.written.Store(clock())
		},
	}
}

// never reports whether the request certainly did not arrive.
func (d *delivery) never() bool { return !d.connected.Load() }
