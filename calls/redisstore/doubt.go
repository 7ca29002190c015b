package redisstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/calls"
)

// At most so many doubts are kept, with at most so many bytes of replies.
const (
	maxDoubts     = 20_000
	maxDoubtBytes = 32 << 20
)

// doubt is a command that Redis did not answer: nobody knows whether it was done. A
// claim that was done has a call that nobody runs, and must be taken back. A
// completion that was not done has a call that seems to run forever, and must be
// done again. Both do no harm if there was no need.
type doubt struct {
	key   calls.Key
	fence uint64
	ended bool // it is a completion
	reply string
	since time.Time
	until time.Time // when it is to be looked at again
}

// doubts are the unanswered commands of this process, by their fences.
type doubts struct {
	mu    sync.Mutex
	all   map[uint64]doubt
	bytes int
}

// add keeps a doubt, if there is room for it.
func (d *doubts) add(unsure doubt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) >= maxDoubts || d.bytes+len(unsure.reply) > maxDoubtBytes {
		return
	}
	if d.all == nil {
		d.all = map[uint64]doubt{}
	}
	unsure.since = time.Now()
	d.bytes += len(unsure.reply) - len(d.all[unsure.fence].reply)
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
	d.bytes -= len(d.all[fence].reply)
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

// settle resolves doubts in the background, while Redis answers.
func (s *Store) settle(ctx context.Context) {
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
			if ctx.Err() != nil || !s.node.leased() || s.resolve(ctx, d) != nil {
				break
			}
		}
	}
}

// resolve does what a doubt calls for. Without error, it is settled, or at least
// Redis holds no trace of it now.
func (s *Store) resolve(ctx context.Context, d doubt) error {
	if d.ended {
		_, sure, err := s.complete(ctx, d.key, d.fence, d.reply)
		if err == nil || sure && !isPassing(err) {
			s.doubts.remove(d.fence)
		}
		return err
	}
	return s.undo(ctx, s.keys.user(d.key.UserID), d)
}

// undo takes a claim back. One that Redis does not have may still be under way
// there, on a connection that was given up: it stays in doubt for a while.
func (s *Store) undo(ctx context.Context, keys []string, d doubt) error {
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

// isPassing reports whether Redis refused something that it will take later.
func isPassing(err error) bool {
	text, ok := refusal(err)
	if !ok {
		return true
	}
	for _, code := range []string{"OOM ", "LOADING", "BUSY", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "MISCONF"} {
		if strings.Contains(text, code) {
			return true
		}
	}
	return false
}
