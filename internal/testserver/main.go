// Command testserver is a small Centrifuge server that speaks the wire of
// centrirpc badly on demand: it delays, refuses, forgets and drops, so that the
// base clients can be tested against every fault on a real connection. It keeps
// no promises of its own and is no part of the product.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
)

const usage = `testserver is a Centrifuge server with faults on demand, for tests of the base clients.

Usage: go run ./internal/testserver [flags]

It prints "listening on http://127.0.0.1:PORT" and ends when its standard input
is closed or at SIGTERM, so give it a pipe for standard input, not /dev/null.

Endpoints:
  /connection/websocket            JSON and protobuf (?format=protobuf or subprotocol)
  /connection/http_stream /connection/sse /emulation
  GET    /token?user=U[&ttl=1h][&bad=1]   a token as text; a negative ttl gives an
                                   expired one, bad=1 a wrong signature
  POST   /control/set?FLAG=VALUE   change a flag marked * while running
  POST   /control/disconnect?[user=U][&code=3001][&abrupt=1]
                                   drop connections: of one user or all; a code from
                                   3500 on is terminal; abrupt closes the socket
                                   without a word. Answers the number dropped.
  POST   /control/publish?channel=C       publish the body, which is not checked
  POST   /control/unsubscribe?user=U&channel=C[&code=2000]
                                   end the subscription of a user: for good, or from
                                   2500 on so that the client subscribes again
  GET    /control/envelopes[?user=U][&method=M][&op=O][&n=N][&wait=5s]
                                   what was published on rpc.requests, in order:
                                   [{"user","client","refused","data"}]; with n it
                                   waits until there are N, or answers 504
  DELETE /control/envelopes        forget them
  GET    /control/connections      [{"user","client","channels","data"}]; data is that
                                   of the connect command, if it had some

Channels: rpc.requests takes requests. user#U and user.SESSION#U are for U to
subscribe. Channels that begin with "closed" refuse everybody (103), those that
begin with "flaky" refuse each connection's first attempt with a temporary
error (100). Others are open to subscribe to; none can be published on.

Methods (params are always an object):
  echo     replies with the params
  fail     replies with the error {code, reason, message, details} in the params
  slow     waits params.ms milliseconds, then echoes; a cancel ends it with 499
  never    is acknowledged and never answered
  refuse   its publish is refused with the error code in params.code
  noack    replies with the params but never acknowledges
  reply    publishes params.envelope as it is, with "correlation_id" set if it is an
           object that has one
  drop     drops the connection the first time a correlation id is seen, and
           echoes from the second time on; params.after_ack: acknowledge first;
           params.reply: answer just before it drops the connection
  whoami   {"user","client"}
  other    replies with the error 405

Flags:
`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	s := newServer(flag.CommandLine)
	addr := flag.String("addr", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "testserver takes no arguments, only flags: %q (see -h)\n", flag.Args())
		os.Exit(2)
	}
	if err := run(s, *addr); err != nil {
		log.Fatal(err)
	}
}

func run(s *server, addr string) error {
	node, err := s.newNode()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		MessageSizeLimit: s.maxMessageSize,
		CheckOrigin:      func(*http.Request) bool { return true },
		PingPongConfig:   centrifuge.PingPongConfig{PingInterval: s.ping, PongTimeout: s.ping / 2},
	}))
	mux.Handle("/connection/http_stream", centrifuge.NewHTTPStreamHandler(node, centrifuge.HTTPStreamConfig{}))
	mux.Handle("/connection/sse", centrifuge.NewSSEHandler(node, centrifuge.SSEConfig{}))
	mux.Handle("/emulation", centrifuge.NewEmulationHandler(node, centrifuge.EmulationConfig{}))
	s.controls(mux)

	httpServer := &http.Server{Handler: mux, ConnContext: withSocket}
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	fmt.Printf("listening on http://%s\n", listener.Addr())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	stdin := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, bufio.NewReader(os.Stdin))
		close(stdin)
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	case <-stdin:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return errors.Join(node.Shutdown(ctx), httpServer.Close())
}

type socketKey struct{}

// withSocket makes a connection's socket reachable from its handlers, so that
// it can be closed without a word.
func withSocket(ctx context.Context, socket net.Conn) context.Context {
	return context.WithValue(ctx, socketKey{}, socket)
}
