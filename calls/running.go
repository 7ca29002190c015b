package calls

import "sync"

// running finds the runs of this process: those of requests by their key, to
// cancel and to join them, and native ones, so that a drain can end them. It is
// sharded, so that calls do not wait for one another.
type running [64]runningShard

type runningShard struct {
	mu     sync.Mutex
	byKey  map[Key]*run
	native map[*run]struct{}
	_      [40]byte // keep shards on cache lines of their own
}

func (s *running) of(k Key) *runningShard {
	h := uint32(2166136261) // FNV-1a
	for i := 0; i < len(k.CorrelationID); i++ {
		h = (h ^ uint32(k.CorrelationID[i])) * 16777619
	}
	return &s[h%uint32(len(s))]
}

func (s *running) shard(r *run) *runningShard {
	if r.native != nil {
		return &s[r.caller.shard%uint32(len(s))]
	}
	return s.of(r.key())
}

// add takes a run, unless its key has one: then it returns that one.
func (s *running) add(r *run) *run {
	shard := s.shard(r)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if r.native != nil {
		if shard.native == nil {
			shard.native = map[*run]struct{}{}
		}
		shard.native[r] = struct{}{}
		return nil
	}
	if shard.byKey == nil {
		shard.byKey = map[Key]*run{}
	}
	if first := shard.byKey[r.key()]; first != nil {
		return first
	}
	shard.byKey[r.key()] = r
	return nil
}

// own makes r the run of its key, for it has the claim.
func (s *running) own(r *run) {
	shard := s.shard(r)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.byKey[r.key()] = r
}

func (s *running) remove(r *run) {
	shard := s.shard(r)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if r.native != nil {
		delete(shard.native, r)
	} else if shard.byKey[r.key()] == r {
		delete(shard.byKey, r.key())
	}
}

// find is the run of that key, or nil.
func (s *running) find(k Key) *run {
	shard := s.of(k)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.byKey[k]
}

// all lists the runs.
func (s *running) all() []*run {
	var all []*run
	for i := range s {
		shard := &s[i]
		shard.mu.Lock()
		for _, r := range shard.byKey {
			all = append(all, r)
		}
		for r := range shard.native {
			all = append(all, r)
		}
		shard.mu.Unlock()
	}
	return all
}
