package calls

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// guarded is a store whose panics are errors: a store is anybody's code.
type guarded struct {
	Store
	log      *slog.Logger
	observer Observer
}

func (g guarded) Claim(ctx context.Context, claim Claim) (_ ClaimResult, err error) {
	defer asError(&err)
	defer g.tell(true, time.Now(), &err)
	defer asError(&err) // first, so that a panic is told of as a failure
	return g.Store.Claim(ctx, claim)
}

func (g guarded) Complete(ctx context.Context, key Key, fence uint64, reply []byte) (_ Completion, err error) {
	defer asError(&err)
	defer g.tell(false, time.Now(), &err)
	defer asError(&err)
	return g.Store.Complete(ctx, key, fence, reply)
}

// tell is deferred, to run once a panic of the store is an error.
func (g guarded) tell(claim bool, began time.Time, err *error) {
	g.observer.StoreAsked(claim, time.Since(began), *err)
}

func (g guarded) Received(userID string, ids []string) {
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("the call store panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	g.Store.Received(userID, ids)
}

func asError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the call store panicked: %v\n%s", p, debug.Stack())
	}
}

// recovered ends a panic of what a run calls besides its handler: an
// acknowledgement, an observer, the publisher.
func (r *run) recovered() {
	if p := recover(); p != nil {
		r.logPanic(p)
	}
}

func (r *run) logPanic(p any) {
	r.log(slog.LevelError, "a call panicked outside its handler", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}
