package server

import "sync"

// inOrder runs what it is given one after another, in order, without making the
// giver wait. It has a goroutine only while there is something to run.
type inOrder struct {
	mu      sync.Mutex
	waiting []func()
	running bool
}

// maxWaiting bounds what waits behind a slow one.
const maxWaiting = 64

// do reports false, and does nothing, when too much is waiting already.
func (q *inOrder) do(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxWaiting {
		return false
	}
	q.waiting = append(q.waiting, f)
	if !q.running {
		q.running = true
		go q.run()
	}
	return true
}

func (q *inOrder) run() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.running, q.waiting = false, nil
			q.mu.Unlock()
			return
		}
		f := q.waiting[0]
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		f()
	}
}
