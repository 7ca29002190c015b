package centrifugo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

const (
	apiKey = "apikey"
	secret = "the secret that Centrifugo knows"
)

// TestRecordedExchange plays what a real Centrifugo 6.9.1 asked its backend: the
// answers, and what goes out on its API, must be what was recorded.
func TestRecordedExchange(t *testing.T) {
	type call struct {
		Method      string
		Path        string
		ContentType string `json:"content_type"`
		Asked       map[string]json.RawMessage
		Answered    json.RawMessage
	}
	var recorded struct {
		Backend []call
		API     call
	}
	text, err := os.ReadFile("../../internal/centrifugodouble/testdata/exchange.json")
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil || len(recorded.Backend) == 0 {
		t.Fatalf("no recording: %v", err)
	}
	type published struct {
		method, path, key, contentType string
		body                           []byte
	}
	out := make(chan published, 4)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		out <- published{r.Method, r.URL.Path, r.Header.Get("X-API-Key"), r.Header.Get("Content-Type"), body}
		_, _ = w.Write(recorded.API.Answered)
	}))
	defer api.Close()

	router := centrirpc.NewRouter()
	type stats struct {
		Total int `json:"total"`
	}
	centrirpc.Handle(router, "tasks.get_stats", func(ctx context.Context, p struct {
		UserID string `json:"user_id"`
	}) (stats, error) {
		conn := centrirpc.ConnFromContext(ctx)
		if conn.UserID != "456" || string(conn.Meta) != `{"role":"admin"}` || conn.Transport != "websocket" || p.UserID == "" {
			t.Errorf("the handler sees %+v, meta %s, params %+v", conn, conn.Meta, p)
		}
		return stats{100}, nil
	})
	backend := start(t, router, centrifugo.Config{APIURL: api.URL + "/api"})
	for i, c := range recorded.Backend {
		if string(c.Asked["client"]) != `"$client"` || c.Method != http.MethodPost {
			t.Fatalf("request %d of the recording is %s %s", i, c.Method, c.Asked)
		}
		c.Asked["client"] = json.RawMessage(`"60d1a6cd-4f6d-4f9b-8f57-6a4be9a6a3a1"`)
		body, _ := json.Marshal(c.Asked)
		status, answer := ask(t, backend, c.Path, body)
		if status != http.StatusOK || !sameJSON(t, answer, c.Answered) {
			t.Errorf("request %d: the answer is %d %s; want %s", i, status, answer, c.Answered)
		}
	}
	select {
	case got := <-out:
		asked, _ := json.Marshal(recorded.API.Asked)
		if want := recorded.API; got.method != want.Method || got.path != want.Path || got.key != apiKey || got.contentType != want.ContentType || !sameJSON(t, got.body, asked) {
			t.Errorf("published %+v %s; want %s %s", got, got.body, want.Path, asked)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was published")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := backend.Shutdown(ctx); err != nil { // it has handed over all that it had
		t.Fatal(err)
	}
	if len(out) > 0 {
		got := <-out
		t.Errorf("published besides: %+v %s", got, got.body)
	}
}

// start makes a backend that ends with the test. What the configuration leaves out
// is filled in.
func start(t *testing.T, router *centrirpc.Router, cfg centrifugo.Config) *centrifugo.Backend {
	t.Helper()
	cfg.APIKey, cfg.Secret = apiKey, secret
	if cfg.APIURL == "" {
		cfg.APIURL = "http://127.0.0.1:1/api"
	}
	backend, err := centrifugo.New(router, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = backend.Shutdown(ctx)
	})
	return backend
}

// ask sends a proxy request as Centrifugo does.
func ask(t *testing.T, backend http.Handler, path string, body []byte) (status int, answer []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(centrifugo.SecretHeader, secret)
	w := httptest.NewRecorder()
	backend.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); w.Code == http.StatusOK && got != "application/json" {
		t.Errorf("%s answers %q", path, got)
	}
	return w.Code, w.Body.Bytes()
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		return false
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
