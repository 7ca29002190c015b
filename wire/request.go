package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Op says what a request asks for.
type Op string

// The operations of a request.
const (
	OpCall   Op = "call"   // run a method and reply; the default
	OpNotify Op = "notify" // run a method; accepted or refused, never answered
	OpCancel Op = "cancel" // end the call of this correlation id
	OpResume Op = "resume" // send a stream's items again, from seq on
	OpAck    Op = "ack"    // items up to seq, and the replies in received, have arrived
)

// Bounds of a request's fields.
const (
	MaxMethodLength        = 128 // bytes
	MaxCorrelationIDLength = 128 // bytes, printable ASCII
	MaxReceived            = 64  // correlation ids in one request
	MaxTraceparentLength   = 128 // bytes
	MaxStoreLength         = 64  // bytes, printable ASCII
	MaxTimeout             = 24 * time.Hour
)

// Request is what a client publishes on RequestsChannel.
type Request struct {
	Method        string          `json:"method,omitempty"`
	Params        json.RawMessage `json:"params,omitempty"`
	CorrelationID string          `json:"correlation_id"`
	ReplyTo       string          `json:"reply_to,omitempty"`
	Op            Op              `json:"op,omitempty"`
	// TimeoutMS is how long the caller waits, in milliseconds from now; zero
	// leaves it to the server. Relative, so that clocks need not agree.
	TimeoutMS int64 `json:"timeout_ms,omitempty"`
	// Seq is the first missing item (resume, and a stream's call that is sent
	// again) or the last one that the application has taken (ack).
	Seq *uint64 `json:"seq,omitempty"`
	// Store is set on a request that is sent again: the epoch, as the server said
	// at connect, of the call store that the first one was sent to. Empty means
	// that the request is sent for the first time.
	Store string `json:"store,omitempty"`
	// Received names calls whose final reply this client has.
	Received []string `json:"received,omitempty"`
	// Traceparent is a W3C Trace Context header value.
	Traceparent string `json:"traceparent,omitempty"`
}

func (r *Request) check() error {
	switch r.Op {
	case OpCall, OpNotify:
		if r.Method == "" {
			return errors.New("method is missing")
		}
	case OpCancel, OpResume, OpAck:
	default:
		return fmt.Errorf("op %.32q is not one of call, notify, cancel, resume, ack", string(r.Op))
	}
	if len(r.Method) > MaxMethodLength {
		return fmt.Errorf("method is %d bytes long; at most %d are allowed", len(r.Method), MaxMethodLength)
	}
	if err := checkCorrelationID("correlation_id", r.CorrelationID); err != nil {
		return err
	}
	if r.TimeoutMS < 0 {
		return errors.New("timeout_ms is negative")
	}
	if r.TimeoutMS > MaxTimeout.Milliseconds() {
		return fmt.Errorf("timeout_ms is %d; at most %d are allowed", r.TimeoutMS, MaxTimeout.Milliseconds())
	}
	if len(r.Received) > MaxReceived {
		return fmt.Errorf("received names %d calls; at most %d are allowed", len(r.Received), MaxReceived)
	}
	for _, id := range r.Received {
		if err := checkCorrelationID("received", id); err != nil {
			return err
		}
	}
	if err := checkStore(r.Store); err != nil {
		return err
	}
	if len(r.Traceparent) > MaxTraceparentLength {
		return fmt.Errorf("traceparent is %d bytes long; at most %d are allowed", len(r.Traceparent), MaxTraceparentLength)
	}
	return nil
}

func checkCorrelationID(field, id string) error {
	if id == "" {
		return fmt.Errorf("%s is missing", field)
	}
	if len(id) > MaxCorrelationIDLength {
		return fmt.Errorf("%s is %d bytes long; at most %d are allowed", field, len(id), MaxCorrelationIDLength)
	}
	for i := 0; i < len(id); i++ {
		if id[i] < ' ' || id[i] > '~' {
			return fmt.Errorf("%s holds a character that is not printable ASCII at byte %d", field, i)
		}
	}
	return nil
}

func checkStore(epoch string) error {
	if len(epoch) > MaxStoreLength {
		return fmt.Errorf("store is %d bytes long; at most %d are allowed", len(epoch), MaxStoreLength)
	}
	for i := 0; i < len(epoch); i++ {
		if epoch[i] < ' ' || epoch[i] > '~' {
			return fmt.Errorf("store holds a character that is not printable ASCII at byte %d", i)
		}
	}
	return nil
}

// Timeout is the time the caller waits, or zero if the request does not say.
func (r *Request) Timeout() time.Duration {
	return time.Duration(r.TimeoutMS) * time.Millisecond
}

// CheckMethod reports what is wrong with a method's name. A name is lower-case
// words of letters, digits and "_", joined by ".", each starting with a letter,
// at most MaxMethodLength bytes: "tasks.get_stats".
func CheckMethod(name string) error {
	if name == "" {
		return errors.New("the method name is empty")
	}
	if len(name) > MaxMethodLength {
		return fmt.Errorf("the method name is %d bytes long; at most %d are allowed", len(name), MaxMethodLength)
	}
	start := true
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z':
			start = false
		case !start && (c >= '0' && c <= '9' || c == '_'):
		case !start && c == '.':
			start = true
		default:
			return badMethod(name)
		}
	}
	if start {
		return badMethod(name)
	}
	return nil
}

func badMethod(name string) error {
	return fmt.Errorf(`the method name %q is not lower-case words joined by ".", such as "tasks.get_stats"`, name)
}
