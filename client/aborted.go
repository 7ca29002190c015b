package client

import (
	"context"
	"errors"
)

// abortedError is ErrAborted in words that say what happened.
type abortedError struct {
	what string
	is   []error
}

func (e *abortedError) Error() string   { return ErrAborted.Error() + ": " + e.what }
func (e *abortedError) Unwrap() []error { return e.is }

// contextError says why ctx ended: ErrTimeout where this package set the
// deadline, and otherwise ErrAborted with the context's error and its cause.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrTimeout):
		return cause
	case cause != err:
		return &abortedError{cause.Error(), []error{ErrAborted, err, cause}}
	case errors.Is(err, context.DeadlineExceeded):
		return &abortedError{"the deadline of the caller's context has passed", []error{ErrAborted, err}}
	}
	return &abortedError{"the caller's context was cancelled", []error{ErrAborted, err}}
}
