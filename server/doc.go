// Package server serves a router's methods to Centrifuge clients: a WebSocket
// endpoint with fallbacks, authentication, limits, health, metrics and a
// graceful stop, in one http.Handler that needs no other server.
//
//	srv, err := server.New(router, server.Config{TokenHMACSecret: secret})
//	if err != nil { … }
//	err = srv.ListenAndServe(ctx, ":8000", nil)
//
// A Server answers exact paths and 404 to all else:
//
//	/connection/websocket    WebSocket, JSON and protobuf
//	/connection/sse          server-sent events, where WebSockets are blocked
//	/connection/http_stream  HTTP streaming, where those are blocked too
//	/emulation               the way back from a client on one of those two
//	/health                  200 as long as the process serves
//	/ready                   200 when taking calls, 503 when draining or without Redis
//	/metrics                 Prometheus
//
// To serve it beside other things, mount the paths that should be reachable:
//
//	mux.Handle("/connection/", srv)
//	mux.Handle("/emulation", srv)
//	internal.Handle("/metrics", srv.MetricsHandler())
//
// and under a prefix with http.StripPrefix.
//
// Clients call methods by publishing requests on rpc.requests, as PROTOCOL.md
// says, or with their SDK's own rpc(method, data). The latter is served by the
// same handlers under the same limits, but an answer is lost with its
// connection, and an error is a code and a message without details.
package server
