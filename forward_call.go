package centrirpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

var rawJSON = reflect.TypeFor[json.RawMessage]()

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// bind is the invoker of a forwarded method: params and result are JSON that fits
// the contract.
func (f *forwarding) bind(r *Router, reg *registration) Invoker {
	described := f.contract.Method(reg.method.Name)
	params := newLimitedShapes(f.contract, r.strict).of(described.Params)
	results := newShapes(f.contract, false)
	details := map[wire.Code]*place{}
	for i := range f.contract.Errors {
		if e := &f.contract.Errors[i]; e.Details != nil {
			of := results.whole(e.Details)
			details[wire.Code(e.Code)] = &of
		}
	}
	var result *place
	if described.Result != nil {
		of := results.whole(described.Result)
		result = &of
	}
	return func(ctx context.Context, req *Request) (any, error) {
		raw, err := forwardedParams(req.Params, params)
		if err != nil {
			return nil, err
		}
		if missing(f.endpoint) {
			return nil, Errorf(wire.Unavailable, "the service that has the method %s is not there", reg.method.Name)
		}
		a := askerOf(ctx)
		answer, err := f.endpoint.Call(ctx, ForwardedCall{
			Method: reg.remote, Params: raw, Idempotent: reg.method.Idempotent,
			Conn: ConnFromContext(ctx), CorrelationID: a.CorrelationID, Traceparent: a.Traceparent,
		})
		if err != nil {
			return nil, f.forwardedError(ctx, r, reg.method.Name, err, details)
		}
		if result == nil {
			return nil, nil
		}
		if err := fits(answer, *result); err != nil {
			return nil, fmt.Errorf("the endpoint's result does not fit its contract; give Forward the contract of the version that runs: %w", err)
		}
		return answer, nil
	}
}

// missing reports whether there is no endpoint: nil, or a nil pointer.
func missing(e Endpoint) bool {
	if e == nil {
		return true
	}
	v := reflect.ValueOf(e)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// forwardedParams are the params to be sent on; the error lists all their faults. A
// method without params ignores what it is given.
func forwardedParams(raw json.RawMessage, s *shape) (json.RawMessage, error) {
	if raw = bytes.TrimSpace(raw); s == nil || len(raw) == 0 || string(raw) == "null" {
		raw = emptyObject
	}
	if s == nil {
		return raw, nil
	}
	if faults, _ := checkShape(raw, s); len(faults) > 0 {
		return nil, faultsError(faults)
	}
	return raw, nil
}

// forwardedError is err as the contract declares it: with the reason that it has
// there, and without details that are not of their declared type, since typed clients
// could not read them. An error that means something else by a declared code is no
// application error of the contract.
func (f *forwarding) forwardedError(ctx context.Context, r *Router, method string, err error, details map[wire.Code]*place) error {
	var e *Error
	if !errors.As(err, &e) || e == nil {
		return err
	}
	if declared := f.contract.Error(int(e.Code)); declared != nil && e.Reason != declared.Reason {
		if e.Reason != "" {
			return fmt.Errorf("the endpoint's error %d has the reason %q, and %q in its contract; give Forward the contract of the version that runs", e.Code, e.Reason, declared.Reason)
		}
		named := *e
		named.Reason = declared.Reason
		e, err = &named, &named
	}
	if e.Details == nil || details[e.Code] == nil {
		return err
	}
	encoded, encodeErr := EncodeJSON(e.Details)
	if encodeErr == nil {
		encodeErr = fits(encoded, *details[e.Code])
	}
	if encodeErr == nil {
		return err
	}
	r.logFailure(ctx, "the details of an endpoint's error do not fit its contract, and are left out", method, "code", int(e.Code), "error", encodeErr)
	return e.WithDetails(nil)
}

var errNoJSON = errors.New("it is not there")

// fits reports what of a value does not fit: its first fault.
func fits(raw json.RawMessage, p place) error {
	if len(raw) == 0 {
		return errNoJSON
	}
	faults := checkResult(raw, p)
	if len(faults) == 0 {
		return nil
	}
	return errors.New(faults[0].Message)
}

// forward takes all registrations of a forwarding, or none.
func (r *Router) forward(f *forwarding, registrations []*registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustBeOpen("Forward")
	for _, reg := range registrations {
		if first := r.registrations[reg.method.Name]; first != nil {
			f.fail("%s", taken(reg, first))
		}
	}
	for _, reg := range registrations {
		r.registrations[reg.method.Name] = reg
	}
	r.forwards = append(r.forwards, f)
}

// taken says that two registrations have one name, of which at least one is
// forwarded, and how to choose.
func taken(reg, first *registration) string {
	elsewhere, other := reg, first
	if reg.forwarded == nil {
		elsewhere, other = first, reg
	}
	if other.forwarded != nil {
		return fmt.Sprintf("the method %q is forwarded twice, at %s and at %s; leave it out of one with centrirpc.Except(%q)", reg.method.Name, first.where, reg.where, elsewhere.remote)
	}
	return fmt.Sprintf("the method %q has a handler in Go, registered at %s, and is in the contract that Forward is given at %s; to serve it in Go, give Forward the option centrirpc.Except(%q); to serve it there, remove the handler's registration", reg.method.Name, other.where, elsewhere.where, elsewhere.remote)
}
