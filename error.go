package centrirpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// Error is an error that reaches the client as it is: code, reason, message and
// details. Every other error that a handler returns reaches it as "internal"
// with a fixed text, and its real text goes to the log.
type Error struct {
	// Code is one of the wire package's codes, or the application's own in
	// 1000..1999.
	Code wire.Code
	// Reason is the code's stable name. Empty means the code's own.
	Reason string
	// Message is for people. It leaves the server; of one that is longer than
	// MaxErrorMessage bytes, only the beginning does.
	Message string
	// Details is encoded as JSON, or nil. It leaves the server.
	Details any

	cause   error
	encoded json.RawMessage // the details, once the router has encoded them
}

// MaxErrorMessage is how many bytes of an error's message are sent at most. A
// longer one is cut between two characters and ends in "…".
const MaxErrorMessage = 4096

// Errorf is an error for the client, with a message for people. As in
// fmt.Errorf, %w keeps an error to be found by errors.Is and errors.As; its text
// becomes part of the message, so use it only with errors a client may read.
func Errorf(code wire.Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	if _, several := err.(interface{ Unwrap() []error }); several {
		cause = err
	}
	return &Error{Code: code, Message: err.Error(), cause: cause}
}

// WithDetails is a copy of e that carries details, which must be encodable as
// JSON.
func (e *Error) WithDetails(details any) *Error {
	if e == nil {
		return nil
	}
	copied := *e
	copied.Details, copied.encoded = details, nil
	return &copied
}

// Error is the reason, the code and the message.
func (e *Error) Error() string {
	if e == nil {
		return "a nil *centrirpc.Error"
	}
	return fmt.Sprintf("%s (%d): %s", e.reason(), e.Code, e.Message)
}

// Unwrap is the error that %w kept, or nil.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Is reports whether target is an *Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && e != nil && t != nil && t.Code == e.Code
}

func (e *Error) reason() string {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Code.Application():
		return "application_error"
	}
	return e.Code.Reason()
}

// Wire is the error as it travels. Details that cannot be encoded are left out;
// those of an error that came from Router.Call are encoded already. A nil *Error is
// an internal one.
func (e *Error) Wire() *wire.Error {
	if e == nil {
		e = internalError()
	}
	w := &wire.Error{Code: e.Code, Reason: e.reason(), Message: cutMessage(e.Message)}
	switch {
	case e.Details == nil: // whatever they were when they were encoded
	case e.encoded != nil:
		w.Details = e.encoded
	default:
		w.Details = encodeDetails(e.Details)
	}
	return w
}

// encodeDetails is nil for details that cannot be encoded, or panic.
func encodeDetails(details any) (encoded json.RawMessage) {
	defer func() {
		if recover() != nil {
			encoded = nil
		}
	}()
	encoded, err := EncodeJSON(details)
	if err != nil {
		return nil
	}
	return encoded
}

func cutMessage(message string) string {
	if len(message) <= MaxErrorMessage {
		return message
	}
	const more = "…"
	end := MaxErrorMessage - len(more)
	for range utf8.UTFMax - 1 {
		if utf8.RuneStart(message[end]) {
			break
		}
		end--
	}
	return message[:end] + more
}

// internalError is all that a client hears of a fault of the server.
func internalError() *Error { return &Error{Code: wire.Internal, Message: "internal error"} }

// ErrorType is an error that the application declares as its own, with a type
// for its details. Make it with DeclareError and name it on the methods that
// return it with the Errors option, so that the contract has it.
type ErrorType[D any] struct {
	code   wire.Code
	reason string
	doc    string
}

// DeclareError declares an application error: code in 1000..1999, reason in
// lower-case words joined by "_", doc for the documentation, D the type of its
// details (struct{} for none). It panics on a code or reason that is not so.
//
//	var ErrQuota = centrirpc.DeclareError[Quota](1001, "quota_exceeded", "No more tasks this month.")
func DeclareError[D any](code wire.Code, reason, doc string) (declared ErrorType[D]) {
	defer keepRefusal()
	var problems contract.Problems
	if !code.Application() {
		problems = append(problems, contract.Problem{
			Reason: fmt.Sprintf("its code is %d, and application errors have codes from %d to %d", code, wire.MinApplicationCode, wire.MaxApplicationCode),
			Fix:    "give it a code there that no other error has",
		})
	}
	if !validName(reason) {
		problems = append(problems, contract.Problem{
			Reason: fmt.Sprintf("its reason %q is not lower-case words joined by \"_\"", reason),
			Fix:    "write one such as \"quota_exceeded\"",
		})
	}
	if len(problems) > 0 {
		refuse(fmt.Sprintf("the error %q with the code %d, declared at %s", reason, code, registeredAt()), problems)
	}
	return ErrorType[D]{code: code, reason: reason, doc: doc}
}

// New is one occurrence of the error, to be returned by a handler. Details that
// are a union are in Error.Details as a pointer to the interface.
func (t ErrorType[D]) New(details D, format string, args ...any) *Error {
	e := Errorf(t.code, format, args...)
	e.Reason = t.reason
	if _, none := any(details).(struct{}); !none {
		e.Details = asDeclared(reflect.TypeFor[D](), details)
	}
	return e
}

// Code is the declared code.
func (t ErrorType[D]) Code() wire.Code { return t.code }

// Is reports whether err is, or wraps, an *Error of this type's code.
func (t ErrorType[D]) Is(err error) bool {
	var e *Error
	return errors.As(err, &e) && e != nil && e.Code == t.code
}

// faultsError is the error for params that do not fit. Its message is the first
// fault, for a log line to say which field it was, and how many more there are.
func faultsError(faults []wire.Fault) *Error {
	message := faults[0].Message
	if more := len(faults) - 1; more > 0 {
		message += fmt.Sprintf(", and %d more", more)
	}
	return &Error{Code: wire.InvalidParams, Message: message, Details: faults}
}

func validName(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}
