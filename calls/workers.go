package calls

import "sync/atomic"

// maxIdle is how many idle workers a shard keeps, 512 in all.
const maxIdle = 32

// workers run calls, each on a goroutine of its own for as long as it takes.
// Some goroutines that are done wait for the next call, because a new one would have
// to grow its stack first. They are sharded, so that connections do not wait
// for one another.
type workers struct {
	shards [16]workerShard
	stop   chan struct{}
}

type workerShard struct {
	jobs chan *run
	idle atomic.Int32
	_    [48]byte // keep shards on cache lines of their own
}

func newWorkers() *workers {
	w := &workers{stop: make(chan struct{})}
	for i := range w.shards {
		w.shards[i].jobs = make(chan *run)
	}
	return w
}

// start starts a run at once, on an idle worker or a new one. It never blocks.
func (w *workers) start(r *run) {
	s := &w.shards[r.caller.shard%uint32(len(w.shards))]
	select {
	case s.jobs <- r:
	default:
		go w.work(s, r)
	}
}

func (w *workers) work(s *workerShard, r *run) {
	for {
		r.work()
		r = nil // to be collected while the worker waits
		if s.idle.Add(1) > maxIdle {
			s.idle.Add(-1)
			return
		}
		select {
		case r = <-s.jobs:
			s.idle.Add(-1)
		case <-w.stop:
			return
		}
	}
}

// close ends the idle workers; busy ones end after their job.
func (w *workers) close() { close(w.stop) }
