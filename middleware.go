package centrirpc

import (
	"context"
	"encoding/json"
	"fmt"
)

// Request is one call on its way through middleware to its handler.
type Request struct {
	// Method is the method called. It must not be changed.
	Method *Method
	// Params are as they came: not yet decoded or validated. Middleware may
	// replace them.
	Params json.RawMessage

	send func(item json.RawMessage) error // a stream's; nil for other methods
}

// Invoker runs a request and returns its result: what the handler returned. It
// is nil for a notification.
type Invoker func(ctx context.Context, req *Request) (any, error)

// Middleware wraps an Invoker: to authorise, log, trace, limit or time calls. It
// sees who asks with ConnFromContext. An *Error that it returns reaches the
// client; any other error is "internal".
//
//	router.Use(func(next centrirpc.Invoker) centrirpc.Invoker {
//		return func(ctx context.Context, req *centrirpc.Request) (any, error) {
//			…
//			return next(ctx, req)
//		}
//	})
type Middleware func(next Invoker) Invoker

// chain puts middleware around an invoker, the first one outermost.
func chain(mw []Middleware, invoke Invoker) Invoker {
	for i := len(mw) - 1; i >= 0; i-- {
		invoke = mw[i](invoke)
	}
	return invoke
}

func mustNotBeNil(where string, mw []Middleware) {
	for i, m := range mw {
		if m == nil {
			panic(fmt.Sprintf("centrirpc: %s: middleware %d is nil; leave it out", where, i+1))
		}
	}
}
