package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

type TaskStatsParams struct {
	UserID string `json:"user_id"`
}

type TaskStats struct {
	Total int `json:"total"`
}

func Example() {
	url, token, stop := exampleServer()
	defer stop()

	c, err := client.NewCentrifugoRPCClient(url, token, "")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}

	var stats TaskStats
	err = c.Call(ctx, "tasks.get_stats", TaskStatsParams{UserID: "123"}, &stats,
		client.Idempotent(), client.WithTimeout(5*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("tasks:", stats.Total)
	// Output: tasks: 100
}

// Errors that the server sent have a code; all others are made by the client.
func ExampleCodeOf() {
	url, token, stop := exampleServer()
	defer stop()
	c, err := client.NewCentrifugoRPCClient(url, token, "")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}

	err = c.Call(ctx, "tasks.create", map[string]any{}, nil)
	var se *client.ServerError
	switch {
	case errors.As(err, &se) && se.Code == wire.InvalidParams:
		for _, f := range se.Faults() {
			fmt.Println(f.Field, "-", f.Message)
		}
	case client.CodeOf(err) == wire.MethodNotFound:
		fmt.Println("an older server")
	case errors.Is(err, client.ErrConnectionLost):
		fmt.Println("it may or may not have been created")
	}
	// Output: title - title is required
}

func ExampleCentrifugoRPCClient_Subscribe() {
	url, token, stop := exampleServer()
	defer stop()
	c, err := client.NewCentrifugoRPCClient(url, token, "")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := c.Connect(ctx); err != nil {
		log.Fatal(err)
	}

	events := make(chan string)
	sub, err := c.Subscribe(ctx, "tasks", func(e client.Event) {
		var change struct {
			Title string `json:"title"`
		}
		if err := e.Decode(&change); err != nil {
			log.Print(err)
			return
		}
		events <- change.Title
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Unsubscribe()

	if err := c.Call(ctx, "tasks.rename", map[string]any{"title": "Paint the fence"}, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-events)
	// Output: Paint the fence
}

// A client that gets its tokens itself, and says how it is doing.
func ExampleWithGetToken() {
	url, token, stop := exampleServer()
	defer stop()
	c, err := client.NewCentrifugoRPCClient(url, "", "456",
		client.WithGetToken(func(ctx context.Context) (string, error) {
			return token, nil // ask your own backend here
		}))
	if err != nil {
		log.Fatal(err)
	}
	states := make(chan client.State)
	defer c.OnState(func(s client.State) { states <- s })()
	go func() {
		if err := c.Connect(context.Background()); err != nil {
			log.Print(err)
		}
	}()
	fmt.Println(<-states)
	fmt.Println(<-states)
	if err := c.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-states)
	// Output:
	// connecting
	// connected
	// disconnected
}

// exampleServer is the other side: a Centrifuge node that answers by hand.
func exampleServer() (url, token string, stop func()) {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: "456"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{wire.ReplyChannel("456"): {}},
		}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
			cb(centrifuge.SubscribeReply{}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
			req, err := wire.DecodeRequest(e.Data)
			if err != nil {
				cb(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
				return
			}
			cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
			reply := wire.EncodeResult(req.CorrelationID, []byte(`{"total":100}`))
			switch req.Method {
			case "tasks.create":
				reply = wire.EncodeError(req.CorrelationID, &wire.Error{
					Code: wire.InvalidParams, Reason: "invalid_params", Message: "params do not fit the method",
					Details: []byte(`[{"field":"title","rule":"required","message":"title is required"}]`),
				})
			case "tasks.rename":
				_, _ = node.Publish("tasks", req.Params)
			}
			_, _ = node.Publish(req.ReplyTo, reply)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	web := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	return web.URL, newToken(claims{Sub: "456"}), func() {
		_ = node.Shutdown(context.Background())
		web.Close()
	}
}
