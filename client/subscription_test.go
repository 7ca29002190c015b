package client_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

func TestSubscribe(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, nil)
		c := connect(t, s.URL, opts...)
		events := make(chan client.Event, 16)
		sub, err := c.Subscribe(t.Context(), "tasks", func(e client.Event) { events <- e })
		if err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		for i := range 5 {
			s.publish("tasks", fmt.Appendf(nil, `{"n":%d}`, i))
		}
		for i := range 5 {
			var g greeting
			if e := receive(t, "an event", events); e.Decode(&g) != nil || g.N != i || e.Channel != "tasks" {
				t.Errorf("event %d is %s on %s", i, e.Data, e.Channel)
			}
		}
		sub.Unsubscribe()
		sub.Unsubscribe()
		if !errors.Is(sub.Err(), client.ErrUnsubscribed) {
			t.Errorf("Err() = %v", sub.Err())
		}
		receive(t, "the end", sub.Done())
		eventually(t, "the server sees the end", func() bool { return s.node.Hub().NumSubscribers("tasks") == 0 })
		again, err := c.Subscribe(t.Context(), "tasks", func(e client.Event) { events <- e })
		if err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		s.publish("tasks", []byte(`{"n":9}`))
		receive(t, "an event", events)
		again.Unsubscribe()
	})
}

// Handlers of one channel share one subscription on the server, which ends with
// the last of them.
func TestSeveralHandlersOfAChannel(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		var asked atomic.Int64
		s := newServer(t, func(s *server) {
			s.onSubscribe = func(string) error { asked.Add(1); return nil }
		})
		c := connect(t, s.URL, opts...)
		var subs [2]*client.Subscription
		var events [2]chan client.Event
		for i := range subs {
			heard := make(chan client.Event, 16)
			sub, err := c.Subscribe(t.Context(), "tasks", func(e client.Event) { heard <- e })
			if err != nil {
				t.Fatal(err)
			}
			subs[i], events[i] = sub, heard
		}
		settled(t, c)
		if n := asked.Load(); n != 1 {
			t.Errorf("the server was asked %d times", n)
		}
		s.publish("tasks", []byte(`1`))
		for i := range events {
			receive(t, "an event", events[i])
		}
		subs[0].Unsubscribe()
		receive(t, "the end of the first", subs[0].Done())
		settled(t, c)
		s.publish("tasks", []byte(`2`))
		if e := receive(t, "an event", events[1]); string(e.Data) != "2" {
			t.Errorf("the event %s", e.Data)
		}
		if len(events[0]) > 0 || subs[1].Err() != nil {
			t.Errorf("%d events for the handler that ended; the other one: %v", len(events[0]), subs[1].Err())
		}
		subs[1].Unsubscribe()
		eventually(t, "the server sees the end", func() bool { return s.node.Hub().NumSubscribers("tasks") == 0 })
	})
}

// The end of a subscription does not end the next one, however soon it follows.
func TestUnsubscribeAndSubscribeAtOnce(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, nil)
		c := connect(t, s.URL, opts...)
		events := make(chan client.Event, 64)
		for i := range 20 {
			sub, err := c.Subscribe(t.Context(), "tasks", func(e client.Event) { events <- e })
			if err != nil {
				t.Fatal(err)
			}
			settled(t, c)
			s.publish("tasks", fmt.Append(nil, i))
			if e := receive(t, "an event", events); string(e.Data) != fmt.Sprint(i) {
				t.Errorf("event %d is %s", i, e.Data)
			}
			sub.Unsubscribe()
		}
	})
}

func TestRefusedSubscribe(t *testing.T) {
	var refusals atomic.Int64
	s := newServer(t, func(s *server) {
		s.onSubscribe = func(channel string) error {
			switch {
			case channel == "closed":
				return centrifuge.ErrorPermissionDenied
			case channel == "busy" && refusals.Add(1) < 3:
				return centrifuge.ErrorInternal
			}
			return nil
		}
	})
	c := connect(t, s.URL)
	if _, err := c.Subscribe(t.Context(), "closed", func(client.Event) {}); client.CodeOf(err) != wire.PermissionDenied {
		t.Errorf("error = %v", err)
	}
	// A refused channel can be asked for again.
	if _, err := c.Subscribe(t.Context(), "closed", func(client.Event) {}); client.CodeOf(err) != wire.PermissionDenied {
		t.Errorf("error = %v", err)
	}
	if _, err := c.Subscribe(t.Context(), "busy", func(client.Event) {}); err != nil || refusals.Load() != 3 {
		t.Errorf("after %d tries: %v", refusals.Load(), err)
	}
}

func TestSubscriptionsAreMadeAgain(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, nil)
		p := newProxy(t, s)
		c := connect(t, p.URL(), opts...)
		events := make(chan client.Event, 16)
		for i := range 3 {
			if _, err := c.Subscribe(t.Context(), fmt.Sprintf("news%d", i), func(e client.Event) { events <- e }); err != nil {
				t.Fatal(err)
			}
		}
		expectAll := func() {
			t.Helper()
			settled(t, c)
			for i := range 3 {
				channel := fmt.Sprintf("news%d", i)
				s.publish(channel, []byte(`1`))
				if e := receive(t, "an event", events); e.Channel != channel {
					t.Errorf("an event on %s; want %s", e.Channel, channel)
				}
			}
		}
		expectAll()
		states := statesOf(c)
		p.cut()
		expectStates(t, states, client.Connecting, client.Connected)
		expectAll()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		expectAll()
	})
}

