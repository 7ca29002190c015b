package main_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/examples/tasks/api"
	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
	"github.com/centrirpc/centrirpc/wire"
)

// The generated Go client, on the running program.
func TestGoClient(t *testing.T) {
	address, _ := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rpc, err := client.NewCentrifugoRPCClient(strings.Replace(address, "http", "ws", 1)+"/connection/websocket", tokenOf(t, address, "ann"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer rpc.Close()
	if err := rpc.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	events := make(chan string, 10)
	if _, err := rpc.Subscribe(ctx, api.Channel, func(e client.Event) {
		var event struct {
			Type string `json:"type"`
		}
		if err := e.Decode(&event); err != nil {
			t.Error(err)
		}
		events <- event.Type
	}); err != nil {
		t.Fatal(err)
	}

	board := tasksclient.NewAPIClient(rpc)
	task, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: "Call", Tags: []string{"go"}})
	if err != nil || task.Status != tasksclient.StatusOpen || task.CreatedBy != "ann" {
		t.Fatalf("created %+v, %v", task, err)
	}
	done := tasksclient.StatusDone
	task, err = board.TasksUpdate(ctx, tasksclient.TaskUpdateParams{ID: task.ID, Status: &done, Tags: []string{}})
	if err != nil || task.Status != done || task.Title != "Call" || len(task.Tags) != 0 {
		t.Fatalf("updated %+v, %v", task, err)
	}
	stats, err := board.TasksGetStats(ctx, tasksclient.TaskStatsParams{UserID: "ann"})
	if err != nil || stats.Total != 1 || stats.ByStatus["done"] != 1 {
		t.Errorf("stats %+v, %v", stats, err)
	}
	listed, err := board.TasksList(ctx, tasksclient.TaskListParams{Status: &done})
	if err != nil || len(listed.Tasks) != 1 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	if err := board.TasksDelete(ctx, tasksclient.TaskDeleteParams{ID: task.ID}); err != nil {
		t.Error(err)
	}
	if err := board.TasksDelete(ctx, tasksclient.TaskDeleteParams{ID: task.ID}); client.CodeOf(err) != wire.NotFound {
		t.Errorf("deleting twice: %v", err)
	}
	for _, want := range []string{"created", "updated", "deleted"} {
		select {
		case event := <-events:
			if event != want {
				t.Errorf("heard %s, want %s", event, want)
			}
		case <-ctx.Done():
			t.Fatalf("heard of no %s", want)
		}
	}
}
