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

// call is an HTTP request with JSON, and its answer.
type call struct {
	Method          string
	Path            string
	ContentType     string `json:"content_type"`
	Asked, Answered map[string]any
	// Inferred are the members that the recording does not show.
	Inferred []string
}

// TestRecordedExchange plays the recorded exchange: what the client sent, and what
// the backend answered, must make what was recorded of all others, and no more.
func TestRecordedExchange(t *testing.T) {
	var recorded exchange
	read(t, "testdata/exchange.json", &recorded)
	asked := make(chan call, 16)
	answers := make(chan map[string]any)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{Method: r.Method, Path: r.URL.Path, ContentType: r.Header.Get("Content-Type")}
		if err := json.NewDecoder(r.Body).Decode(&c.Asked); err != nil {
			t.Error(err)
		}
		asked <- c
		select {
		case answer := <-answers:
			_ = json.NewEncoder(w).Encode(answer)
		case <-t.Context().Done(): // it was not to be asked
		}
	}))
	t.Cleanup(backend.Close)
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
	send := func(frame map[string]any) {
		t.Helper()
		text, err := json.Marshal(frame)
		if err == nil {
			err = ws.Write(ctx, websocket.MessageText, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var frames []map[string]any
	next := func() map[string]any {
		t.Helper()
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
	names := names{}
	left := recorded.Backend
	for i, step := range recorded.Client {
		if step.Sent != nil {
			if connect, ok := step.Sent["connect"].(map[string]any); ok {
				connect["token"] = token
			}
			send(step.Sent)
			if step.Sent["publish"] != nil || step.Sent["rpc"] != nil {
				var got call
				select {
				case got = <-asked:
				case <-ctx.Done():
					t.Fatalf("step %d: the backend is not asked", i)
				}
				if want := left[0]; got.Method != want.Method || got.Path != want.Path || got.ContentType != want.ContentType || !names.same(want.Asked, got.Asked) {
					t.Fatalf("step %d: the backend was asked\n%+v\nwant\n%+v", i, got, want)
				}
				answers <- left[0].Answered
				left = left[1:]
			}
			continue
		}
		if step.Got["push"] != nil { // what the backend published
			answer := post(t, "http://"+server.Addr()+recorded.API.Path, "apikey", recorded.API.Asked)
			if !names.same(recorded.API.Answered, answer) {
				t.Fatalf("the API answers %v; want %v", answer, recorded.API.Answered)
			}
		}
		if got := next(); !names.same(step.Got, got) {
			t.Fatalf("step %d: the client got\n%v\nwant\n%v", i, got, step.Got)
		}
	}
	if len(left) > 0 {
		t.Fatalf("the backend was not asked %v", left)
	}
	// The answer to one more command comes after all that there is to come.
	send(map[string]any{"id": 1000, "presence": map[string]any{"channel": "user#456"}})
	if got := next(); got["id"] != float64(1000) || len(frames) > 0 || len(asked) > 0 {
		t.Errorf("after the last step came %v %v, and the backend was asked %d times more", got, frames, len(asked))
	}
}

// TestInferred has each entry say no more than members that it has.
func TestInferred(t *testing.T) {
	var recorded struct {
		Backend []map[string]any
		API     map[string]any
	}
	text, err := os.ReadFile("testdata/exchange.json")
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range append(recorded.Backend, recorded.API) {
		inferred, _ := entry["inferred"].([]any)
		for _, name := range inferred {
			if text, ok := name.(string); !ok || entry[text] == nil {
				t.Errorf("%v is inferred, and not there: %v", name, entry)
			}
		}
	}
}

// names are what stands for "$client" and the like: a text, the same wherever the name
// is.
type names map[string]string

// same compares what was recorded with what came now.
func (n names) same(want, got any) bool {
	if name, ok := want.(string); ok && strings.HasPrefix(name, "$") {
		text, ok := got.(string)
		if !ok || text == "" {
			return false
		}
		if known, there := n[name]; there {
			return text == known
		}
		n[name] = text
		return true
	}
	w, ok := want.(map[string]any)
	g, too := got.(map[string]any)
	if !ok || !too {
		return reflect.DeepEqual(want, got)
	}
	for name := range maps.Keys(w) {
		if _, there := g[name]; !there || !n.same(w[name], g[name]) {
			return false
		}
	}
	return len(w) == len(g)
}

func TestSame(t *testing.T) {
	object := func(text string) (value any) {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	for _, test := range []struct {
		want, got string
		same      bool
	}{
		{`{"a":"$x","b":"$x"}`, `{"a":"1","b":"1"}`, true},
		{`{"a":"$x","b":"$x"}`, `{"a":"1","b":"2"}`, false},
		{`{"a":"$x"}`, `{"a":""}`, false},
		{`{"a":"$x"}`, `{"a":null}`, false},
		{`{"a":"$x"}`, `{"a":1}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1,"b":null}`, `{"a":1}`, false},
	} {
		if got := (names{}).same(object(test.want), object(test.got)); got != test.same {
			t.Errorf("%s and %s: %v", test.want, test.got, got)
		}
	}
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
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
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
	for _, key := range []string{"", "wrong"} {
		if got := post(t, url+"/publish", key, map[string]any{"channel": "a", "data": 1}); got["status"] != float64(401) {
			t.Errorf("with the key %q: %v", key, got)
		}
	}
	if got := post(t, url+"/publish", "apikey", map[string]any{"channel": "unknown:1", "data": 1}); !(names{}).same(map[string]any{"error": map[string]any{"code": float64(102), "message": "$message"}}, got) {
		t.Errorf("a namespace that there is not: %v", got)
	}
	got := post(t, url+"/batch", "apikey", map[string]any{"commands": []any{
		map[string]any{"publish": map[string]any{"channel": "a", "data": 1}},
		map[string]any{"publish": map[string]any{"channel": "", "data": 1}},
		map[string]any{"publish": map[string]any{"channel": "b", "data": 1}},
	}})
	replies, _ := got["replies"].([]any)
	if len(replies) != 3 || !(names{}).same(map[string]any{"publish": map[string]any{}}, replies[0]) || !(names{}).same(map[string]any{"error": map[string]any{"code": float64(107), "message": "$message"}}, replies[1]) || !(names{}).same(map[string]any{"publish": map[string]any{}}, replies[2]) {
		t.Errorf("a batch: %v", got)
	}
}
