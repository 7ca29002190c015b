package memstore

// Endings is the number of ends that the store remembers.
func (s *Store) Endings() (n int) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		n += len(shard.ended)
		shard.mu.Unlock()
	}
	return n
}
