// Command server is a node for fault tests. It writes each run of a handler to a
// journal, which outlives it. It prints "listening on http://…" and stops on
// SIGTERM, or when its standard input ends, so that it never outlives the test
// that started it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	secret := flags.String("secret", "", "HMAC secret of the tokens (required)")
	redis := flags.String("redis", "", "URL of the Redis that all nodes share; empty: this is the only node")
	lease := flags.Duration("lease", 0, "the lease of calls in Redis")
	drain := flags.Duration("drain", 10*time.Second, "how long a stop waits for running calls")
	journalFile := flags.String("journal", "", "file to write runs to (required)")
	ping := flags.Duration("ping", 25*time.Second, "the interval of pings to clients")
	dieAt := flags.String("die-after-storing", "", "a call's key: the process kills itself when that reply is stored, before it is published")
	behind := flags.String("centrifugo", "", "serve as the backend of the Centrifugo at this URL; the secret is also its API's key, and what it proves itself with")
	perConn := flags.Int("max-in-flight", 10_000, "calls that one connection may have running")
	described := flags.String("contract", "", "file with the contract of what -forward has")
	var forwarded places
	flags.Var(&forwarded, "forward", "have the methods of -contract served at a URL, under a prefix: prefix=URL; any number of times")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	journal, err := os.OpenFile(*journalFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer journal.Close()
	config := server.Config{TokenHMACSecret: *secret, DrainTimeout: *drain, PingInterval: *ping, MaxInFlightPerConnection: *perConn, Logger: log, MaxConnectionsPerUser: -1}
	if *redis != "" {
		stop, err := share(&config, *redis, *lease)
		if err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		defer stop()
		if *dieAt != "" {
			config.Store = mortal{config.Store.(calls.Signaler), []byte(`"say":"` + *dieAt + `"`)}
		}
	}
	router := newRouter(journal, log)
	if err := forwarded.forward(router, *described, *secret); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if err := serve(*addr, *behind, router, config, stdin, stdout); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// service is either way of serving.
type service interface {
	http.Handler
	Serve(ctx context.Context, listener net.Listener, handler http.Handler) error
}

// newService is a backend of the Centrifugo at that URL, or without one a server of
// its own.
func newService(behind string, router *centrirpc.Router, c server.Config) (service, error) {
	if behind == "" {
		return server.New(router, c)
	}
	return centrifugo.New(router, centrifugo.Config{
		APIURL: behind + "/api", APIKey: c.TokenHMACSecret, Secret: c.TokenHMACSecret,
		DrainTimeout: c.DrainTimeout, MaxInFlightPerConnection: c.MaxInFlightPerConnection, Logger: c.Logger, Store: c.Store,
	})
}

func serve(addr, behind string, router *centrirpc.Router, config server.Config, stdin io.Reader, stdout io.Writer) error {
	srv, err := newService(behind, router, config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.HandleFunc("/goroutines", goroutines)
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	return srv.Serve(ctx, listener, mux)
}
