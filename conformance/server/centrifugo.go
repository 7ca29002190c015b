package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/conformance/api"
	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/conformance/sdk"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

// centrifugos are the addresses of those that hold the clients' connections. Clients
// come to this process, which passes them on: so it can cut them by their names.
type centrifugos struct{ main, tokenless string }

// userHeader stands for a cookie.
const userHeader = "X-User"

func (c centrifugos) serve(addr string, maxInFlight int, stdin io.Reader, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	named := newNamedConnections(listener)
	links := api.Links{Drop: named.drop}
	var backend *centrifugo.Backend
	links.Publish = func(ctx context.Context, channel string, event any) error {
		return backend.Publish(ctx, channel, event)
	}
	router := links.NewRouter(centrirpc.WithContract(sdk.Contract), centrirpc.Logger(log))
	config := centrifugo.Config{
		APIURL: c.main + "/api", APIKey: process.APIKey, Secret: process.ProxySecret,
		Channels:                 []centrifugo.Channel{{Name: api.NewsChannel}},
		MaxInFlightPerConnection: maxInFlight,
		Logger:                   log,
	}
	backend, err = centrifugo.New(router, config)
	if err != nil {
		return err
	}
	config.APIURL, config.Anonymous = c.tokenless+"/api", true
	config.Authenticate = func(r *http.Request, _ json.RawMessage) (centrifugo.Identity, error) {
		return centrifugo.Identity{UserID: r.Header.Get(userHeader)}, nil
	}
	tokenless, err := centrifugo.New(router, config)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/backend/", http.StripPrefix("/backend", backend))
	mux.Handle("/tokenless-backend/", http.StripPrefix("/tokenless-backend", tokenless))
	mux.Handle("/connection/", passOn(c.main))
	mux.Handle("/tokenless/", http.StripPrefix("/tokenless", passOn(c.tokenless)))
	web := &http.Server{Handler: named.handler(mux), ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	served := make(chan error, 1)
	go func() { served <- web.Serve(named) }()
	ctx, cancel := stopping(stdin)
	defer cancel()
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	ending, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	for _, b := range []*centrifugo.Backend{backend, tokenless} {
		// A cancel is lost with a connection that ends right after it, so some calls
		// of cases that leave them may be running still.
		if failed := b.Shutdown(ending); failed != nil && !errors.Is(failed, context.DeadlineExceeded) {
			err = errors.Join(err, failed)
		}
	}
	_ = web.Close()
	return err
}

// passOn passes clients on to a Centrifugo, with the user of their address in a
// header of their own.
func passOn(address string) http.Handler {
	to, err := url.Parse(address)
	if err != nil {
		return http.NotFoundHandler()
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Del(userHeader)
		if user := r.In.URL.Query().Get("user"); user != "" {
			r.Out.Header.Set(userHeader, user)
		}
	}}
}
