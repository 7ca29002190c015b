// Package memstore is the call store of one process: in memory, sharded, with no
// global lock and no timer per call. What it remembers is gone when the process
// ends.
package memstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// Margin is how long a call is remembered past its deadline.
const Margin = 10 * time.Second

// keepAtLeast is how long a reply is kept before it may give way to others, in
// seconds.
const keepAtLeast = 5

const shardCount = 64

// Config sets up a Store.
type Config struct {
	// MaxReplyBytes bounds the memory of stored replies, all together. At the
	// bound old ones are dropped, but none that is younger than 5 s; when there
	// are none to drop, new calls are refused. Zero means 256 MiB.
	MaxReplyBytes int64
	// MaxCalls bounds the calls that are remembered, running, ended and dropped
	// ones together; new ones over it are refused. Zero means 8,000,000 (a call
	// without a reply takes about 100 bytes).
	MaxCalls int
	// MaxReplyBytesPerUser bounds the stored replies of one user, so that nobody
	// fills the store alone. At the bound that user's own oldest ones are dropped,
	// as above. Zero means an eighth of MaxReplyBytes.
	MaxReplyBytesPerUser int64
	// MaxCallsPerUser bounds the calls of one user, as MaxCalls does those of all.
	// A call counts from its claim until 10 s after its deadline, whenever it ends:
	// with the usual timeout of 30 s a user who makes n calls a second has 40 n.
	// Zero means an eighth of MaxCalls.
	MaxCallsPerUser int
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Store is a calls.Store in memory.
type Store struct {
	seeds  [2]maphash.Seed
	now    func() time.Time
	epoch  string
	start  time.Time // times are kept as what passed since then, for wall clocks jump
	shards [shardCount]shard
	bounds bounds
	bytes  atomic.Int64 // the memory of all stored replies
	calls  atomic.Int64 // remembered
	stop   chan struct{}
	once   sync.Once
	swept  chan struct{}
}

var _ calls.Store = (*Store)(nil)

// New makes a store. It sweeps expired calls in the background until Close. It
// panics on negative bounds.
func New(cfg Config) *Store {
	if cfg.MaxReplyBytes < 0 || cfg.MaxCalls < 0 || cfg.MaxReplyBytesPerUser < 0 || cfg.MaxCallsPerUser < 0 {
		panic(fmt.Sprintf("memstore: negative bound in %+v", cfg))
	}
	cfg.MaxReplyBytes = cmp.Or(cfg.MaxReplyBytes, 256<<20)
	cfg.MaxCalls = cmp.Or(cfg.MaxCalls, 8_000_000)
	cfg.MaxReplyBytesPerUser = cmp.Or(cfg.MaxReplyBytesPerUser, max(cfg.MaxReplyBytes/8, 1))
	cfg.MaxCallsPerUser = cmp.Or(cfg.MaxCallsPerUser, max(cfg.MaxCalls/8, 1))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Store{
		seeds:  [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		now:    cfg.Now,
		epoch:  rand.Text(),
		bounds: bounds{calls: cfg.MaxCalls, userCalls: cfg.MaxCallsPerUser, bytes: cfg.MaxReplyBytes, userBytes: cfg.MaxReplyBytesPerUser},
		stop:   make(chan struct{}),
		swept:  make(chan struct{}),
	}
	s.start = s.now()
	blockSize := int(min(max(cfg.MaxReplyBytes/shardCount/8, minBlockSize), maxBlockSize))
	for i := range s.shards {
		s.shards[i] = shard{
			entries:  newEntries(),
			users:    newUsers(),
			replies:  replies{blocks: map[uint32]*block{}, blockSize: blockSize, total: &s.bytes},
			expiring: map[int32]slot{},
			bounds:   &s.bounds,
			calls:    &s.calls,
		}
	}
	go s.sweep()
	return s
}

// Close ends the sweeping. The store must not be used afterwards.
func (s *Store) Close() {
	s.once.Do(func() { close(s.stop) })
	<-s.swept
}

func (s *Store) sweep() {
	defer close(s.swept)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			now := s.since(s.now())
			for i := range s.shards {
				s.shards[i].expire(now)
			}
		}
	}
}

// Claim implements calls.Store. It never fails.
func (s *Store) Claim(_ context.Context, claim calls.Claim) (calls.ClaimResult, error) {
	id, now, deadline := s.id(claim.Key), s.since(s.now()), s.since(claim.Deadline)
	idle := ifIdle(claim, s.epoch)
	found, why := s.shard(id).claim(id, claim.Fingerprint, idle, deadline, now)
	if why == ofReplies && s.makeRoom(now) {
		found, _ = s.shard(id).claim(id, claim.Fingerprint, idle, deadline, now)
	}
	return found, nil
}

// ifIdle is what a claim of a call that the store does not know comes to.
func ifIdle(claim calls.Claim, epoch string) calls.ClaimState {
	switch {
	case claim.Find:
		return calls.Unknown
	case claim.Epoch != "" && claim.Epoch != epoch && !claim.Idempotent:
		return calls.Lost
	}
	return calls.Claimed
}

func (s *Store) since(t time.Time) time.Duration { return t.Sub(s.start) }

// makeRoom drops old replies, and reports whether there is room now.
func (s *Store) makeRoom(now time.Duration) bool {
	for i := range s.shards {
		if s.shards[i].makeRoom(now) {
			return true
		}
	}
	return false
}

// Epoch implements calls.Store: it is another one for each Store.
func (s *Store) Epoch(string) string { return s.epoch }

// Complete implements calls.Store. It never fails.
func (s *Store) Complete(_ context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	id := s.id(key)
	return s.shard(id).complete(id, fence, reply, s.since(s.now())), nil
}

// Received implements calls.Store.
func (s *Store) Received(userID string, correlationIDs []string) {
	for _, correlationID := range correlationIDs {
		id := s.id(calls.Key{UserID: userID, CorrelationID: correlationID})
		s.shard(id).received(id)
	}
}

// Len is the number of calls remembered.
func (s *Store) Len() int { return int(s.calls.Load()) }

// ReplyBytes is the memory that stored replies take.
func (s *Store) ReplyBytes() int64 { return s.bytes.Load() }

// id stands for a key in 16 bytes, so that entries hold no strings: a hash of the
// user and one of user and correlation id, keyed anew in each process, so that
// nobody can make two keys meet.
type id struct{ user, call uint64 }

func (s *Store) id(k calls.Key) id {
	var h maphash.Hash
	h.SetSeed(s.seeds[1])
	h.WriteString(k.UserID)
	h.WriteByte(0) // user ids hold no zero byte
	h.WriteString(k.CorrelationID)
	return id{maphash.String(s.seeds[0], k.UserID), h.Sum64()}
}

func (s *Store) shard(id id) *shard { return &s.shards[id.user%shardCount] }
