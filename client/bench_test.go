package client_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// BenchmarkCall is a correlated call and BenchmarkRPC a native one, over a real
// socket on loopback, with one caller and with 64 on one connection. The server
// of the benchmark is in the same process: its work counts too.
func BenchmarkCall(b *testing.B) {
	benchmark(b, func(ctx context.Context, c *client.CentrifugoRPCClient) error {
		var got greeting
		return c.Call(ctx, "greet", greeting{Text: "hello", N: 7}, &got)
	})
}

// BenchmarkRememberedCall is BenchmarkCall with a server that has a call store, so
// that requests name the replies that have come.
func BenchmarkRememberedCall(b *testing.B) {
	benchmarkWith(b, []byte(`{"centrirpc":{"version":1,"store":"e1"}}`), func(ctx context.Context, c *client.CentrifugoRPCClient) error {
		var got greeting
		return c.Call(ctx, "greet", greeting{Text: "hello", N: 7}, &got)
	})
}

func BenchmarkRPC(b *testing.B) {
	params := json.RawMessage(`{"text":"hello","n":7}`)
	benchmark(b, func(ctx context.Context, c *client.CentrifugoRPCClient) error {
		_, err := c.RPC(ctx, "greet", params)
		return err
	})
}

func benchmark(b *testing.B, call func(context.Context, *client.CentrifugoRPCClient) error) {
	benchmarkWith(b, nil, call)
}

func benchmarkWith(b *testing.B, connectData []byte, call func(context.Context, *client.CentrifugoRPCClient) error) {
	for name, opts := range map[string][]client.Option{"json": nil, "protobuf": {client.WithProtobuf()}} {
		for _, callers := range []int{1, 64} {
			b.Run(name+"/"+map[int]string{1: "1", 64: "64"}[callers], func(b *testing.B) {
				c := benchClient(b, connectData, opts)
				var left atomic.Int64
				left.Store(int64(b.N))
				done := make(chan error, callers)
				b.ReportAllocs()
				b.ResetTimer()
				for range callers {
					go func() {
						for left.Add(-1) >= 0 {
							if err := call(context.Background(), c); err != nil {
								done <- err
								return
							}
						}
						done <- nil
					}()
				}
				for range callers {
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func benchClient(b *testing.B, connectData []byte, opts []client.Option) *client.CentrifugoRPCClient {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		b.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: "456"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{"user#456": {}},
			Data:          connectData,
		}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
			req, err := wire.DecodeRequest(e.Data)
			if err != nil {
				cb(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
				return
			}
			cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
			if req.Op != wire.OpCall {
				return
			}
			_, _ = node.Publish(req.ReplyTo, wire.EncodeResult(req.CorrelationID, req.Params))
		})
		c.OnRPC(func(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) { cb(centrifuge.RPCReply{Data: e.Data}, nil) })
	})
	if err := node.Run(); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	c, err := client.NewCentrifugoRPCClient(web.URL, "", "456", opts...)
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Connect(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Close()
		_ = node.Shutdown(context.Background())
		web.Close()
	})
	return c
}
