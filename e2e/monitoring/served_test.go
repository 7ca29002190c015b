package monitoring

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/wire"
)

// vocabulary is what is served: metrics, their labels, and the values of these.
type vocabulary map[string]map[string]map[string]bool

// page adds what a /metrics page has, with the labels that Prometheus adds to each
// series.
func (v vocabulary) page(t *testing.T, handler http.Handler) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, err := promql.ParseMetric(line[:strings.LastIndexByte(line, ' ')])
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		found := series.Map()
		found["job"], found["instance"] = "centrirpc", "a"
		v.series(found)
	}
}

func (v vocabulary) series(found map[string]string) {
	name := found["__name__"]
	if v[name] == nil {
		v[name] = map[string]map[string]bool{}
	}
	for label, value := range found {
		if label == "__name__" {
			continue
		}
		if v[name][label] == nil {
			v[name][label] = map[string]bool{}
		}
		v[name][label][value] = true
	}
}

// served is what a server serves after calls that ended in each of the ways that are
// asked for, and a backend of Centrifugo.
func served(t *testing.T) vocabulary {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	router := centrirpc.NewRouter(centrirpc.Logger(quiet))
	centrirpc.Handle(router, "call", func(context.Context, struct{}) (int, error) { return 1, nil })
	centrirpc.Handle(router, "fail", func(context.Context, struct{}) (int, error) { return 0, errors.New("a fault of its own") })
	centrirpc.Handle(router, "away", func(context.Context, struct{}) (int, error) {
		return 0, centrirpc.Errorf(wire.Unavailable, "another service is away")
	})
	centrirpc.Handle(router, "late", func(ctx context.Context, _ struct{}) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}, centrirpc.Timeout(50*time.Millisecond))
	centrirpc.Handle(router, "look", func(context.Context, struct{}) (int, error) {
		return 0, centrirpc.Errorf(wire.NotFound, "there is none")
	})
	runs := make(chan struct{})
	centrirpc.Handle(router, "stay", func(ctx context.Context, _ struct{}) (int, error) {
		close(runs)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	centrirpc.HandleStream(router, "stream", func(_ context.Context, _ struct{}, send func(int) error) (int, error) { return 1, send(1) })
	centrirpc.Channel[struct{}, int](router, "news")
	srv, err := server.New(router, server.Config{Anonymous: true, Logger: quiet, DrainTimeout: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	c, err := client.NewCentrifugoRPCClient(strings.Replace(web.URL, "http", "ws", 1)+"/connection/websocket", "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "call", nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"fail", "away", "late", "look"} {
		if err := c.Call(t.Context(), method, nil, nil); err == nil {
			t.Fatalf("%s has a result", method)
		}
	}
	if _, err := client.Stream[int, int](t.Context(), c, "stream", nil).Result(); err != nil {
		t.Fatal(err)
	}
	v := vocabulary{}
	v.series(map[string]string{"__name__": "up", "job": "centrirpc", "instance": "a"}) // which Prometheus makes of each scrape
	v.page(t, srv.MetricsHandler())

	// A call that runs when the server stops.
	ended := make(chan error, 1)
	go func() { ended <- c.Call(t.Context(), "stay", nil, nil) }()
	<-runs
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_ = srv.Shutdown(ctx) // says that it gave up
	if err := <-ended; err == nil {
		t.Fatal("a call outlasts its server")
	}
	v.page(t, srv.MetricsHandler())

	backend, err := centrifugo.New(router, centrifugo.Config{APIURL: web.URL + "/api", APIKey: "key", Secret: "0123456789abcdef0123456789abcdef", Anonymous: true, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	v.page(t, backend.MetricsHandler())
	_ = backend.Shutdown(t.Context())
	return v
}
