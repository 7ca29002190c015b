package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// How long what a process says of a user's connections counts, and how often it says
// it again; and how long it is known that there are none: longer than what was said
// earlier can be under way.
const (
	connectionsCount = 30 * time.Minute
	noneCount        = time.Minute
	connectionsAgain = connectionsCount / 3
)

// maxUntold bounds the users who have left and of whom Redis is to be told. Of those
// over it, Redis knows a number for half an hour that may be too high.
const maxUntold = 1 << 16

// connections are those to this process, by user, and as the others know them.
type connections struct {
	shard *shard
	wake  chan struct{}

	mu      sync.Mutex
	here    map[string]int
	version uint64              // grows with each change
	untold  map[string]struct{} // users of whom Redis is to be told
}

func newConnections(s *shard) *connections {
	return &connections{shard: s, wake: make(chan struct{}, 1), here: map[string]int{}, untold: map[string]struct{}{}}
}

// Enter counts a connection of the user to this process, and reports whether all of
// the user's to all processes are at most limit. It is counted either way: Leave must
// follow. Processes that are dead do not count, once their leases have lapsed. An
// error means that Redis is out of reach; then allowed is what this process knows.
func (s *Store) Enter(ctx context.Context, userID string, limit int) (allowed bool, err error) {
	return s.of(userID).connections.enter(ctx, userID, limit)
}

// Leave counts a connection less. It does not block: Redis is told in the background,
// when it is there.
func (s *Store) Leave(userID string) { s.of(userID).connections.leave(userID) }

func (c *connections) enter(ctx context.Context, userID string, limit int) (allowed bool, err error) {
	c.mu.Lock()
	c.here[userID]++
	here := c.here[userID]
	args := c.args(userID)
	c.mu.Unlock()
	if here > limit {
		c.later(userID)
		return false, nil
	}
	res, _, err := c.shard.run(ctx, connectionsScript, []string{c.shard.keys.connections(userID)}, args)
	if err != nil {
		c.later(userID)
		return true, err
	}
	others, err := res.AsStrSlice()
	if err != nil {
		return true, fmt.Errorf("redisstore: %w", err)
	}
	all := here
	for i := 1; i < len(others); i += 2 {
		n, _ := strconv.Atoi(others[i])
		all += n
	}
	for i := 1; i < len(others) && all > limit; i += 2 {
		n, _ := strconv.Atoi(others[i])
		if alive, err := c.shard.node.alive(ctx, others[i-1]); err == nil && !alive && c.shard.node.steady() {
			all -= n
		}
	}
	return all <= limit, nil
}

func (c *connections) leave(userID string) {
	c.mu.Lock()
	if c.here[userID]--; c.here[userID] <= 0 {
		delete(c.here, userID)
	}
	c.mu.Unlock()
	c.later(userID)
}

// args tell of a user's connections, as of now. It is called with mu held.
func (c *connections) args(userID string) []string {
	c.version++
	number, counts := c.here[userID], connectionsCount
	if number == 0 {
		counts = noneCount
	}
	return []string{c.shard.node.id, strconv.FormatUint(c.version, 10), strconv.Itoa(number), strconv.FormatInt(counts.Milliseconds(), 10)}
}

// note has Redis told of the user. It is called with mu held.
func (c *connections) note(userID string) {
	if c.here[userID] > 0 || len(c.untold) < maxUntold {
		c.untold[userID] = struct{}{}
	}
}

// later has Redis told of the user in the background.
func (c *connections) later(userID string) {
	c.mu.Lock()
	c.note(userID)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// tellAll has Redis told of all users: it may have forgotten them.
func (c *connections) tellAll() {
	c.mu.Lock()
	for userID := range c.here {
		c.note(userID)
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// keep tells Redis what it is to be told, until the store is closed.
func (c *connections) keep(ctx context.Context) {
	again := time.NewTicker(connectionsAgain)
	defer again.Stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			c.tellAll()
		case <-c.wake:
		case <-retry.C:
		}
		for {
			batch, users := c.batch()
			if len(batch) == 0 {
				break
			}
			if !c.shard.node.leased() || !c.shard.drops.deliver(ctx, batch) {
				c.mu.Lock()
				for _, userID := range users {
					c.note(userID)
				}
				c.mu.Unlock()
				retry.Reset(c.shard.node.every)
				break
			}
		}
	}
}

// batch takes some of what Redis is to be told.
func (c *connections) batch() (batch []message, users []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for userID := range c.untold {
		if len(batch) == maxBatch {
			break
		}
		delete(c.untold, userID)
		users = append(users, userID)
		batch = append(batch, message{connectionsScript, []string{c.shard.keys.connections(userID)}, c.args(userID)})
	}
	return batch, users
}
