package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Reply is what the server publishes on a reply channel: a call's final result
// or error, one item of a stream, or a word on its progress.
type Reply struct {
	CorrelationID string          `json:"correlation_id"`
	Result        json.RawMessage `json:"result,omitempty"`
	Error         *Error          `json:"error,omitempty"`
	// Seq numbers a stream's messages from 0; the final reply has the next one.
	Seq      *uint64         `json:"seq,omitempty"`
	Item     json.RawMessage `json:"item,omitempty"`
	Progress *Progress       `json:"progress,omitempty"`
}

// MaxProgressMessage bounds the text of a Progress, in bytes.
const MaxProgressMessage = 1024

// Progress says how far a call has come. Done and Total count the same units,
// which are the method's own.
type Progress struct {
	Done    float64  `json:"done"`
	Total   *float64 `json:"total,omitempty"`
	Message string   `json:"message,omitempty"`
}

// Final reports whether the reply ends its call.
func (r *Reply) Final() bool { return r.Error != nil || len(r.Result) > 0 }

// DecodeReply reads one reply envelope. An error means that data is no reply:
// other publications may share the channel, so a client ignores those.
func DecodeReply(data []byte) (Reply, error) {
	var r Reply
	if err := json.Unmarshal(data, &r); err != nil {
		return Reply{}, fmt.Errorf("not a reply envelope: %w", err)
	}
	switch {
	case r.CorrelationID == "":
		return Reply{}, errors.New("not a reply envelope: correlation_id is missing")
	case r.Error != nil && len(r.Result) > 0:
		return Reply{}, errors.New("not a reply envelope: it has both a result and an error")
	case !r.Final() && len(r.Item) == 0 && r.Progress == nil:
		return Reply{}, errors.New("not a reply envelope: it has neither result, error, item nor progress")
	}
	return r, nil
}

// EncodeResult is the final reply {"correlation_id":…,"result":…}. The id must
// have passed DecodeRequest's bounds; result must be JSON.
func EncodeResult(correlationID string, result json.RawMessage) []byte {
	b := make([]byte, 0, len(correlationID)+len(result)+32)
	b = append(b, `{"correlation_id":`...)
	b = appendASCII(b, correlationID)
	b = append(b, `,"result":`...)
	b = append(b, result...)
	return append(b, '}')
}

// EncodeItem is the message {"correlation_id":…,"seq":…,"item":…} of a stream. The
// id must have passed DecodeRequest's bounds; item must be JSON.
func EncodeItem(correlationID string, seq uint64, item json.RawMessage) []byte {
	b := make([]byte, 0, len(correlationID)+len(item)+64)
	b = append(b, `{"correlation_id":`...)
	b = appendASCII(b, correlationID)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"item":`...)
	b = append(b, item...)
	return append(b, '}')
}

// EncodeStreamEnd is a stream's final reply: that of EncodeResult or EncodeError,
// with the number of the stream's items as its seq.
func EncodeStreamEnd(final []byte, items uint64) []byte {
	b := make([]byte, 0, len(final)+32)
	b = append(b, final[:len(final)-1]...)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, items, 10)
	return append(b, '}')
}

// EncodeProgress is the message {"correlation_id":…,"progress":…} of a call. Texts
// over MaxProgressMessage are cut; a number that JSON cannot write (NaN, an
// infinity) is an error.
func EncodeProgress(correlationID string, p Progress) ([]byte, error) {
	if len(p.Message) > MaxProgressMessage {
		p.Message = strings.ToValidUTF8(p.Message[:MaxProgressMessage], "")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("the progress cannot be written: %w", err)
	}
	b := make([]byte, 0, len(correlationID)+len(body)+40)
	b = append(b, `{"correlation_id":`...)
	b = appendASCII(b, correlationID)
	b = append(b, `,"progress":`...)
	b = append(b, body...)
	return append(b, '}'), nil
}

// EncodeError is the final reply {"correlation_id":…,"error":…}.
func EncodeError(correlationID string, e *Error) []byte {
	body, err := json.Marshal(e)
	if err != nil {
		// Details were not JSON: the rest of the error still stands.
		body, _ = json.Marshal(&Error{Code: e.Code, Reason: e.Reason, Message: e.Message})
	}
	b := make([]byte, 0, len(correlationID)+len(body)+32)
	b = append(b, `{"correlation_id":`...)
	b = appendASCII(b, correlationID)
	b = append(b, `,"error":`...)
	b = append(b, body...)
	return append(b, '}')
}

// appendASCII appends s as a JSON string. Printable ASCII needs only the quote
// and the backslash escaped, in Go as in JSON.
func appendASCII(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.AppendQuote(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
