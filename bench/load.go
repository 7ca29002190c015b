package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// serving is a child that serves one system. Its orders: "start" (the answer is
// its address) and "usage".
type serving struct{ system *system }

func (s *serving) do(o order) (any, error) {
	switch o.Do {
	case "start":
		if s.system.serveRedis != nil {
			return s.system.serveRedis(o.Redis)
		}
		if s.system.serveDjango != nil {
			return s.system.serveDjango(*o.Django)
		}
		return s.system.serve()
	case "usage":
		return usageNow()
	}
	return nil, fmt.Errorf("a server cannot %q", o.Do)
}

// loading is a child that calls one system. Its orders: "open" connections of a
// shape, in turn to each of the servers, "load" them for some time (the answer is a window), "close" them.
type loading struct {
	system      *system
	shape       shape
	connections []connection
}

func (l *loading) do(o order) (any, error) {
	switch o.Do {
	case "open":
		l.shape = o.Shape
		return nil, l.open(o)
	case "load":
		return l.load(o.For)
	case "alive":
		return nil, l.alive()
	case "close":
		for _, c := range l.connections {
			c.close()
		}
		l.connections = nil
		return nil, nil
	}
	return nil, fmt.Errorf("a client cannot %q", o.Do)
}

// dialing bounds how many connections are opened at the same time.
const dialing = 32

func (l *loading) open(o order) error {
	if err := raiseFileLimit(uint64(o.Shape.Connections) + 100); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.For+slack/2)
	defer cancel()
	l.connections = make([]connection, o.Shape.Connections)
	failed := make([]error, o.Shape.Connections)
	free := make(chan struct{}, dialing)
	var all sync.WaitGroup
	for i := range l.connections {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			l.connections[i], failed[i] = l.system.dial(ctx, o.Addresses[i%len(o.Addresses)], i)
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		l.connections = slices.DeleteFunc(l.connections, func(c connection) bool { return c == nil })
		return err
	}
	return nil
}

// window is what a client saw during one measurement.
type window struct {
	Calls   int           `json:"calls"`
	Elapsed time.Duration `json:"elapsed"`
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	Used    usage         `json:"used"` // by the client's process
}

// worker keeps one call in flight.
type worker struct {
	connection connection
	user       string
	took       []time.Duration
	err        error
}

// fewest is how many calls are made however short the measurement: what a process
// allocates cannot be told of a few.
const fewest = 200

// load makes calls for that long. Those under way at its end are waited for and
// count, and so does the time they take.
func (l *loading) load(d time.Duration) (window, error) {
	var workers []*worker
	for i, c := range l.connections {
		for range l.shape.InFlight {
			workers = append(workers, &worker{connection: c, user: userName(i), took: make([]time.Duration, 0, 4096)})
		}
	}
	before, err := usageNow()
	if err != nil {
		return window{}, err
	}
	start := time.Now()
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() { w.work(start, d, fewest/len(workers)) })
	}
	all.Wait()
	elapsed := time.Since(start)
	after, err := usageNow()
	if err != nil {
		return window{}, err
	}
	var took []time.Duration
	for _, w := range workers {
		if w.err != nil {
			return window{}, w.err
		}
		took = append(took, w.took...)
	}
	slices.Sort(took)
	return window{
		Calls: len(took), Elapsed: elapsed,
		P50: quantile(took, 0.50), P99: quantile(took, 0.99),
		Used: usage{CPU: after.CPU - before.CPU, Allocs: after.Allocs - before.Allocs, Bytes: after.Bytes - before.Bytes},
	}, nil
}

func (w *worker) work(start time.Time, d time.Duration, least int) {
	ctx := context.Background()
	at := start
	for at.Sub(start) < d || len(w.took) < least {
		result, err := w.connection.getStats(ctx, w.user)
		if err == nil {
			err = result.check(w.user)
		}
		if err != nil {
			w.err = err
			return
		}
		now := time.Now()
		w.took = append(w.took, now.Sub(at))
		at = now
	}
}

// alive makes one call on every connection, a few at a time.
func (l *loading) alive() error {
	l.shape.InFlight = 1
	failed := make([]error, len(l.connections))
	free := make(chan struct{}, dialing)
	var all sync.WaitGroup
	for i, c := range l.connections {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			user := userName(i)
			result, err := c.getStats(context.Background(), user)
			if err == nil {
				err = result.check(user)
			}
			failed[i] = err
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// quantile of what is sorted already; zero if there is nothing.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
