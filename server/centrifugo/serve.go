package centrifugo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/centrirpc/centrirpc/internal/serving"
)

// endTimeout bounds how long requests may take once all calls have ended.
const endTimeout = 2 * time.Second

// ListenAndServe listens on addr ("127.0.0.1:9000") and serves until ctx ends or the
// process gets SIGINT or SIGTERM. Then it stops gracefully, as Shutdown does, within
// Config.DrainTimeout; its clients stay connected to Centrifugo. It returns nil after a
// graceful stop, and otherwise an error that says what went wrong. A second signal
// ends it at once.
//
// handler serves the requests; nil means the backend itself. Give a mux to serve it
// beside other things.
func (b *Backend) ListenAndServe(ctx context.Context, addr string, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("centrifugo: %w", err)
	}
	b.log.Info("listening", "address", listener.Addr().String())
	return b.Serve(ctx, listener, handler)
}

// Serve is ListenAndServe on a listener of the caller's, who so learns its address
// and may say it as it likes: the log does not. It closes the listener. The log says
// if Centrifugo is not there yet, or does not take the API key.
func (b *Backend) Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	if handler == nil {
		handler = b
	}
	go b.lookForCentrifugo(ctx)
	service := &serving.Service{
		Name: "centrifugo", Handler: handler, Log: b.log, Running: b.engine.InFlight,
		DrainTimeout: b.cfg.DrainTimeout, EndTimeout: endTimeout,
		Drain: b.Shutdown, Close: func(context.Context) {},
	}
	return service.Serve(ctx, listener)
}

// lookForCentrifugo warns if nothing can be published through Centrifugo: without
// clients, no publication would show it.
func (b *Backend) lookForCentrifugo(ctx context.Context) {
	var answer json.RawMessage
	err := b.publisher.api.call(ctx, "/info", []byte("{}"), &answer)
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, errPassing):
		b.log.Warn("Centrifugo cannot be reached; clients get replies and events once it is there", "url", b.cfg.APIURL, "error", err)
	default:
		b.log.Warn("Centrifugo's API does not answer as it should; clients may get no replies and events", "url", b.cfg.APIURL, "error", err)
	}
}
