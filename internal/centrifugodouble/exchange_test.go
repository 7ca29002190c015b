package centrifugodouble_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

type exchange struct {
	Recorded string
	Claims   jwt.MapClaims
	Client   []struct{ Sent, Got map[string]any }
	Backend  []call
	API      call
}

type call struct {
	Path            string
	Asked, Answered map[string]any
}

// TestRecordedExchange plays the recorded exchange: what the client sent, and what
// the backend answered, must make what was recorded of all others.
func TestRecordedExchange(t *testing.T) {
	var recorded exchange
	read(t, "testdata/exchange.json", &recorded)
	asked := make(chan call, 1)
	answers := make(chan map[string]any, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{Path: r.URL.Path}
		if err := json.NewDecoder(r.Body).Decode(&c.Asked); err != nil {
			t.Error(err)
		}
		asked <- c
		_ = json.NewEncoder(w).Encode(<-answers)
	}))
	defer backend.Close()
	config, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	config = bytes.ReplaceAll(config, []byte("http://127.0.0.1:18101"), []byte(backend.URL))
	server := centrifugodouble.Start(t, loopback.FreeAddress(t), config)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+server.Addr()+"/connection/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, recorded.Claims).SignedString([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	var frames []map[string]any
	next := func() map[string]any {
		if len(frames) == 0 {
			_, text, err := ws.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				var frame map[string]any
				if err := json.Unmarshal([]byte(line), &frame); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				frames = append(frames, frame)
			}
		}
		first := frames[0]
		frames = frames[1:]
		return first
	}
	left := recorded.Backend
	for i, step := range recorded.Client {
		if step.Sent != nil {
			if connect, ok := step.Sent["connect"].(map[string]any); ok {
				connect["token"] = token
			}
			text, _ := json.Marshal(step.Sent)
			if err := ws.Write(ctx, websocket.MessageText, text); err != nil {
				t.Fatal(err)
			}
			if step.Sent["publish"] != nil || step.Sent["rpc"] != nil {
				got := <-asked
				if want := left[0]; got.Path != want.Path || !same(want.Asked, got.Asked) {
					t.Fatalf("step %d: the backend was asked\n%s %v\nwant\n%s %v", i, got.Path, got.Asked, want.Path, want.Asked)
				}
				answers <- left[0].Answered
				left = left[1:]
			}
			continue
		}
		if step.Got["push"] != nil { // what the backend published
			answer := post(t, "http://"+server.Addr()+recorded.API.Path, "apikey", recorded.API.Asked)
			if !same(recorded.API.Answered, answer) {
				t.Fatalf("the API answers %v; want %v", answer, recorded.API.Answered)
			}
		}
		if got := next(); !same(step.Got, got) {
			t.Fatalf("step %d: the client got\n%v\nwant\n%v", i, got, step.Got)
		}
	}
	if len(left) > 0 {
		t.Fatalf("the backend was not asked %v", left)
	}
}

// same compares what was recorded with what came now.
func same(want, got any) bool {
	if want == "*" {
		return got != ""
	}
	w, ok := want.(map[string]any)
	g, too := got.(map[string]any)
	if !ok || !too {
		return reflect.DeepEqual(want, got)
	}
	for name := range maps.Keys(w) {
		if _, there := g[name]; !there || !same(w[name], g[name]) {
			return false
		}
	}
	return len(w) == len(g)
}

func read(t *testing.T, file string, to any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(to)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func post(t *testing.T, url, key string, body any) (answer map[string]any) {
	t.Helper()
	text, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	raw, _ := io.ReadAll(got.Body)
	if got.StatusCode != http.StatusOK {
		return map[string]any{"status": float64(got.StatusCode)}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s answers %q: %v", url, raw, err)
	}
	return answer
}

// TestServerAPI holds the parts of the server API that the recording does not show.
func TestServerAPI(t *testing.T) {
	config, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + centrifugodouble.Start(t, loopback.FreeAddress(t), config).Addr() + "/api"
	if got := post(t, url+"/publish", "wrong", map[string]any{}); got["status"] != float64(401) {
		t.Errorf("with a wrong key: %v", got)
	}
	if got := post(t, url+"/publish", "apikey", map[string]any{"channel": "unknown:1", "data": 1}); !same(map[string]any{"error": map[string]any{"code": float64(102), "message": "*"}}, got) {
		t.Errorf("a namespace that there is not: %v", got)
	}
	got := post(t, url+"/batch", "apikey", map[string]any{"commands": []any{
		map[string]any{"publish": map[string]any{"channel": "a", "data": 1}},
		map[string]any{"publish": map[string]any{"channel": "", "data": 1}},
		map[string]any{"publish": map[string]any{"channel": "b", "data": 1}},
	}})
	replies, _ := got["replies"].([]any)
	if len(replies) != 3 || !same(map[string]any{"publish": map[string]any{}}, replies[0]) || !same(map[string]any{"error": map[string]any{"code": float64(107), "message": "*"}}, replies[1]) || !same(map[string]any{"publish": map[string]any{}}, replies[2]) {
		t.Errorf("a batch: %v", got)
	}
}
