package calls

import (
	"log/slog"
	"sync"
	"time"
)

// floodPeriod and floodLines bound a flood: so many lines in each period. Each line has
// a correlation id that somebody may look for, so it is many of them.
const (
	floodPeriod = time.Minute
	floodLines  = 100
)

// flood bounds the warnings of one kind, of which thousands may come at once. What is
// over the bound is for debugging.
type flood struct {
	mu     sync.Mutex
	began  time.Time // the period
	said   int       // in it
	unsaid int       // since the last warning
}

// next is the level to log the next one at, and how many were not said as warnings
// since the last one.
func (f *flood) next() (level slog.Level, unsaid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.began.IsZero() || now.Sub(f.began) >= floodPeriod {
		f.began, f.said = now, 0
	}
	if f.said == floodLines {
		f.unsaid++
		return slog.LevelDebug, 0
	}
	f.said++
	unsaid, f.unsaid = f.unsaid, 0
	return slog.LevelWarn, unsaid
}
