package centrifugo

import (
	"bytes"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
)

// Centrifugo does not tell a backend when a client leaves. So the caller of a
// connection, which counts its calls, is kept while it is used and for a while
// after, up to a number of them. One that is dropped too soon costs nothing but the
// count: its calls go on, and the connection's next one begins to count anew.
const (
	callerIdle = 10 * time.Minute
	// maxCallers are some 50 MB with the meta that connections usually have.
	maxCallers = 100_000
)

// callers finds the caller of a connection.
type callers struct {
	engine *calls.Engine
	byID   *otter.Cache[string, *calls.Caller]
}

func newCallers(engine *calls.Engine) *callers {
	return &callers{engine, otter.Must(&otter.Options[string, *calls.Caller]{
		MaximumSize:      maxCallers,
		ExpiryCalculator: otter.ExpiryAccessing[string, *calls.Caller](callerIdle),
	})}
}

// of is the caller of the connection that asks, with what is known of it now.
func (c *callers) of(conn *centrirpc.Conn) *calls.Caller {
	caller, ok := c.byID.GetIfPresent(conn.ClientID)
	if !ok {
		caller, _ = c.byID.SetIfAbsent(conn.ClientID, c.engine.NewCaller(conn))
	}
	known := caller.Conn()
	switch {
	case known.UserID != conn.UserID: // no two connections have one id; but if they had, a user must not become another
		return c.engine.NewCaller(conn)
	case !bytes.Equal(known.Meta, conn.Meta) || !bytes.Equal(known.Info, conn.Info):
		caller.SetConn(conn) // refreshed since
	}
	return caller
}

func (c *callers) close() { c.byID.StopAllGoroutines() }
