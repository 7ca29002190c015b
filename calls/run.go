package calls

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// run is one run of a handler: its context, and its one ending.
type run struct {
	ctx    context.Context
	cancel context.CancelFunc
	unhook func() bool
	once   sync.Once
	finish func(json.RawMessage, *wire.Error)
}

func newRun(parent context.Context, conn *centrirpc.Conn, correlationID string, deadline time.Time, finish func(json.RawMessage, *wire.Error)) *run {
	r := &run{finish: finish}
	ctx, cancel := context.WithDeadlineCause(parent, deadline, errDeadline)
	r.ctx, r.cancel = centrirpc.ContextWithCall(ctx, conn, correlationID), cancel
	r.unhook = context.AfterFunc(ctx, func() { r.end(nil, endOf(context.Cause(ctx))) })
	return r
}

// end ends the run with a result or an error; only the first end counts, and the
// others wait until it is done.
func (r *run) end(result json.RawMessage, failed *wire.Error) {
	r.once.Do(func() { r.finish(result, failed) })
}

// close frees the run after its handler, and answers for one that never ended.
func (r *run) close() {
	r.unhook()
	r.cancel()
	r.end(nil, centrirpc.Errorf(wire.Internal, "internal error").Wire())
}

// endOf is what a caller hears of a context that ended before its handler.
func endOf(cause error) *wire.Error {
	switch cause {
	case errDeadline, context.DeadlineExceeded:
		return centrirpc.Errorf(wire.DeadlineExceeded, "the call's deadline passed").Wire()
	case errStopped:
		return centrirpc.Errorf(wire.Unavailable, "the server stopped before the call ended").Wire()
	}
	return centrirpc.Errorf(wire.Cancelled, "the call was cancelled").Wire()
}

// running finds the runs of this process by key, to cancel them. It is sharded,
// so that calls do not wait for one another.
type running [64]struct {
	mu   sync.Mutex
	runs map[Key]*run
}

func (s *running) shard(k Key) *struct {
	mu   sync.Mutex
	runs map[Key]*run
} {
	h := uint32(2166136261) // FNV-1a
	for i := 0; i < len(k.CorrelationID); i++ {
		h = (h ^ uint32(k.CorrelationID[i])) * 16777619
	}
	return &s[h%uint32(len(s))]
}

func (s *running) add(k Key, r *run) {
	shard := s.shard(k)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.runs == nil {
		shard.runs = map[Key]*run{}
	}
	shard.runs[k] = r
}

func (s *running) remove(k Key) {
	shard := s.shard(k)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.runs, k)
}

// cancel ends the run of that key, if this process has one.
func (s *running) cancel(k Key) {
	shard := s.shard(k)
	shard.mu.Lock()
	r := shard.runs[k]
	shard.mu.Unlock()
	if r != nil {
		r.cancel()
	}
}

// endAll ends every run of this process without waiting for its handler.
func (s *running) endAll(failed *wire.Error) {
	for i := range s {
		shard := &s[i]
		shard.mu.Lock()
		runs := make([]*run, 0, len(shard.runs))
		for _, r := range shard.runs {
			runs = append(runs, r)
		}
		shard.mu.Unlock()
		for _, r := range runs {
			r.end(nil, failed)
		}
	}
}
