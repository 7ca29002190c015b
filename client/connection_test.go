package client_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
)

// statesOf collects a client's states.
func statesOf(c *client.CentrifugoRPCClient) <-chan client.State {
	states := make(chan client.State, 64)
	c.OnState(func(s client.State) { states <- s })
	return states
}

func expectStates(t *testing.T, states <-chan client.State, want ...client.State) {
	t.Helper()
	for _, w := range want {
		if got := receive(t, "the state "+string(w), states); got != w {
			t.Fatalf("state %s; want %s", got, w)
		}
	}
}

func TestStates(t *testing.T) {
	s := newServer(t, nil)
	c := newClient(t, s.URL)
	states := statesOf(c)
	stopped := 0
	c.OnState(func(client.State) { stopped++ })()
	if c.State() != client.Disconnected {
		t.Errorf("state %s", c.State())
	}
	for range 2 {
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatalf("a second Connect: %v", err)
		}
		expectStates(t, states, client.Connecting, client.Connected)
		s.disconnect(centrifuge.DisconnectForceReconnect)
		expectStates(t, states, client.Connecting, client.Connected)
		if err := c.Call(t.Context(), "m", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if c.State() != client.Disconnected {
			t.Errorf("state %s", c.State())
		}
		expectStates(t, states, client.Disconnected)
		if err := c.Call(t.Context(), "m", nil, nil); !errors.Is(err, client.ErrNotConnected) {
			t.Errorf("a call after Close: %v", err)
		}
	}
	if stopped > 0 {
		t.Error("a stopped handler was called")
	}
}

func TestACallUnderWayFailsWhenTheConnectionIsLost(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		requests := make(chan *incoming, 4)
		s := newServer(t, func(s *server) { s.onRequest = func(in *incoming) { requests <- in } })
		p := newProxy(t, s)
		c := connect(t, p.URL(), opts...)
		errs := make(chan error, 2)
		go func() { errs <- c.Call(t.Context(), "pay", nil, nil) }()
		receive(t, "the request", requests).ack(nil)
		go func() { errs <- c.Notify(t.Context(), "cursor.move", nil) }()
		receive(t, "the notification", requests)
		p.cut()
		for range 2 {
			if err := receive(t, "the error", errs); !errors.Is(err, client.ErrConnectionLost) || client.CodeOf(err) != 0 {
				t.Errorf("error = %v", err)
			}
		}
	})
}

func TestAnIdempotentCallIsSentAgain(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		requests := make(chan *incoming, 4)
		s := newServer(t, func(s *server) { s.onRequest = func(in *incoming) { requests <- in } })
		p := newProxy(t, s)
		c := connect(t, p.URL(), opts...)
		frames := make(chan client.Frame, 16)
		c.OnFrame(func(f client.Frame) { frames <- f })
		var got string
		errs := make(chan error, 1)
		go func() { errs <- c.Call(t.Context(), "read", nil, &got, client.Idempotent()) }()
		first := receive(t, "the request", requests)
		p.cut()
		again := receive(t, "the request, again", requests)
		if again.CorrelationID != first.CorrelationID || again.TimeoutMS > first.TimeoutMS {
			t.Errorf("first %+v, then %+v", first.Request, again.Request)
		}
		again.ack(nil)
		again.result("done")
		if err := receive(t, "the end", errs); err != nil || got != "done" {
			t.Fatalf("%q, %v", got, err)
		}
		for _, want := range []client.FrameKind{client.FramePublish, client.FrameResend, client.FrameAck, client.FrameReply} {
			if f := receive(t, "the frame "+string(want), frames); f.Kind != want || f.CorrelationID != first.CorrelationID {
				t.Errorf("frame %+v; want %s", f, want)
			}
		}
	})
}

// While there is no connection, calls wait for one; what was not sent is not
// lost with a connection.
func TestCallsWaitForTheConnection(t *testing.T) {
	s := newServer(t, nil)
	p := newProxy(t, s)
	c := connect(t, p.URL())
	states := statesOf(c)
	p.stalled.Store(true)
	p.cut()
	expectStates(t, states, client.Connecting)
	errs := make(chan error, 10)
	for range cap(errs) {
		go func() { errs <- c.Call(t.Context(), "m", nil, nil) }()
	}
	if err := c.Call(t.Context(), "m", nil, nil, client.WithTimeout(10*time.Millisecond)); !errors.Is(err, client.ErrTimeout) {
		t.Errorf("error = %v", err)
	}
	if n := s.requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
	p.stalled.Store(false)
	p.cut()
	for range cap(errs) {
		if err := receive(t, "the end of a call", errs); err != nil {
			t.Error(err)
		}
	}
}

