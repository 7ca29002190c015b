package client

import (
	"encoding/json"
	"fmt"
	"io"
)

// encoder writes params as json.Marshal does, into memory that it keeps.
type encoder struct {
	to  *json.Encoder
	buf []byte
}

// encode is valid until the next one. Nil params stay nil.
func (e *encoder) encode(params any) ([]byte, error) {
	if params == nil {
		return nil, nil
	}
	if e.to == nil {
		e.to = json.NewEncoder(e)
	}
	e.buf = e.buf[:0]
	if err := e.to.Encode(params); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidParams, err)
	}
	return e.buf[:len(e.buf)-len("\n")], nil
}

// Write is the json.Encoder's.
func (e *encoder) Write(p []byte) (int, error) {
	e.buf = append(e.buf, p...)
	return len(p), nil
}

// decoder reads results as json.Unmarshal does, but keeps the memory that this
// takes from one result to the next.
type decoder struct {
	from *json.Decoder
	rest []byte
}

// decode reads result, which must be one JSON value, into v.
func (d *decoder) decode(result []byte, v any) error {
	if d.from == nil {
		d.from = json.NewDecoder(d)
	}
	d.rest = result
	err := d.from.Decode(v)
	// A json.Decoder keeps some errors, and a buffer of up to twice what it read.
	if err != nil || len(result) > maxKeptBuffer/2 {
		d.from = nil
	}
	d.rest = nil
	return err
}

// Read is the json.Decoder's.
func (d *decoder) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}
