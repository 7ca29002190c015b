package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

type greeting struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

func TestCall(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("plain=%v", plain), func(t *testing.T) {
				s := newServer(t, func(s *server) { s.plain = plain })
				c := connect(t, s.URL, opts...)
				want := greeting{Text: "a \"quoted\"\nline, é, \u2028 <&>", N: 1 << 50}
				var got greeting
				if err := c.Call(t.Context(), "greet", want, &got); err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("got %+v; want %+v", got, want)
				}
				eventually(t, "nothing is pending", func() bool { return c.Outstanding() == 0 })
			})
		}
	})
}

func TestCallWithSession(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			in.result(in.ReplyTo)
		}
	})
	c := connect(t, s.URL, client.WithSession("tab-1"))
	var replyTo string
	if err := c.Call(t.Context(), "where", nil, &replyTo); err != nil {
		t.Fatal(err)
	}
	if replyTo != "user.tab-1#456" {
		t.Errorf("reply_to is %s", replyTo)
	}
}

func TestConcurrentCalls(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, nil)
		c := connect(t, s.URL, opts...)
		var wg sync.WaitGroup
		for g := range 32 {
			wg.Go(func() {
				for i := range 50 {
					want := greeting{Text: strings.Repeat("x", 100*g), N: g<<16 | i}
					var got greeting
					if err := c.Call(t.Context(), "greet", want, &got); err != nil || got != want {
						t.Errorf("got %d, %v; want %d", got.N, err, want.N)
						return
					}
				}
			})
		}
		wg.Wait()
		eventually(t, "nothing is pending", func() bool { return c.Outstanding() == 0 })
	})
}

// Calls made at once must not make a frame over the server's limit, which would
// close the connection.
func TestFramesStayWithinTheLimit(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, func(s *server) { s.maxSize = 4096 })
		c := connect(t, s.URL, opts...)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				want := greeting{Text: strings.Repeat("x", 1500)}
				var got greeting
				if err := c.Call(t.Context(), "greet", want, &got); err != nil || got != want {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := s.connects.Load(); n != 1 {
			t.Errorf("it took %d connections", n)
		}
	})
}

func TestRequestTooLarge(t *testing.T) {
	s := newServer(t, func(s *server) { s.maxSize = 4096 })
	c := connect(t, s.URL)
	err := c.Call(t.Context(), "greet", greeting{Text: strings.Repeat("x", 4000)}, nil)
	if !errors.Is(err, client.ErrRequestTooLarge) || !strings.Contains(err.Error(), "the limit is 4096") {
		t.Errorf("error = %v", err)
	}
	if s.requests.Load() != 0 {
		t.Error("it was sent")
	}
	if err := c.Call(t.Context(), "greet", greeting{Text: "short"}, nil); err != nil {
		t.Errorf("the connection did not survive: %v", err)
	}
	if _, err := c.RPC(t.Context(), "greet", json.RawMessage(`"`+strings.Repeat("x", 4096)+`"`)); !errors.Is(err, client.ErrRequestTooLarge) {
		t.Errorf("native RPC: error = %v", err)
	}
}

func TestServerErrors(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			in.fail(&wire.Error{Code: wire.InvalidParams, Reason: "invalid_params", Message: "params do not fit the method",
				Details: json.RawMessage(`[{"field":"title","rule":"required","message":"title is required"}]`)})
		}
	})
	c := connect(t, s.URL)
	err := c.Call(t.Context(), "tasks.create", nil, nil)
	var se *client.ServerError
	if !errors.As(err, &se) {
		t.Fatalf("error = %v", err)
	}
	if client.CodeOf(err) != wire.InvalidParams || !errors.Is(err, &client.ServerError{Code: wire.InvalidParams}) || errors.Is(err, &client.ServerError{Code: wire.NotFound}) {
		t.Errorf("code = %d", se.Code)
	}
	if f := se.Faults(); len(f) != 1 || f[0].Field != "title" {
		t.Errorf("faults = %+v", f)
	}
	if want := "calling tasks.create: invalid_params (400): params do not fit the method"; err.Error() != want {
		t.Errorf("text = %q", err)
	}
}

