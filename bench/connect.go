package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"connectrpc.com/connect"

	"github.com/centrirpc/centrirpc/bench/tasksproto"
)

const connectMethod = "/centrirpc.bench.Tasks/GetStats"

// onlyH2C speaks HTTP/2 without TLS and nothing else.
func onlyH2C() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func serveConnect() (string, error) {
	l, err := listen()
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.Handle(connectMethod, connect.NewUnaryHandler(connectMethod,
		func(_ context.Context, r *connect.Request[tasksproto.GetStatsRequest]) (*connect.Response[tasksproto.GetStatsResponse], error) {
			return connect.NewResponse(protoAnswer(r.Msg)), nil
		}))
	s := &http.Server{Handler: mux, Protocols: onlyH2C()} // without timeouts: its clients are our own
	go func() {
		if err := s.Serve(l); err != nil {
			slog.Error("serving", "error", err)
		}
	}()
	return l.Addr().String(), nil
}

type connectConnection struct {
	c         *connect.Client[tasksproto.GetStatsRequest, tasksproto.GetStatsResponse]
	transport *http.Transport
}

// errSecondConnection keeps "one connection" true: a transport would open more by
// itself.
var errSecondConnection = errors.New("the HTTP client wanted a second connection")

func dialConnect(jsonCodec bool) func(context.Context, string, int) (connection, error) {
	return func(ctx context.Context, address string, number int) (connection, error) {
		var dialed atomic.Bool
		transport := &http.Transport{
			Protocols:          onlyH2C(),
			DisableCompression: true,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dialed.Swap(true) {
					return nil, errSecondConnection
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			},
		}
		var opts []connect.ClientOption
		if jsonCodec {
			opts = append(opts, connect.WithProtoJSON())
		}
		opts = append(opts, connect.WithAcceptCompression("gzip", nil, nil))
		conn := &connectConnection{
			c: connect.NewClient[tasksproto.GetStatsRequest, tasksproto.GetStatsResponse](
				&http.Client{Transport: transport}, "http://"+address+connectMethod, opts...),
			transport: transport,
		}
		// The first call opens the connection.
		if _, err := conn.getStats(ctx, userName(number)); err != nil {
			conn.close()
			return nil, err
		}
		return conn, nil
	}
}

func (c *connectConnection) getStats(ctx context.Context, userID string) (stats, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := c.c.CallUnary(ctx, connect.NewRequest(&tasksproto.GetStatsRequest{UserId: userID}))
	if err != nil {
		return stats{}, err
	}
	return stats{Total: out.Msg.GetTotal(), ByStatus: out.Msg.GetByStatus()}, nil
}

func (c *connectConnection) close() { c.transport.CloseIdleConnections() }
