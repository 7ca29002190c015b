package server

import (
	"context"
	"sync"

	"github.com/centrifugal/centrifuge"
)

// connectionCounter is a store that counts the connections of users to all nodes,
// such as redisstore.Store.
type connectionCounter interface {
	// Enter counts a connection, and reports whether the user has at most limit.
	// Leave follows either way. An error means that others are not known of.
	Enter(ctx context.Context, userID string, limit int) (allowed bool, err error)
	Leave(userID string)
}

// users counts the connections of each user: to this node, and to all where the nodes
// share a store that counts them.
type users struct {
	limit  int               // 0 means none, and nothing is counted
	shared connectionCounter // nil if this is the only node
	mu     sync.Mutex
	count  map[string]int
}

func newUsers(limit int) *users { return &users{limit: limit, count: map[string]int{}} }

// tooManyElsewhere refuses a connection because of those to other nodes. Its client
// comes again: of a node that was killed, or whose clients have just left it, the
// others count for a while what is there no more.
var tooManyElsewhere = centrifuge.Disconnect{Code: 4429, Reason: "connection limit over all nodes"}

// enter counts a connection, and returns nil if the user may have it, or else how it
// is refused. It is counted either way: leave is called for every connection. While
// other nodes' are not known of, those of this node decide.
func (u *users) enter(ctx context.Context, id string) (refusal *centrifuge.Disconnect) {
	if u.limit == 0 {
		return nil
	}
	u.mu.Lock()
	u.count[id]++
	here := u.count[id]
	u.mu.Unlock()
	if u.shared != nil {
		if inAll, err := u.shared.Enter(ctx, id, u.limit); err == nil && !inAll {
			refusal = &tooManyElsewhere
		}
	}
	if here > u.limit {
		refusal = &centrifuge.DisconnectConnectionLimit
	}
	return refusal
}

func (u *users) leave(id string) {
	if u.limit == 0 {
		return
	}
	u.mu.Lock()
	if u.count[id]--; u.count[id] <= 0 {
		delete(u.count, id)
	}
	u.mu.Unlock()
	if u.shared != nil {
		u.shared.Leave(id)
	}
}
