package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// DecodeRequest reads one request envelope and checks its bounds. An error
// means that data is not an envelope at all (Centrifuge error 107 bad request):
// not a JSON object, no correlation id, a field twice, of the wrong type or over
// its bounds. Keys match exactly. Unknown ones are ignored, so that a newer client
// can talk to an older server; so is null, which means absent. Params that are
// absent become {}; Op defaults to OpCall. Nothing of data is kept.
//
// A method name that is not well-formed is no fault of the envelope: such a
// call is answered with MethodNotFound.
func DecodeRequest(data []byte) (Request, error) {
	r, plain := decodePlain(data)
	if !plain {
		var err error
		if r, err = decodeAny(data); err != nil {
			return Request{}, err
		}
	}
	if r.Op == "" {
		r.Op = OpCall
	}
	if len(r.Params) == 0 {
		r.Params = emptyObject
	}
	if err := r.check(); err != nil {
		return Request{}, err
	}
	return r, nil
}

var emptyObject = json.RawMessage("{}")

var errNoObject = errors.New("the request is not a JSON object")

// decodeAny reads an envelope however it is written.
func decodeAny(data []byte) (Request, error) {
	var r Request
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return r, errNoObject
	}
	if !json.Valid(data) {
		var any json.RawMessage
		return r, fmt.Errorf("the request is not an envelope: %w", json.Unmarshal(data, &any))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the opening brace
		return r, err
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return r, err
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return r, err
		}
		into := r.field(key)
		if into == nil {
			continue
		}
		if seen[key] {
			return r, fmt.Errorf("the request is not an envelope: %s is there twice", key)
		}
		seen[key] = true
		if string(value) == "null" {
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			return r, fmt.Errorf("the request is not an envelope: %s: %w", key, err)
		}
	}
	return r, nil
}

// field is where the value of a key goes, or nil.
func (r *Request) field(key string) any {
	switch key {
	case "method":
		return &r.Method
	case "params":
		return &r.Params
	case "correlation_id":
		return &r.CorrelationID
	case "reply_to":
		return &r.ReplyTo
	case "op":
		return &r.Op
	case "timeout_ms":
		return &r.TimeoutMS
	case "seq":
		return &r.Seq
	case "store":
		return &r.Store
	case "received":
		return &r.Received
	case "traceparent":
		return &r.Traceparent
	}
	return nil
}
