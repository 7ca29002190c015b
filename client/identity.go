package client

import (
	"encoding/json"
	"fmt"

	"github.com/centrirpc/centrirpc/wire"
)

// identity is who the client is on a connection, and where its replies come.
type identity struct {
	userID       string
	replyChannel string
	pushHead     []byte // of a publication on replyChannel
}

func (c *config) identity(userID string) *identity {
	channel := wire.ReplyChannel(userID)
	if c.session != "" {
		channel = wire.SessionReplyChannel(c.session, userID)
	}
	return &identity{userID: userID, replyChannel: channel, pushHead: pushHead(channel)}
}

// serverSays is what our server tells of itself in the data of its connect
// reply. A field is zero where the server does not say.
type serverSays struct {
	MaxMessageSize int    `json:"max_message_size"`
	UserID         string `json:"user_id"`
	Store          string `json:"store"`
}

// store is the epoch of the server's store, or empty if it cannot be one.
func (s serverSays) store() string {
	if len(s.Store) > wire.MaxStoreLength {
		return ""
	}
	for i := range len(s.Store) {
		if s.Store[i] < ' ' || s.Store[i] > '~' {
			return ""
		}
	}
	return s.Store
}

// readConnectData takes what it can read: the data may be anything, for another
// server's application puts its own there.
func readConnectData(data []byte) serverSays {
	var said struct {
		Centrirpc serverSays `json:"centrirpc"`
	}
	if len(data) > 0 {
		_ = json.Unmarshal(data, &said)
	}
	return said.Centrirpc
}

// identify says who the client is on a connection. What the client was made with
// counts, if anything; the server may not know it as somebody else.
func (c *CentrifugoRPCClient) identify(said serverSays) (*identity, error) {
	switch {
	case c.fixed != nil && said.UserID != "" && said.UserID != c.fixed.userID:
		return nil, &ConnectError{Reason: fmt.Sprintf("the client is for the user %q, but the server knows it as %q; replies would not arrive", c.fixed.userID, said.UserID)}
	case c.fixed != nil:
		return c.fixed, nil
	case said.UserID == "":
		return nil, &ConnectError{Reason: "the user id is not known: the server does not say it; pass it to NewCentrifugoRPCClient"}
	}
	if err := wire.CheckUserID(said.UserID); err != nil {
		return nil, &ConnectError{Reason: fmt.Sprintf("the server gave a user id that cannot be used: %v", err)}
	}
	return c.cfg.identity(said.UserID), nil
}
