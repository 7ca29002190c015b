// Package calls is the life of a call: a request is claimed under its
// correlation id, acknowledged, run by the router, completed in the call store
// and its reply published. A request that comes again, after a reconnect or a
// silence, attaches to the running call or gets the stored reply once more, so
// the handler runs at most once for each correlation id of a user.
//
// The package knows no transport: requests come in through a Caller, one for
// each connection, and replies go out through a Publisher.
package calls
