package centrifugo_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

// Serve ends when it is told to, and not before the call that runs has its reply.
func TestServe(t *testing.T) {
	t.Parallel()
	c := newCounting()
	c.gate = make(chan struct{})
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, listener, nil) }()
	outcome := make(chan error, 1)
	rpc := s.connect("456")
	go func() { outcome <- rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(20*time.Second)) }()
	wait(t, "the handler", c.began)
	stop()
	until(t, "the drain", func() bool { return readyOf(t, b) == http.StatusServiceUnavailable })
	select {
	case err := <-ended:
		t.Fatalf("it ended while a call ran: %v", err)
	default:
	}
	close(c.gate)
	if err := <-outcome; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("the listener is open still")
	}
	if err := b.ListenAndServe(t.Context(), "nowhere", nil); err == nil || !strings.HasPrefix(err.Error(), "centrifugo: ") {
		t.Errorf("an address that is none: %v", err)
	}
}

// A backend that may not wait says what it left.
func TestServeDrainTimeout(t *testing.T) {
	t.Parallel()
	c := newCounting()
	c.gate = make(chan struct{})
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{DrainTimeout: 20 * time.Millisecond})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, listener, nil) }()
	outcome := make(chan error, 1)
	rpc := s.connect("456")
	go func() { outcome <- rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(20*time.Second)) }()
	wait(t, "the handler", c.began)
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "1 running calls") {
		t.Errorf("the end: %v", err)
	}
	if err := <-outcome; client.CodeOf(err) != 520 {
		t.Errorf("the call that was given up: %v", err)
	}
}
