package calls

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// calmAfter is how long nothing must have failed until an outage is over: where one
// of several servers is away, what fails and what does not take turns.
const calmAfter = 5 * time.Second

// forgottenAfter is how long nothing must have failed until an outage is over
// anyway: the next failure is news again.
const forgottenAfter = 5 * time.Minute

// outage has the log told once that something fails, and once that it does not any
// more, however many calls it fails for. What fails meanwhile is for debugging.
type outage struct {
	down   atomic.Bool
	mu     sync.Mutex
	latest time.Time
	failed int
}

// fail counts a failure, and is the level to log it at: as an error if it is the
// first one, or the first for long.
func (o *outage) fail() (level slog.Level) {
	o.mu.Lock()
	defer o.mu.Unlock()
	level = slog.LevelError
	switch {
	case !o.down.Load():
	case time.Since(o.latest) >= forgottenAfter:
		o.failed = 0
	default:
		level = slog.LevelDebug
	}
	o.down.Store(true)
	o.latest = time.Now()
	o.failed++
	return level
}

// succeed ends an outage that has calmed down, and logs that.
func (o *outage) succeed(log *slog.Logger, message string) {
	if !o.down.Load() {
		return
	}
	o.mu.Lock()
	failed, over := o.failed, o.down.Load() && time.Since(o.latest) >= calmAfter
	if over {
		o.down.Store(false)
		o.failed = 0
	}
	o.mu.Unlock()
	if over {
		log.Info(message, "failed", failed)
	}
}
