package centrirpc

import (
	"context"
	"encoding/json"
	"log/slog"
)

// Conn says who is asking: the connection that a call came in on. It is shared
// by all calls of the connection and must not be changed. A call may outlive its
// connection.
type Conn struct {
	// UserID is the authenticated user: a token's "sub", or what the
	// application's own authentication said.
	UserID string
	// ClientID names this one connection. It is empty for a call that came from
	// no connection, such as Router.Call in a test.
	ClientID string
	// Transport is what the connection runs on: "websocket", "sse",
	// "http_stream".
	Transport string
	// Info is the token's "info" claim: JSON that other subscribers may see
	// (presence). Nil if there is none.
	Info json.RawMessage
	// Meta is the token's "meta" claim: JSON that only the server sees, such as
	// roles. Nil if there is none.
	Meta json.RawMessage
}

// Asker is what a handler's context says of its call: who asks, for what, and by
// which id. A transport that makes contexts of its own embeds it in them, and has
// its Value answer before theirs; others use ContextWithCall.
type Asker struct {
	Conn          *Conn
	CorrelationID string // empty for a call that has none
	Method        string // empty where nobody said
	// Traceparent is the call's place in a trace, as W3C Trace Context has it: the
	// server's own span where it traces, else what the client sent. Empty means
	// none.
	Traceparent string
	// Logger takes what is logged with LoggerFromContext. Nil means slog.Default().
	Logger *slog.Logger
}

type askerKey struct{}

// Value is the Value of a context that says who asks: nil for every key but the
// one that ConnFromContext and CorrelationIDFromContext look for.
func (a *Asker) Value(key any) any {
	if key == (askerKey{}) {
		return a
	}
	return nil
}

var nobody Asker

// askerOf is never nil. What it returns must not be changed.
func askerOf(ctx context.Context) *Asker {
	if a, _ := ctx.Value(askerKey{}).(*Asker); a != nil {
		return a
	}
	return &nobody
}

// ContextWithConn makes conn the asker of calls that run with the returned
// context. Transports use it, and tests that need a caller.
func ContextWithConn(ctx context.Context, conn *Conn) context.Context {
	return ContextWithCall(ctx, conn, CorrelationIDFromContext(ctx))
}

// ContextWithCall is ContextWithConn for the call of that correlation id, which
// is empty for one that has none. Transports use it.
func ContextWithCall(ctx context.Context, conn *Conn, correlationID string) context.Context {
	a := *askerOf(ctx)
	a.Conn, a.CorrelationID = conn, correlationID
	return context.WithValue(ctx, askerKey{}, &a)
}

var noConn Conn

// ConnFromContext says who asks, within a handler. It is never nil: without a
// connection it is a Conn with nothing in it.
func ConnFromContext(ctx context.Context) *Conn {
	if conn := askerOf(ctx).Conn; conn != nil {
		return conn
	}
	return &noConn
}

// CorrelationIDFromContext is the id of the call, within a handler: unique per
// user, the same when the call is sent again, so it serves as an idempotency
// key. It is empty for native RPC and for Router.Call in a test.
func CorrelationIDFromContext(ctx context.Context) string { return askerOf(ctx).CorrelationID }

// TraceparentFromContext is the call's place in a trace, within a handler, as W3C
// Trace Context has it: "00-<trace id>-<span id>-<flags>". It is for programs
// without OpenTelemetry, whose own functions find the span in ctx. It is empty
// where neither the server traces nor the client sent one.
func TraceparentFromContext(ctx context.Context) string { return askerOf(ctx).Traceparent }
