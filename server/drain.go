package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/serving"
)

// disconnectTimeout bounds how long clients have to hear that the server goes
// away, once no call is running.
const disconnectTimeout = 2 * time.Second

// Shutdown ends the server gracefully: new calls are refused as unavailable,
// running calls finish and their replies are sent, then all clients are
// disconnected, to connect again elsewhere or later; with Config.Redis they are
// disconnected first, for they hear of their calls on other nodes, but for those with
// native RPCs in flight, which are answered before. When ctx ends
// first, the contexts of the running handlers end, their callers hear
// "outcome_unknown", and the error says how many were left. It may be called more
// than once.
//
// Answering them, and closing the connections, take up to two seconds each beyond
// ctx; and closing what leads to Redis another two while that does not answer.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.drain(ctx)
	s.disconnect(ctx)
	return err
}

// drain refuses new calls and waits for the running ones. The first one logs how that
// ended, with how many calls were running when it began.
func (s *Server) drain(ctx context.Context) error {
	first, began, running := !s.draining.Swap(true), time.Now(), s.engine.InFlight()
	if s.publications != nil {
		s.letGo() // to other nodes, which the replies reach as well
	}
	err := s.engine.Drain(ctx)
	if first {
		level, left := slog.LevelInfo, 0
		if gaveUp, ok := errors.AsType[*calls.GaveUpError](err); ok {
			level, left = slog.LevelWarn, gaveUp.Calls
		}
		s.log.Log(ctx, level, "drained", "running", running, "given_up", left, "duration", time.Since(began))
	}
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// letGo has all clients connect again, elsewhere. One that is only connecting is let
// go by onConnect.
func (s *Server) letGo() {
	for _, c := range s.connections() {
		c.letGo()
	}
}

// connections are those that there are, but for clients who are only connecting.
func (s *Server) connections() []*connection {
	var all []*connection
	for _, client := range s.node.Hub().Connections() {
		if known, ok := client.Context().Value(connectedKey{}).(*connected); ok {
			if c := known.connection.Load(); c != nil {
				all = append(all, c)
			}
		}
	}
	return all
}

// elsewhere refuses new connections to a node that drains, or is isolated, where there
// are others: a load balancer then takes one of those.
func (s *Server) elsewhere(next http.Handler) http.Handler {
	if s.publications == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.draining.Load():
			http.Error(w, serving.Draining.Status, http.StatusServiceUnavailable)
		case s.publications.isolated():
			http.Error(w, serving.Unavailable, http.StatusServiceUnavailable)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// passesOn answers what a fallback's client sends with 503 in place of 500 where it could
// not be passed on to the client's node, for want of Redis: a load balancer then asks
// another node.
func (s *Server) passesOn(next http.Handler) http.Handler {
	if s.publications == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(passing{w, s.publications}, r)
	})
}

// passing is the answer to a request that is passed on.
type passing struct {
	http.ResponseWriter
	publications *publications
}

func (p passing) WriteHeader(status int) {
	if status == http.StatusInternalServerError && !p.publications.reached() {
		status = http.StatusServiceUnavailable
	}
	p.ResponseWriter.WriteHeader(status)
}

// disconnect disconnects all clients, after what waits for them is written.
func (s *Server) disconnect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), disconnectTimeout)
	defer cancel()
	if s.node != nil {
		// The library waits longer than it is told to where a client leaves while it
		// connects, or Redis does not answer.
		left := make(chan error, 1)
		go func() { left <- s.node.Shutdown(ctx) }()
		var err error
		select {
		case err = <-left:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			s.log.Warn("some clients did not take their leave in time", "error", err)
		}
	}
	s.close()
}
