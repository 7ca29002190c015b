package centrirpc

import (
	"context"
	"log/slog"

	"github.com/centrirpc/centrirpc/wire"
)

// LoggerFromContext is the server's logger, within a handler, with what tells its
// call from others in every line: method, correlation_id, user, client, and
// trace_id where the call is part of a trace. Outside of a server, as with
// Router.Call in a test, it is slog.Default() with what is known. It is made anew
// by each call of this function: a handler that logs much keeps it.
func LoggerFromContext(ctx context.Context) *slog.Logger {
	a := askerOf(ctx)
	logger := a.Logger
	if logger == nil {
		logger = slog.Default()
	}
	return logger.With(a.LogAttrs()...)
}

// LogAttrs are the attributes of a log line about the call, for package slog:
// method, correlation_id, user, client, and trace_id where there is one.
// Transports use it.
func (a *Asker) LogAttrs() []any {
	conn := a.Conn
	if conn == nil {
		conn = &noConn
	}
	attrs := append(make([]any, 0, 16), "method", a.Method, "correlation_id", a.CorrelationID, "user", conn.UserID, "client", conn.ClientID)
	if id := wire.TraceID(a.Traceparent); id != "" {
		attrs = append(attrs, "trace_id", id)
	}
	return attrs
}
