package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/examples/tasks/api"
)

// importing runs an import as a call of ann's, and returns the items that came.
func importing(ctx context.Context, b *board, call, params string, took func(items int) error) (result api.TaskImportResult, items []api.TaskImportItem, err error) {
	ctx = centrirpc.ContextWithCall(ctx, &centrirpc.Conn{UserID: "ann"}, call)
	raw, err := b.router.CallStream(ctx, "tasks.import", json.RawMessage(params), func(encoded json.RawMessage) error {
		var item api.TaskImportItem
		if err := json.Unmarshal(encoded, &item); err != nil {
			return err
		}
		items = append(items, item)
		return took(len(items))
	})
	if err == nil {
		err = json.Unmarshal(raw, &result)
	}
	return result, items, err
}

func allItems(int) error { return nil }

func rows(n int) string {
	titles := make([]string, n)
	for i := range titles {
		titles[i] = fmt.Sprintf(`{"title":"Row %d","status":"done"}`, i)
	}
	return `{"rows":[` + strings.Join(titles, ",") + `]}`
}

func titles(t *testing.T, b *board) (titles []string) {
	for _, task := range must[api.TaskListResult](t, b, "ann", "tasks.list", `{}`).Tasks {
		titles = append(titles, task.Title)
	}
	return titles
}

func TestImport(t *testing.T) {
	b := newBoard(t)
	result, items, err := importing(t.Context(), b, "c1", rows(50), allItems)
	if err != nil || result != (api.TaskImportResult{Imported: 50}) || len(items) != 50 {
		t.Fatalf("%+v, %d items, %v", result, len(items), err)
	}
	listed := must[api.TaskListResult](t, b, "ann", "tasks.list", `{"status":"done"}`).Tasks
	for i, task := range listed {
		if items[i] != (api.TaskImportItem{Row: i, ID: task.ID}) || task.Title != fmt.Sprintf("Row %d", i) || task.CreatedBy != "ann" {
			t.Errorf("item %+v of task %+v", items[i], task)
		}
	}
	var told []api.Task // in events, each once
	for _, event := range b.events {
		var e struct{ Tasks []api.Task }
		if err := json.Unmarshal([]byte(strings.TrimPrefix(event, "tasks ")), &e); err != nil || !strings.Contains(event, `"type":"imported"`) {
			t.Fatalf("%s: %v", event, err)
		}
		told = append(told, e.Tasks...)
	}
	if fmt.Sprint(told) != fmt.Sprint(listed) {
		t.Errorf("%d tasks were told of, %d are there", len(told), len(listed))
	}
}

// The same call, run again after its server was stopped, goes on where it was; another call does not.
func TestImportThatRunsAgain(t *testing.T) {
	b := newBoard(t)
	gone := errors.New("the server is gone")
	_, before, err := importing(t.Context(), b, "c1", rows(10), func(items int) error {
		if items == 4 {
			return gone
		}
		return nil
	})
	if err == nil || len(before) != 4 {
		t.Fatalf("%d items, %v", len(before), err)
	}
	must[struct{}](t, b, "ann", "tasks.delete", fmt.Sprintf(`{"id":%d}`, before[1].ID)) // it stays so
	b.events = nil
	result, items, err := importing(t.Context(), b, "c1", rows(10), allItems)
	if err != nil || result != (api.TaskImportResult{Imported: 10, Repeated: 4}) || len(items) != 10 || fmt.Sprint(items[:4]) != fmt.Sprint(before) {
		t.Errorf("%+v, %+v after %+v, %v", result, items, before, err)
	}
	if all := strings.Join(b.events, ""); strings.Contains(all, `"Row 3"`) || !strings.Contains(all, `"Row 4"`) {
		t.Errorf("published %s", all)
	}
	if got := titles(t, b); len(got) != 9 {
		t.Errorf("on the board: %q", got)
	}
	if result, _, err := importing(t.Context(), b, "c2", rows(2), allItems); err != nil || result.Repeated != 0 || len(titles(t, b)) != 11 {
		t.Errorf("another call: %+v, %v, %q", result, err, titles(t, b))
	}
	// Without a correlation id, as in a native RPC, nothing is taken for a repetition.
	for range 2 {
		if result, _, err := importing(t.Context(), b, "", rows(1), allItems); err != nil || result.Repeated != 0 {
			t.Errorf("no id: %+v, %v", result, err)
		}
	}
}

func TestImportThatIsCancelled(t *testing.T) {
	b := newBoard(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	params := strings.Replace(rows(100), `{"rows"`, `{"pause_ms":1000,"rows"`, 1)
	_, items, err := importing(ctx, b, "c1", params, func(int) error {
		cancel()
		return nil
	})
	if err == nil || len(items) != 1 {
		t.Errorf("%d items, %v", len(items), err)
	}
	if got := titles(t, b); len(got) != 1 || len(b.events) != 1 {
		t.Errorf("on the board: %q; published %q", got, b.events)
	}
}

func TestImportFaults(t *testing.T) {
	b := newBoard(t)
	for params, field := range map[string]string{
		`{}`:                             "rows",
		`{"rows":[]}`:                    "rows",
		rows(2001):                       "rows",
		`{"rows":[{"title":"a"},{}]}`:    "rows[1].title",
		`{"rows":[{"title":"a\u0000"}]}`: "rows[0].title",
		`{"rows":[{"title":"a"}],"pause_ms":1001}`: "pause_ms",
	} {
		_, _, err := importing(t.Context(), b, "c1", params, allItems)
		var failed *centrirpc.Error
		if !errors.As(err, &failed) || !strings.Contains(fmt.Sprintf("%+v", failed.Details), "{"+field+" ") && !strings.Contains(fmt.Sprintf("%+v", failed.Details), "Field:"+field+" ") {
			t.Errorf("%.60s gave %v %+v", params, err, failed.Details)
		}
	}
	if len(titles(t, b)) != 0 {
		t.Error("something was imported")
	}
}