// A publish that is refused for good is the call's error.
func TestRefusedRequests(t *testing.T) {
	tests := []struct {
		sent   *centrifuge.Error
		code   wire.Code
		reason string
	}{
		{centrifuge.ErrorPermissionDenied, wire.PermissionDenied, "permission_denied"},
		{&centrifuge.Error{Code: 413, Message: "too large"}, wire.PayloadTooLarge, "payload_too_large"},
		{centrifuge.ErrorBadRequest, 107, "bad_request"},
		{centrifuge.ErrorNotAvailable, 108, "internal"},
	}
	refuse := make(chan *centrifuge.Error, 1)
	s := newServer(t, func(s *server) { s.onRequest = func(in *incoming) { in.ack(<-refuse) } })
	c := connect(t, s.URL)
	for _, test := range tests {
		for _, call := range []func() error{
			func() error { return c.Call(t.Context(), "m", nil, nil) },
			func() error { return c.Notify(t.Context(), "m", nil) },
		} {
			refuse <- test.sent
			err := call()
			var se *client.ServerError
			if !errors.As(err, &se) || se.Code != test.code || se.Reason != test.reason {
				t.Errorf("%d gives %v", test.sent.Code, err)
			}
		}
	}
	eventually(t, "nothing is pending", func() bool { return c.Outstanding() == 0 })
}

func TestReplyBeforeAcknowledgement(t *testing.T) {
	acks := make(chan *incoming, 1)
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.result(7)
			acks <- in
		}
	})
	c := connect(t, s.URL)
	var got int
	if err := c.Call(t.Context(), "m", nil, &got); err != nil || got != 7 {
		t.Fatalf("%d, %v", got, err)
	}
	receive(t, "the request", acks).ack(centrifuge.ErrorPermissionDenied)
	// The late acknowledgement, even a refusal, must not end another call.
	go func() { in := <-acks; in.ack(nil) }()
	if err := c.Call(t.Context(), "m", nil, &got); err != nil {
		t.Fatal(err)
	}
}

func TestForeignPublicationsAreIgnored(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			for _, data := range []string{
				`{"type":"task.created"}`, `[1]`, `"x"`, `null`,
				`{"correlation_id":"unknown","result":1}`,
				`{"correlation_id":"` + in.CorrelationID + `"}`,
				`{"correlation_id":"` + in.CorrelationID + `","result":1,"error":{"code":500,"reason":"internal","message":"x"}}`,
				`{"correlation_id":"` + in.CorrelationID + `","progress":{"done":1}}`,
				`{"correlation_id":"` + in.CorrelationID + `","seq":0,"item":{}}`,
			} {
				s.publish(in.ReplyTo, []byte(data))
			}
			in.result("right")
			in.result("twice")
		}
	})
	c := connect(t, s.URL)
	for range 3 {
		var got string
		if err := c.Call(t.Context(), "m", nil, &got); err != nil || got != "right" {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

func TestTimeoutAndAbortCancelTheCall(t *testing.T) {
	requests := make(chan *incoming, 8)
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			requests <- in
		}
	})
	c := connect(t, s.URL)

	err := c.Call(t.Context(), "slow", nil, nil, client.WithTimeout(20*time.Millisecond))
	if !errors.Is(err, client.ErrTimeout) || client.CodeOf(err) != 0 {
		t.Errorf("error = %v", err)
	}
	call, cancel := receive(t, "the call", requests), receive(t, "the cancel", requests)
	if cancel.Op != wire.OpCancel || cancel.CorrelationID != call.CorrelationID {
		t.Errorf("cancel = %+v", cancel.Request)
	}
	if call.TimeoutMS != 20 && call.TimeoutMS != 19 {
		t.Errorf("timeout_ms = %d", call.TimeoutMS)
	}

	ctx, stop := context.WithCancel(t.Context())
	errs := make(chan error, 1)
	go func() { errs <- c.Call(ctx, "slow", nil, nil) }()
	call = receive(t, "the call", requests)
	stop()
	err = receive(t, "the error", errs)
	if !errors.Is(err, client.ErrAborted) || !errors.Is(err, context.Canceled) || err.Error() != "calling slow: aborted: the caller's context was cancelled" {
		t.Errorf("error = %v", err)
	}
	if cancel = receive(t, "the cancel", requests); cancel.Op != wire.OpCancel || cancel.CorrelationID != call.CorrelationID {
		t.Errorf("cancel = %+v", cancel.Request)
	}

	ctx, stop = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if err = c.Call(ctx, "slow", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v", err)
	}
	if call = receive(t, "the call", requests); call.TimeoutMS > 20 {
		t.Errorf("timeout_ms = %d", call.TimeoutMS)
	}
	receive(t, "the cancel", requests)
	eventually(t, "nothing is pending", func() bool { return c.Outstanding() == 0 })
	select {
	case in := <-requests:
		t.Errorf("one more: %+v", in.Request)
	default:
	}
}

