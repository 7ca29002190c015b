package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
)

func TestRefusedConnections(t *testing.T) {
	tests := map[string]struct {
		err  error
		code uint32
	}{
		"bad token":    {centrifuge.DisconnectInvalidToken, 3500},
		"unauthorized": {centrifuge.ErrorUnauthorized, 101},
		"not allowed":  {&centrifuge.Error{Code: 1500, Message: "no"}, 1500},
		"expired":      {centrifuge.ErrorTokenExpired, 109},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, func(s *server) {
				s.onConnect = func(string) (centrifuge.ConnectReply, error) { return centrifuge.ConnectReply{}, test.err }
			})
			c := newClient(t, s.URL)
			err := c.Connect(t.Context())
			var refused *client.ConnectError
			if !errors.As(err, &refused) || refused.Code != test.code {
				t.Errorf("error = %v", err)
			}
			if c.State() != client.Disconnected {
				t.Errorf("state %s", c.State())
			}
			if n := s.connects.Load(); n != 1 {
				t.Errorf("%d tries", n)
			}
		})
	}
}

func TestTemporaryRefusalsAreTriedAgain(t *testing.T) {
	refusals := make(chan error, 8)
	for _, err := range []error{
		centrifuge.ErrorInternal, centrifuge.ErrorUnrecoverablePosition, centrifuge.ErrorTooManyRequests,
		&centrifuge.Error{Code: 1200, Message: "later", Temporary: true}, centrifuge.DisconnectServerError,
	} {
		refusals <- err
	}
	close(refusals)
	s := newServer(t, func(s *server) {
		s.onConnect = func(string) (centrifuge.ConnectReply, error) { return centrifuge.ConnectReply{}, <-refusals }
	})
	connect(t, s.URL)
	if n := s.connects.Load(); n != 6 {
		t.Errorf("%d tries", n)
	}
}

func TestRefusedReplyChannel(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.plain = true
		s.onSubscribe = func(string) error { return centrifuge.ErrorPermissionDenied }
	})
	err := newClient(t, s.URL).Connect(t.Context())
	var refused *client.ConnectError
	if !errors.As(err, &refused) || refused.Code != 103 || !strings.Contains(err.Error(), "user#456") {
		t.Errorf("error = %v", err)
	}
}

func TestConnectEndsWithItsContext(t *testing.T) {
	c := newClient(t, "ws://127.0.0.1:1/connection/websocket")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := c.Connect(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error = %v; it should say why the last try failed", err)
	}
	if c.State() != client.Disconnected {
		t.Errorf("state %s", c.State())
	}
	// Without a deadline, the client's timeout holds.
	c = newClient(t, "ws://127.0.0.1:1/connection/websocket", client.WithTimeout(50*time.Millisecond))
	if err := c.Connect(context.Background()); !errors.Is(err, client.ErrTimeout) {
		t.Errorf("error = %v", err)
	}
}

func TestAnEndpointThatIsNoWebSocket(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c := newClient(t, s.URL, client.WithTimeout(50*time.Millisecond))
	if err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error = %v", err)
	}
}

func TestProtobufWhereTheServerDoesNotSpeakIt(t *testing.T) {
	s := newServer(t, nil)
	h := s.http.Config.Handler
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Sec-WebSocket-Protocol")
		h.ServeHTTP(w, r)
	}))
	defer other.Close()
	c := newClient(t, other.URL, client.WithProtobuf())
	var refused *client.ConnectError
	if err := c.Connect(t.Context()); !errors.As(err, &refused) {
		t.Errorf("error = %v", err)
	}
}
