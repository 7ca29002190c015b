package calls

import (
	"errors"
	"fmt"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// The ways a request can be refused: the publish command's reply is an error and
// this request claimed nothing. Errors given to an acknowledgement wrap one of these.
var (
	ErrPermissionDenied = errors.New("permission denied")
	ErrBadRequest       = errors.New("bad request")
	ErrTooManyRequests  = errors.New("too many requests")
	ErrUnavailable      = errors.New("unavailable")
	// ErrOutcomeUnknown refuses a notification that is sent again, and of which
	// nobody knows whether it ran.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// WaitError refuses a request whose caller says that it waits for longer than it
// may. It is an ErrBadRequest. Its text is for the caller.
type WaitError struct {
	// Asked is what the request says, and Most what it may say.
	Asked, Most time.Duration
}

// Error names the field and its bound, in the field's milliseconds.
func (e *WaitError) Error() string {
	return fmt.Sprintf("timeout_ms is %d; this server takes at most %d", e.Asked.Milliseconds(), e.Most.Milliseconds())
}

// Unwrap makes it an ErrBadRequest.
func (e *WaitError) Unwrap() error { return ErrBadRequest }

// CodeOf is the number with which a refusal reaches the client: Centrifuge's own
// 103 permission denied, 107 bad request and 111 too many requests, and our 503
// unavailable and 520 outcome_unknown.
func CodeOf(refusal error) uint32 {
	switch {
	case errors.Is(refusal, ErrPermissionDenied):
		return 103
	case errors.Is(refusal, ErrBadRequest):
		return 107
	case errors.Is(refusal, ErrTooManyRequests):
		return 111
	case errors.Is(refusal, ErrOutcomeUnknown):
		return uint32(wire.OutcomeUnknown)
	}
	return 503
}

// Refusal is the error of an acknowledgement whose request could be read. It wraps
// one of the errors above.
type Refusal struct {
	// Asker is whose request it was.
	Asker centrirpc.Asker
	// Reason is why it was refused.
	Reason error
}

// Error is the reason.
func (r *Refusal) Error() string { return r.Reason.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// refusal is the error with which the run's request is refused.
func (r *run) refusal(reason error) error { return &Refusal{r.Asker, reason} }

// codeOfReply is the code of a reply that says the same as a refusal.
func codeOfReply(refusal error) wire.Code {
	switch CodeOf(refusal) {
	case 103:
		return wire.PermissionDenied
	case 107:
		return wire.InvalidParams
	case 111:
		return wire.ResourceExhausted
	case uint32(wire.OutcomeUnknown):
		return wire.OutcomeUnknown
	}
	return wire.Unavailable
}

func refusalName(refusal error) string {
	switch CodeOf(refusal) {
	case 103:
		return "permission_denied"
	case 107:
		return "bad_request"
	case 111:
		return "too_many_requests"
	case uint32(wire.OutcomeUnknown):
		return wire.OutcomeUnknown.Reason()
	}
	return "unavailable"
}
