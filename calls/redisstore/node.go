package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc/internal/redisclient"
)

// node is this process as the others see it: its lease. It knows the epoch as of
// the last renewal.
type node struct {
	shard *shard
	id    string
	every time.Duration // between renewals
	start time.Time
	epoch atomic.Pointer[string]
	// replicas are the addresses of those nodes that were replicas when they last said,
	// or that the cluster did without when they did not.
	replicas sync.Map
	// In nanoseconds since start:
	until   atomic.Int64 // when the lease lapses, at the earliest
	renewed atomic.Int64 // when the newest renewal was sent
	doubted atomic.Int64 // until when others may have been kept from renewing theirs
	failed  atomic.Bool  // the last renewal failed
	paused  atomic.Bool  // tests stop the renewals
}

func newNode(s *shard, id string) *node {
	n := &node{shard: s, id: id, every: s.cfg.Lease / 3, start: time.Now()}
	n.epoch.Store(new(string))
	return n
}

func (n *node) now() int64 { return int64(time.Since(n.start)) }

// leased reports whether others must take this process to be alive.
func (n *node) leased() bool { return n.now() < n.until.Load() }

// well reports whether Redis took the last renewal, and the lease lasts.
func (n *node) well() bool { return n.leased() && !n.failed.Load() }

// steady reports whether a lease that has lapsed tells that its owner is dead. When
// Redis was out of reach, or this process did not run, then others may not have
// renewed theirs either, and get the time to do so.
func (n *node) steady() bool {
	now := n.now()
	return now >= n.doubted.Load() && now-n.renewed.Load() <= n.gap()
}

// gap is the longest time without a renewal here in which nobody's lease lapses
// that is renewed as often.
func (n *node) gap() int64 { return int64(n.shard.cfg.Lease - n.every) }

// renew renews the lease and reads the epoch.
func (n *node) renew(ctx context.Context) error {
	sent := n.now()
	lease := strconv.FormatInt(n.shard.cfg.Lease.Milliseconds(), 10)
	if _, _, err := n.shard.run(ctx, renewScript, []string{n.shard.keys.node(n.id)}, []string{lease}); err != nil {
		return err
	}
	if last := n.renewed.Swap(sent); last > 0 && sent-last > n.gap() {
		n.doubted.Store(n.now() + int64(n.shard.cfg.Lease))
	}
	n.until.Store(sent + int64(n.shard.cfg.Lease))
	_, err := n.readEpoch(ctx)
	return err
}

// readEpoch asks Redis for the epoch. It is made of a random key, which is gone when
// the data are, and of the identities of the nodes' histories, which change when a
// node is restarted (with data that may be old) or a replica becomes master (with
// data that may lack the last of it).
func (n *node) readEpoch(ctx context.Context) (string, error) {
	res, _, err := n.shard.run(ctx, epochScript, []string{n.shard.keys.epoch()}, []string{rand.Text()[:16]})
	if err != nil {
		return "", err
	}
	key, err := res.ToString()
	if err != nil {
		return "", fmt.Errorf("redisstore: %w", err)
	}
	histories, err := n.readHistories(ctx)
	if err != nil {
		return "", err
	}
	slices.Sort(histories)
	sum := sha256.Sum256([]byte(strings.Join(append(histories, key), " ")))
	epoch := base64.RawURLEncoding.EncodeToString(sum[:16])
	if old := n.epoch.Swap(&epoch); *old != epoch && *old != "" {
		n.shard.cfg.Logger.Warn("redisstore: Redis was restarted or emptied, or another one took its place; calls from before that it does not know have an unknown outcome")
		n.shard.connections.tellAll()
	}
	return epoch, nil
}

// readHistories asks all nodes that there are, at the same time, for the identities of
// the masters' histories. One that does not answer is left out if it was a replica when
// it last did, or a cluster has it as none of its masters: nothing is lost with it, and
// a cluster lists it until it has noticed.
func (n *node) readHistories(ctx context.Context) ([]string, error) {
	caller := ctx
	ctx, end, err := n.shard.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var all sync.WaitGroup
	var mu sync.Mutex
	var histories []string
	var failed error
	for address, client := range n.shard.client.Nodes() {
		all.Go(func() {
			info, err := redisclient.Info(ctx, client, "replication")
			_, replica := n.replicas.Load(address)
			if err != nil && !replica && n.spare(caller, address) {
				replica = true
				n.replicas.Store(address, struct{}{}) // until it says otherwise
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil && !replica:
				failed = fmt.Errorf("redisstore: %w", err)
			case err != nil:
			case info["role"] == "slave":
				n.replicas.Store(address, struct{}{})
			default:
				n.replicas.Delete(address)
				histories = append(histories, info["master_replid"])
			}
		})
	}
	all.Wait()
	return histories, failed
}

// spare asks the others whether the cluster does without the node at an address. They
// have a time of their own to answer: that node may have used up its own.
func (n *node) spare(ctx context.Context, address string) bool {
	ctx, cancel := n.shard.limits.within(ctx)
	defer cancel()
	return redisclient.Spare(ctx, n.shard.client, address)
}

// alive reports whether another process's lease lasts.
func (n *node) alive(ctx context.Context, id string) (bool, error) {
	ctx, end, err := n.shard.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	count, err := n.shard.client.Do(ctx, n.shard.client.B().Exists().Key(n.shard.keys.node(id)).Build()).AsInt64()
	if err != nil {
		return false, fmt.Errorf("redisstore: %w", err)
	}
	return count > 0, nil
}

// keep renews the lease until the store is closed: when that fails more often, to
// notice soon that Redis is back.
func (n *node) keep(ctx context.Context) {
	away, log := false, n.shard.cfg.Logger
	timer := time.NewTimer(n.every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := n.every
		if !n.paused.Load() {
			err := n.renew(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				next = min(n.every, 250*time.Millisecond)
				if !away {
					log.Error("redisstore: Redis is out of reach; calls are refused until it is back", "error", err)
				}
			case away:
				log.Info("redisstore: Redis is back")
			}
			away = err != nil
			n.failed.Store(away)
		}
		timer.Reset(next)
	}
}
