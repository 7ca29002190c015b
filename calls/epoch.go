package calls

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// Epoch names the life of what the call store remembers of a user's calls, for the
// client to say with a request that it sends again. It is of the user too, because
// an anonymous client is another user after a reconnect: what it asked before,
// nobody would know under its new name.
func (e *Engine) Epoch(userID string) string { return e.cfg.Store.Epoch(userID) + epochSuffix(userID) }

func epochSuffix(userID string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(userID))
	return "." + strconv.FormatUint(h.Sum64(), 36)
}

// storeEpoch is the store's part of what a client of that user said; where it is
// not of that user, it is the epoch of no store.
func storeEpoch(said, userID string) string {
	if said == "" {
		return ""
	}
	if epoch, ok := strings.CutSuffix(said, epochSuffix(userID)); ok {
		return epoch
	}
	return "another user's"
}