func TestTerminalDisconnect(t *testing.T) {
	for _, d := range []centrifuge.Disconnect{
		centrifuge.DisconnectForceNoReconnect, {Code: 4500, Reason: "banned"}, {Code: 4999, Reason: "gone"},
	} {
		requests := make(chan *incoming, 4)
		s := newServer(t, func(s *server) { s.onRequest = func(in *incoming) { requests <- in } })
		c := connect(t, s.URL)
		states := statesOf(c)
		errs := make(chan error, 1)
		go func() { errs <- c.Call(t.Context(), "m", nil, nil, client.Idempotent()) }()
		receive(t, "the request", requests)
		s.disconnect(d)
		expectStates(t, states, client.Disconnected)
		err := receive(t, "the error", errs)
		var refused *client.ConnectError
		if !errors.Is(err, client.ErrConnectionLost) || !errors.As(err, &refused) || refused.Code != d.Code || refused.Reason != d.Reason {
			t.Errorf("error = %v", err)
		}
		err = c.Call(t.Context(), "m", nil, nil)
		if !errors.Is(err, client.ErrNotConnected) || !errors.As(err, &refused) {
			t.Errorf("a call afterwards: %v", err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Errorf("connecting again: %v", err)
		}
	}
}

func TestDisconnectsThatReconnect(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	states := statesOf(c)
	for _, d := range []centrifuge.Disconnect{
		centrifuge.DisconnectShutdown, {Code: 3499, Reason: "x"}, {Code: 4000, Reason: "x"}, {Code: 4499, Reason: "x"},
	} {
		s.disconnect(d)
		expectStates(t, states, client.Connecting, client.Connected)
	}
}

// A server that stops answering altogether, the connection still open.
func TestSilentServer(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, func(s *server) {
			s.onConnect = func(string) (centrifuge.ConnectReply, error) {
				return centrifuge.ConnectReply{PingPongConfig: &centrifuge.PingPongConfig{PingInterval: time.Second, PongTimeout: 500 * time.Millisecond}}, nil
			}
		})
		p := newProxy(t, s)
		c := connect(t, p.URL(), append(opts, client.WithPingMargin(200*time.Millisecond), client.WithHandshakeTimeout(100*time.Millisecond))...)
		states := statesOf(c)
		p.stalled.Store(true)
		began := time.Now()
		expectStates(t, states, client.Connecting)
		if waited := time.Since(began); waited > 3*time.Second {
			t.Errorf("it took %s to notice", waited)
		}
		p.stalled.Store(false)
		expectStates(t, states, client.Connected)
	})
}

// Pongs keep a connection that nobody uses.
func TestPingsAreAnswered(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, func(s *server) {
			s.onConnect = func(string) (centrifuge.ConnectReply, error) {
				return centrifuge.ConnectReply{PingPongConfig: &centrifuge.PingPongConfig{PingInterval: time.Second, PongTimeout: 300 * time.Millisecond}}, nil
			}
		})
		c := connect(t, s.URL, append(opts, client.WithPingMargin(time.Second))...)
		states := statesOf(c)
		select {
		case state := <-states:
			t.Errorf("state %s", state)
		case <-time.After(3500 * time.Millisecond):
		}
		if n := s.connects.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestAReplyOverTheReadLimit(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			in.result(strings.Repeat("x", 70000))
		}
	})
	if err := connect(t, s.URL).Call(t.Context(), "m", nil, nil); err != nil {
		t.Errorf("70,000 bytes: %v", err)
	}
	c := connect(t, s.URL, client.WithReadLimit(10000))
	err := c.Call(t.Context(), "m", nil, nil, client.Idempotent())
	if !errors.Is(err, client.ErrConnectionLost) || !strings.Contains(err.Error(), "WithReadLimit") {
		t.Errorf("error = %v", err)
	}
}

func TestAServerWithALowerLimitThanSaid(t *testing.T) {
	s := newServer(t, func(s *server) { s.maxSize = 2048 })
	c := connect(t, s.URL, client.WithMaxRequestSize(1<<20))
	err := c.Call(t.Context(), "m", strings.Repeat("x", 5000), nil, client.Idempotent())
	if !errors.Is(err, client.ErrConnectionLost) || !strings.Contains(err.Error(), "WithMaxRequestSize") {
		t.Errorf("error = %v", err)
	}
	if err := c.Call(t.Context(), "m", "short", nil); err != nil {
		t.Errorf("the client did not recover: %v", err)
	}
}

func TestConnectionsAreOfTheUser(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	if c.UserID() != "456" || len(s.node.Hub().UserConnections("456")) != 1 {
		t.Error("the connection is somebody else's")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server sees the connection closed", func() bool { return len(s.node.Hub().UserConnections("456")) == 0 })
}
