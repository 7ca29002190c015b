package client

import (
	"context"

	"github.com/centrirpc/centrirpc/wire"
)

// WithTraceparent has calls, notifications and streams carry their place in the
// caller's trace: f returns it, as W3C Trace Context has it ("traceparent"), from the
// context that the call is made with, or "" for none. It is asked once for each
// call; one that is sent again keeps what it had. What is no traceparent is not sent.
// The default is none.
func WithTraceparent(f func(ctx context.Context) string) Option {
	return optionFunc(func(c *config) { c.traceparent = f })
}

// Traceparent is WithTraceparent for one call, in place of the client's.
func Traceparent(traceparent string) CallOption { return traceparentOption(traceparent) }

type traceparentOption string

func (t traceparentOption) applyCall(c *callConfig) { c.traceparent = string(t) }

// traceparentOf is what a call carries, or "".
func (c *config) traceparentOf(ctx context.Context, call *callConfig) string {
	said := call.traceparent
	if said == "" && c.traceparent != nil {
		said = c.traceparent(ctx)
	}
	if len(said) > wire.MaxTraceparentLength || wire.TraceID(said) == "" {
		return ""
	}
	return said
}
