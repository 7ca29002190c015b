package client

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/centrifugal/protocol/cfjson"

	"github.com/centrirpc/centrirpc/wire"
)

// request is what the client publishes for a call, notification or cancel.
type request struct {
	op       wire.Op
	method   string
	params   []byte // JSON; nil means {}
	id       []byte
	timeout  time.Duration // 0 where only the caller's context ends it
	deadline time.Time
}

// appendTo appends the envelope. The time left is written as it is now.
func (r *request) appendTo(b []byte, replyTo string) []byte {
	b = append(b, '{')
	if r.op != wire.OpCall {
		b = append(b, `"op":"`...)
		b = append(b, r.op...)
		b = append(b, `",`...)
	}
	if r.op == wire.OpCancel {
		b = append(b, `"correlation_id":`...)
		return append(appendString(b, r.id), '}')
	}
	b = append(b, `"method":`...)
	b = appendString(b, r.method)
	b = append(b, `,"params":`...)
	if r.params == nil {
		b = append(b, "{}"...)
	} else {
		b = append(b, r.params...)
	}
	b = append(b, `,"correlation_id":`...)
	b = appendString(b, r.id)
	if r.op == wire.OpCall {
		b = append(b, `,"reply_to":`...)
		b = appendString(b, replyTo)
	}
	b = append(b, `,"timeout_ms":`...)
	left := (time.Until(r.deadline) + time.Millisecond - 1) / time.Millisecond
	b = strconv.AppendInt(b, int64(min(max(1, left), wire.MaxTimeout/time.Millisecond)), 10)
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

// reply takes a publication on the reply channel. It is false if the publication
// is no reply envelope. Replies to unknown calls are ignored: the user's other
// connections share the channel.
func (c *CentrifugoRPCClient) reply(data []byte) bool {
	if id, result, n := cutResult(data); n == len(data) && n > 0 {
		if cl := c.answered(id, data); cl != nil {
			cl.outcome <- outcome{result: result}
		}
		return true
	}
	r, err := wire.DecodeReply(data)
	if err != nil {
		return false
	}
	if !r.Final() {
		return true
	}
	if cl := c.answered([]byte(r.CorrelationID), data); cl != nil {
		cl.outcome <- outcome{result: r.Result, err: r.Error}
	}
	return true
}

// answered takes the call that a reply ends; nil if it is none of ours.
func (c *CentrifugoRPCClient) answered(id, data []byte) *call {
	if len(id) != len(correlationID{}) {
		return nil
	}
	cl := c.calls.take(correlationID(id))
	if cl != nil && !c.frames.none() {
		c.observe(FrameReply, id, "", data, nil)
	}
	return cl
}

var (
	replyHead  = []byte(`{"correlation_id":"`)
	resultHead = []byte(`,"result":`)
)

// cutResult reads the envelope {"correlation_id":"…","result":…} that data begins
// with, in the form that our server writes it, without decoding it. It is n bytes
// long; n is 0 for anything else, which wire.DecodeReply then reads.
func cutResult(data []byte) (id, result []byte, n int) {
	rest, ok := bytes.CutPrefix(data, replyHead)
	if !ok {
		return nil, nil, 0
	}
	end := bytes.IndexByte(rest, '"')
	if end <= 0 {
		return nil, nil, 0
	}
	for _, ch := range rest[:end] {
		if ch < ' ' || ch > '~' || ch == '\\' {
			return nil, nil, 0
		}
	}
	id, rest = rest[:end], rest[end+1:]
	if rest, ok = bytes.CutPrefix(rest, resultHead); !ok {
		return nil, nil, 0
	}
	if end = cfjson.Skip(rest, 0, 0); end < 0 || end == len(rest) || rest[end] != '}' {
		return nil, nil, 0
	}
	return id, rest[:end], len(data) - len(rest) + end + 1
}
