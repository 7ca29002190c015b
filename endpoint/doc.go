// Package endpoint reaches the methods that another process serves over HTTP, such
// as handlers in Python with centrirpc.django or centrirpc.asgi: it is what
// centrirpc.Forward hands calls on to. The format is Centrifugo's RPC proxy with a
// member of ours (PROTOCOL.md, section 8).
//
//	//go:embed shop.json
//	var shopContract []byte // written by: manage.py centrirpc export -o shop.json
//
//	shop, err := endpoint.New(endpoint.Config{
//		URL:    "http://127.0.0.1:9000/centrifugo/rpc",
//		Secret: os.Getenv("CENTRIRPC_PROXY_SECRET"),
//	})
//	…
//	centrirpc.Forward(router, shopContract, shop)
//
// # What becomes of a call
//
// The other process is told how long the call may take, and answers in that time.
// When the call is cancelled, or its deadline passes, the request is closed, and
// the handler there is cancelled too; under WSGI nothing notices that a request is
// closed, so that a handler goes on until the time that the process was told is over.
//
// A call that was never sent, because nobody listens there, is tried again for a
// moment, and is then answered with "unavailable"; so is one that got no connection
// in its time, or in Config.DialTimeout, after which it is not tried again. One that may have been received
// is sent again only if its method is idempotent; of another one nobody can know
// whether it ran: it is answered with "outcome_unknown". After some failures in a row
// (Config.BreakAfter) the process is left alone for a while (Config.BreakFor), and
// calls are answered with "unavailable" at once.
//
// Errors of handlers reach the caller as they are: code, reason, message and
// details. What only concerns the two servers (a secret that is refused, an answer
// that cannot be read) is "internal" to the caller and stands in the log.
package endpoint
