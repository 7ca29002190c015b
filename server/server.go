package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/memstore"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/observing"
	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/server/token"
)

// Server serves a router's methods. It is an http.Handler; see the package's
// documentation for its paths. Stop it with Shutdown.
type Server struct {
	cfg       Config
	log       *slog.Logger
	node      *centrifuge.Node
	engine    *calls.Engine
	verifier  *token.Verifier // nil with Authenticate, or with nothing but Anonymous
	channels  *channels
	users     *users
	metrics   *metrics
	contracts *serving.Contracts
	paths     map[string]http.Handler

	store calls.Store
	// publications is nil if this is the only node.
	publications *publications

	draining atomic.Bool
	// ownStore is the store to close at the end, if it was not given.
	ownStore interface{ Close() }
	// stayPut ends moveWhenIsolated; nil if this is the only node.
	stayPut func()
	// unpublish ends the publishing of the router's typed channels here.
	unpublish func()
}

// New makes a server that is ready to serve. Its router takes no more
// registrations. An error says which field of the configuration to set, or what
// could not be reached.
func New(router *centrirpc.Router, cfg Config) (*Server, error) {
	if router == nil {
		return nil, errors.New("server: the router is nil; make one with centrirpc.NewRouter")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: cfg.Logger, users: newUsers(cfg.MaxConnectionsPerUser)}
	if s.channels, err = newChannels(cfg.Channels, router); err != nil {
		return nil, err
	}
	allowed, err := newOrigins(cfg.AllowedOrigins, cfg.Logger)
	if err != nil {
		return nil, err
	}
	if s.contracts, err = serving.NewContracts(router, cfg.OlderContracts); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.metrics = newMetrics(router, cfg.Channels)
	if s.verifier, err = cfg.verifier(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := s.openRedis(); err != nil {
		s.close()
		return nil, fmt.Errorf("server: %w", err)
	}
	s.engine, err = calls.NewEngine(router, s.publish, calls.Config{
		Store:              s.store,
		DefaultTimeout:     cfg.CallTimeout,
		MaxTimeout:         cfg.MaxCallTimeout,
		MaxWait:            cfg.MaxCallWait,
		MaxInFlight:        cfg.MaxInFlight,
		MaxInFlightPerConn: cfg.MaxInFlightPerConnection,
		MaxResultSize:      cfg.MaxResultSize,
		Logger:             cfg.Logger,
		Observer:           s.metrics,
		Tracer:             observing.NewTracer(cfg.TracerProvider, "server"),
	})
	if err != nil {
		s.close()
		return nil, err
	}
	// Late, so that a registry can be used again after an error above.
	if err := s.metrics.register(cfg.Registry, s.engine, cfg.MaxInFlight, s.readiness); err != nil {
		s.close()
		return nil, err
	}
	if err := s.startNode(); err != nil {
		s.disconnect(context.Background())
		return nil, fmt.Errorf("server: %w", err)
	}
	if err := s.metrics.watch(s.node); err != nil {
		s.disconnect(context.Background())
		return nil, err
	}
	s.route(allowed)
	s.unpublish = router.AddPublisher(s.publishTyped)
	if s.publications != nil {
		s.stayPut = inBackground(s.moveWhenIsolated)
	}
	return s, nil
}

// openRedis connects to Config.Redis, and opens the store of calls there unless one
// was given.
func (s *Server) openRedis() (err error) {
	if len(s.cfg.Redis) > 0 {
		if s.publications, err = newPublications(&s.cfg); err != nil {
			return err
		}
	}
	switch {
	case s.cfg.Store != nil:
		s.store = s.cfg.Store
	case s.publications != nil:
		shared, err := redisstore.New(redisstore.Config{URLs: s.cfg.Redis, TLS: s.cfg.RedisTLS, Prefix: s.cfg.RedisPrefix, Logger: s.cfg.Logger})
		if err != nil {
			return fmt.Errorf("Config.Redis: %w", err)
		}
		s.store, s.ownStore = shared, shared
	default:
		own := memstore.New(memstore.Config{})
		s.store, s.ownStore = own, own
	}
	if counter, ok := s.store.(connectionCounter); ok {
		s.users.shared = counter
	}
	return nil
}

// ServeHTTP serves the server's paths, and 404 for all else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, ok := s.paths[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

// route makes the handlers of the paths.
func (s *Server) route(allowed *origins) {
	ping := centrifuge.PingPongConfig{PingInterval: s.cfg.PingInterval, PongTimeout: s.cfg.PongTimeout}
	client := func(h http.Handler) http.Handler { return allowed.guard(s.withRequest(h)) }
	connect := func(h http.Handler) http.Handler { return client(s.elsewhere(h)) }
	s.paths = map[string]http.Handler{
		"/connection/websocket": connect(centrifuge.NewWebsocketHandler(s.node, centrifuge.WebsocketConfig{
			CheckOrigin:      func(*http.Request) bool { return true }, // guard has checked it
			MessageSizeLimit: s.cfg.MaxMessageSize,
			WriteTimeout:     s.cfg.WriteTimeout,
			PingPongConfig:   ping,
			// An idle connection then keeps little more than its goroutines'
			// smallest stacks. Measured in settings_test.go.
			UseWriteBufferPool:         true,
			ReadBufferSize:             512,
			ProcessCommandsOffReadLoop: true,
		})),
		"/connection/sse":         connect(centrifuge.NewSSEHandler(s.node, centrifuge.SSEConfig{PingPongConfig: ping, MaxRequestBodySize: s.cfg.MaxMessageSize})),
		"/connection/http_stream": connect(centrifuge.NewHTTPStreamHandler(s.node, centrifuge.HTTPStreamConfig{PingPongConfig: ping, MaxRequestBodySize: s.cfg.MaxMessageSize})),
		// Commands come here as a JSON string within JSON, where each quote takes
		// two bytes: what fits into a WebSocket frame must fit here too. They are for
		// clients of any node, so one that drains passes them on.
		"/emulation": client(s.passesOn(centrifuge.NewEmulationHandler(s.node, centrifuge.EmulationConfig{MaxRequestBodySize: 2*s.cfg.MaxMessageSize + minSize}))),
		"/health":    s.HealthHandler(),
		"/ready":     s.ReadyHandler(),
		"/metrics":   s.MetricsHandler(),
	}
}

// close ends what New started, other than the node.
func (s *Server) close() {
	if s.unpublish != nil {
		s.unpublish()
	}
	if s.stayPut != nil {
		s.stayPut()
	}
	if s.verifier != nil {
		s.verifier.Close()
	}
	var closing sync.WaitGroup // each may wait for Redis
	if s.ownStore != nil {
		closing.Go(s.ownStore.Close)
	}
	if s.publications != nil {
		closing.Go(s.publications.close)
	}
	closing.Wait()
}
