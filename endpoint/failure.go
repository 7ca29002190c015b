package endpoint

import (
	"context"
	"errors"
	"fmt"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// failure is an attempt that failed by no fault of the call.
type failure struct {
	cause error // for the log
	ran   doubt
	// rubbish is an answer that was no answer: another would be the same.
	rubbish bool
	// timeout is a connection that did not come about in its time: another attempt
	// would take as long.
	timeout bool
	// blameless is a call that ended before it could be sent: that says nothing of
	// the endpoint, for its time may have been short.
	blameless bool
}

// doubt is what is known of a call that failed.
type doubt int

const (
	neverSent doubt = iota // it did not run
	refused                // the server says that it did not run
	unknown                // it may have run, or run still
)

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// again reports whether the call may be sent again.
func (f *failure) again(call centrirpc.ForwardedCall) bool {
	return !f.rubbish && !f.timeout && !f.blameless && (f.ran == neverSent || call.Idempotent)
}

const (
	outOfReach = "the service that has this method is out of reach"
	noAnswer   = "the service that has this method gave no answer; the call may have taken effect"
)

// forCaller is what the caller hears. The truth goes to the log.
func (f *failure) forCaller(ctx context.Context, call centrirpc.ForwardedCall) error {
	ended := ctx.Err()
	cancelled := errors.Is(ended, context.Canceled)
	switch {
	case ended != nil && (f.rubbish || f.blameless && cancelled):
		return ended
	case f.rubbish:
		return f.cause
	}
	centrirpc.LoggerFromContext(ctx).Warn("a forwarded call failed", "endpoint_method", call.Method, "error", f.cause)
	switch {
	case cancelled, ended != nil && f.ran == unknown:
		return ended
	case f.ran == unknown && !call.Idempotent:
		return centrirpc.Errorf(wire.OutcomeUnknown, "%s", noAnswer)
	}
	return centrirpc.Errorf(wire.Unavailable, "%s", outOfReach)
}

// late is a call whose deadline passed at an endpoint that has been silent for
// Config.SilentAfter.
type late struct{ error }

func (l late) Unwrap() error { return l.error }

// counts reports whether an error speaks against the endpoint.
func counts(err error) bool {
	var f *failure
	var l late
	return errors.As(err, &f) && !f.blameless || errors.As(err, &l)
}

// excluded reports whether an error says nothing of the endpoint at all.
func excluded(err error) bool {
	var f *failure
	return !counts(err) && (errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// misused is an answer that says that the two processes are not set up for one
// another. It is for the log alone.
func misused(status int, hint, text string) error {
	if text != "" {
		text = fmt.Sprintf(", %q", text)
	}
	return fmt.Errorf("the endpoint answered with HTTP status %d%s: %s", status, text, hint)
}
