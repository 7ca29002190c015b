package redisstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// maxDoubts bounds the doubts that are kept.
const maxDoubts = 20_000

// doubt is a claim that Redis did not answer. If it was done there, the call seems to
// run, and nobody runs it: it must be taken back, which does no harm if it was not.
type doubt struct {
	key   calls.Key
	fence uint64
	since time.Time
	until time.Time // when it is to be looked at again
}

// doubts are the unanswered claims of this process, by their fences.
type doubts struct {
	mu  sync.Mutex
	all map[uint64]doubt
}

// add keeps a doubt, if there is room for it.
func (d *doubts) add(unsure doubt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) >= maxDoubts {
		return
	}
	if d.all == nil {
		d.all = map[uint64]doubt{}
	}
	unsure.since = time.Now()
	d.all[unsure.fence] = unsure
}

func (d *doubts) get(fence uint64) (doubt, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	got, ok := d.all[fence]
	return got, ok
}

func (d *doubts) remove(fence uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.all, fence)
}

// rest leaves a doubt alone for a while.
func (d *doubts) rest(fence uint64, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doubt, ok := d.all[fence]; ok {
		doubt.until = until
		d.all[fence] = doubt
	}
}

func (d *doubts) list() []doubt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.all))
}

// settle takes doubtful claims back in the background, while Redis answers.
func (s *shard) settle(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.Timeout / 8)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, d := range s.doubts.list() {
			if time.Now().Before(d.until) {
				continue
			}
			if ctx.Err() != nil || !s.node.leased() || s.undo(ctx, s.keys.user(d.key.UserID), d) != nil {
				break
			}
		}
	}
}

// undo takes a claim back. One that Redis does not have may still be under way
// there, on a connection that was given up: it stays in doubt for a while.
func (s *shard) undo(ctx context.Context, keys []string, d doubt) error {
	res, _, err := s.run(ctx, undoScript, keys, []string{d.key.CorrelationID, s.node.id, fenceText(d.fence)})
	if err != nil {
		return err
	}
	last := d.since.Add(5 * s.cfg.Timeout)
	if undone, _ := res.AsInt64(); undone > 0 || time.Now().After(last) {
		s.doubts.remove(d.fence)
	} else {
		s.doubts.rest(d.fence, last)
	}
	return nil
}
