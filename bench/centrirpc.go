package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

const (
	tokenSecret    = "a secret of the benchmark alone, 32 bytes"
	getStatsMethod = "tasks.get_stats"
)

func serveCentrirpc() (string, error) { return startCentrirpc(server.Config{}) }

func startCentrirpc(cfg server.Config, opts ...centrirpc.MethodOption) (string, error) {
	router := centrirpc.NewRouter(centrirpc.Name("bench"))
	centrirpc.Handle(router, getStatsMethod, func(_ context.Context, p getStatsParams) (stats, error) {
		return answer(p.UserID), nil
	}, opts...)
	return startRouter(router, cfg)
}

// startRouter serves the router on a free port of 127.0.0.1.
func startRouter(router *centrirpc.Router, cfg server.Config) (string, error) {
	cfg.TokenHMACSecret = tokenSecret
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.New(router, cfg)
	if err != nil {
		return "", err
	}
	l, err := listen()
	if err != nil {
		return "", err
	}
	if len(cfg.Redis) > 0 {
		l = countedListener{l}
	}
	go func() {
		if err := http.Serve(l, s); err != nil { // without timeouts: its clients are our own
			slog.Error("serving", "error", err)
		}
	}()
	return l.Addr().String(), nil
}

// kind is how a call of centrirpc travels.
type kind int

const (
	correlated kind = iota // remembered by the server
	volatile               // correlated, and not remembered
	native                 // by native RPC
)

func dialCentrirpc(protobuf bool, k kind) func(context.Context, string, int) (connection, error) {
	return func(ctx context.Context, address string, number int) (connection, error) {
		signed, err := token.Sign(tokenSecret, token.Claims{UserID: userName(number), ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			return nil, err
		}
		var opts []client.Option
		if protobuf {
			opts = append(opts, client.WithProtobuf())
		}
		c, err := client.NewCentrifugoRPCClient("ws://"+address+"/connection/websocket", signed, "", opts...)
		if err != nil {
			return nil, err
		}
		if err := c.Connect(ctx); err != nil {
			return nil, err
		}
		switch k {
		case native:
			return &nativeConnection{c}, nil
		case volatile:
			return &correlatedConnection{c, []client.CallOption{client.Volatile()}}, nil
		}
		return &correlatedConnection{c, nil}, nil
	}
}

// correlatedConnection makes calls as a generated client does.
type correlatedConnection struct {
	c    *client.CentrifugoRPCClient
	opts []client.CallOption
}

func (c *correlatedConnection) getStats(ctx context.Context, userID string) (result stats, err error) {
	err = c.c.Call(ctx, getStatsMethod, getStatsParams{UserID: userID}, &result, c.opts...)
	return result, err
}

func (c *correlatedConnection) close() { c.c.Close() }

// nativeConnection makes the same calls by native RPC.
type nativeConnection struct{ c *client.CentrifugoRPCClient }

func (c *nativeConnection) getStats(ctx context.Context, userID string) (result stats, err error) {
	params, err := json.Marshal(getStatsParams{UserID: userID})
	if err != nil {
		return stats{}, err
	}
	data, err := c.c.RPC(ctx, getStatsMethod, params)
	if err != nil {
		return stats{}, err
	}
	err = json.Unmarshal(data, &result)
	return result, err
}

func (c *nativeConnection) close() { c.c.Close() }
