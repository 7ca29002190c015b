package client

import (
	"encoding/binary"
	"slices"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"
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

func (c codec) decoder() protocol.ReplyDecoder {
	if c.protobuf {
		return protocol.NewProtobufReplyDecoder(nil)
	}
	return protocol.NewJSONReplyDecoder(nil)
}
