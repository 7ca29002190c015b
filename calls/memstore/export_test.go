package memstore

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
