package wire

import (
	"encoding/json"
	"fmt"
)

// Error is the error of a reply as it travels: what the server says of a call
// that failed.
type Error struct {
	Code    Code            `json:"code"`
	Reason  string          `json:"reason"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

// Error is the code's reason and the message, as one line.
func (e *Error) Error() string {
	reason := e.Reason
	if reason == "" {
		reason = e.Code.Reason()
	}
	return fmt.Sprintf("%s (%d): %s", reason, e.Code, e.Message)
}

// Fault is one thing wrong with a call's params. The details of an
// InvalidParams error are a list of them, all faults of the params at once.
type Fault struct {
	// Field is the path to the value in JSON names: "items[2].name". It is
	// empty when the params as a whole are at fault.
	Field string `json:"field"`
	// Rule is what was broken: "required", "type", "unknown", "enum", or the
	// name of the validation rule, such as "min".
	Rule string `json:"rule"`
	// Message says it in words, for a person.
	Message string `json:"message"`
}
