package calls

import (
	"context"
	"time"
)

// storeAgainAfter is how long it takes until a reply that could not be stored is
// tried again; it doubles up to the second value.
const (
	storeAgainAfter    = 100 * time.Millisecond
	storeAgainAtLatest = 2 * time.Second
)

// store completes the call in the store, if it is there at all.
func (r *run) store(reply []byte) (Completion, error) {
	if r.described.Volatile {
		return Completed, nil
	}
	return r.engine().cfg.Store.Complete(context.Background(), r.key(), r.fence, reply)
}

// storeLater keeps the run, and its reply for requests that come again, until the
// store takes it or the caller has stopped asking.
func (r *run) storeLater(reply []byte) {
	r.mu.Lock()
	r.unstored = reply
	r.holds++
	r.mu.Unlock()
	go func() {
		defer r.release()
		until := r.asksUntil.Add(keptPast)
		for wait := storeAgainAfter; time.Now().Before(until); wait = min(2*wait, storeAgainAtLatest) {
			select {
			case <-time.After(wait):
			case <-r.engine().workers.stop:
				return
			}
			if _, err := r.store(reply); err == nil {
				return
			}
		}
	}()
}
