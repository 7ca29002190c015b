// Package centrifugo serves a router's methods as the backend of an existing
// Centrifugo 6: clients connect to Centrifugo, which asks the backend over HTTP what
// to make of their commands (its proxies), and the backend publishes replies and
// events through Centrifugo's HTTP API. Handlers are the same as under the embedded
// server, and so are the promises of PROTOCOL.md.
//
//	backend, err := centrifugo.New(router, centrifugo.Config{
//		APIURL: "http://centrifugo:8000/api",
//		APIKey: os.Getenv("CENTRIFUGO_HTTP_API_KEY"),
//		Secret: os.Getenv("CENTRIFUGO_VAR_CENTRIRPC_SECRET"),
//	})
//	if err != nil { … }
//	err = backend.ListenAndServe(context.Background(), ":9000", nil)
//
// A Backend answers exact paths and 404 to all else:
//
//	/centrifugo/connect    who connects without a token
//	/centrifugo/refresh    whether an expired identity may go on
//	/centrifugo/subscribe  who may subscribe to what
//	/centrifugo/publish    requests, and what clients publish on other channels
//	/centrifugo/rpc        native RPC
//	/health                200 as long as it serves
//	/ready                 200 when it takes calls, 503 when not
//	/metrics               Prometheus
//
// The last three are not for the public.
//
// The command centrirpc centrifugo-config prints a configuration of Centrifugo for a
// router.
//
// # What differs from the embedded server
//
// Each because Centrifugo, not the backend, holds the connections. A case in brackets
// is the one of conformance/cases that ends so:
//
//   - Centrifugo verifies the tokens, so their keys are part of its configuration. A
//     token that is no JWT is refused with 3500: it never reaches Authenticate (case
//     opaque_token).
//   - A token that names nobody is refused with 3507, which is Centrifugo's number for
//     it, and not with 3500 (case token_without_user).
//   - Centrifugo lets in whatever user id a token names. One that cannot be, such as
//     "1,2", is refused at its reply channel, with 403 and not 3500, and so is all
//     else that it asks for (case token_user_id_refused_by_server).
//   - Centrifugo does not tell a client whom its token names. One that takes itself for
//     another user is refused at that user's reply channel, with 403, and the error
//     cannot say who it is (case foreign_user_id).
//   - A handler sees the info of a connection (Conn.Info) only where the connect proxy
//     gave it: Centrifugo sends a token's meta with each request, but not its info
//     (case token_claims).
//   - A refused request has the error 403, 400 or 429 in place of Centrifuge's 103,
//     107 and 111, for Centrifugo wants a backend's codes between 400 and 1999. The
//     message is the same (case method_name_too_long, waits_too_long).
//   - The error 100 for a request says nothing of the request: Centrifugo gives it when
//     the backend did not answer in time, or at all. The call may have been claimed.
//   - Origins, frame sizes, queues, pings and the number of a user's connections are
//     limits of Centrifugo, set in its configuration.
//   - The calls of one connection are counted in each backend by itself, and a client
//     that was idle for minutes begins anew.
//   - Channel names with a ":" need a namespace in Centrifugo's configuration.
//   - Presence needs presence and allow_presence_for_subscriber in the configuration of
//     the channel's namespace, which centrirpc centrifugo-config -presence prints. Where
//     a channel does not declare it, but its namespace has it, clients that ask hear of
//     nobody, and are not refused.
//   - A cancel that is sent right before a disconnect may be lost, for Centrifugo drops
//     what it asks the backend for a client that is gone: the handler ends at its
//     deadline.
//   - A client's publications on one channel of the application may be decided upon at
//     the same time, and so change places: Centrifugo asks about several at once.
//
// Events that one goroutine publishes on one channel arrive in its order: Publish
// returns when Centrifugo has taken the event. One whose context ended before that is
// not sent any more, or arrives before the next.
//
// # By hand
//
// A publication that Centrifugo may have taken, though its answer was lost, is sent
// again: a reply, an item or progress may reach a client twice. The clients of this
// project know a second copy; whoever speaks PROTOCOL.md by hand knows a reply by its
// correlation id, an item by that and its number (seq), and takes the last progress.
// Events come once within the time for which Centrifugo remembers their keys, and have
// no number to know a second copy by.
//
// # Several backends
//
// Each of Centrifugo's requests reaches one backend, whatever spreads them. A call
// that is sent again may reach another one: give all of them a Store that they share
// (package redisstore). Events are published by the backend whose handler publishes
// them, once.
package centrifugo
