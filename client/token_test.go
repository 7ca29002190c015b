package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

func TestExpiredTokenIsReplaced(t *testing.T) {
	s := newServer(t, nil)
	expired := newToken(claims{Sub: "456", Exp: time.Now().Add(-time.Hour).Unix()})
	fresh := newToken(claims{Sub: "456", Exp: time.Now().Add(time.Hour).Unix()})
	asked := 0
	c, err := client.NewCentrifugoRPCClient(s.URL, expired, "", quick(client.WithGetToken(func(context.Context) (string, error) {
		if asked++; asked == 1 {
			return "", errors.New("the token service is away")
		}
		return fresh, nil
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "m", nil, nil); err != nil {
		t.Fatal(err)
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestTokenServiceThatStaysExpiredIsNotHammered(t *testing.T) {
	s := newServer(t, nil)
	expired := newToken(claims{Sub: "456", Exp: time.Now().Add(-time.Hour).Unix()})
	c, err := client.NewCentrifugoRPCClient(s.URL, "", "456",
		client.WithReconnectDelay(time.Hour, time.Hour),
		client.WithGetToken(func(context.Context) (string, error) { return expired, nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Connect(ctx); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("error = %v", err)
	}
	if n := s.connects.Load(); n != 1 {
		t.Errorf("%d tries", n)
	}
}

func TestNoTokenToBeHad(t *testing.T) {
	s := newServer(t, nil)
	c, err := client.NewCentrifugoRPCClient(s.URL, "", "456", quick(client.WithGetToken(func(context.Context) (string, error) {
		return "", client.ErrUnauthorized
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); !errors.Is(err, client.ErrUnauthorized) || !errors.Is(err, client.ErrNotConnected) {
		t.Errorf("error = %v", err)
	}
}

func TestTokenIsRefreshedBeforeItExpires(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		s := newServer(t, nil)
		next := make(chan string, 4)
		opts = append(opts, client.WithGetToken(func(ctx context.Context) (string, error) {
			token := newToken(claims{Sub: "456", Exp: time.Now().Add(2 * time.Second).Unix(), JTI: time.Now().String()})
			next <- token
			return token, nil
		}))
		c, err := client.NewCentrifugoRPCClient(s.URL, newToken(claims{Sub: "456", Exp: time.Now().Add(2 * time.Second).Unix()}), "", quick(opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, want := receive(t, "the refresh", s.refreshed), receive(t, "a token", next); got != want {
				t.Errorf("the server got another token")
			}
		}
		if n := s.connects.Load(); n != 1 || c.State() != client.Connected {
			t.Errorf("%d connections, %s", n, c.State())
		}
	})
}
