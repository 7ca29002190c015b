package wire

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// RequestsChannel is where clients publish requests. The server consumes what
// is published there; nobody can subscribe to it.
const RequestsChannel = "rpc.requests"

// ContractMethod is a native RPC that servers answer themselves: asked with the
// hash of the contract that a client was generated from, {"hash": string}, they
// say their own hash and whether the client is compatible, {"hash": string,
// "compatible": true, false, or null if they cannot tell}. Names that begin with
// "centrirpc." are reserved for such methods.
const ContractMethod = "centrirpc.contract"

// MaxUserIDLength bounds a user id, in bytes. With the longest session name and
// the rest of a reply channel it stays below Centrifuge's 255 for a channel.
const MaxUserIDLength = 128

// MaxSessionLength bounds the session name of a reply channel, in bytes.
const MaxSessionLength = 64

const replyPrefix = "user"

// ReplyChannel is the reply channel shared by all connections of a user:
// "user#<id>".
func ReplyChannel(userID string) string { return replyPrefix + "#" + userID }

// SessionReplyChannel is a reply channel of one client of a user, away from the
// user's other tabs: "user.<session>#<id>".
func SessionReplyChannel(session, userID string) string {
	return replyPrefix + "." + session + "#" + userID
}

// CheckUserID reports what is wrong with a user id: empty, longer than
// MaxUserIDLength, or holding a character that has a meaning in channel names
// (":" "," "#" "*" "$" "/"), a space, a control or a non-ASCII character. With
// "1,2" for a user id, the channel "user#1,2" would be readable by two users.
func CheckUserID(userID string) error {
	if userID == "" {
		return errors.New("the user id is empty")
	}
	if len(userID) > MaxUserIDLength {
		return fmt.Errorf("the user id is %d bytes long; at most %d are allowed", len(userID), MaxUserIDLength)
	}
	for i := 0; i < len(userID); i++ {
		c := userID[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(":,#*$/", c) >= 0 {
			return fmt.Errorf("the user id %q holds the character %q at byte %d; characters with a meaning in channel names (: , # * $ /), spaces, control and non-ASCII characters are not allowed", userID, character(userID[i:]), i)
		}
	}
	return nil
}

// character is the first character of s, for messages.
func character(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// CheckReplyTo reports whether channel is a reply channel of the user: exactly
// "user#<id>" or "user.<session>#<id>" with a session of 1 to MaxSessionLength
// letters, digits, "-" and "_". It allocates only when it refuses.
func CheckReplyTo(channel, userID string) error {
	at := strings.IndexByte(channel, '#')
	if at < 0 || channel[at+1:] != userID || userID == "" {
		return errForeignReplyTo
	}
	name := channel[:at]
	if name == replyPrefix {
		return nil
	}
	session, ok := strings.CutPrefix(name, replyPrefix+".")
	if !ok || session == "" || len(session) > MaxSessionLength {
		return errForeignReplyTo
	}
	for i := 0; i < len(session); i++ {
		c := session[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return errForeignReplyTo
		}
	}
	return nil
}

var errForeignReplyTo = errors.New(`reply_to is not a reply channel of the caller ("user#<id>" or "user.<session>#<id>")`)
