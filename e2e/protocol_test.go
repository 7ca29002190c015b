package e2e

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

// frames are the lines of PROTOCOL.md's example: what is sent ("-> ") and what is
// received ("<- "), continued on indented lines.
func frames(t *testing.T) []string {
	page, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "```")
	if len(parts) != 5 {
		t.Fatalf("PROTOCOL.md has %d fences; this test runs the first block, and the Python package's tests the second", len(parts)-1)
	}
	var all []string
	for _, line := range strings.Split(strings.TrimSpace(parts[1]), "\n") {
		if strings.HasPrefix(line, " ") {
			all[len(all)-1] += strings.TrimSpace(line)
		} else {
			all = append(all, line)
		}
	}
	return all
}

// TestTheSpecificationsFramesAreTrue sends what PROTOCOL.md says a client sends,
// byte for byte, and finds all that it says the server answers.
func TestTheSpecificationsFramesAreTrue(t *testing.T) {
	const secret = "a secret of the specification's test"
	router := centrirpc.NewRouter()
	type params struct {
		UserID string `json:"user_id"`
	}
	centrirpc.Handle(router, "tasks.get_stats", func(_ context.Context, p params) (map[string]int, error) {
		return map[string]int{"total": 100}, nil
	})
	s, err := server.New(router, server.Config{TokenHMACSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	defer func() { _ = s.Shutdown(context.Background()) }()
	jwt, err := token.Sign(secret, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(web.URL, "http")+"/connection/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()

	var arrived []string // frames hold one message or more, a line each
	for _, frame := range frames(t) {
		text := frame[3:]
		if strings.HasPrefix(frame, "-> ") {
			if err := conn.Write(ctx, websocket.MessageText, []byte(strings.ReplaceAll(text, "<jwt of user 456>", jwt))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for len(arrived) == 0 {
			_, data, err := conn.Read(ctx)
			if err != nil {
				t.Fatalf("waiting for %s: %v", text, err)
			}
			arrived = strings.Split(strings.TrimSpace(string(data)), "\n")
		}
		var want, got any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(text, ",…", "")), &want); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := json.Unmarshal([]byte(arrived[0]), &got); err != nil {
			t.Fatal(err)
		}
		if !holds(got, want) {
			t.Errorf("the server sent  %s\nPROTOCOL.md says %s", arrived[0], text)
		}
		arrived = arrived[1:]
	}
}

// holds reports whether got has all that want has; "…" is any string.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		for key, value := range want {
			ok = ok && holds(object[key], value)
		}
		return ok
	case string:
		if want == "…" {
			text, ok := got.(string)
			return ok && text != ""
		}
	}
	return got == want
}
