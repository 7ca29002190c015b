package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// request is what the client publishes for a call, notification or cancel, and for
// the control of a stream.
type request struct {
	op       wire.Op
	method   string
	params   []byte // JSON; nil means {}
	id       []byte
	timeout  time.Duration // 0 where only the caller's context ends it
	until    time.Time     // when that has passed; zero where it is 0
	deadline time.Time     // the sooner of until and the context's
	// wallDeadline is the deadline by the wall clock, without a monotonic reading.
	wallDeadline time.Time

	traceparent string // of the caller; empty for none

	store    string    // of a request that may have been claimed before
	next     uint64    // the first item still missing, where resumes is set, or the last one taken, of an ack
	resumes  bool      // next is meant
	received *received // goes along as far as limit lets it; nil for none
	limit    int       // bytes

	left       time.Duration // says timeout_ms; more than 0
	repetition int           // of the bytes that appendTo wrote, those that a first request does not need
}

// remaining is how long the call may still take. Where it may have been claimed
// before, the wall clock counts as well: the monotonic one stands still while a
// computer sleeps, and the server forgets the call when its time is over.
func (r *request) remaining(uncertain bool, wallClock func() time.Time) time.Duration {
	left := time.Until(r.deadline)
	if uncertain {
		left = min(left, r.wallDeadline.Sub(wallClock().Round(0)))
	}
	return left
}

// overslept is the error of a call whose time is over by the wall clock alone.
func (r *request) overslept() error {
	if r.until.IsZero() || r.deadline.Before(r.until) {
		return fmt.Errorf("%w: %w before it could be sent again", ErrAborted, context.DeadlineExceeded)
	}
	return fmt.Errorf("%w after %s, before it could be sent again", ErrTimeout, r.timeout)
}

// appendTo appends the envelope.
func (r *request) appendTo(b []byte, replyTo string) []byte {
	start := len(b)
	b = append(b, '{')
	if r.op != wire.OpCall {
		b = append(b, `"op":"`...)
		b = append(b, r.op...)
		b = append(b, `",`...)
	}
	if r.op == wire.OpCall || r.op == wire.OpNotify {
		b = append(b, `"method":`...)
		b = appendString(b, r.method)
		b = append(b, `,"params":`...)
		if r.params == nil {
			b = append(b, "{}"...)
		} else {
			b = append(b, r.params...)
		}
		b = append(b, ',')
	}
	b = append(b, `"correlation_id":`...)
	b = appendString(b, r.id)
	if r.op == wire.OpCall || r.op == wire.OpResume {
		b = append(b, `,"reply_to":`...)
		b = appendString(b, replyTo)
	}
	if r.op == wire.OpCall || r.op == wire.OpNotify {
		b = append(b, `,"timeout_ms":`...)
		left := (r.left + time.Millisecond - 1) / time.Millisecond
		b = strconv.AppendInt(b, int64(min(max(1, left), wire.MaxTimeout/time.Millisecond)), 10)
	}
	if r.traceparent != "" {
		b = append(b, `,"traceparent":`...)
		b = appendString(b, r.traceparent)
	}
	plain := len(b)
	if r.store != "" {
		b = append(b, `,"store":`...)
		b = appendString(b, r.store)
	}
	if r.resumes {
		b = append(b, `,"seq":`...)
		b = strconv.AppendUint(b, r.next, 10)
	}
	r.repetition = len(b) - plain
	if r.received != nil {
		b = r.received.appendTo(b, r.limit-(len(b)-start)-len("}"))
	}
	return append(b, '}')
}

// appendString appends s as a JSON string.
func appendString[S string | []byte](b []byte, s S) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(string(s)) // a string can always be written
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// correlationID is a random UUID, version 4, in its text form. Ids of another
// length are nobody's.
type correlationID [36]byte

func newCorrelationID() (b correlationID) {
	var u [16]byte
	_, _ = rand.Read(u[:]) // it never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return b
}
