package serving

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

// Service is what serves on a listener until it is told to stop.
type Service struct {
	// Name begins the errors: the package's.
	Name    string
	Handler http.Handler
	Log     *slog.Logger
	// Running is how many calls are running, for the log.
	Running func() int
	// DrainTimeout bounds Drain; EndTimeout bounds how long requests may take after
	// all else has ended.
	DrainTimeout, EndTimeout time.Duration
	// Drain takes no more calls and waits for those that run, until its context
	// ends; then it has to return soon, with an error that says what was left, the name included.
	Drain func(context.Context) error
	// Close ends what is left after Drain, when the listener is closed.
	Close func(context.Context)
}

// Serve serves on the listener, and closes it, until ctx ends or the process gets
// SIGINT or SIGTERM; then it drains, and returns nil if that was in time. A second
// signal ends it at once.
func (s *Service) Serve(ctx context.Context, listener net.Listener) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	web := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		draining, cancel := context.WithTimeout(ctx, s.DrainTimeout)
		defer cancel()
		left := s.Drain(draining)
		s.Close(draining)
		return errors.Join(fmt.Errorf("%s: %w", s.Name, err), left)
	case <-ctx.Done():
		s.Log.Info("draining", "running", s.Running())
	case sig := <-signals:
		s.Log.Info("draining; a second signal stops at once", "signal", sig.String(), "running", s.Running())
	}

	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		err := s.Drain(draining)
		// Nobody should connect again to a server that is about to end.
		_ = listener.Close()
		s.Close(draining)
		ending, done := context.WithTimeout(context.Background(), s.EndTimeout)
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
		running := s.Running()
		cancel()
		_ = web.Close()
		return fmt.Errorf("%s: stopped by a second signal; %d calls were running", s.Name, running)
	}
}
