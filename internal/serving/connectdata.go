package serving

import (
	"fmt"
	"strconv"
)

// ConnectData is what a client is told at connect, as PROTOCOL.md says: the
// largest frame that the server takes, in bytes, the user that the connection
// belongs to, for clients that cannot read it from a token, and the name of the
// call store as it is for this user, and the name of the node, unless that is empty.
// All three are printable ASCII.
func ConnectData(maxMessageSize int, userID, store, node string) []byte {
	b := fmt.Appendf(nil, `{"centrirpc":{"version":1,"max_message_size":%d,"user_id":`, maxMessageSize)
	b = strconv.AppendQuote(b, userID)
	b = append(b, `,"store":`...)
	b = strconv.AppendQuote(b, store)
	if node != "" {
		b = append(b, `,"node":`...)
		b = strconv.AppendQuote(b, node)
	}
	return append(b, "}}"...)
}
