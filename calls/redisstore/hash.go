package redisstore

import "hash/fnv"

// shardOf is the shard of a user, of so many: 0 to shards-1. It is a jump consistent
// hash (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm",
// 2014) of the FNV-1a hash of the user id: with one shard more at the end, one user
// in shards+1 moves, to that one.
func shardOf(userID string, shards int) int {
	if shards == 1 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(userID))
	state, bucket := h.Sum64(), 0
	for next := 0; next < shards; {
		bucket = next
		state = state*2862933555777941757 + 1
		next = int(float64(bucket+1) * (float64(1<<31) / float64(state>>33+1)))
	}
	return bucket
}
