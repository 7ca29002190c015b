package client

import (
	"slices"
	"sync"
	"time"
)

// Of the requests that are sent again, or have waited for the connection, at most
// paceWindow are out without an acknowledgement. Where none comes for paceWait,
// the next ones go all the same.
const (
	paceWindow = 32
	paceWait   = time.Second
)

// pacer lets calls onto one link in turn. The zero value is ready to use.
type pacer struct {
	mu      sync.Mutex
	out     int // let on and not acknowledged
	waiting []*call
	timer   *time.Timer // runs while calls wait; nil before the first does
	stopped bool
}

// enter reports whether the call may be sent now. If not, cl.turn says when, or
// the caller leaves.
func (p *pacer) enter(cl *call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out < paceWindow && len(p.waiting) == 0 {
		p.out++
		return true
	}
	p.waiting = append(p.waiting, cl)
	if len(p.waiting) == 1 {
		p.planLocked()
	}
	return false
}

// leave gives up a turn that was waited for.
func (p *pacer) leave(cl *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, cl); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return
	}
	<-cl.turn
	p.out--
	p.admitLocked()
}

// acknowledged ends the turn of a request that was let on.
func (p *pacer) acknowledged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = max(0, p.out-1)
	p.admitLocked()
}

func (p *pacer) admitLocked() {
	admitted := false
	for p.out < paceWindow && len(p.waiting) > 0 {
		p.waiting[0].turn <- struct{}{}
		p.waiting = slices.Delete(p.waiting, 0, 1)
		p.out++
		admitted = true
	}
	switch {
	case p.timer == nil:
	case len(p.waiting) == 0:
		p.timer.Stop()
	case admitted:
		p.planLocked()
	}
}

// planLocked sees to it that calls do not wait for acknowledgements for ever.
func (p *pacer) planLocked() {
	switch {
	case p.stopped:
	case p.timer == nil:
		p.timer = time.AfterFunc(paceWait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.out = 0
			p.admitLocked()
		})
	default:
		p.timer.Reset(paceWait)
	}
}

// stop ends the pacer's timer. Those who wait see that the link is lost.
func (p *pacer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
