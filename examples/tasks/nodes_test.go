package main_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// startNodes starts processes that share a board and a Redis, and returns their
// addresses.
func startNodes(t *testing.T, n int) (addresses []string) {
	t.Helper()
	args := []string{"-db", filepath.Join(t.TempDir(), "tasks.db"), "-secret", importSecret, "-redis", redisserver.Start(t).URL()}
	for range n {
		address, _ := start(t, args...)
		addresses = append(addresses, address)
	}
	return addresses
}

// A task made at one node is on the boards that others show, and both are told of it.
func TestEventsOfAnotherNode(t *testing.T) {
	addresses := startNodes(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var boards []*tasksclient.APIClient
	events := make([]chan tasksclient.EventVariant, len(addresses))
	for i, address := range addresses {
		board := connectAs(ctx, t, address)
		events[i] = make(chan tasksclient.EventVariant, 10)
		if _, err := board.SubscribeTasks(ctx, func(e tasksclient.Event) { events[i] <- e.Value }); err != nil {
			t.Fatal(err)
		}
		boards = append(boards, board)
	}
	hears := func(at int) tasksclient.Task {
		t.Helper()
		select {
		case event := <-events[at]:
			switch event := event.(type) {
			case tasksclient.TaskCreated:
				return event.Task
			case tasksclient.TaskUpdated:
				return event.Task
			}
			t.Fatalf("node %d tells %+v", at, event)
		case <-ctx.Done():
			t.Fatalf("node %d tells nothing", at)
		}
		return tasksclient.Task{}
	}
	for i, board := range boards {
		task, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: fmt.Sprintf("Made at node %d", i)})
		if err != nil {
			t.Fatal(err)
		}
		for at := range boards {
			if got := hears(at); got.ID != task.ID || got.Title != task.Title {
				t.Errorf("node %d tells of %+v, and %+v was made", at, got, task)
			}
		}
		done := tasksclient.StatusDone
		if _, err := boards[(i+1)%len(boards)].TasksUpdate(ctx, tasksclient.TaskUpdateParams{ID: task.ID, Status: &done}); err != nil {
			t.Fatalf("at another node: %v", err)
		}
		for at := range boards {
			if got := hears(at); got.Status != done {
				t.Errorf("node %d tells of %+v, which was done", at, got)
			}
		}
	}
}

// The page's connection moves to another node while its import runs at the first: the
// items go on where they were, and each row is there once.
func TestImportMovesToAnotherNode(t *testing.T) {
	addresses := startNodes(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	proxy := faultproxy.Start(t, strings.TrimPrefix(addresses[0], "http://"))
	board := connectAs(ctx, t, "http://"+proxy.Addr())
	items, result, err := imported(ctx, t, board, 100, func() {
		proxy.SetTarget(strings.TrimPrefix(addresses[1], "http://"))
		proxy.Cut()
	})
	if err != nil || items != 100 || result.Imported != 100 || result.Repeated != 0 {
		t.Errorf("%d items, %+v, %v", items, result, err)
	}
	if tasks := onBoard(ctx, t, board); tasks != 100 {
		t.Errorf("%d tasks", tasks)
	}
}

// The page works in Chromium on two nodes: what is done at one shows at the other.
func TestPageOnTwoNodes(t *testing.T) {
	modules(t)
	redis := redisserver.Start(t)
	inWeb(t, []string{"TASKS_PROGRAM=" + program, "TASKS_REDIS=" + redis.URL()}, "node", "--test", "--test-timeout=120000", "nodes.test.mjs")
}
