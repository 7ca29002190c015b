package redisstore

import "time"

// Pause stops or resumes the renewals of the lease, as if the process did not run.
func (s *Store) Pause(paused bool) {
	for _, shard := range s.shards {
		shard.node.paused.Store(paused)
	}
}

// ID is the process's name in Redis.
func (s *Store) ID() string { return s.shards[0].node.id }

// Doubts is the number of claims that Redis did not answer, and that may have to be
// taken back.
func (s *Store) Doubts() int { return len(s.shards[0].doubts.list()) }

// Leased reports whether the store takes its lease to last.
func (s *Store) Leased() bool { return s.shards[0].node.leased() }

// Waiting is the number of messages that wait in the background.
func (s *Store) Waiting() int { return len(s.shards[0].drops.waiting) }

// MaxWaiting bounds them.
const MaxWaiting = maxWaiting

// Renewed is when the newest renewal of the lease was sent, since the store's start.
func (s *Store) Renewed() time.Duration { return time.Duration(s.shards[0].node.renewed.Load()) }

// IsReplica reports whether nobody waits for the node at an address.
func (s *Store) IsReplica(address string) bool {
	_, ok := s.shards[0].node.replicas.Load(address)
	return ok
}

// ShardOf is the shard of a user, of so many.
func ShardOf(userID string, shards int) int { return shardOf(userID, shards) }

// MaxUntold bounds the users who have left and of whom Redis is to be told.
const MaxUntold = maxUntold

// Untold is how many users Redis is to be told of.
func (s *Store) Untold() int {
	c := s.shards[0].connections
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.untold)
}
