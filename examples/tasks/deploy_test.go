package main_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/centrirpc/centrirpc/client"
	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/nginxserver"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// What is in deploy/centrifugo works together: two Centrifugos with one Redis, nginx,
// and two backends. What one backend does is told to the clients of both Centrifugos,
// and either of each may go away.
func TestDeployCentrifugo(t *testing.T) {
	text, err := os.ReadFile("../../deploy/centrifugo/centrifugo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range shared {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	redis := redisserver.Start(t)
	asks, api := loopback.FreeAddress(t), loopback.FreeAddress(t)
	edits := []nginxserver.Edit{{Old: "listen 9000;", New: "listen " + asks + ";"}, {Old: "listen 8000;", New: "listen " + api + ";"}}
	var config map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(string(text), "nginx:9000", asks)), &config); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var centrifugos []*centrifugodouble.Process
	for _, name := range []string{"centrifugo1:8000", "centrifugo2:8000"} {
		addr := loopback.FreeAddress(t)
		centrifugos = append(centrifugos, centrifugodouble.Start(t, addr, asJSON, append(shared, "CENTRIFUGO_ENGINE_REDIS_ADDRESS="+redis.URL())...))
		edits = append(edits, nginxserver.Edit{Old: "server " + name + " ", New: "server " + addr + " "})
	}
	db := filepath.Join(t.TempDir(), "tasks.db")
	one, first := start(t, "-db", db, "-redis", redis.URL(), "-centrifugo", "http://"+api, "-centrifugo-public", "/")
	two, _ := start(t, "-db", db, "-redis", redis.URL(), "-centrifugo", "http://"+api, "-centrifugo-public", "/")
	for name, address := range map[string]string{"backend1:9000": one, "backend2:9000": two} {
		edits = append(edits, nginxserver.Edit{Old: "server " + name + " ", New: "server " + strings.TrimPrefix(address, "http://") + " "})
	}
	nginx := nginxserver.StartCentrifugo(t, edits...)
	page := "http://" + nginx.Addr()
	for path, want := range map[string]int{"/": 200, "/app.js": 200, "/health": 404, "/ready": 404, "/metrics": 404, "/centrifugo/publish": 404, "/api/publish": 404} {
		if status, _, _ := get(t, page+path); status != want {
			t.Errorf("%s: %d; want %d", path, status, want)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	boards := make([]*tasksclient.APIClient, 2) // nginx gives each Centrifugo one
	events := make([]chan string, len(boards))
	for i := range boards {
		events[i] = make(chan string, 100)
		boards[i] = throughNginx(ctx, t, page)
		if _, err := boards[i].SubscribeTasks(ctx, func(e tasksclient.Event) {
			if created, ok := e.Value.(tasksclient.TaskCreated); ok {
				events[i] <- created.Task.Title
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	create := func(title string) {
		t.Helper()
		if _, err := boards[0].TasksCreate(ctx, tasksclient.TaskCreateParams{Title: title}); err != nil {
			t.Fatalf("%s: %v", title, err)
		}
	}
	heard := func(title string) {
		t.Helper()
		for i := range events {
			for got := ""; got != title; {
				select {
				case got = <-events[i]:
				case <-ctx.Done():
					t.Fatalf("client %d does not hear of %s", i, title)
				}
			}
		}
	}
	for _, title := range []string{"one", "two", "three", "four"} { // by both backends
		create(title)
		heard(title)
	}

	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"with one backend", "and again"} {
		create(title)
		heard(title)
	}
	centrifugos[0].Stop()
	create("with one Centrifugo")
	if tasks, err := boards[1].TasksList(ctx, tasksclient.TaskListParams{}); err != nil || len(tasks.Tasks) != 7 {
		t.Errorf("%d tasks, %v", len(tasks.Tasks), err)
	}
}

// throughNginx is a client of ann's that asks for a token and connects at one address.
func throughNginx(ctx context.Context, t *testing.T, page string) *tasksclient.APIClient {
	t.Helper()
	rpc, err := client.NewCentrifugoRPCClient(strings.Replace(page, "http", "ws", 1)+"/connection/websocket", tokenOf(t, page, "ann"), "",
		client.WithReconnectDelay(10*time.Millisecond, 100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rpc.Close() })
	if err := rpc.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	return tasksclient.NewAPIClient(rpc)
}
