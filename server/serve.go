package server

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/centrirpc/centrirpc/internal/serving"
)

// ListenAndServe listens on addr ("127.0.0.1:8000") and serves until ctx ends or
// the process gets SIGINT or SIGTERM. Then it stops gracefully, as Shutdown
// does, within Config.DrainTimeout, and closes the listener before clients are
// told to connect again. It returns nil after a graceful stop, and otherwise an
// error that says what went wrong. A second signal ends it at once.
//
// handler serves the requests; nil means the server itself. Give a mux to serve
// it beside other things; see the package's documentation.
func (s *Server) ListenAndServe(ctx context.Context, addr string, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.log.Info("listening", "address", listener.Addr().String())
	return s.Serve(ctx, listener, handler)
}

// Serve is ListenAndServe on a listener of the caller's, who so learns its
// address and may say it as it likes: the log does not. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	if handler == nil {
		handler = s
	}
	service := &serving.Service{
		Name: "server", Handler: handler, Log: s.log, Running: s.engine.InFlight,
		DrainTimeout: s.cfg.DrainTimeout, EndTimeout: disconnectTimeout,
		Drain: s.drain, Close: s.disconnect,
	}
	return service.Serve(ctx, listener)
}
