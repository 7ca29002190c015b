package api

import (
	"context"
	"time"

	"github.com/centrirpc/centrirpc"
)

// Links are what the methods need of the server around them.
type Links struct {
	// Drop cuts the connection of that name without a closing handshake and
	// reports whether there was one. Nil means that no connection has a name.
	Drop func(connection string) bool
	// Publish sends an event to a channel. Nil means that nobody listens.
	Publish func(ctx context.Context, channel string, event any) error
}

// NewRouter makes the router for the generator, outside any server.
func NewRouter() *centrirpc.Router { return Links{}.NewRouter() }

// NewRouter makes the router for a server.
func (links Links) NewRouter(opts ...centrirpc.RouterOption) *centrirpc.Router {
	opts = append([]centrirpc.RouterOption{
		centrirpc.Name("conformance"),
		centrirpc.Doc("Everything a contract can say.\nHostile to printers: */ /* \"\"\" ''' ` ${x} #{x} \\ \\N{DASH} \\u0041 %s <b> a last quote\""),
	}, opts...)
	r := centrirpc.NewRouter(opts...)
	registerEcho(r)
	registerResults(r)
	registerFailures(r)
	held := &gates{byKey: map[string]*gate{}, drop: links.Drop}
	registerGates(r, held)
	registerStreams(r, &streams{gates: held})
	registerNotes(r, &notes{byUser: map[string]*userNotes{}})
	registerEvents(r, links.Publish)
	registerAsking(r)
	registerOrders(r)
	registerRows(r)
	return r
}

func registerAsking(r *centrirpc.Router) {
	centrirpc.Handle(r, "conn.whoami", whoAmI)
	centrirpc.Handle(r, "ping", ping)
	centrirpc.Handle(r, "old.echo", echoPoint,
		centrirpc.Deprecated(`use echo.scalars */ instead """`), centrirpc.Idempotent())
	centrirpc.Handle(r, "users.get_user_by_id", getUserByID, centrirpc.Timeout(5*time.Second))
}
