package main

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/centrirpc/centrirpc/bench/tasksproto"
)

// callTimeout is the deadline of calls whose client has none of its own; the
// client of centrirpc has the same by default.
const callTimeout = 30 * time.Second

const grpcMethod = "/centrirpc.bench.Tasks/GetStats"

// grpcService is what protoc-gen-go-grpc would have written.
var grpcService = grpc.ServiceDesc{
	ServiceName: "centrirpc.bench.Tasks",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "GetStats",
		Handler: func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			in := new(tasksproto.GetStatsRequest)
			if err := decode(in); err != nil {
				return nil, err
			}
			return protoAnswer(in), nil
		},
	}},
}

func protoAnswer(in *tasksproto.GetStatsRequest) *tasksproto.GetStatsResponse {
	s := answer(in.GetUserId())
	return &tasksproto.GetStatsResponse{Total: s.Total, ByStatus: s.ByStatus}
}

func serveGRPC() (string, error) {
	l, err := listen()
	if err != nil {
		return "", err
	}
	s := grpc.NewServer()
	s.RegisterService(&grpcService, nil)
	go func() {
		if err := s.Serve(l); err != nil {
			slog.Error("serving", "error", err)
		}
	}()
	return l.Addr().String(), nil
}

type grpcConnection struct{ c *grpc.ClientConn }

func dialGRPC(ctx context.Context, address string, number int) (connection, error) {
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	conn := &grpcConnection{c}
	if _, err := conn.getStats(ctx, userName(number)); err != nil {
		conn.close()
		return nil, err
	}
	return conn, nil
}

func (c *grpcConnection) getStats(ctx context.Context, userID string) (stats, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var out tasksproto.GetStatsResponse
	if err := c.c.Invoke(ctx, grpcMethod, &tasksproto.GetStatsRequest{UserId: userID}, &out); err != nil {
		return stats{}, err
	}
	return stats{Total: out.GetTotal(), ByStatus: out.GetByStatus()}, nil
}

func (c *grpcConnection) close() { _ = c.c.Close() }
