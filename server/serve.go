package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
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
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	return s.serve(ctx, listener, handler, signals)
}

var errSecondSignal = errors.New("stopped by a second signal")

func (s *Server) serve(ctx context.Context, listener net.Listener, handler http.Handler, signals <-chan os.Signal) error {
	if handler == nil {
		handler = s
	}
	web := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		draining, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
		defer cancel()
		return errors.Join(fmt.Errorf("server: %w", err), s.Shutdown(draining))
	case <-ctx.Done():
		s.log.Info("draining", "running", s.engine.InFlight())
	case sig := <-signals:
		s.log.Info("draining; a second signal stops at once", "signal", sig.String(), "running", s.engine.InFlight())
	}

	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DrainTimeout)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		err := s.drain(draining)
		// Nobody should connect again to a server that is about to end.
		_ = listener.Close()
		s.disconnect(draining)
		ending, done := context.WithTimeout(context.Background(), disconnectTimeout)
		defer done()
		if web.Shutdown(ending) != nil {
			_ = web.Close() // a request of the application's own that does not end
		}
		stopped <- err
	}()
	select {
	case err := <-stopped:
		return err
	case <-signals:
		running := s.engine.InFlight()
		cancel()
		_ = web.Close()
		return fmt.Errorf("server: %w; %d calls were running", errSecondSignal, running)
	}
}
