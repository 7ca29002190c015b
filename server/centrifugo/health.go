package centrifugo

import (
	"net/http"

	"github.com/centrirpc/centrirpc/internal/serving"
)

// HealthHandler answers 200 as long as the process serves, also while it drains or
// has no Redis: it is for who restarts processes that are stuck. Whether to send
// requests here is ReadyHandler's to say. It serves on whatever path it is mounted.
func (b *Backend) HealthHandler() http.Handler { return serving.HealthHandler() }

// ReadyHandler answers 200 while this backend takes calls, and 503 from the moment it
// drains, or while all Redises that Config.Store has are out of reach: a load balancer
// then sends Centrifugo's requests elsewhere. While some of several are out of reach
// it is ready, for the others' users. The body is a JSON object whose "status" is
// "ready", "degraded" (some), "unavailable" or "draining", and whose "calls" says what
// is out of reach, if anything is. It says nothing of Centrifugo, so that one that
// fails does not take all of its backends with it.
//
// It tells what was seen at most some seconds ago and asks nobody. It serves on
// whatever path it is mounted.
func (b *Backend) ReadyHandler() http.Handler {
	return serving.ReadyHandler(b.readiness)
}

// readiness is what ReadyHandler answers.
func (b *Backend) readiness() serving.Readiness {
	if b.draining.Load() {
		return serving.Draining
	}
	return serving.Ready(serving.StoreReached(b.store), serving.Reached{})
}
