package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/redisclient"
)

// keepAtLeast is how long a reply is kept before it may give way to others.
const keepAtLeast = 5 * time.Second

// maxAtOnce bounds the commands that wait for a Redis at the same time: fewer than a
// connection of the client has room for, so that nobody waits for room.
const maxAtOnce = 1000

// maxIDs bounds the replies that one command drops.
const maxIDs = 64

var (
	errClosed = errors.New("redisstore: the store is closed")
	errAway   = errors.New("redisstore: Redis is out of reach: this process's lease has lapsed")
)

// shard is a Redis, and this process in it: it has a lease, an epoch and a channel
// for signals of its own in each.
type shard struct {
	cfg    Config
	client rueidis.Client
	keys   keys
	node   *node
	fences atomic.Uint64
	bounds []string // as the claim script takes them
	limits deadlines
	slots  chan struct{} // one for each command that waits
	doubts doubts
	drops  *outbox // of replies that were received

	connections *connections
	receive     sync.Once

	stop    context.CancelFunc
	stopped atomic.Bool
	once    sync.Once
	running sync.WaitGroup
}

// newShard connects to a Redis, which is to be none of the others, and takes a lease
// there.
func newShard(cfg Config, address redisclient.Address, others *redisclient.Distinct) (*shard, error) {
	base, stop := context.WithCancel(context.Background())
	client, err := address.Connect(base, cfg.Timeout, cfg.Logger)
	if err == nil {
		if err = others.Add(base, address, client); err != nil {
			client.Close()
		}
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	cfg.Logger = cfg.Logger.With("redis", address.Hosts())
	s := &shard{
		cfg:    cfg,
		client: client,
		keys:   keys{cfg.Prefix},
		bounds: []string{strconv.Itoa(cfg.MaxCallsPerUser), strconv.FormatInt(cfg.MaxReplyBytesPerUser, 10), strconv.FormatInt(keepAtLeast.Milliseconds(), 10)},
		limits: deadlines{base: base, timeout: cfg.Timeout},
		slots:  make(chan struct{}, maxAtOnce),
		stop:   stop,
	}
	s.node = newNode(s, rand.Text()[:16])
	s.drops = newOutbox(s)
	s.connections = newConnections(s)
	if err := s.node.renew(base); err != nil {
		s.close()
		if cause := errors.Unwrap(err); cause != nil {
			err = address.Explain(cause)
		}
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	for _, work := range []func(context.Context){s.node.keep, s.settle, s.drops.send, s.connections.keep} {
		s.running.Go(func() { work(base) })
	}
	return s, nil
}

// close is Store.Close.
func (s *shard) close() {
	s.once.Do(func() {
		s.stopped.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeout)
		defer cancel()
		if s.node.leased() {
			s.client.Do(ctx, s.client.B().Del().Key(s.keys.node(s.node.id)).Build())
		}
		s.stop()
		s.running.Wait()
		for range maxAtOnce { // of those who wait; the rest has none to wait for
			s.slots <- struct{}{}
		}
		s.client.Close()
	})
}

// begin bounds what is asked of Redis, in time and in number. end must be called
// after it.
func (s *shard) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	if s.stopped.Load() {
		return ctx, nil, errClosed
	}
	ctx, cancel := s.limits.within(ctx)
	select {
	case s.slots <- struct{}{}:
		return ctx, func() { <-s.slots; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return ctx, nil, fmt.Errorf("redisstore: %d commands wait for Redis: %w", maxAtOnce, ctx.Err())
	}
}

// run runs a script. Sure is false when an error leaves open whether it ran.
func (s *shard) run(ctx context.Context, script *script, keys, args []string) (res rueidis.RedisResult, sure bool, err error) {
	ctx, end, err := s.begin(ctx)
	if err != nil {
		return res, true, err
	}
	defer end()
	res = script.run(ctx, s.client, keys, args)
	err = res.Error()
	if err == nil {
		return res, true, nil
	}
	_, said := redisclient.Refusal(err)
	var dial *net.OpError
	return res, said || errors.As(err, &dial) && dial.Op == "dial", fmt.Errorf("redisstore: %w", err)
}

// isFull reports whether Redis has no memory left.
func isFull(err error) bool {
	text, _ := redisclient.Refusal(err)
	return strings.Contains(text, "OOM ")
}

// take is Store.Claim.
func (s *shard) take(ctx context.Context, claim calls.Claim) (calls.ClaimResult, error) {
	keys := s.keys.user(claim.Key.UserID)
	for range 5 {
		if !s.node.leased() { // others would think that it is nobody's
			return calls.ClaimResult{}, errAway
		}
		found, owner, err := s.claim(ctx, keys, claim)
		if err != nil {
			return calls.ClaimResult{}, err
		}
		switch {
		case found.State == calls.Claimed && claim.Epoch != "" && !claim.Idempotent:
			return s.ifSame(ctx, keys, claim, found.Fence)
		case found.State != calls.Running:
			return found, nil
		}
		again, found, err := s.runs(ctx, keys, claim, owner)
		if err != nil || !again {
			return found, err
		}
	}
	return calls.ClaimResult{State: calls.Running}, nil // it changes hands faster than it can be looked at
}

// owner is who has a call.
type owner struct{ node, fence string }

// claim asks Redis once.
func (s *shard) claim(ctx context.Context, keys []string, claim calls.Claim) (found calls.ClaimResult, by owner, err error) {
	fence, mode := s.fences.Add(1), "claim"
	if claim.Find {
		mode = "find"
	}
	args := []string{
		claim.Key.CorrelationID, string(claim.Fingerprint[:]), s.node.id, fenceText(fence),
		strconv.FormatInt(max(time.Until(claim.Deadline)+Margin, time.Millisecond).Milliseconds(), 10),
		mode, s.bounds[0], s.bounds[1], s.bounds[2],
	}
	res, sure, err := s.run(ctx, claimScript, keys, args)
	switch {
	case isFull(err):
		return calls.ClaimResult{State: calls.Full}, by, nil
	case err != nil:
		if !sure && !claim.Find { // it may have been claimed for nobody
			s.doubts.add(doubt{key: claim.Key, fence: fence})
		}
		return found, by, err
	}
	answer, err := res.ToMessage()
	if err != nil {
		return found, by, fmt.Errorf("redisstore: %w", err)
	}
	if answer.IsInt64() {
		code, _ := answer.AsInt64()
		switch code {
		case answerClaimed:
			found = calls.ClaimResult{State: calls.Claimed, Fence: fence}
		case answerDropped:
			found.State = calls.Dropped
		case answerConflict:
			found.State = calls.Conflict
		case answerFull:
			found.State = calls.Full
		case answerLost:
			found.State = calls.Lost
		case answerUnknown:
			found.State = calls.Unknown
		default:
			err = fmt.Errorf("redisstore: Redis answers a claim with %d", code)
		}
		return found, by, err
	}
	parts, err := answer.AsStrSlice()
	switch {
	case err != nil:
		return found, by, fmt.Errorf("redisstore: %w", err)
	case len(parts) == 2:
		return calls.ClaimResult{State: calls.Done, Reply: []byte(parts[1])}, by, nil
	case len(parts) == 3:
		return calls.ClaimResult{State: calls.Running}, owner{parts[1], parts[2]}, nil
	}
	return found, by, fmt.Errorf("redisstore: Redis answers a claim with %d parts", len(parts))
}

// ifSame keeps a claim of a call that may have been claimed before only if the store
// has forgotten nothing since. Redis itself is asked, after the claim: what it says
// holds for all that was before.
func (s *shard) ifSame(ctx context.Context, keys []string, claim calls.Claim, fence uint64) (calls.ClaimResult, error) {
	epoch, err := s.node.readEpoch(ctx)
	if err == nil && epoch == claim.Epoch {
		return calls.ClaimResult{State: calls.Claimed, Fence: fence}, nil
	}
	undone := doubt{key: claim.Key, fence: fence}
	if s.undo(ctx, keys, undone) != nil {
		s.doubts.add(undone)
	}
	if err != nil {
		return calls.ClaimResult{}, err
	}
	return calls.ClaimResult{State: calls.Lost}, nil
}

// runs says what a claim of a call comes to that somebody has: again if it is to be
// tried again.
func (s *shard) runs(ctx context.Context, keys []string, claim calls.Claim, by owner) (again bool, found calls.ClaimResult, err error) {
	if by.node == s.node.id {
		fence, _ := strconv.ParseUint(by.fence, 10, 64)
		if d, ok := s.doubts.get(fence); ok {
			return true, found, s.undo(ctx, keys, d)
		}
		return false, calls.ClaimResult{State: calls.Running}, nil
	}
	if alive, err := s.node.alive(ctx, by.node); err != nil || alive || !s.node.steady() {
		return false, calls.ClaimResult{State: calls.Running}, err
	}
	if claim.Find {
		return false, calls.ClaimResult{State: calls.Lost}, nil
	}
	fence, mayRun := s.fences.Add(1), "0"
	if claim.Idempotent {
		mayRun = "1"
	}
	res, sure, err := s.run(ctx, takeoverScript, keys, []string{claim.Key.CorrelationID, by.node, by.fence, s.node.id, fenceText(fence), mayRun})
	if err != nil {
		if !sure {
			s.doubts.add(doubt{key: claim.Key, fence: fence})
		}
		return false, found, err
	}
	switch code, err := res.AsInt64(); {
	case err != nil:
		return false, found, fmt.Errorf("redisstore: %w", err)
	case code == answerClaimed:
		return false, calls.ClaimResult{State: calls.Claimed, Fence: fence, TakenOver: true}, nil
	case code == answerLost:
		return false, calls.ClaimResult{State: calls.Lost}, nil
	}
	return true, found, nil
}

// complete is Store.Complete.
func (s *shard) complete(ctx context.Context, key calls.Key, fence uint64, reply []byte) (calls.Completion, error) {
	args := []string{key.CorrelationID, s.node.id, fenceText(fence), string(reply)}
	res, _, err := s.run(ctx, completeScript, s.keys.user(key.UserID), args)
	if err != nil {
		return 0, err
	}
	switch code, err := res.AsInt64(); {
	case err != nil:
		return 0, fmt.Errorf("redisstore: %w", err)
	case code == answerCompleted:
		return calls.Completed, nil
	case code == answerForgotten:
		return calls.Forgotten, nil
	}
	return calls.Superseded, nil
}

// received is Store.Received.
func (s *shard) received(userID string, correlationIDs []string) {
	for ids := range slices.Chunk(slices.Clone(correlationIDs), maxIDs) {
		slices.Sort(ids)
		s.drops.put(message{receivedScript, s.keys.user(userID), slices.Compact(ids)})
	}
}

func fenceText(fence uint64) string { return strconv.FormatUint(fence, 10) }
