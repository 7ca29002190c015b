// Command server serves the conformance suite's router to the clients under
// test. It prints "listening on http://…" and stops on SIGTERM or when its
// standard input ends, so that it never outlives the test that started it.
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
	"github.com/centrirpc/centrirpc/conformance/api"
	"github.com/centrirpc/centrirpc/conformance/sdk"
	"github.com/centrirpc/centrirpc/server"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	secret := flags.String("secret", "", "HMAC secret of the tokens (required)")
	maxInFlight := flags.Int("max-in-flight", 8, "calls that one connection may have running")
	var outside centrifugos
	flags.StringVar(&outside.main, "centrifugo", "", "`address` of the Centrifugo to serve as a backend of, http://…; empty serves without one")
	flags.StringVar(&outside.tokenless, "centrifugo-tokenless", "", "`address` of a second one, whose clients have no tokens")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if outside.main != "" {
		if err := outside.serve(*addr, *maxInFlight, stdin, stdout, stderr); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		return 0
	}
	if err := serve(*addr, *secret, *maxInFlight, stdin, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func serve(addr, secret string, maxInFlight int, stdin io.Reader, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	named := newNamedConnections(listener)
	links := api.Links{Drop: named.drop}
	var srv *server.Server
	links.Publish = func(ctx context.Context, channel string, event any) error { return srv.Publish(ctx, channel, event) }
	router := links.NewRouter(centrirpc.WithContract(sdk.Contract), centrirpc.Logger(log))
	config := server.Config{
		TokenHMACSecret:          secret,
		Channels:                 []server.Channel{{Name: api.NewsChannel}},
		MaxInFlightPerConnection: maxInFlight,
		DrainTimeout:             5 * time.Second,
		Logger:                   log,
	}
	srv, err = server.New(router, config)
	if err != nil {
		return err
	}
	config.TokenHMACSecret, config.Authenticate, config.Anonymous = "", byAddress, true
	tokenless, err := server.New(router, config)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.Handle("/tokenless/", http.StripPrefix("/tokenless", tokenless))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	err = srv.Serve(ctx, named, named.handler(mux))
	ending, done := context.WithTimeout(context.Background(), config.DrainTimeout)
	defer done()
	return errors.Join(err, tokenless.Shutdown(ending))
}

// byAddress takes a client for whom its address says, "?user=NAME", where an
// application would look at a cookie. Without it the client is anonymous.
func byAddress(r *http.Request, token string) (server.Identity, error) {
	if token != "" && token != "opaque" {
		return server.Identity{}, fmt.Errorf("the token %q is not known", token)
	}
	return server.Identity{UserID: r.URL.Query().Get("user")}, nil
}