func TestTheServerEndsASubscription(t *testing.T) {
	s := newServer(t, nil)
	faults := make(chan error, 4)
	c := connect(t, s.URL, client.WithErrorHandler(func(err error) { faults <- err }))
	events := make(chan client.Event, 4)
	sub, err := c.Subscribe(t.Context(), "tasks", func(e client.Event) { events <- e })
	if err != nil {
		t.Fatal(err)
	}
	unsubscribe := func(code uint32) {
		t.Helper()
		if err := s.node.Unsubscribe("456", "tasks", centrifuge.WithCustomUnsubscribe(centrifuge.Unsubscribe{Code: code, Reason: "so there"})); err != nil {
			t.Fatal(err)
		}
	}
	unsubscribe(2500)
	eventually(t, "the channel is subscribed again", func() bool { return s.node.Hub().NumSubscribers("tasks") == 1 })
	settled(t, c)
	s.publish("tasks", []byte(`1`))
	receive(t, "an event", events)
	unsubscribe(2000)
	receive(t, "the end", sub.Done())
	if err := receive(t, "the report", faults); !errors.Is(err, client.ErrUnsubscribed) || !errors.Is(sub.Err(), client.ErrUnsubscribed) {
		t.Errorf("%v, %v", err, sub.Err())
	}
}

// A subscription that is refused after a reconnect is over.
func TestRefusedAfterAReconnect(t *testing.T) {
	var refuse atomic.Bool
	s := newServer(t, func(s *server) {
		s.onSubscribe = func(string) error {
			if refuse.Load() {
				return centrifuge.ErrorPermissionDenied
			}
			return nil
		}
	})
	faults := make(chan error, 4)
	c := connect(t, s.URL, client.WithErrorHandler(func(err error) { faults <- err }))
	sub, err := c.Subscribe(t.Context(), "tasks", func(client.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	refuse.Store(true)
	s.disconnect(centrifuge.DisconnectForceReconnect)
	receive(t, "the end", sub.Done())
	if err := receive(t, "the report", faults); client.CodeOf(err) != wire.PermissionDenied || client.CodeOf(sub.Err()) != wire.PermissionDenied {
		t.Errorf("%v, %v", err, sub.Err())
	}
}

func TestServerSideSubscriptions(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onConnect = func(string) (centrifuge.ConnectReply, error) {
			return centrifuge.ConnectReply{Subscriptions: map[string]centrifuge.SubscribeOptions{"given": {}}}, nil
		}
		s.onSubscribe = func(string) error { return centrifuge.ErrorPermissionDenied }
	})
	c := connect(t, s.URL)
	events := make(chan client.Event, 4)
	handler := func(e client.Event) { events <- e }
	for _, channel := range []string{"given", "user#456"} {
		if _, err := c.Subscribe(t.Context(), channel, handler); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		s.publish(channel, []byte(`{"type":"hello"}`))
		if e := receive(t, "an event", events); e.Channel != channel {
			t.Errorf("an event on %s", e.Channel)
		}
	}
	// Replies on the reply channel are no events.
	if err := c.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.node.Subscribe("456", "later"); err != nil {
		t.Fatal(err)
	}
	// The push is ahead of this call's reply.
	if err := c.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe(t.Context(), "later", handler); err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	s.publish("later", []byte(`1`))
	if e := receive(t, "an event", events); e.Channel != "later" {
		t.Errorf("an event on %s", e.Channel)
	}
}

// Without its reply channel a connection is of no use: the client makes another.
func TestTheReplyChannelIsEnded(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	states := statesOf(c)
	if err := s.node.Unsubscribe("456", "user#456"); err != nil {
		t.Fatal(err)
	}
	expectStates(t, states, client.Connecting, client.Connected)
	if err := c.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
}

// A slow handler holds up neither calls nor other handlers, and what it misses
// is counted.
func TestASlowHandler(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL, client.WithEventBuffer(4))
	gate := make(chan struct{})
	entered := make(chan struct{}, 1)
	events := make(chan client.Event, 16)
	if _, err := c.Subscribe(t.Context(), "news", func(e client.Event) {
		if string(e.Data) == "0" {
			entered <- struct{}{}
			<-gate
		}
		events <- e
	}); err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	s.publish("news", []byte("0"))
	receive(t, "the first event", entered)
	for i := 1; i <= 10; i++ {
		s.publish("news", fmt.Append(nil, i))
	}
	if err := c.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	close(gate)
	for i, want := range []string{"0", "7", "8", "9", "10"} {
		e := receive(t, "an event", events)
		dropped := 0
		if i == 1 {
			dropped = 6
		}
		if string(e.Data) != want || e.Dropped != dropped {
			t.Errorf("event %d is %s with %d dropped; want %s with %d", i, e.Data, e.Dropped, want, dropped)
		}
	}
}

func TestAHandlerThatPanics(t *testing.T) {
	s := newServer(t, nil)
	faults := make(chan error, 4)
	c := connect(t, s.URL, client.WithErrorHandler(func(err error) { faults <- err }))
	events := make(chan client.Event, 4)
	if _, err := c.Subscribe(t.Context(), "news", func(e client.Event) {
		if string(e.Data) == "1" {
			panic("no")
		}
		events <- e
	}); err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	s.publish("news", []byte("1"))
	s.publish("news", []byte("2"))
	receive(t, "the next event", events)
	if err := receive(t, "the report", faults); err == nil {
		t.Error("no report")
	}
}

// A handler may use the client: it does not run where replies are read.
func TestAHandlerThatCalls(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	answers := make(chan error, 1)
	if _, err := c.Subscribe(t.Context(), "news", func(e client.Event) {
		answers <- c.Call(t.Context(), "m", e.Data, nil, client.WithTimeout(5*time.Second))
	}); err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	s.publish("news", []byte(`{}`))
	if err := receive(t, "the answer", answers); err != nil {
		t.Error(err)
	}
}
