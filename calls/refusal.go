package calls

import "errors"

// The ways a request can be refused: the publish command's reply is an error and
// nothing was claimed. Errors given to an acknowledgement wrap one of these.
var (
	ErrPermissionDenied = errors.New("permission denied")
	ErrBadRequest       = errors.New("bad request")
	ErrTooManyRequests  = errors.New("too many requests")
	ErrUnavailable      = errors.New("unavailable")
)

// CodeOf is the number with which a refusal reaches the client: Centrifuge's own
// 103 permission denied, 107 bad request and 111 too many requests, and our 503
// unavailable.
func CodeOf(refusal error) uint32 {
	switch {
	case errors.Is(refusal, ErrPermissionDenied):
		return 103
	case errors.Is(refusal, ErrBadRequest):
		return 107
	case errors.Is(refusal, ErrTooManyRequests):
		return 111
	}
	return 503
}

func refusalName(refusal error) string {
	switch CodeOf(refusal) {
	case 103:
		return "permission_denied"
	case 107:
		return "bad_request"
	case 111:
		return "too_many_requests"
	}
	return "unavailable"
}
