package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/rueidis"
)

// libraryLevel is the level of the library's log that is worth making. Its info
// entries tell of clients that misbehave, one entry each: they are debugging
// aids here, since any client could fill the log with them. What it has below
// info holds every frame, and is never asked for.
func libraryLevel(log *slog.Logger) centrifuge.LogLevel {
	if log.Enabled(context.Background(), slog.LevelDebug) {
		return centrifuge.LogLevelInfo
	}
	return centrifuge.LogLevelWarn
}

// unlogged are fields of the library's entries that can hold what clients send:
// tokens among it, and the data of calls.
var unlogged = map[string]bool{"command": true, "reply": true, "push": true, "req": true, "data": true}

// sameEvery is how often an entry of the library's with the same message is passed
// on, if it is a warning or worse: one that comes with every client or frame would
// fill the log.
const sameEvery = time.Minute

// libraryLog passes the library's log on. That a Redis is out of reach it says many
// times a second; publications looks after that and says it once, so such entries
// only have it look, and are for debugging.
func (s *Server) libraryLog() centrifuge.LogHandler {
	var said lately
	return func(e centrifuge.LogEntry) {
		level := slog.LevelDebug
		switch e.Level {
		case centrifuge.LogLevelWarn:
			level = slog.LevelWarn
		case centrifuge.LogLevelError:
			level = slog.LevelError
		}
		attrs := make([]slog.Attr, 0, len(e.Fields)+1)
		if p := s.publications; p != nil && e.Error != nil && level > slog.LevelDebug {
			if away, _ := p.count(); away > 0 || isOutOfReach(e.Error) {
				level = slog.LevelDebug
				p.suspect()
			}
		}
		if level > slog.LevelDebug {
			more, first := said.say(e.Message)
			if !first {
				return
			}
			if more > 0 {
				attrs = append(attrs, slog.Int("more_since_the_last", more))
			}
		}
		if !s.log.Enabled(context.Background(), level) {
			return
		}
		for name, value := range e.Fields {
			if !unlogged[name] {
				attrs = append(attrs, slog.Any(name, value))
			}
		}
		s.log.LogAttrs(context.Background(), level, "centrifuge: "+e.Message, attrs...)
	}
}

// isOutOfReach reports whether an error of the library's is that there is no
// connection to a Redis, or no answer on it.
func isOutOfReach(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, rueidis.ErrClosing) || errors.Is(err, context.DeadlineExceeded)
}

// lately knows which messages were said lately.
type lately struct {
	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	at   time.Time
	more int // that were not said since
}

// say reports whether a message is to be said now, and how many were not since it
// was last said. The library's messages are a fixed set.
func (l *lately) say(message string) (more int, now bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.said[message]
	switch {
	case last == nil:
		if l.said == nil {
			l.said = map[string]*saying{}
		}
		l.said[message] = &saying{at: time.Now()}
		return 0, true
	case time.Since(last.at) < sameEvery:
		last.more++
		return 0, false
	}
	more = last.more
	last.at, last.more = time.Now(), 0
	return more, true
}
