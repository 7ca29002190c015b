package wire

// Code is the number of an error. Numbers from 400 to 599 are ours and closed:
// the list below is all there are. Numbers from 1000 to 1999 belong to the
// application, which declares each with a name and a type for its details.
// Centrifugo requires application errors to lie in 400..1999, so the same
// numbers serve correlated calls and native RPC.
type Code int

// The codes that the protocol defines.
const (
	InvalidParams      Code = 400 // params do not fit the method; details list the faults
	Unauthenticated    Code = 401 // no valid identity; worth a retry with a new token
	PermissionDenied   Code = 403 // the caller is known and may not do this
	NotFound           Code = 404 // the application's own: the thing asked for does not exist
	MethodNotFound     Code = 405 // no such method
	Conflict           Code = 409 // the correlation id was used with another method or other params
	FailedPrecondition Code = 412 // the state of the system forbids the operation
	PayloadTooLarge    Code = 413 // params or result exceed the configured size
	ResourceExhausted  Code = 429 // a limit is reached; worth a retry with backoff
	Cancelled          Code = 499 // the caller cancelled the call
	Internal           Code = 500 // a fault of the server; its text stays in the server's log
	Unavailable        Code = 503 // draining or out of reach of its store; worth a retry with backoff
	DeadlineExceeded   Code = 504 // the call's deadline passed before it ended
	OutcomeUnknown     Code = 520 // the node that ran the call died; the call may have taken effect
)

// The range of codes an application may declare as its own, both ends included.
const (
	MinApplicationCode Code = 1000
	MaxApplicationCode Code = 1999
)

var reasons = map[Code]string{
	InvalidParams:      "invalid_params",
	Unauthenticated:    "unauthenticated",
	PermissionDenied:   "permission_denied",
	NotFound:           "not_found",
	MethodNotFound:     "method_not_found",
	Conflict:           "conflict",
	FailedPrecondition: "failed_precondition",
	PayloadTooLarge:    "payload_too_large",
	ResourceExhausted:  "resource_exhausted",
	Cancelled:          "cancelled",
	Internal:           "internal",
	Unavailable:        "unavailable",
	DeadlineExceeded:   "deadline_exceeded",
	OutcomeUnknown:     "outcome_unknown",
}

// Reason is the stable name of a protocol code, such as "invalid_params". It is
// empty for a code the protocol does not define, application codes included:
// their names are the application's.
func (c Code) Reason() string { return reasons[c] }

// Application reports whether c lies in the application's range, 1000..1999.
func (c Code) Application() bool { return c >= MinApplicationCode && c <= MaxApplicationCode }

// Valid reports whether c is one of the protocol's codes or lies in the
// application's range.
func (c Code) Valid() bool { return c.Application() || reasons[c] != "" }

// Retryable reports whether the protocol allows the same call to be sent again
// after a backoff, because the server says it did not run.
func (c Code) Retryable() bool { return c == ResourceExhausted || c == Unavailable }

// Codes lists the protocol's codes in ascending order.
func Codes() []Code {
	return []Code{
		InvalidParams, Unauthenticated, PermissionDenied, NotFound, MethodNotFound, Conflict,
		FailedPrecondition, PayloadTooLarge, ResourceExhausted, Cancelled, Internal, Unavailable,
		DeadlineExceeded, OutcomeUnknown,
	}
}

// CodeOf is the protocol code with the given reason, or 0 if there is none.
func CodeOf(reason string) Code {
	for c, r := range reasons {
		if r == reason {
			return c
		}
	}
	return 0
}
