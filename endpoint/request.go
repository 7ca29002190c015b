package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
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
	Traceparent   string          `json:"traceparent,omitempty"`
	Idempotent    bool            `json:"idempotent,omitempty"`
	Info          json.RawMessage `json:"info,omitempty"`
	// timeout_ms is the last member: see timed.
}

const (
	formatVersion = 1
	maxTimeout    = 24 * time.Hour // the format's bound
	// maxMargin is what a call's time is shortened by at most, for the answer to
	// come back before the deadline: a tenth of it, if that is less.
	maxMargin = 100 * time.Millisecond
)

// encode is a request's body without its end, which timed adds.
func encode(call centrirpc.ForwardedCall) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(request{
		Client: call.Conn.ClientID, Transport: call.Conn.Transport, Protocol: "json", Encoding: "json", User: call.Conn.UserID,
		Method: call.Method, Data: call.Params, Meta: call.Conn.Meta,
		Centrirpc: extension{
			Version: formatVersion, CorrelationID: call.CorrelationID, Traceparent: call.Traceparent, Idempotent: call.Idempotent, Info: call.Conn.Info,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("the call cannot be written: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("}}\n")), nil
}

// timed is a body that tells the time that is left when it is read, and so when there
// is a connection to write it to. Its size is the same whenever that is.
type timed struct {
	encoded  []byte
	deadline time.Time
	reader   io.Reader // nil until it is read
}

func (t *timed) size() int64 { return int64(len(t.encoded) + len(t.end())) }

func (t *timed) end() string {
	left := time.Until(t.deadline)
	limit := min(left-min(left/10, maxMargin), maxTimeout)
	return fmt.Sprintf(`,"timeout_ms":%8d}}`, max(1, limit.Milliseconds())) // maxTimeout has 8 digits
}

func (t *timed) Read(p []byte) (int, error) {
	if t.reader == nil {
		t.reader = io.MultiReader(bytes.NewReader(t.encoded), strings.NewReader(t.end()))
	}
	return t.reader.Read(p)
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
	deadline, _ := ctx.Deadline()
	if ctx.Err() != nil || time.Until(deadline) < time.Millisecond {
		return nil, endOf(ctx)
	}
	encoded, err := encode(call)
	if err != nil {
		return nil, err
	}
	var sent delivery
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, sent.trace(h.clock)), http.MethodPost, h.cfg.URL, nil)
	if err != nil {
		return nil, err
	}
	// On another connection, the time that is left is another one.
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(&timed{encoded: encoded, deadline: deadline}), nil
	}
	req.Body, _ = req.GetBody()
	req.ContentLength = (&timed{encoded: encoded, deadline: deadline}).size()
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
