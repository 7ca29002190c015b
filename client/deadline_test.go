package client

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/wire"
)

// freshPools drops what is kept for the next call: a timer of one synctest bubble
// is of no use outside.
func freshPools() {
	callPool = sync.Pool{New: callPool.New}
	commandPool = sync.Pool{New: commandPool.New}
}

// Of the times that a call may take, the caller's count before the client's.
func TestHowLongACallMayTake(t *testing.T) {
	const none = 0
	for _, test := range []struct {
		name              string
		deadline, timeout time.Duration
		want              time.Duration
		is                error
		said              time.Duration // to the server; none: the same
	}{
		{"the client's timeout", none, none, DefaultTimeout, ErrTimeout, none},
		{"a deadline that is later", 2 * time.Hour, none, 2 * time.Hour, context.DeadlineExceeded, none},
		{"a deadline that is earlier", time.Second, none, time.Second, context.DeadlineExceeded, none},
		{"an option that is later", none, 2 * time.Hour, 2 * time.Hour, ErrTimeout, none},
		{"a deadline and an earlier option", 2 * time.Hour, time.Hour, time.Hour, ErrTimeout, none},
		{"an option and an earlier deadline", time.Hour, 2 * time.Hour, time.Hour, context.DeadlineExceeded, none},
		{"more than the protocol can say", 48 * time.Hour, none, 48 * time.Hour, context.DeadlineExceeded, 24 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			freshPools()
			defer freshPools()
			synctest.Test(t, func(t *testing.T) {
				requests := make(chan wire.Request, 8)
				b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
					if _, _, err := ws.Read(ctx); err != nil || send(ctx, ws, `{"id":1,"connect":{"subs":{"user#456":{}}}}`) != nil {
						return
					}
					for {
						_, frame, err := ws.Read(ctx)
						if err != nil {
							return
						}
						var command struct{ Publish struct{ Data wire.Request } }
						if err := json.Unmarshal(frame, &command); err != nil {
							t.Errorf("%s: %v", frame, err)
						}
						requests <- command.Publish.Data
					}
				})
				if err := b.client.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				for what, run := range map[string]func(context.Context, ...CallOption) error{
					"call": func(ctx context.Context, opts ...CallOption) error {
						return b.client.Call(ctx, "m", nil, nil, opts...)
					},
					"notification": func(ctx context.Context, opts ...CallOption) error {
						return b.client.Notify(ctx, "m", nil, opts...)
					},
					"native RPC": func(ctx context.Context, opts ...CallOption) error {
						_, err := b.client.RPC(ctx, "m", nil, opts...)
						return err
					},
				} {
					ctx, cancel := t.Context(), context.CancelFunc(func() {})
					if test.deadline > 0 {
						ctx, cancel = context.WithTimeout(ctx, test.deadline)
					}
					began := time.Now()
					err := run(ctx, WithTimeout(test.timeout))
					if took := time.Since(began); took != test.want || !errors.Is(err, test.is) {
						t.Errorf("%s: %v after %s; want %v after %s", what, err, took, test.is, test.want)
					}
					cancel()
					if said := test.want; what != "native RPC" {
						if test.said > 0 {
							said = test.said
						}
						if got := (<-requests).TimeoutMS; got != said.Milliseconds() {
							t.Errorf("%s: the server was told %d ms", what, got)
						}
					}
					synctest.Wait()
					for len(requests) > 0 { // the cancel
						<-requests
					}
				}
			})
		})
	}
}
