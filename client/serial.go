package client

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// serial runs a handler for one value after another, on a goroutine that exists
// while there are values. At most limit values wait; over it the oldest are
// dropped.
type serial[T any] struct {
	limit   int
	handle  func(v T, dropped int)
	onError func(error)
	what    string // for error messages: "the handler of channel tasks"

	mu      sync.Mutex
	queue   []T
	head    int // index of the oldest value in queue
	dropped int // since the last value that was handled
	running bool
	stopped bool
}

// push never blocks and never runs the handler itself.
func (s *serial[T]) push(v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	if len(s.queue)-s.head >= s.limit {
		var zero T
		s.queue[s.head] = zero
		s.head++
		s.dropped++
	}
	if s.head > 0 && len(s.queue) == cap(s.queue) {
		n := copy(s.queue, s.queue[s.head:])
		clear(s.queue[n:])
		s.queue, s.head = s.queue[:n], 0
	}
	s.queue = append(s.queue, v)
	if !s.running {
		s.running = true
		go s.drain()
	}
}

// stop drops what waits. A handler that is running is not waited for; none is
// started after stop returns, until resume.
func (s *serial[T]) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.queue, s.head, s.dropped = nil, 0, 0
}

// resume undoes stop.
func (s *serial[T]) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = false
}

func (s *serial[T]) drain() {
	for {
		s.mu.Lock()
		if s.head == len(s.queue) {
			s.queue, s.head = s.queue[:0], 0
			s.running = false
			s.mu.Unlock()
			return
		}
		v, dropped := s.queue[s.head], s.dropped
		var zero T
		s.queue[s.head] = zero
		s.head++
		s.dropped = 0
		s.mu.Unlock()
		if dropped > 0 {
			s.onError(fmt.Errorf("%s is too slow: %d were dropped", s.what, dropped))
		}
		s.one(v, dropped)
	}
}

func (s *serial[T]) one(v T, dropped int) {
	defer func() {
		if p := recover(); p != nil {
			s.onError(fmt.Errorf("%s panicked: %v\n%s", s.what, p, debug.Stack()))
		}
	}()
	s.handle(v, dropped)
}