func TestNotify(t *testing.T) {
	requests := make(chan *incoming, 1)
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) { requests <- in }
	})
	c := connect(t, s.URL)
	errs := make(chan error, 1)
	go func() { errs <- c.Notify(t.Context(), "cursor.move", greeting{N: 1}) }()
	in := receive(t, "the notification", requests)
	if in.Op != wire.OpNotify || in.ReplyTo != "" || string(in.Params) != `{"text":"","n":1}` {
		t.Errorf("%+v", in.Request)
	}
	select {
	case err := <-errs:
		t.Fatalf("it returned before the acknowledgement: %v", err)
	default:
	}
	in.ack(nil)
	if err := receive(t, "the end", errs); err != nil {
		t.Fatal(err)
	}
}

func TestNotConnected(t *testing.T) {
	c := newClient(t, "ws://127.0.0.1:1/")
	for name, do := range map[string]func() error{
		"call":      func() error { return c.Call(t.Context(), "m", nil, nil) },
		"notify":    func() error { return c.Notify(t.Context(), "m", nil) },
		"rpc":       func() error { _, err := c.RPC(t.Context(), "m", nil); return err },
		"publish":   func() error { return c.Publish(t.Context(), "open", 1) },
		"subscribe": func() error { _, err := c.Subscribe(t.Context(), "x", func(client.Event) {}); return err },
	} {
		if err := do(); !errors.Is(err, client.ErrNotConnected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatCannotBeEncodedOrDecoded(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	if err := c.Call(t.Context(), "m", make(chan int), nil); !errors.Is(err, client.ErrInvalidParams) {
		t.Errorf("error = %v", err)
	}
	var number int
	if err := c.Call(t.Context(), "m", greeting{}, &number); !errors.Is(err, client.ErrInvalidReply) {
		t.Errorf("error = %v", err)
	}
	if _, err := c.RPC(t.Context(), "m", json.RawMessage("{\n")); !errors.Is(err, client.ErrInvalidParams) {
		t.Errorf("error = %v", err)
	}
	var raw json.RawMessage
	if err := c.Call(t.Context(), "m", json.RawMessage("{\n \"a\": [1,\n2]}"), &raw); err != nil || string(raw) != `{"a":[1,2]}` {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestNativeRPCAndPublish(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, func(s *server) {
			s.onRPC = func(e centrifuge.RPCEvent) (centrifuge.RPCReply, error) {
				if e.Method == "missing" {
					return centrifuge.RPCReply{}, &centrifuge.Error{Code: 404, Message: "no task 7"}
				}
				return centrifuge.RPCReply{Data: e.Data}, nil
			}
		})
		c := connect(t, s.URL, opts...)
		got, err := c.RPC(t.Context(), "echo", json.RawMessage(`{"a":1}`))
		if err != nil || string(got) != `{"a":1}` {
			t.Errorf("%s, %v", got, err)
		}
		_, err = c.RPC(t.Context(), "missing", nil)
		var se *client.ServerError
		if !errors.As(err, &se) || se.Code != wire.NotFound || se.Reason != "not_found" || se.Message != "no task 7" {
			t.Errorf("error = %v", err)
		}
		events := make(chan client.Event, 1)
		if _, err := c.Subscribe(t.Context(), "open", func(e client.Event) { events <- e }); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		if err := c.Publish(t.Context(), "open", greeting{N: 3}); err != nil {
			t.Fatal(err)
		}
		var g greeting
		if err := receive(t, "the event", events).Decode(&g); err != nil || g.N != 3 {
			t.Errorf("%+v, %v", g, err)
		}
		if err := c.Publish(t.Context(), "closed", 1); client.CodeOf(err) != wire.PermissionDenied {
			t.Errorf("error = %v", err)
		}
	})
}
