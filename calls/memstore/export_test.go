package memstore

import "time"

// Places is the number of entries that the store has made room for so far.
func (s *Store) Places() (n int) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		n += int(shard.entries.used - 1)
		shard.mu.Unlock()
	}
	return n
}

// Sweep is what the store does each second, as if so much time had passed since the
// last one.
func (s *Store) Sweep(later time.Duration) {
	for i := range s.shards {
		s.shards[i].expire(s.since(s.now()) + later)
	}
}

// Users is the number of users that have calls.
func (s *Store) Users() (n int) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		n += len(shard.users.byHash)
		shard.mu.Unlock()
	}
	return n
}
