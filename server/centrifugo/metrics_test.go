package centrifugo_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/wire"
)

// get asks a backend for a page.
func get(t *testing.T, backend http.Handler, path string) (code int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	backend.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// metric is the value of one line of /metrics, or "" if there is none.
func metric(t *testing.T, backend http.Handler, name string) string {
	t.Helper()
	_, body := get(t, backend, "/metrics")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	c := newCounting()
	type room struct {
		ID string `json:"room"`
	}
	rooms := centrirpc.Channel[room, string](c.router, "room.{room}")
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{PublishTimeout: time.Millisecond, Channels: []centrifugo.Channel{{
		Name: "chat", Publish: func(context.Context, *centrirpc.Conn, string, json.RawMessage) error { return nil },
	}}})
	rpc := s.connect("456", client.WithSilence(200*time.Millisecond))
	call := func() {
		t.Helper()
		if err := rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(20*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	call()
	if err := rpc.Call(t.Context(), "made.up", nil, nil); client.CodeOf(err) != wire.MethodNotFound {
		t.Errorf("a method that there is not: %v", err)
	}
	misbehaving, _ := first(2, status(http.StatusBadGateway, "")) // so the reply is sent again once, and given up
	s.api.misbehave(misbehaving)
	call()
	s.api.works()
	if err := rooms.Publish(t.Context(), room{"1"}, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), "chat", "hello"); err != nil {
		t.Fatal(err)
	}
	if code, answer := ask(t, b, "/centrifugo/publish", []byte(`{"user":"1","client":"c","channel":"chat","data":{}}`)); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	for name, want := range map[string]string{
		`centrirpc_calls_total{code="ok",method="count"}`:              "2",
		`centrirpc_calls_started_total{method="count"}`:                "2",
		`centrirpc_calls_refused_total{reason="method_not_found"}`:     "1",
		`centrirpc_store_duration_seconds_count{operation="complete"}`: "2",
		`centrirpc_channel_events_total{channel="room.{room}"}`:        "1",
		`centrirpc_channel_events_total{channel="chat"}`:               "2",
		`centrirpc_publish_errors_total`:                               "1",
		`centrirpc_publish_queue_bytes`:                                "0",
		`centrirpc_publish_queue_bytes_limit`:                          "6.7108864e+07",
		`centrirpc_draining`:                                           "0",
		`centrirpc_ready`:                                              "1",
	} {
		until(t, name+" "+want+", which is "+metric(t, b, name), func() bool { return metric(t, b, name) == want })
	}
	for _, name := range []string{
		"centrirpc_publish_retries_total",
		`centrirpc_calls_repeated_total{method="count",outcome="resent"}`, // twice, if the client is slow to hear
	} {
		if got := metric(t, b, name); got == "0" || got == "" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if got := metric(t, b, "go_goroutines"); got == "" {
		t.Error("nothing is said of the runtime")
	}
}

// A registry that another backend has is refused, and nothing is left behind.
func TestRegistryOfAnother(t *testing.T) {
	registry := prometheus.NewRegistry()
	start(t, centrirpc.NewRouter(), centrifugo.Config{Registry: registry})
	_, err := centrifugo.New(centrirpc.NewRouter(), centrifugo.Config{APIURL: "http://h/api", APIKey: "k", Secret: secret, Registry: registry})
	if err == nil || !strings.HasPrefix(err.Error(), "centrifugo: Registry: ") || !strings.Contains(err.Error(), "a registry of its own") {
		t.Errorf("%v", err)
	}
}

// A call is a span below the client's, which handlers continue.
func TestTraces(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "trace", func(ctx context.Context, _ struct{}) (string, error) {
		return centrirpc.TraceparentFromContext(ctx), nil
	})
	recorder := tracetest.NewSpanRecorder()
	s := newSystem(t, router, centrifugoconfig.Options{})
	s.serve(router, centrifugo.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))})
	var inside string
	if err := s.connect("456").Call(t.Context(), "trace", nil, &inside, client.Traceparent(parent)); err != nil {
		t.Fatal(err)
	}
	var span sdktrace.ReadOnlySpan
	until(t, "the span", func() bool {
		for _, ended := range recorder.Ended() {
			if ended.Name() == "trace" {
				span = ended
			}
		}
		return span != nil
	})
	if got := span.SpanContext(); span.Parent().SpanID().String() != parent[36:52] || inside != "00-"+parent[3:35]+"-"+got.SpanID().String()+"-01" {
		t.Errorf("the span %s is below %s; the handler knows %s", got.SpanID(), span.Parent().SpanID(), inside)
	}
	var events []string
	for _, e := range span.Events() {
		events = append(events, e.Name)
	}
	if want := []string{"acknowledged", "published"}; !slices.Equal(events, want) {
		t.Errorf("its events are %v; want %v", events, want)
	}
	if name := span.InstrumentationScope().Name; !strings.HasSuffix(name, "/server/centrifugo") {
		t.Errorf("it is of %s", name)
	}
}

// OPERATIONS.md says which metrics a backend serves.
func TestTheTablesOfMetrics(t *testing.T) {
	page, err := os.ReadFile("../../OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	of, behind, found := strings.Cut(string(page), "### Behind Centrifugo\n")
	behind, _, ended := strings.Cut(behind, "\n#")
	if !found || !ended {
		t.Fatal("OPERATIONS.md has no section Behind Centrifugo")
	}
	row := regexp.MustCompile("(?m)^\\| `(centrirpc_\\w+)` ")
	want := map[string]bool{}
	for _, m := range slices.Concat(row.FindAllStringSubmatch(of, -1), row.FindAllStringSubmatch(behind, -1)) {
		want[m[1]] = true
	}
	missing, _, _ := strings.Cut(behind, "|") // the text before the table
	for _, m := range regexp.MustCompile("`(centrirpc_\\w+)`").FindAllStringSubmatch(missing, -1) {
		if !want[m[1]] {
			t.Errorf("%s is no metric", m[1])
		}
		delete(want, m[1])
	}

	router := centrirpc.NewRouter()
	centrirpc.HandleStream(router, "items", func(context.Context, struct{}, func(int) error) (int, error) { return 0, nil })
	b := start(t, router, centrifugo.Config{Channels: []centrifugo.Channel{{Name: "news"}}})
	status, _ := ask(t, b, "/centrifugo/rpc", []byte(`{"user":"1","client":"c","method":"none","data":{}}`))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	_, body := get(t, b, "/metrics")
	served := 0
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (centrirpc_\w+) `).FindAllStringSubmatch(body, -1) {
		served++
		if !want[m[1]] {
			t.Errorf("%s is served, and not documented", m[1])
		}
		delete(want, m[1])
	}
	for name := range want {
		if name != "centrirpc_calls_total" { // comes with the first call that ends
			t.Errorf("%s is documented, and not served", name)
		}
	}
	if served < 15 {
		t.Errorf("only %d metrics", served)
	}
}

// What a backend says of itself: alive while it drains, and ready no more.
func TestHealthAndReadiness(t *testing.T) {
	b := start(t, centrirpc.NewRouter(), centrifugo.Config{})
	look := func(want map[string]string) {
		t.Helper()
		for path, answer := range want {
			if code, body := get(t, b, path); answer != strings.TrimSpace(http.StatusText(code)+" "+body) {
				t.Errorf("%s: %d %s; want %s", path, code, body, answer)
			}
		}
	}
	look(map[string]string{"/health": `OK {"status":"ok"}`, "/ready": `OK {"status":"ready"}`})
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(map[string]string{"/health": `OK {"status":"ok"}`, "/ready": `Service Unavailable {"status":"draining"}`})
}
