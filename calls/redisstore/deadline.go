package redisstore

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlines gives out contexts that end after a timeout. Those who ask within a
// sixteenth of it share one, so that a call does not need a timer of its own.
type deadlines struct {
	base    context.Context // ends when the store is closed
	timeout time.Duration
	current atomic.Pointer[deadline]
}

type deadline struct {
	context.Context
	made time.Time
}

// within is a context that ends with ctx, or after the timeout.
func (d *deadlines) within(ctx context.Context) (context.Context, context.CancelFunc) {
	now := time.Now()
	shared := d.current.Load()
	if shared == nil || now.Sub(shared.made) > d.timeout/16 {
		c, cancel := context.WithDeadline(d.base, now.Add(d.timeout))
		context.AfterFunc(c, cancel) // it serves others, until its time comes
		shared = &deadline{c, now}
		d.current.Store(shared)
	}
	if ctx.Done() == nil {
		return shared, func() {}
	}
	at, _ := shared.Deadline()
	return context.WithDeadline(ctx, at)
}
