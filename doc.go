// Package centrirpc is typed RPC over Centrifuge and Centrifugo WebSockets: an
// application writes structs and functions, registers them on a Router, and from
// that one source come the running server (package server), input validation,
// documentation and typed clients for TypeScript, Python and Go (command
// centrirpc).
//
//	router := centrirpc.NewRouter(centrirpc.Name("tasks"))
//	centrirpc.Handle(router, "tasks.get_stats", svc.GetStats) // func(ctx, P) (R, error)
//
// A router has typed channels, too, on which the server publishes events:
//
//	events := centrirpc.Channel[ProjectChannel, TaskEvent](router, "tasks:{project_id}",
//		centrirpc.AuthorizeSubscribe(svc.MayFollow)) // func(ctx, ProjectChannel) error
//	err := events.Publish(ctx, ProjectChannel{ProjectID: "7"}, TaskCreated{…})
//
// Where a value may be one of several structs, its type is an interface that
// RegisterUnion knows: it travels with a tag, and is a discriminated union in the
// clients' languages.
//
// This package knows no transport: it turns a method and its raw params into a
// result or an error.
package centrirpc
