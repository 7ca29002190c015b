package calls

import (
	"sync"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// progressEvery is how often a caller hears of a call's progress, at most.
const progressEvery = 100 * time.Millisecond

var _ centrirpc.ProgressReporter = (*run)(nil)

// progress holds back what a handler tells too often. What is in it is guarded by
// mu.
type progress struct {
	mu      sync.Mutex
	last    time.Time
	pending []byte
	timer   *time.Timer // runs while something is pending
	over    bool
}

// ReportProgress implements centrirpc.ProgressReporter.
func (r *run) ReportProgress(done, total float64, message string) {
	told := wire.Progress{Done: done, Message: message}
	if total != 0 {
		told.Total = &total
	}
	data, err := wire.EncodeProgress(r.CorrelationID, told)
	if err != nil {
		return
	}
	r.mu.Lock()
	if r.progress == nil && !r.ended {
		r.progress = &progress{}
	}
	p := r.progress
	r.mu.Unlock()
	if p == nil {
		return // the call was answered, and its handler goes on
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	wait := progressEvery - time.Since(p.last)
	switch {
	case p.over:
	case p.timer != nil:
		p.pending = data
	case wait > 0:
		p.pending = data
		p.timer = time.AfterFunc(wait, func() {
			defer r.recovered()
			r.tellPending(p, false)
		})
	default:
		p.last = time.Now()
		r.broadcast(data) // with mu held, so that what is older comes first
	}
}

// tellPending publishes what was held back.
func (r *run) tellPending(p *progress, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	data := p.pending
	p.pending, p.timer, p.last, p.over = nil, nil, time.Now(), p.over || over
	r.broadcast(data)
}

// endProgress publishes what was held back, for the call ends.
func (r *run) endProgress() {
	r.mu.Lock()
	p := r.progress
	r.mu.Unlock()
	if p != nil {
		r.tellPending(p, true)
	}
}
