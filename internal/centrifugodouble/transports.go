package centrifugodouble

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/centrifugal/centrifuge"
)

// serveClients serves the transports that the configuration enables, by the library's
// handlers.
func (s *Server) serveClients() {
	c := s.config
	ping := centrifuge.PingPongConfig{PingInterval: time.Duration(c.Client.PingInterval), PongTimeout: time.Duration(c.Client.PongTimeout)}
	s.mux.Handle("/connection/websocket", connectingBy(centrifuge.NewWebsocketHandler(s.node, centrifuge.WebsocketConfig{
		CheckOrigin:      c.allowsOrigin,
		MessageSizeLimit: c.WebSocket.MessageSizeLimit,
		WriteTimeout:     time.Duration(c.WebSocket.WriteTimeout),
		PingPongConfig:   ping,
	})))
	if c.SSE.Enabled {
		s.mux.Handle("/connection/sse", c.guard(connectingBy(centrifuge.NewSSEHandler(s.node, centrifuge.SSEConfig{
			PingPongConfig: ping, MaxRequestBodySize: c.SSE.MaxRequestBodySize,
		}))))
	}
	if c.HTTPStream.Enabled {
		s.mux.Handle("/connection/http_stream", c.guard(connectingBy(centrifuge.NewHTTPStreamHandler(s.node, centrifuge.HTTPStreamConfig{
			PingPongConfig: ping, MaxRequestBodySize: c.HTTPStream.MaxRequestBodySize,
		}))))
	}
	if c.SSE.Enabled || c.HTTPStream.Enabled {
		s.mux.Handle("/emulation", c.guard(centrifuge.NewEmulationHandler(s.node, centrifuge.EmulationConfig{MaxRequestBodySize: c.Emulation.MaxRequestBodySize})))
	}
}

// connectingBy keeps a client's headers for the proxies.
func connectingBy(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), connectingKey{}, &connecting{headers: r.Header})))
	})
}

func (c *config) allowsOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || slices.Contains(c.Client.AllowedOrigins, "*") || slices.Contains(c.Client.AllowedOrigins, origin)
}

// guard lets the pages of allowed origins read the answers.
func (c *config) guard(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.allowsOrigin(r) {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Vary", "Origin")
		}
		handler.ServeHTTP(w, r)
	})
}
