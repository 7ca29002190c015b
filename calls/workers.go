package calls

import "sync/atomic"

// maxIdle is how many idle workers a shard keeps.
const maxIdle = 32

// workers run calls, each on a goroutine of its own for as long as it takes.
// Goroutines that are done wait a while for the next call, because a new one would
// have to grow its stack first. They are sharded, so that connections do not wait
// for one another.
type workers struct {
	shards [16]workerShard
	stop   chan struct{}
}

type workerShard struct {
	jobs chan func()
	idle atomic.Int32
	_    [48]byte // keep shards on cache lines of their own
}

func newWorkers() *workers {
	w := &workers{stop: make(chan struct{})}
	for i := range w.shards {
		w.shards[i].jobs = make(chan func())
	}
	return w
}

// run starts job at once, on an idle worker or a new one. It never blocks.
func (w *workers) run(shard uint32, job func()) {
	s := &w.shards[shard%uint32(len(w.shards))]
	select {
	case s.jobs <- job:
	default:
		go w.work(s, job)
	}
}

func (w *workers) work(s *workerShard, job func()) {
	for {
		job()
		if s.idle.Add(1) > maxIdle {
			s.idle.Add(-1)
			return
		}
		select {
		case job = <-s.jobs:
			s.idle.Add(-1)
		case <-w.stop:
			return
		}
	}
}

// close ends the idle workers; busy ones end after their job.
func (w *workers) close() { close(w.stop) }
