package client

import (
	"bytes"
	"slices"

	"github.com/centrifugal/protocol/cfjson"

	"github.com/centrirpc/centrirpc/wire"
)

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
	if id, seq, item, n := cutItem(data); n == len(data) && n > 0 {
		c.item(id, seq, item, data)
		return true
	}
	r, err := wire.DecodeReply(data)
	if err != nil {
		return false
	}
	id := []byte(r.CorrelationID)
	switch {
	case r.Final() && r.Seq != nil && c.endLater(id, *r.Seq, outcome{result: r.Result, err: r.Error}):
	case r.Final():
		if cl := c.answered(id, data); cl != nil {
			cl.outcome <- outcome{result: r.Result, err: r.Error}
		}
	case r.Progress != nil:
		c.progress(id, r.Progress, data)
	case r.Seq != nil:
		c.item(id, *r.Seq, r.Item, data)
	}
	return true
}

// answered takes the call that a reply ends; nil if it is none of ours.
func (c *CentrifugoRPCClient) answered(id, data []byte) *call {
	if len(id) != len(correlationID{}) {
		return nil
	}
	cl := c.calls.take(correlationID(id))
	if cl == nil {
		return nil
	}
	if !cl.cfg.volatile {
		c.received.add(cl.id)
	}
	if !c.frames.none() {
		c.observe(FrameReply, id, "", data, nil)
	}
	return cl
}

func (c *CentrifugoRPCClient) progress(id []byte, p *wire.Progress, data []byte) {
	if len(id) != len(correlationID{}) {
		return
	}
	told := &Progress{Done: p.Done, Message: p.Message}
	if p.Total != nil {
		told.Total = *p.Total
	}
	if c.calls.progress(correlationID(id), told) {
		c.observe(FrameProgress, id, "", data, nil)
	}
}

// item takes one item of a stream. It keeps none of the memory that it is given.
func (c *CentrifugoRPCClient) item(id []byte, seq uint64, item, data []byte) {
	if len(id) != len(correlationID{}) {
		return
	}
	cl, in := c.calls.stream(correlationID(id))
	if in == nil {
		return
	}
	c.observe(FrameItem, id, "", data, nil)
	if in.put(seq, slices.Clone(item)) {
		c.complete(id, in)
	} else if in.owes() {
		cl.wake()
	}
}

// endLater keeps the final reply of a stream of which items are missing. It is
// false if none are, or it is no stream's.
func (c *CentrifugoRPCClient) endLater(id []byte, items uint64, final outcome) bool {
	if len(id) != len(correlationID{}) {
		return false
	}
	cl, in := c.calls.stream(correlationID(id))
	if in == nil || in.end(items, final) {
		return false
	}
	cl.wake()
	return true
}

// complete ends a stream whose final reply came before its last items.
func (c *CentrifugoRPCClient) complete(id []byte, in *inbox) {
	if cl := c.answered(id, nil); cl != nil {
		cl.outcome <- in.final
	}
}

var (
	replyHead  = []byte(`{"correlation_id":"`)
	resultHead = []byte(`,"result":`)
	seqHead    = []byte(`,"seq":`)
	itemHead   = []byte(`,"item":`)
)

// cutID reads what an envelope begins with in the form that our server writes it:
// {"correlation_id":"…". The rest follows it.
func cutID(data []byte) (id, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(data, replyHead); !ok {
		return nil, nil, false
	}
	end := bytes.IndexByte(rest, '"')
	if end <= 0 {
		return nil, nil, false
	}
	for _, ch := range rest[:end] {
		if ch < ' ' || ch > '~' || ch == '\\' {
			return nil, nil, false
		}
	}
	return rest[:end], rest[end+1:], true
}

// cutValue reads the JSON value that ends an envelope, and its closing brace. What
// is left follows it.
func cutValue(data []byte) (value, left []byte, ok bool) {
	end := cfjson.Skip(data, 0, 0)
	if end < 0 || end == len(data) || data[end] != '}' {
		return nil, nil, false
	}
	return data[:end], data[end+1:], true
}

// cutResult reads the envelope {"correlation_id":"…","result":…} that data begins
// with, in the form that our server writes it, without decoding it. It is n bytes
// long; n is 0 for anything else, which wire.DecodeReply then reads.
func cutResult(data []byte) (id, result []byte, n int) {
	id, rest, ok := cutID(data)
	if !ok {
		return nil, nil, 0
	}
	if rest, ok = bytes.CutPrefix(rest, resultHead); !ok {
		return nil, nil, 0
	}
	result, left, ok := cutValue(rest)
	if !ok {
		return nil, nil, 0
	}
	return id, result, len(data) - len(left)
}

// cutItem is cutResult for {"correlation_id":"…","seq":N,"item":…}.
func cutItem(data []byte) (id []byte, seq uint64, item []byte, n int) {
	id, rest, ok := cutID(data)
	if !ok {
		return nil, 0, nil, 0
	}
	if rest, ok = bytes.CutPrefix(rest, seqHead); !ok {
		return nil, 0, nil, 0
	}
	digits := 0
	for digits < len(rest) && rest[digits]-'0' <= 9 {
		seq = seq*10 + uint64(rest[digits]-'0')
		digits++
	}
	// 18 digits fit; what is longer, or led by 0, has to be decoded.
	if digits == 0 || digits > 18 || rest[0] == '0' && digits > 1 {
		return nil, 0, nil, 0
	}
	if rest, ok = bytes.CutPrefix(rest[digits:], itemHead); !ok {
		return nil, 0, nil, 0
	}
	item, left, ok := cutValue(rest)
	if !ok {
		return nil, 0, nil, 0
	}
	return id, seq, item, len(data) - len(left)
}
