package calls

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc"
)

// Publisher sends a reply on a reply channel. It must not block for long; an
// error is logged, once for all that follow it, and the client, which asks again, gets the stored reply.
type Publisher func(channel string, data []byte) error

// lastWords is how long a drain that gives up takes to answer its calls.
const lastWords = 2 * time.Second

// Engine runs the calls of one process.
type Engine struct {
	router  *centrirpc.Router
	publish Publisher
	cfg     Config
	log     *slog.Logger
	running running
	workers *workers
	// observers are those of the methods.
	observers map[*centrirpc.Method]MethodObserver
	callers   atomic.Uint32 // made so far, to spread them over the workers' shards

	signaler Signaler // nil if no other process shares the store

	publishing  outage
	storing     outage
	lost        flood
	inFlight    atomic.Int64
	streamBytes atomic.Int64 // of all items that were not taken yet
	untaken     untaken
	draining    atomic.Bool
	mu          sync.Mutex
	idle        chan struct{} // closed when draining and nothing is in flight; guarded by mu
	finished    sync.Once
}

// NewEngine makes an engine that runs the router's methods. It closes the router
// for registrations.
func NewEngine(router *centrirpc.Router, publish Publisher, cfg Config) (*Engine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{router: router, publish: publish, cfg: cfg, log: cfg.Logger, workers: newWorkers()}
	if e.log == nil {
		e.log = router.Log()
	}
	if shared, ok := cfg.Store.(Signaler); ok {
		e.signaler = shared
		shared.Receive(e.receive)
	}
	e.cfg.Store = guarded{cfg.Store, e.log, cfg.Observer}
	e.observers = observersOf(router, cfg.Observer)
	return e, nil
}

// InFlight is the number of handlers that run now.
func (e *Engine) InFlight() int { return int(e.inFlight.Load()) }

// Drain refuses new calls from now on and waits for the running ones, and then 5 s
// at most for callers to take the last items of streams. When ctx ends before all
// handlers have returned, it ends their contexts, answers their callers with
// outcome_unknown, logs each of them as a warning, and returns a *GaveUpError, two
// seconds later at the latest. It may be called more than once.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining.Store(true)
	if e.idle == nil {
		e.idle = make(chan struct{})
		if e.inFlight.Load() == 0 {
			close(e.idle)
		}
	}
	idle := e.idle
	e.mu.Unlock()
	defer e.close()
	select {
	case <-idle:
	case <-ctx.Done():
		select {
		case <-idle: // both have come: there is nothing to give up
		default:
			running := e.InFlight() // before they hear of it: those that heed their contexts end at once
			e.giveUpAll()
			return &GaveUpError{Calls: running, Err: ctx.Err()}
		}
	}
	if left := e.untaken.wait(ctx.Done()); left > 0 {
		e.log.Warn("streams have ended whose last items were not taken; they are given up", "streams", left)
	}
	return nil
}

// GaveUpError is what Drain returns when its context ended before all handlers had
// returned.
type GaveUpError struct {
	// Calls is how many handlers were running.
	Calls int
	// Err is the context's error.
	Err error
}

// Error says how many handlers were running, and why they were not waited for.
func (e *GaveUpError) Error() string {
	return fmt.Sprintf("gave up waiting for %d running calls: %v", e.Calls, e.Err)
}

// Unwrap is the context's error.
func (e *GaveUpError) Unwrap() error { return e.Err }

// giveUpAll gives up every run. They are answered at the same time, for the store
// may be slow, or out of reach.
func (e *Engine) giveUpAll() {
	var all sync.WaitGroup
	for _, r := range e.running.all() {
		all.Go(func() { r.giveUp(errStopped) })
	}
	answered := make(chan struct{})
	go func() {
		all.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(lastWords):
	}
}

// close ends what waits for calls: none will come.
func (e *Engine) close() {
	e.finished.Do(func() {
		e.workers.close()
		e.lost.close(e.logUnsaid)
	})
}

// Draining reports whether Drain was called.
func (e *Engine) Draining() bool { return e.draining.Load() }

// slot is a call's place among those in flight: one of the connection's and one of
// the process's. It belongs to the call's worker.
type slot struct {
	caller    *Caller
	ofConn    bool // the connection's part is still taken
	ofProcess bool // and the process's
}

// take takes a slot for a call, or says why there is none.
//
// During a drain there are slots only for those that look for a call's reply.
func (e *Engine) take(c *Caller, again, stream bool) (s slot, find bool, err error) {
	s = slot{caller: c, ofConn: true, ofProcess: true}
	if stream && e.untaken.full(e.cfg.MaxInFlight, e.cfg.MaxStreamBytesTotal) {
		return s, false, errStreamsFull
	}
	if c.inFlight.Add(1) > int64(e.cfg.MaxInFlightPerConn) {
		c.inFlight.Add(-1)
		return s, false, errConnBusy
	}
	if e.inFlight.Add(1) > int64(e.cfg.MaxInFlight) {
		s.free(e)
		return s, false, errServerBusy
	}
	if e.draining.Load() { // after taking the slot, so that Drain cannot miss it
		if again {
			return s, true, nil
		}
		s.free(e)
		return s, false, errDraining
	}
	return s, false, nil
}

// freeConn frees the connection's part. It comes before the call is answered, so
// that a client at its limit may answer a reply with its next call.
func (s *slot) freeConn() {
	if s.ofConn {
		s.ofConn = false
		s.caller.inFlight.Add(-1)
	}
}

// free frees what is left of the slot.
func (s *slot) free(e *Engine) {
	s.freeConn()
	s.freeProcess(e)
}

// freeProcess frees the process's part. It comes after the call is answered, so
// that a drain waits for the answer.
func (s *slot) freeProcess(e *Engine) {
	if !s.ofProcess {
		return
	}
	s.ofProcess = false
	if e.inFlight.Add(-1) == 0 && e.draining.Load() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.idle != nil && e.inFlight.Load() == 0 {
			select {
			case <-e.idle:
			default:
				close(e.idle)
			}
		}
	}
}

// checkWait refuses a caller who would have its call remembered for too long.
func (e *Engine) checkWait(asked time.Duration, method *centrirpc.Method) error {
	most := e.cfg.MaxWait
	if method != nil {
		most = max(most, method.Timeout)
	}
	if asked > most {
		return &WaitError{Asked: asked, Most: most}
	}
	return nil
}

// timeout is how long a call of the method may take when its caller asks for
// asked (zero: does not say).
func (e *Engine) timeout(asked time.Duration, method *centrirpc.Method) time.Duration {
	limit, usual := e.cfg.MaxTimeout, e.cfg.DefaultTimeout
	if method.Timeout > 0 {
		limit, usual = method.Timeout, method.Timeout
	}
	if asked <= 0 {
		asked = usual
	}
	return min(asked, limit)
}
