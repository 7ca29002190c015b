package client_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/client"
)

type traceKey struct{}

func placeFrom(ctx context.Context) string {
	n, _ := ctx.Value(traceKey{}).(int)
	return place(n)
}

func place(n int) string { return fmt.Sprintf("00-4bf92f3577b34da6a3ce929d0e0e4736-%016x-01", n) }

// Calls, notifications and streams say where they are in the caller's trace, as of
// when they were made, also when they are sent again.
func TestRequestsSayTheirPlaceInATrace(t *testing.T) {
	requests := make(chan *incoming, 4)
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL(), client.WithTraceparent(placeFrom))
	for name, do := range map[string]func(ctx context.Context, opts ...client.CallOption) error{
		"call": func(ctx context.Context, opts ...client.CallOption) error {
			return c.Call(ctx, "do", nil, nil, opts...)
		},
		"notify": func(ctx context.Context, opts ...client.CallOption) error { return c.Notify(ctx, "do", nil, opts...) },
		"stream": func(ctx context.Context, opts ...client.CallOption) error {
			_, err := client.Stream[int, int](ctx, c, "do", nil, opts...).Result()
			return err
		},
	} {
		ctx, end := context.WithCancel(context.WithValue(t.Context(), traceKey{}, 7))
		for _, step := range []struct {
			ctx  context.Context
			opts []client.CallOption
			want string
		}{
			{ctx, nil, place(7)},
			{ctx, []client.CallOption{client.Traceparent(place(8))}, place(8)},
			{ctx, []client.CallOption{client.Traceparent("rubbish")}, ""},
			{ctx, []client.CallOption{client.Traceparent("cc" + place(8)[2:] + "-" + strings.Repeat("x", 128))}, ""},
			{t.Context(), nil, ""}, // whose place is none: its span id is 0
		} {
			ctx, end := context.WithCancel(step.ctx)
			ended := make(chan error, 1)
			go func() { ended <- do(ctx, step.opts...) }()
			first := receive(t, name, requests)
			p.cut()
			again := receive(t, name+", again", requests)
			if first.Traceparent != step.want || again.Traceparent != step.want {
				t.Errorf("%s: %q, then %q; want %q", name, first.Traceparent, again.Traceparent, step.want)
			}
			end()
			receive(t, "the end", ended)
			if name != "notify" {
				if cancel := receive(t, "the cancel", requests); cancel.Traceparent != "" {
					t.Errorf("%s: its %s says %q", name, cancel.Op, cancel.Traceparent)
				}
			}
		}
		end()
	}
}
