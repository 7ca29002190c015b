// Package centrirpc is typed RPC over Centrifuge and Centrifugo WebSockets: an
// application writes structs and functions, registers them on a Router, and from
// that one source come the running server (package server), input validation,
// documentation and typed clients for TypeScript, Python and Go (command
// centrirpc).
//
//	router := centrirpc.NewRouter(centrirpc.Name("tasks"))
//	centrirpc.Handle(router, "tasks.get_stats", svc.GetStats) // func(ctx, P) (R, error)
//
// This package knows no transport: it turns a method and its raw params into a
// result or an error.
package centrirpc
