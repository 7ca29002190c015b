package centrirpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// Call runs a method and returns its result as JSON. Params that are empty or
// null mean {}. It is what transports call; in tests it stands in for one. The
// error is always an *Error, safe to be shown to the caller. A panic is an
// Internal one, wherever it comes from: middleware, a rule, the handler, or the
// encoding of a result or of an error's details. The context's deadline, or the
// method's Timeout if that is sooner, ends the handler's context; Call returns
// when the handler does.
//
// A stream needs CallStream.
func (r *Router) Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	return r.call(ctx, method, params, nil)
}

func (r *Router) call(ctx context.Context, method string, params json.RawMessage, send func(json.RawMessage) error) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.logFailure(ctx, "a call panicked", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			result, err = nil, internalError()
		}
	}()
	e := r.open().endpoints[method]
	if e == nil {
		return nil, Errorf(wire.MethodNotFound, "there is no method %.128q", method)
	}
	if e.method.Kind == contract.Stream && send == nil {
		return nil, Errorf(wire.MethodNotFound, "the method %s is a stream, which cannot be called in this way", method)
	}
	if deadline, ok := ctx.Deadline(); e.method.Timeout > 0 && (!ok || time.Until(deadline) > e.method.Timeout) {
		limited, cancel := context.WithTimeout(ctx, e.method.Timeout)
		defer cancel()
		ctx = limited
	}
	returned, err := e.invoke(ctx, &Request{Method: &e.method, Params: params, send: send})
	if err != nil {
		return nil, r.clientError(ctx, method, err)
	}
	if result, err = encodeResult(e.method.Result, returned); err != nil {
		r.logFailure(ctx, "the result cannot be encoded", method, "error", err)
		return nil, internalError()
	}
	return result, nil
}

var emptyObject = json.RawMessage("{}")

// encodeResult writes a result of the declared type, which is nil for none. The
// handler's own always is of that type; middleware may return another value, and
// what the contract does not say must not reach a client.
func encodeResult(declared reflect.Type, result any) (json.RawMessage, error) {
	got := reflect.TypeOf(result)
	if declared == nil {
		if got != nil && got != noStruct {
			return nil, fmt.Errorf("the method has no result, but middleware returned a value of type %v", got)
		}
		return emptyObject, nil
	}
	switch kind := declared.Kind(); {
	case got == declared, kind == reflect.Interface && (got == nil || got.Implements(declared)):
	case got == nil && kind == reflect.Pointer: // null, as the contract has it
	case got == nil && (kind == reflect.Slice || kind == reflect.Map):
		result = reflect.Zero(declared).Interface()
	default:
		return nil, fmt.Errorf("middleware returned a value of type %v; the method's result is %v", got, declared)
	}
	return EncodeJSON(asDeclared(declared, result))
}

var errNilError = errors.New("the error is a nil *centrirpc.Error; where there is none, return nil itself")

// clientError is what a client may know of err, with its details encoded.
func (r *Router) clientError(ctx context.Context, method string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		switch {
		case e == nil:
			err = errNilError
		case e.Code.Valid():
			return r.prepared(ctx, method, e)
		default:
			err = fmt.Errorf("the error code %d is neither the protocol's nor in 1000..1999: %w", e.Code, err)
		}
	}
	if ctx.Err() != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return Errorf(wire.DeadlineExceeded, "the call's deadline passed")
		}
		if errors.Is(err, context.Canceled) {
			return Errorf(wire.Cancelled, "the call was cancelled")
		}
	}
	r.logFailure(ctx, "a handler failed", method, "error", err)
	return internalError()
}

// prepared is e, or a copy with its details encoded: e itself may be shared by
// calls. Details that cannot be encoded are left out and logged.
func (r *Router) prepared(ctx context.Context, method string, e *Error) *Error {
	if e.Details == nil {
		return e
	}
	copied := *e
	encoded, err := EncodeJSON(e.Details)
	if err != nil {
		r.logFailure(ctx, "an error's details cannot be encoded, and are left out", method, "code", int(e.Code), "error", err)
		copied.Details = nil
	}
	copied.encoded = encoded
	return &copied
}

// logFailure logs what went wrong in a call. A panic of the logger must not end
// the process either.
func (r *Router) logFailure(ctx context.Context, message, method string, args ...any) {
	defer func() { _ = recover() }()
	a := *askerOf(ctx)
	a.Method = method
	r.logger.ErrorContext(ctx, message, append(a.LogAttrs(), args...)...)
}
