package client

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/wire"
)

// codec is one of the two forms of the Centrifuge protocol. It is no interface,
// so that the commands it encodes stay off the heap.
type codec struct{ protobuf bool }

const protobufSubprotocol = "centrifuge-protobuf"

// frame is the type of WebSocket message that carries it.
func (c codec) frame() websocket.MessageType {
	if c.protobuf {
		return websocket.MessageBinary
	}
	return websocket.MessageText
}

// separator stands between two commands of a frame.
func (c codec) separator() string {
	if c.protobuf {
		return ""
	}
	return "\n"
}

// appendCommand appends the command as it stands in a frame, without a
// separator.
func (c codec) appendCommand(b []byte, cmd *protocol.Command) ([]byte, error) {
	if !c.protobuf {
		return cmd.AppendJSON(b), nil
	}
	size := cmd.SizeCF()
	b = binary.AppendUvarint(b, uint64(size))
	start := len(b)
	b = slices.Grow(b, size)[:start+size]
	_, err := cmd.MarshalToSizedBufferCF(b[start:])
	return b, err
}

var publishHead = `,"publish":{"channel":"` + wire.RequestsChannel + `","data":`

// openPublish appends the envelope of a request, as the command that publishes it
// needs it, and returns the envelope too. closePublish is to follow.
func (c codec) openPublish(b []byte, id uint32, r *request, replyTo string) (buf, env []byte) {
	if !c.protobuf {
		b = append(b, `{"id":`...)
		b = strconv.AppendUint(b, uint64(id), 10)
		b = append(b, publishHead...)
	}
	start := len(b)
	b = r.appendTo(b, replyTo)
	return b, b[start:]
}

// closePublish makes the command complete. It is appended as appendCommand would
// append it: the JSON form is written by hand so that the envelope is not copied.
// An envelope holds no newline that would have to be dropped from it.
func (c codec) closePublish(b []byte, id uint32, p *protocol.PublishRequest) (buf, command []byte, err error) {
	if !c.protobuf {
		b = append(b, "}}"...)
		return b, b, nil
	}
	start := len(b)
	b, err = c.appendCommand(b, &protocol.Command{Id: id, Publish: p})
	return b, b[start:], err
}
