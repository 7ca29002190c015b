package server

import (
	"context"
	"log/slog"

	"github.com/centrifugal/centrifuge"
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

// libraryLog passes the library's log on.
func libraryLog(log *slog.Logger) centrifuge.LogHandler {
	return func(e centrifuge.LogEntry) {
		level := slog.LevelDebug
		switch e.Level {
		case centrifuge.LogLevelWarn:
			level = slog.LevelWarn
		case centrifuge.LogLevelError:
			level = slog.LevelError
		}
		attrs := make([]slog.Attr, 0, len(e.Fields))
		for name, value := range e.Fields {
			if !unlogged[name] {
				attrs = append(attrs, slog.Any(name, value))
			}
		}
		log.LogAttrs(context.Background(), level, "centrifuge: "+e.Message, attrs...)
	}
}
