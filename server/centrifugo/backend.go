package centrifugo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/internal/observing"
	"github.com/centrirpc/centrirpc/internal/serving"
)

// Backend serves a router's methods to the clients of a Centrifugo. It is an
// http.Handler for Centrifugo's proxy requests; see the package's documentation
// for its paths. Stop it with Shutdown.
type Backend struct {
	cfg       Config
	log       *slog.Logger
	engine    *calls.Engine
	publisher *publisher
	callers   *callers
	channels  *serving.Channels
	contracts *serving.Contracts
	metrics   *observing.Metrics
	secret    secret
	paths     map[string]http.Handler

	store    calls.Store
	draining atomic.Bool
	// ownStore is the store to close at the end, if it was not given.
	ownStore *memstore.Store
	// unpublish ends the publishing of the router's typed channels here.
	unpublish func()
	closing   sync.Once
}

// lastWords is how long the last publications may take to reach Centrifugo, however
// late the calls ended whose replies they are.
const lastWords = 2 * time.Second

// New makes a backend that is ready to serve. Its router takes no more
// registrations. Centrifugo need not be there yet. An error says which field of
// the configuration to set.
func New(router *centrirpc.Router, cfg Config) (*Backend, error) {
	if router == nil {
		return nil, errors.New("centrifugo: the router is nil; make one with centrirpc.NewRouter")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Backend{cfg: cfg, log: cfg.Logger, secret: newSecret(cfg.Secret)}
	declared := make([]serving.Channel, len(cfg.Channels))
	names := make([]string, len(cfg.Channels))
	for i, c := range cfg.Channels {
		names[i] = c.Name
		declared[i] = serving.Channel(c)
	}
	if b.channels, err = serving.NewChannels(declared, router); err != nil {
		return nil, fmt.Errorf("centrifugo: %w", err)
	}
	if b.contracts, err = serving.NewContracts(router, cfg.OlderContracts); err != nil {
		return nil, fmt.Errorf("centrifugo: %w", err)
	}
	b.metrics = observing.NewMetrics(router, names)
	b.store = cfg.Store
	if b.store == nil {
		b.ownStore = memstore.New(memstore.Config{})
		b.store = b.ownStore
	}
	b.publisher = newPublisher(&cfg, b.metrics.PublishFailed)
	b.engine, err = calls.NewEngine(router, b.publisher.reply, calls.Config{
		Store:              b.store,
		DefaultTimeout:     cfg.CallTimeout,
		MaxTimeout:         cfg.MaxCallTimeout,
		MaxInFlight:        cfg.MaxInFlight,
		MaxInFlightPerConn: cfg.MaxInFlightPerConnection,
		MaxResultSize:      cfg.MaxResultSize,
		Logger:             cfg.Logger,
		Observer:           b.metrics,
		Tracer:             observing.NewTracer(cfg.TracerProvider, "server/centrifugo"),
	})
	if err == nil {
		// Late, so that a registry can be used again after an error above.
		err = b.register()
	}
	if err != nil {
		if b.ownStore != nil {
			b.ownStore.Close()
		}
		return nil, err
	}
	b.callers = newCallers(b.engine)
	b.paths = map[string]http.Handler{
		"/centrifugo/connect":   b.proxied(b.connect),
		"/centrifugo/refresh":   b.proxied(b.refresh),
		"/centrifugo/subscribe": b.proxied(b.subscribe),
		"/centrifugo/publish":   b.proxied(b.publish),
		"/centrifugo/rpc":       b.proxied(b.rpc),
		"/health":               b.HealthHandler(),
		"/ready":                b.ReadyHandler(),
		"/metrics":              b.MetricsHandler(),
	}
	b.unpublish = router.AddPublisher(b.publishTyped)
	return b, nil
}

// ServeHTTP serves the backend's paths, and 404 for all else.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, ok := b.paths[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

// InFlight is the number of handlers that run now.
func (b *Backend) InFlight() int { return b.engine.InFlight() }

// Shutdown ends the backend gracefully: new calls are refused as unavailable, so
// that their clients try again with another backend, running calls finish, and
// their replies are handed to Centrifugo. When ctx ends first, the contexts of the
// running handlers end, their callers hear "outcome_unknown", and the error says
// how many were left; that takes up to four seconds more. The backend must be
// served until Shutdown has returned: clients still ask for the replies of running
// calls. It may be called more than once.
func (b *Backend) Shutdown(ctx context.Context) error {
	b.draining.Store(true)
	err := b.engine.Drain(ctx)
	if err != nil {
		err = fmt.Errorf("centrifugo: %w", err)
	}
	b.closing.Do(b.unpublish)
	last, cancel := noSooner(ctx, lastWords)
	defer cancel()
	if left := b.publisher.close(last); left > 0 {
		err = errors.Join(err, fmt.Errorf("centrifugo: %d publications could not be handed to Centrifugo", left))
	}
	b.callers.close()
	if b.ownStore != nil {
		b.ownStore.Close()
	}
	return err
}

// noSooner is a context that ends with ctx, but not before least has passed. The
// caller cancels it.
func noSooner(ctx context.Context, least time.Duration) (context.Context, context.CancelFunc) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	passed := time.After(least)
	go func() {
		select {
		case <-passed:
		case <-last.Done():
			return
		}
		select {
		case <-ctx.Done():
			cancel()
		case <-last.Done():
		}
	}()
	return last, cancel
}
