package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/centrirpc/centrirpc/wire"
)

// Errors that this package makes itself. What it returns wraps one of them and
// says which call or channel it was.
var (
	// ErrNotConnected means that Connect was not called, or that the server
	// refused the connection for good. Nothing was sent.
	ErrNotConnected = errors.New("not connected")
	// ErrConnectionLost means that the connection was lost after the request was
	// sent and before it was answered, and that it cannot be sent again: it may or
	// may not have been carried out.
	ErrConnectionLost = errors.New("the connection was lost; the outcome is unknown")
	// ErrClosed means that Close ended the call. If it was sent, it may or may
	// not have been carried out.
	ErrClosed = errors.New("the client was closed")
	// ErrTimeout means that no answer came in time. If the call was sent, the
	// server is asked to cancel it. A call that the server has refused to take all
	// the while ends with that *ServerError instead.
	ErrTimeout = errors.New("timed out")
	// ErrAborted means that the caller's context ended first, or that the stream
	// was left. The error wraps the context's error too, context.Canceled for a
	// stream that was left. If the call was sent, the server is asked to
	// cancel it.
	ErrAborted = errors.New("aborted")
	// ErrRequestTooLarge means that the request is larger than the server
	// accepts. Nothing was sent.
	ErrRequestTooLarge = errors.New("the request is too large")
	// ErrInvalidReply means that the server's result does not fit the type that
	// the caller gave for it. The call was carried out.
	ErrInvalidReply = errors.New("the result does not fit its type")
	// ErrInvalidParams means that params or data cannot be written as JSON.
	// Nothing was sent.
	ErrInvalidParams = errors.New("the params cannot be written as JSON")
	// ErrInvalidEvent means that an event does not fit its type. See SubscribeTo.
	ErrInvalidEvent = errors.New("the event does not fit its type")
	// ErrUnsubscribed means that the subscription has ended.
	ErrUnsubscribed = errors.New("unsubscribed")
	// ErrUnauthorized is for the function given to WithGetToken: returning it
	// says that there will be no token, and disconnects the client.
	ErrUnauthorized = errors.New("no token is to be had")
)

// ServerError is an error that the server sent.
type ServerError struct {
	// Code is one of the protocol's codes, one of the application's
	// (1000..1999), or, below 400, one of Centrifuge's own.
	Code wire.Code
	// Reason is the code's stable name. It may be empty for an application's
	// code that came by native RPC.
	Reason  string
	Message string
	// Details are JSON, or nil.
	Details json.RawMessage
}

// Error is the reason, the code and the message, on one line.
func (e *ServerError) Error() string {
	reason := e.Reason
	if reason == "" {
		reason = "error"
	}
	return fmt.Sprintf("%s (%d): %s", reason, e.Code, e.Message)
}

// Is reports whether target is a *ServerError of the same code, so that
// errors.Is(err, &client.ServerError{Code: wire.NotFound}) works.
func (e *ServerError) Is(target error) bool {
	t, ok := target.(*ServerError)
	return ok && t.Code == e.Code
}

// DecodeDetails reads the details into v. It is an error if there are none.
func (e *ServerError) DecodeDetails(v any) error {
	if len(e.Details) == 0 {
		return fmt.Errorf("the error %s (%d) carries no details", e.Reason, e.Code)
	}
	return json.Unmarshal(e.Details, v)
}

// DetailsOf are the details of e as a D, or its zero value where there are none or
// they do not fit; DecodeDetails says which.
func DetailsOf[D any](e *ServerError) D {
	var details D
	if e.DecodeDetails(&details) != nil {
		var none D
		return none
	}
	return details
}

// Faults are the things wrong with the params of a call that the server refused
// as wire.InvalidParams; nil for any other error.
func (e *ServerError) Faults() []wire.Fault {
	if e.Code != wire.InvalidParams {
		return nil
	}
	var faults []wire.Fault
	if json.Unmarshal(e.Details, &faults) != nil {
		return nil
	}
	return faults
}

// CodeOf is the code of the ServerError in err's chain, or 0 if the server did
// not send err.
func CodeOf(err error) wire.Code {
	if e, ok := errors.AsType[*ServerError](err); ok {
		return e.Code
	}
	return 0
}

// Code is the code of an error that the server sent: wire.Code.
type Code = wire.Code

// ErrorTypes is a CallOption that gives an application's errors types of their
// own: a call that fails with one of the codes returns what its function makes of
// the *ServerError. It should be an error that wraps the *ServerError, so that
// errors.As finds both; nil means the *ServerError itself. Of several of these
// options the last one counts.
type ErrorTypes map[Code]func(*ServerError) error

func (t ErrorTypes) applyCall(c *callConfig) { c.errors = t }

// typed is the error of the application's own type, or e.
func (t ErrorTypes) typed(e *ServerError) error {
	if makes := t[e.Code]; makes != nil {
		if err := makes(e); err != nil {
			return err
		}
	}
	return e
}

// ConnectError says that the connection failed for good: the client is
// disconnected and does not try again by itself.
type ConnectError struct {
	// Code is the server's, as Centrifuge has them: an error's (100..1999) or a
	// disconnect's (3500..3999, 4500..4999). 0 means that the server did not
	// refuse, but this client cannot use the connection.
	Code   uint32
	Reason string
}

// Error is the code and the reason, on one line.
func (e *ConnectError) Error() string {
	if e.Code == 0 {
		return "cannot connect: " + e.Reason
	}
	return fmt.Sprintf("the server refused the connection: %s (%d)", e.Reason, e.Code)
}

// Centrifuge's own error codes that mean something to this package.
const (
	codeInternal          = 100
	codePermissionDenied  = 103
	codeMethodNotFound    = 104
	codeAlreadySubscribed = 105
	codeBadRequest        = 107
	codeNotAvailable      = 108
	codeTokenExpired      = 109
	codeTooManyRequests   = 111
	codeUnrecoverable     = 112
	codeConcurrentPages   = 113

	codeStateInvalidated  = 3014 // a disconnect: tokens are to be fetched again
	codeResubscribeAdvice = 2500 // an unsubscribe; those from here on may be subscribed again
)

// temporary reports whether the same command may succeed later.
func temporary(code uint32, flagged bool) bool {
	switch code {
	case codeInternal, codeTooManyRequests, codeUnrecoverable, codeConcurrentPages, uint32(wire.Unavailable):
		return true
	}
	return flagged || code < 100
}

// refusal is the error for a command that the server refused.
func refusal(code uint32, message string) *ServerError {
	e := &ServerError{Code: wire.Code(code), Message: message}
	switch code {
	case codePermissionDenied:
		e.Code = wire.PermissionDenied
	case codeTooManyRequests:
		e.Code = wire.ResourceExhausted
	case codeBadRequest:
		e.Reason = "bad_request"
		return e
	}
	e.Reason = e.Code.Reason()
	if e.Reason == "" && !e.Code.Application() {
		e.Reason = wire.Internal.Reason()
	}
	return e
}
