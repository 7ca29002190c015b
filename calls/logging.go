package calls

import (
	"context"
	"log/slog"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// log logs a line about the run's call.
func (r *run) log(level slog.Level, message string, args ...any) {
	if e := r.engine(); e.log.Enabled(r, level) {
		e.log.Log(r, level, message, append(r.LogAttrs(), args...)...)
	}
}

// logLost warns that nobody knows what became of the call. There may be as many of these
// as a node that died had calls.
func (r *run) logLost(message string) {
	r.log(r.engine().lost.next(r.engine().logUnsaid), message)
}

// logUnsaid warns of lost calls that have no warnings of their own.
func (e *Engine) logUnsaid(calls int) {
	e.log.Warn("more calls were lost than are warned of one by one; the level debug has a line for each", "calls", calls)
}

// logEnd logs the end of a call, for those who want to see every one.
func (r *run) logEnd(code wire.Code, took time.Duration) {
	e := r.engine()
	if !e.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	r.log(slog.LevelDebug, "a call ended", "code", int(code), "reason", code.Reason(), "duration", took)
}
