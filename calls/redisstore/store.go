// Package redisstore is the call store of several processes that share a Redis.
//
// A process that claims a call is its owner, and holds a lease that it renews. When
// a request comes again whose call is running and whose owner's lease has lapsed,
// the call is given to the claimer if it is idempotent, and has ended as lost
// otherwise. All times in Redis are by Redis's clock; those of the processes need
// not agree.
//
// The promise that no call runs twice is as good as Redis's memory. Where that can
// have lost something — Redis was restarted, a replica was promoted, the data were
// flushed — the store's epoch is another one, and calls from before that Redis does
// not know are Lost.
//
// With several Redises each user's calls lie in one of them, chosen by a hash of the
// user id. Each has a lease, an epoch and signals of its own, so one that is away
// keeps nobody but its own users from calling.
package redisstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/redisclient"
)

// Margin is how long a call is remembered past its deadline.
const Margin = 10 * time.Second

// Store is a calls.Store in one Redis or several.
type Store struct{ shards []*shard }

var _ calls.Signaler = (*Store)(nil)

// New connects to every Redis and takes a lease there. An error tells what is wrong
// with the configuration, or with a Redis: that it cannot be reached, that it refuses
// the password, that it is too old, that it evicts keys, or that it is there twice.
func New(cfg Config) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	addresses := make([]redisclient.Address, len(cfg.URLs))
	for i, url := range cfg.URLs {
		if addresses[i], err = redisclient.Parse(fmt.Sprintf("Config.URLs[%d]", i), url, cfg.TLS); err != nil {
			return nil, fmt.Errorf("redisstore: %w", err)
		}
	}
	s := &Store{}
	var distinct redisclient.Distinct
	for _, address := range addresses {
		shard, err := newShard(cfg, address, &distinct)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.shards = append(s.shards, shard)
	}
	return s, nil
}

// Close gives the leases back and ends what the store does in the background. Calls
// that still run count as abandoned from then on; what else is asked of the store
// fails. It waits no longer than twice the timeout.
func (s *Store) Close() {
	var all sync.WaitGroup
	for _, shard := range s.shards {
		all.Go(shard.close)
	}
	all.Wait()
}

// of is the shard of a user's calls.
func (s *Store) of(userID string) *shard { return s.shards[shardOf(userID, len(s.shards))] }

// Away is how many of the store's Redises are out of reach, by what the renewals of
// the leases have shown, and how many it has. It asks none and returns at once.
func (s *Store) Away() (away, all int) {
	for _, shard := range s.shards {
		if shard.stopped.Load() || !shard.node.well() {
			away++
		}
	}
	return away, len(s.shards)
}

// Epoch implements calls.Store. It is as of the last renewal of the lease in the
// Redis of that user.
func (s *Store) Epoch(userID string) string { return *s.of(userID).node.epoch.Load() }

// Claim implements calls.Store.
func (s *Store) Claim(ctx context.Context, claim calls.Claim) (calls.ClaimResult, error) {
	return s.of(claim.Key.UserID).take(ctx, claim)
}

// Complete implements calls.Store.
func (s *Store) Complete(ctx context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	return s.of(key.UserID).complete(ctx, key, fence, reply)
}

// Received implements calls.Store. What does not find room to wait is left undone.
func (s *Store) Received(userID string, correlationIDs []string) {
	s.of(userID).received(userID, correlationIDs)
}

// Signal implements calls.Signaler. A process is there if its lease lasts: where
// its channel is not subscribed at the moment, it is soon again.
func (s *Store) Signal(ctx context.Context, key calls.Key, signal calls.Signal) (delivered bool, err error) {
	return s.of(key.UserID).signal(ctx, key, signal)
}

// Receive implements calls.Signaler. It waits until the process's channels are
// subscribed, at most for the timeout. When a connection is lost, its channel is
// subscribed again; what was sent meanwhile is lost.
func (s *Store) Receive(deliver func(calls.Key, calls.Signal)) {
	var all sync.WaitGroup
	for _, shard := range s.shards {
		all.Go(func() { shard.hear(deliver) })
	}
	all.Wait()
}
