package monitoring

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/server"
)

// served are the names of the metrics that a server serves after some calls.
func served(t *testing.T) map[string]bool {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	router := centrirpc.NewRouter(centrirpc.Logger(quiet))
	centrirpc.Handle(router, "call", func(context.Context, struct{}) (int, error) { return 1, nil })
	centrirpc.HandleStream(router, "stream", func(_ context.Context, _ struct{}, send func(int) error) (int, error) { return 1, send(1) })
	centrirpc.Channel[struct{}, int](router, "news")
	srv, err := server.New(router, server.Config{Anonymous: true, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer func() { _ = srv.Shutdown(t.Context()) }()
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
	if _, err := client.Stream[int, int](t.Context(), c, "stream", nil).Result(); err != nil {
		t.Fatal(err)
	}
	page := httptest.NewRecorder()
	srv.MetricsHandler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	names := map[string]bool{"up": true} // which Prometheus makes of each scrape
	for _, m := range regexp.MustCompile(`(?m)^(\w+)[ {]`).FindAllStringSubmatch(page.Body.String(), -1) {
		names[m[1]] = true
	}
	if !names["centrirpc_calls_total"] {
		t.Fatalf("no metrics in %s", page.Body)
	}
	return names
}
