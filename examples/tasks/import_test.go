package main_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
)

const importSecret = "a secret of these tests that restarts keep"

// connectAs is a client of ann's, which stays connected over restarts.
func connectAs(ctx context.Context, t *testing.T, address string) *tasksclient.APIClient {
	t.Helper()
	return connectTo(ctx, t, address, address)
}

// connectTo is connectAs where the page, which gives the token, is not at the address
// of the server that clients connect to.
func connectTo(ctx context.Context, t *testing.T, page, server string) *tasksclient.APIClient {
	t.Helper()
	rpc, err := client.NewCentrifugoRPCClient(strings.Replace(server, "http", "ws", 1)+"/connection/websocket", tokenOf(t, page, "ann"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rpc.Close() })
	if err := rpc.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	return tasksclient.NewAPIClient(rpc)
}

// imported begins an import of n rows, calls soon after the first 20 items, and
// returns how the import ended.
func imported(ctx context.Context, t *testing.T, board *tasksclient.APIClient, n int, soon func()) (items int, result tasksclient.TaskImportResult, err error) {
	t.Helper()
	params := tasksclient.TaskImportParams{PauseMs: ptr(int64(10))}
	for i := range n {
		params.Rows = append(params.Rows, tasksclient.TaskImportRow{Title: fmt.Sprintf("Row %d", i)})
	}
	stream := board.TasksImport(ctx, params)
	for item, err := range stream.Items() {
		if err != nil {
			return items, result, err
		}
		if item.Row != int64(items) {
			t.Fatalf("item %d is of row %d", items, item.Row)
		}
		if items++; items == 20 {
			soon()
		}
	}
	result, err = stream.Result()
	return items, result, err
}

func ptr[T any](v T) *T { return &v }

// onBoard counts the tasks, each of which must be another row.
func onBoard(ctx context.Context, t *testing.T, board *tasksclient.APIClient) (tasks int) {
	t.Helper()
	for after, more := int64(0), true; more; {
		page, err := board.TasksList(ctx, tasksclient.TaskListParams{After: &after})
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range page.Tasks {
			if task.Title != fmt.Sprintf("Row %d", tasks) {
				t.Fatalf("after row %d comes %q", tasks-1, task.Title)
			}
			tasks++
			after = task.ID
		}
		more = page.More
	}
	return tasks
}

func TestImportOverAStop(t *testing.T) {
	address, cmd := start(t, "-secret", importSecret)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	board := connectAs(ctx, t, address)
	items, result, err := imported(ctx, t, board, 150, func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil || items != 150 || result.Imported != 150 {
		t.Errorf("%d items, %+v, %v: the server did not wait", items, result, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Nobody can say how an import ended whose server was killed: it says so, once the
// next one is there, and no row is imported twice.
func TestImportOverAKill(t *testing.T) {
	db := filepath.Join(t.TempDir(), "tasks.db")
	address, cmd := start(t, "-secret", importSecret, "-db", db)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	board := connectAs(ctx, t, address)
	items, _, err := imported(ctx, t, board, 300, func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		start(t, "-secret", importSecret, "-db", db, "-addr", strings.TrimPrefix(address, "http://"))
	})
	if !errors.Is(err, &client.ServerError{Code: 520}) || items < 20 || items >= 300 {
		t.Errorf("%d items, %v", items, err)
	}
	if tasks := onBoard(ctx, t, board); tasks < items || tasks >= 300 {
		t.Errorf("%d tasks after %d items", tasks, items)
	}
}
