package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/centrifugal/protocol"
	"github.com/centrifugal/protocol/cfjson"
)

// Most of what a server sends is acknowledgements of requests and replies to
// them, in the very form below. In the JSON form of the protocol the reader takes
// these off a frame without decoding them; everything else, and everything in the
// protobuf form, is decoded.

var (
	ackHead  = []byte(`{"id":`)
	ackTail  = []byte(`,"publish":{}}`)
	pushTail = []byte(`}}}`)

	// accepted is the reply to any publish that was accepted.
	accepted = &protocol.Reply{Publish: &protocol.PublishResult{}}
)

// pushHead is what a publication on the channel begins with.
func pushHead(channel string) []byte {
	return append(appendString([]byte(`{"push":{"channel":`), channel), `,"pub":{"data":`...)
}

// frame takes the messages of one frame, in order.
func (l *link) frame(frame []byte) error {
	if l.codec.protobuf {
		return l.protobufFrame(frame)
	}
	for i := 0; ; {
		if i = cfjson.SkipSpace(frame, i); i == len(frame) {
			return nil
		}
		if n := l.quick(frame[i:]); n > 0 {
			i += n
			continue
		}
		var r protocol.Reply
		if i = r.DecodeJSON(frame, i, 0); i < 0 {
			return unreadable(cfjson.Error(frame, i))
		}
		if err := l.reply(&r); err != nil {
			return err
		}
	}
}

func (l *link) protobufFrame(frame []byte) error {
	decoder := protocol.NewProtobufReplyDecoder(frame)
	for {
		r, err := decoder.Decode()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if err := l.reply(r); err != nil {
			return err
		}
	}
}

func unreadable(err error) error {
	return fmt.Errorf("the server sent a frame that cannot be read: %w", err)
}

// reply handles one message of the server.
func (l *link) reply(r *protocol.Reply) error {
	switch {
	case r.Id > 0:
		l.answered(r.Id, r)
	case r.Push != nil:
		if d := r.Push.Disconnect; d != nil {
			return &closedError{code: d.Code, reason: d.Reason}
		}
		l.client.pushed(l, r.Push)
	case l.pong:
		_ = l.sendNow(0, l.emptyCommand(), waiter{})
	}
	return nil
}

// answered hands the reply to a command to its waiter.
func (l *link) answered(id uint32, r *protocol.Reply) {
	l.mu.Lock()
	w := l.waiters[id]
	delete(l.waiters, id)
	l.mu.Unlock()
	if w.paced {
		l.pace.acknowledged()
	}
	switch {
	case w.command != nil:
		w.command.answered(r)
	case w.ack.c != nil:
		w.ack.answered(r)
	}
}

// quick handles the message that b begins with and returns its length, or 0 if it
// has to be decoded.
func (l *link) quick(b []byte) int {
	if id, n := cutAck(b); n > 0 {
		l.answered(id, accepted)
		return n
	}
	return l.quickReply(b)
}

// cutAck reads {"id":N,"publish":{}}, which is n bytes long.
func cutAck(b []byte) (id uint32, n int) {
	rest, ok := bytes.CutPrefix(b, ackHead)
	if !ok {
		return 0, 0
	}
	digits := 0
	for digits < len(rest) && rest[digits]-'0' <= 9 {
		id = id*10 + uint32(rest[digits]-'0')
		digits++
	}
	// Nine digits fit; what is longer, 0 or led by 0 has to be decoded.
	if digits == 0 || digits > 9 || rest[0] == '0' || !bytes.HasPrefix(rest[digits:], ackTail) {
		return 0, 0
	}
	return id, len(ackHead) + digits + len(ackTail)
}

// quickReply is quick for the publication of a result, or of a stream's item, on
// the reply channel.
func (l *link) quickReply(b []byte) int {
	if l.identity == nil {
		return 0
	}
	head := l.identity.pushHead
	data, ok := bytes.CutPrefix(b, head)
	if !ok {
		return 0
	}
	if id, seq, item, n := cutItem(data); n > 0 && bytes.HasPrefix(data[n:], pushTail) {
		l.client.item(id, seq, item, data[:n])
		return len(head) + n + len(pushTail)
	}
	id, result, n := cutResult(data)
	if n == 0 || !bytes.HasPrefix(data[n:], pushTail) {
		return 0
	}
	if cl := l.client.answered(id, data[:n]); cl != nil {
		cl.body = append(cl.body[:0], result...) // the frame is used again
		cl.outcome <- outcome{result: cl.body}
	}
	return len(head) + n + len(pushTail)
}
