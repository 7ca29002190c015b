package client_test

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
)

func TestCloseDuringEverything(t *testing.T) {
	requests := make(chan *incoming, 64)
	gate := make(chan struct{})
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) { requests <- in }
		s.onRPC = func(centrifuge.RPCEvent) (centrifuge.RPCReply, error) {
			<-gate
			return centrifuge.RPCReply{}, nil
		}
	})
	defer close(gate)
	c := connect(t, s.URL)
	errs := make(chan error, 64)
	for range 8 {
		go func() { errs <- c.Call(t.Context(), "m", nil, nil, client.Idempotent()) }()
		go func() { errs <- c.Notify(t.Context(), "m", nil) }()
	}
	for range 16 {
		receive(t, "a request", requests)
	}
	go func() { _, err := c.RPC(t.Context(), "m", nil); errs <- err }()
	eventually(t, "the RPC is under way", func() bool { return c.Outstanding() == 16+16+1 })
	go func() { _, err := c.Subscribe(t.Context(), "late", func(client.Event) {}); errs <- err }()
	eventually(t, "the subscribe is under way", func() bool { return c.Outstanding() == 16+16+2 })
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	for range 18 {
		if err := receive(t, "the end", errs); !errors.Is(err, client.ErrClosed) {
			t.Errorf("error = %v", err)
		}
	}
	wg.Wait()
	if n := c.Outstanding(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestCloseWhileConnecting(t *testing.T) {
	gate := make(chan struct{})
	entered := make(chan struct{}, 1)
	s := newServer(t, func(s *server) {
		s.onConnect = func(string) (centrifuge.ConnectReply, error) {
			entered <- struct{}{}
			<-gate
			return centrifuge.ConnectReply{}, nil
		}
	})
	defer close(gate)
	c := newClient(t, s.URL)
	errs := make(chan error, 2)
	go func() { errs <- c.Connect(t.Context()) }()
	receive(t, "the try", entered)
	go func() { errs <- c.Call(t.Context(), "m", nil, nil) }()
	eventually(t, "the call waits", func() bool { return c.Outstanding() == 1 })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := receive(t, "the end", errs); !errors.Is(err, client.ErrClosed) {
			t.Errorf("error = %v", err)
		}
	}
}

func TestCloseFromAHandler(t *testing.T) {
	s := newServer(t, nil)
	c := connect(t, s.URL)
	closed := make(chan error, 1)
	if _, err := c.Subscribe(t.Context(), "news", func(client.Event) { closed <- c.Close() }); err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	s.publish("news", []byte(`1`))
	if err := receive(t, "the end of Close", closed); err != nil {
		t.Fatal(err)
	}
}

func TestCloseFromTheErrorHandler(t *testing.T) {
	s := newServer(t, nil)
	closed := make(chan error, 1)
	var c *client.CentrifugoRPCClient
	c = connect(t, s.URL, client.WithErrorHandler(func(error) { closed <- c.Close() }))
	if _, err := c.Subscribe(t.Context(), "tasks", func(client.Event) {}); err != nil {
		t.Fatal(err)
	}
	if err := s.node.Unsubscribe("456", "tasks"); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, "the end of Close", closed); err != nil {
		t.Fatal(err)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	s := newServer(t, nil)
	p := newProxy(t, s)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	before := clientGoroutines()
	var clients []*client.CentrifugoRPCClient
	for range 10 {
		c := connect(t, p.URL(), client.WithHTTPClient(&http.Client{Transport: transport}))
		if _, err := c.Subscribe(t.Context(), "news", func(client.Event) {}); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	p.cut()
	for _, c := range clients {
		if err := c.Call(t.Context(), "m", nil, nil, client.Idempotent()); err != nil {
			t.Error(err)
		}
	}
	if n := clientGoroutines(); n <= before {
		t.Fatalf("%d goroutines of the client, %d before: the count is wrong", n, before)
	}
	for _, c := range clients {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	// The last goroutine has said that it is done, but may still be returning.
	eventually(t, "no goroutine is left", func() bool { return clientGoroutines() <= before })
}

// clientGoroutines counts the goroutines that run this package's code.
func clientGoroutines() int {
	buf := make([]byte, 4<<20)
	n := 0
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "centrirpc/client.(*") {
			n++
		}
	}
	return n
}
