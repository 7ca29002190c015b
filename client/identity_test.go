package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// A server that knows its users by other means than a JWT says who they are.
func TestTheServerSaysTheUserID(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		for _, test := range []struct {
			name, token, session string
			plain                bool
		}{
			{name: "no token"},
			{name: "an opaque token", token: "opaque"},
			{name: "a token of three parts", token: "v4.public.c2ln"},
			{name: "a session", session: "tab-1"},
			{name: "a server that does not subscribe the reply channel", plain: true},
		} {
			t.Run(test.name, func(t *testing.T) {
				tokens := make(chan string, 1)
				s := newServer(t, func(s *server) {
					s.who, s.plain = func() string { return "ada" }, test.plain
					s.onConnect = func(token string) (reply centrifuge.ConnectReply, err error) {
						tokens <- token
						return reply, nil
					}
				})
				c, err := client.NewCentrifugoRPCClient(s.URL, test.token, "", quick(append(opts, client.WithSession(test.session))...)...)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if c.UserID() != "" {
					t.Errorf("the user id is %q before it can be known", c.UserID())
				}
				if err := c.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := receive(t, "the token", tokens); got != test.token {
					t.Errorf("the server was sent the token %q", got)
				}
				var back greeting
				if err := c.Call(t.Context(), "m", greeting{N: 7}, &back); err != nil || back.N != 7 || c.UserID() != "ada" {
					t.Errorf("%+v, %v, user %q", back, err, c.UserID())
				}
			})
		}
	})
}

// An anonymous user is another one after a reconnect. What was under way is
// answered there.
func TestTheUserIDChangesAtAReconnect(t *testing.T) {
	held := make(chan *incoming, 2)
	s := newServer(t, func(s *server) {
		s.who = func() string { return fmt.Sprint("anonymous-", s.connects.Load()) }
		s.onRequest = func(in *incoming) {
			if in.ReplyTo == "user#anonymous-1" {
				in.ack(nil)
				held <- in
				return
			}
			echo(in)
		}
	})
	c, err := client.NewCentrifugoRPCClient(s.URL, "", "", quick()...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 1)
	go func() { answers <- c.Call(t.Context(), "hold", nil, nil, client.Idempotent()) }()
	in := receive(t, "the call", held)
	in.client.Disconnect(centrifuge.DisconnectForceReconnect)
	if err := receive(t, "the answer", answers); err != nil {
		t.Error(err)
	}
	if c.UserID() != "anonymous-2" {
		t.Errorf("the user is %q", c.UserID())
	}
}

// Whether a call ran as another user is for the server to say, which is told to
// whose store it was sent.
func TestACallOfAnotherUser(t *testing.T) {
	requests := make(chan *incoming, 4)
	s := newServer(t, func(s *server) {
		s.who = func() string { return fmt.Sprint("anonymous-", s.connects.Load()) }
		s.store = func() string { return fmt.Sprint("e", s.connects.Load()) }
		s.onRequest = func(in *incoming) { requests <- in }
	})
	c, err := client.NewCentrifugoRPCClient(s.URL, "", "", quick()...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 1)
	go func() { errs <- c.Call(t.Context(), "pay", nil, nil) }()
	first := receive(t, "the request", requests)
	first.ack(nil)
	first.client.Disconnect(centrifuge.DisconnectForceReconnect)
	again := receive(t, "the request, again", requests)
	if again.CorrelationID != first.CorrelationID || again.Store != "e1" || first.ReplyTo != "user#anonymous-1" || again.ReplyTo != "user#anonymous-2" {
		t.Errorf("first %+v, then %+v", first.Request, again.Request)
	}
	again.ack(nil)
	again.fail(&wire.Error{Code: wire.OutcomeUnknown, Reason: "outcome_unknown", Message: "it may have run as somebody else"})
	if err := receive(t, "the end", errs); client.CodeOf(err) != wire.OutcomeUnknown {
		t.Errorf("error = %v", err)
	}
}

func TestUserIDsThatCannotWork(t *testing.T) {
	for _, test := range []struct {
		name, given, said string
		silent            bool
		want              string
	}{
		{name: "nobody knows it", said: "ada", silent: true, want: "pass it"},
		{name: "another one", given: "456", said: "789", want: `"789"`},
		{name: "one that cannot be used", said: "7,8", want: "','"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, func(s *server) {
				s.who, s.silent = func() string { return test.said }, test.silent
			})
			c, err := client.NewCentrifugoRPCClient(s.URL, "", test.given, quick()...)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Connect(t.Context())
			refused, ok := errors.AsType[*client.ConnectError](err)
			if !ok || refused.Code != 0 || !strings.Contains(err.Error(), test.want) || !errors.Is(err, client.ErrNotConnected) {
				t.Errorf("error = %v", err)
			}
			if n := s.connects.Load(); n != 1 || c.State() != client.Disconnected {
				t.Errorf("%d tries, %s", n, c.State())
			}
		})
	}
}
