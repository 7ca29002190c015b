package main_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// What Centrifugo and the demo have in common, in both environments.
var shared = []string{
	"CENTRIFUGO_HTTP_API_KEY=the key of these tests",
	"CENTRIFUGO_VAR_CENTRIRPC_SECRET=what Centrifugo proves itself with",
	"CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY=" + importSecret,
}

// startBehind runs Centrifugo, with the configuration that README.md says how to make,
// and the demo as its backend.
func startBehind(t *testing.T, args ...string) (page, centrifugo string, cmd *exec.Cmd) {
	t.Helper()
	backend, addr := loopback.FreeAddress(t), loopback.FreeAddress(t)
	made, err := exec.CommandContext(t.Context(), "go", "run", "github.com/centrirpc/centrirpc/cmd/centrirpc", "centrifugo-config", "./api", "-format", "json",
		"-backend", "http://"+backend, "-origin", "http://"+backend, "-max-message-size", "1048576").Output()
	if err != nil {
		t.Fatalf("centrirpc centrifugo-config: %v", err)
	}
	centrifugodouble.Start(t, addr, made, shared...)
	for _, variable := range shared {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	page, cmd = start(t, append([]string{"-addr", backend, "-centrifugo", "http://" + addr}, args...)...)
	return page, "http://" + addr, cmd
}

// The demo behind Centrifugo does what it does by itself, over a restart of the
// backend too, at which clients stay connected.
func TestBehindCentrifugo(t *testing.T) {
	db, redis := filepath.Join(t.TempDir(), "tasks.db"), redisserver.Start(t).URL()
	page, centrifugo, cmd := startBehind(t, "-db", db, "-redis", redis)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	rpc, err := client.NewCentrifugoRPCClient(strings.Replace(centrifugo, "http", "ws", 1)+"/connection/websocket", tokenOf(t, page, "ann"), "",
		client.WithSilence(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer rpc.Close()
	if err := rpc.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	board := tasksclient.NewAPIClient(rpc)
	events := make(chan tasksclient.Event, 200)
	if _, err := board.SubscribeTasks(ctx, func(e tasksclient.Event) { events <- e }); err != nil {
		t.Fatal(err)
	}
	task, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: "Row 0"})
	if err != nil || task.CreatedBy != "ann" {
		t.Fatalf("%+v, %v", task, err)
	}
	select {
	case <-events:
	case <-ctx.Done():
		t.Fatal("nothing was told of the task")
	}
	if err := board.TasksDelete(ctx, tasksclient.TaskDeleteParams{ID: task.ID}); err != nil {
		t.Error(err)
	}
	items, result, err := imported(ctx, t, board, 60, func() {})
	if err != nil || items != 60 || result.Imported != 60 {
		t.Errorf("%d items, %+v, %v", items, result, err)
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	created := make(chan error, 1)
	go func() {
		_, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: "Row 60"})
		created <- err
	}()
	start(t, "-addr", strings.TrimPrefix(page, "http://"), "-db", db, "-redis", redis, "-centrifugo", centrifugo)
	if err := <-created; err != nil {
		t.Errorf("asked for while there was no backend: %v", err)
	}
	if tasks := onBoard(ctx, t, board); tasks != 61 {
		t.Errorf("%d tasks", tasks)
	}
}

// Clients of each language connect to Centrifugo, which asks the demo, which asks
// Django for comments; and the clients cannot tell.
func TestDjangoMethodsBehindCentrifugo(t *testing.T) {
	page, centrifugo, _ := startBehind(t, newDjangoProject(t, "asgi").flags()...)
	commentsInEachLanguage(t, page, centrifugo)
}

// The page works in Chromium while its server is the backend of Centrifugo.
func TestPageBehindCentrifugo(t *testing.T) {
	modules(t)
	page, _, _ := startBehind(t)
	inWeb(t, []string{"TASKS_PROGRAM=" + program, "TASKS_BEHIND=" + page}, "node", "--test", "--test-timeout=120000", "centrifugo.test.mjs")
}

// Where Centrifugo is reached at the page's own address, the page is not told another.
func TestCentrifugoAtTheSameAddress(t *testing.T) {
	for _, variable := range shared {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	for public, want := range map[string]string{
		"/":                  "",
		"https://b.example":  `"connect":"wss://b.example/connection/websocket"`,
		"HTTPS://b.example/": `"connect":"wss://b.example/connection/websocket"`,
	} {
		page, _ := start(t, "-centrifugo", "http://127.0.0.1:1", "-centrifugo-public", public)
		_, _, body := get(t, page+"/token?user=ann")
		_, header, _ := get(t, page+"/")
		policy := header.Get("Content-Security-Policy")
		if want == "" && (strings.Contains(body, "connect") || !strings.Contains(policy, "connect-src 'self';")) ||
			!strings.Contains(body, want) || want != "" && !strings.Contains(policy, "connect-src 'self' wss://b.example/connection/websocket;") {
			t.Errorf("-centrifugo-public %s: %s, %s", public, body, policy)
		}
		if status, _, body := get(t, page+"/metrics"); status != 200 || !strings.Contains(body, "centrirpc_publish_queue_bytes") {
			t.Errorf("/metrics: %d", status)
		}
		if status, _, _ := get(t, page+"/connection/websocket"); status != 404 {
			t.Errorf("clients can connect to the backend: %d", status)
		}
	}
}

// What is missing is said, with the name of the setting; secrets are not repeated.
func TestCentrifugoRefusals(t *testing.T) {
	const hidden = "hunter2-hunter2-hunter2"
	at := func(more ...string) []string {
		return append([]string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "tasks.db")}, more...)
	}
	all := []string{"-centrifugo", "http://127.0.0.1:8000", "-centrifugo-api-key", hidden, "-centrifugo-secret", hidden, "-secret", hidden}
	for says, args := range map[string][]string{
		"CENTRIFUGO_HTTP_API_KEY":                 at(all[:2]...),
		"CENTRIFUGO_VAR_CENTRIRPC_SECRET":         at(all[:4]...),
		"CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY": at(all[:6]...),
		"are for -centrifugo, which is missing":   at(all[2:]...),
		`-centrifugo "nowhere" is no address`:     at("-centrifugo", "nowhere"),
		"is neither an address":                   at(append([]string{"-centrifugo-public", "page"}, all...)...),
		"Secret is 5 bytes long":                  at(append(all[:4:4], "-centrifugo-secret", "short", "-secret", hidden)...),
		"127.0.0.1:1":                             at(append([]string{"-redis", "redis://127.0.0.1:1"}, all...)...),
		`tasks: -redis-prefix "{a}"`:              at(append([]string{"-redis", "redis://127.0.0.1:1", "-redis-prefix", "{a}"}, all...)...),
	} {
		out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), says) || strings.Contains(string(out), hidden) {
			t.Errorf("tasks %q: %v, %s; want one line with %q", args, err, out, says)
		}
	}
}
