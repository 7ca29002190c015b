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
// over the bound is for debugging, and its number is told at the end of the period.
type flood struct {
	mu     sync.Mutex
	began  time.Time // the period
	said   int       // in it
	unsaid int       // not told yet
	timer  *time.Timer
	closed bool
}

// next is the level to log the next one at. Those that are not said as warnings are
// counted, and tell is called with their number when the period ends, or the flood is
// closed.
func (f *flood) next(tell func(unsaid int)) slog.Level {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.began.IsZero() || now.Sub(f.began) >= floodPeriod {
		f.began, f.said = now, 0
	}
	if f.said < floodLines {
		f.said++
		return slog.LevelWarn
	}
	if f.closed {
		return slog.LevelDebug
	}
	f.unsaid++
	if f.timer == nil {
		f.timer = time.AfterFunc(floodPeriod-now.Sub(f.began), func() { f.flush(tell) })
	}
	return slog.LevelDebug
}

// flush tells how many were not said, if there are any.
func (f *flood) flush(tell func(unsaid int)) {
	f.mu.Lock()
	unsaid := f.unsaid
	f.unsaid = 0
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	f.mu.Unlock()
	if unsaid > 0 {
		tell(unsaid)
	}
}

// close flushes. Nothing is told from then on.
func (f *flood) close(tell func(unsaid int)) {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.flush(tell)
}
