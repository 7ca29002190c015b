package centrirpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/centrirpc/centrirpc/contract"
)

// HandleStream registers a handler that sends items while it runs and then
// returns a result: rows of an import, lines of a log, words of an answer. P and R
// are as for Handle; Item is any type that can be described, but struct{}.
//
// send hands one item to the caller, who gets each of them once and in order. It
// blocks while the caller has as many items outstanding as the server allows (256
// unless configured), so that a slow reader slows the handler and costs no memory.
// Its error means that the item was not sent and none will be: the context ended
// (the caller left, cancelled, or the deadline passed), or the item cannot be
// written as JSON. Return it. send must not be called by several goroutines at a
// time, nor after the handler returned.
//
// It panics on a wrong registration; see Handle.
func HandleStream[P, Item, R any](reg Registrar, method string, handler func(ctx context.Context, params P, send func(Item) error) (R, error), opts ...MethodOption) {
	item := reflect.TypeFor[Item]()
	register(reg, registration{
		method: Method{Name: method, Kind: contract.Stream, Params: reflect.TypeFor[P](), Item: item, Result: reflect.TypeFor[R]()},
		symbol: symbolOf(handler), missing: handler == nil,
		bind: func(decode *decoder) Invoker {
			return func(ctx context.Context, req *Request) (any, error) {
				params, err := decodeParams[P](ctx, decode, req.Params)
				if err != nil {
					return nil, err
				}
				return handler(ctx, params, func(value Item) error {
					if err := ctx.Err(); err != nil {
						return err
					}
					encoded, err := EncodeJSON(asDeclared(item, value))
					if err != nil {
						return fmt.Errorf("an item of %s cannot be encoded: %w", method, err)
					}
					return req.send(encoded)
				})
			}
		},
	}, opts)
}

// CallStream is Call for a stream: send is given its items, as JSON, before
// CallStream returns the result. An error of send is what the handler's send
// returns. A method that is no stream is called without any items.
func (r *Router) CallStream(ctx context.Context, method string, params json.RawMessage, send func(item json.RawMessage) error) (json.RawMessage, error) {
	if send == nil {
		send = func(json.RawMessage) error { return errNoItems }
	}
	return r.call(ctx, method, params, send)
}

var errNoItems = errors.New("nobody takes the items of this stream")

// progressKey is the context key under which a transport puts what takes a call's
// progress.
type progressKey struct{}

// ProgressReporter is what a transport's context answers to ask who takes the
// progress of its call.
type ProgressReporter interface {
	// ReportProgress takes how far the call has come. It does not block.
	ReportProgress(done, total float64, message string)
}

// ProgressKey is the key under which a handler's context has its
// ProgressReporter. Transports use it.
func ProgressKey() any { return progressKey{} }

// Progress tells the caller how far a call has come: done of total, in units of
// the method's own; a total of 0 means that it is not known. The message may be
// empty; one over 1,024 bytes is cut. It is best effort, newest wins: callers hear
// of it at most every 100 ms. It costs nothing where nobody listens, as in
// Router.Call, and after the handler returned. NaN and infinities are not sent.
func Progress(ctx context.Context, done, total float64, message string) {
	if reporter, ok := ctx.Value(progressKey{}).(ProgressReporter); ok {
		reporter.ReportProgress(done, total, message)
	}
}
