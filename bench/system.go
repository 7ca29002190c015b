package main

import (
	"context"
	"fmt"
	"net"
)

// system is one way to make the call that is measured.
type system struct {
	name  string // in flags
	title string // in the table
	// against is the system that this one's ratio is taken of: "÷ native RPC", or
	// "÷ volatile".
	against string
	// serve starts a server on a free port of 127.0.0.1 and returns its address.
	serve func() (string, error)
	// serveRedis is in place of serve where a server needs Redis: it is given the
	// addresses of those that the system's servers share, with no other system.
	serveRedis func(redis []string) (string, error)
	// django says that there is a Django. serveDjango is in place of serve where a
	// server forwards calls to it; without either, the client calls it itself.
	django      bool
	serveDjango func(django site) (string, error)
	// nodes are how many servers there are, and shards how many Redis servers they
	// share. Zero means one, of Redis only where there is serveRedis.
	nodes, shards int
	// dial opens the connection with that number. Each has a user of its own where
	// the system knows users.
	dial func(ctx context.Context, address string, number int) (connection, error)
}

// connection is one connection of a client. Calls on it may run at the same
// time.
type connection interface {
	getStats(ctx context.Context, userID string) (stats, error)
	close()
}

// systems are all there are, in the order of the table.
var systems = []*system{
	{name: "correlated", title: "centrirpc, correlated, JSON", against: "native", serve: serveCentrirpc, dial: dialCentrirpc(false, correlated)},
	{name: "native", title: "centrirpc, native RPC, JSON", serve: serveCentrirpc, dial: dialCentrirpc(false, native)},
	{name: "correlated-pb", title: "centrirpc, correlated, protobuf", against: "native-pb", serve: serveCentrirpc, dial: dialCentrirpc(true, correlated)},
	{name: "native-pb", title: "centrirpc, native RPC, protobuf", serve: serveCentrirpc, dial: dialCentrirpc(true, native)},
	{name: "grpc", title: "gRPC, protobuf", serve: serveGRPC, dial: dialGRPC},
	{name: "connect", title: "Connect, h2c, protobuf", serve: serveConnect, dial: dialConnect(false)},
	{name: "connect-json", title: "Connect, h2c, JSON", serve: serveConnect, dial: dialConnect(true)},
	{name: "nats", title: "NATS request, WebSocket, JSON", serve: serveNATS, dial: dialNATS},
}

func systemNamed(name string) *system {
	return named(systems, name)
}

func named(among []*system, name string) *system {
	for _, s := range among {
		if s.name == name {
			return s
		}
	}
	return nil
}

// stats is the answer to the call, and getStatsParams are its params: those of
// the demo's tasks.get_stats.
type stats struct {
	// Total tasks
	Total int64 `json:"total"`
	// Tasks by status.
	ByStatus map[string]int64 `json:"by_status"`
}

type getStatsParams struct {
	// User ID
	UserID string `json:"user_id" validate:"min=1,max=128"`
}

// answer is what every system's handler returns. It makes a new map each time, as
// a handler that counts would.
func answer(userID string) stats {
	n := int64(len(userID))
	return stats{Total: n + 90, ByStatus: map[string]int64{"open": 25, "in_progress": 15, "done": n + 50}}
}

// check reports an answer that is not what the handler said.
func (s stats) check(userID string) error {
	if n := int64(len(userID)); s.Total != n+90 || len(s.ByStatus) != 3 || s.ByStatus["done"] != n+50 {
		return fmt.Errorf("a wrong answer: %+v", s)
	}
	return nil
}

func userName(number int) string { return fmt.Sprintf("user-%06d", number) }

func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
