package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/examples/tasks/api"
	"github.com/centrirpc/centrirpc/examples/tasks/store"
	"github.com/centrirpc/centrirpc/wire"
)

// board is the API on a database of its own, with what it published.
type board struct {
	router *centrirpc.Router
	events []string // as they went out
}

func newBoard(t *testing.T) *board {
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "tasks.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &board{}
	b.router = api.NewRouter(api.NewService(db), nil)
	b.router.AddPublisher(func(_ context.Context, channel string, data json.RawMessage) error {
		b.events = append(b.events, channel+" "+string(data))
		return nil
	})
	return b
}

// The line of an event that is lost says which call made it.
func TestALostEventIsLoggedWithItsCall(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	b := newBoard(t)
	b.router.AddPublisher(func(context.Context, string, json.RawMessage) error { return errors.New("away") })
	must[api.Task](t, b, "ann", "tasks.create", `{"title":"a"}`)
	for _, part := range []string{"an event was not published", "method=", "correlation_id=", "user=ann"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("%q lacks %s", &log, part)
		}
	}
}

// as calls a method as a user. The error is what that user would get.
func as[R any](t *testing.T, b *board, user, method, params string) (result R, failed *centrirpc.Error) {
	t.Helper()
	ctx := centrirpc.ContextWithConn(t.Context(), &centrirpc.Conn{UserID: user})
	raw, err := b.router.Call(ctx, method, json.RawMessage(params))
	if errors.As(err, &failed) {
		return result, failed
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		t.Fatalf("%s gave %s: %v", method, raw, err)
	}
	return result, nil
}

func must[R any](t *testing.T, b *board, user, method, params string) R {
	t.Helper()
	result, err := as[R](t, b, user, method, params)
	if err != nil {
		t.Fatalf("%s %s: %v %v", method, params, err, err.Details)
	}
	return result
}

func TestLifeOfATask(t *testing.T) {
	b := newBoard(t)
	created := must[api.Task](t, b, "ann", "tasks.create", `{"title":"Write the tests"}`)
	if created.ID == 0 || created.Status != api.StatusOpen || created.CreatedBy != "ann" || created.Version != 1 {
		t.Errorf("created %+v", created)
	}
	updated := must[api.Task](t, b, "bob", "tasks.update",
		`{"id":1,"status":"in_progress","due":"2031-02-03T04:05:06+01:00","tags":["a","b"],"assignee":{"name":"Bob"}}`)
	if updated.Title != created.Title || updated.Status != api.StatusInProgress || updated.CreatedBy != "ann" ||
		updated.Due == nil || updated.Assignee == nil || len(updated.Tags) != 2 || updated.Version != 2 {
		t.Errorf("updated %+v", updated)
	}
	renamed := must[api.Task](t, b, "bob", "tasks.update", `{"id":1,"title":"Write them"}`)
	want := updated
	want.Title, want.Version = "Write them", 3
	if !reflect.DeepEqual(renamed, want) {
		t.Errorf("renamed %+v, want %+v", renamed, want)
	}
	emptied := must[api.Task](t, b, "bob", "tasks.update", `{"id":1,"tags":[],"clear":["due","assignee"]}`)
	if emptied.Due != nil || emptied.Assignee != nil || len(emptied.Tags) != 0 {
		t.Errorf("emptied %+v", emptied)
	}
	must[struct{}](t, b, "bob", "tasks.delete", `{"id":1}`)

	event := func(kind string, task api.Task) string {
		encoded, _ := json.Marshal(task)
		return `tasks {"type":"` + kind + `","task":` + string(encoded) + `}`
	}
	if emptied.Tags == nil {
		emptied.Tags = []string{}
	}
	events := []string{event("created", created), event("updated", updated), event("updated", renamed), event("updated", emptied), `tasks {"type":"deleted","id":1}`}
	if !slices.Equal(b.events, events) {
		t.Errorf("published %q\nwant %q", b.events, events)
	}
}

func TestStatsCountWhatAUserCreated(t *testing.T) {
	b := newBoard(t)
	must[api.Task](t, b, "ann", "tasks.create", `{"title":"One"}`)
	must[api.Task](t, b, "ann", "tasks.create", `{"title":"Two","status":"done"}`)
	must[api.Task](t, b, "bob", "tasks.create", `{"title":"Three"}`)
	must[api.Task](t, b, "bob", "tasks.update", `{"id":1,"status":"done"}`)
	for user, want := range map[string]string{
		"ann":  `{"total":2,"by_status":{"done":2,"in_progress":0,"open":0}}`,
		"bob":  `{"total":1,"by_status":{"done":0,"in_progress":0,"open":1}}`,
		"none": `{"total":0,"by_status":{"done":0,"in_progress":0,"open":0}}`,
	} {
		stats := must[api.TaskStatsResult](t, b, "ann", "tasks.get_stats", `{"user_id":"`+user+`"}`)
		if got, _ := json.Marshal(stats); string(got) != want {
			t.Errorf("stats of %s: %s, want %s", user, got, want)
		}
	}
	if listed := must[api.TaskListResult](t, b, "ann", "tasks.list", `{"status":"done"}`); len(listed.Tasks) != 2 {
		t.Errorf("listed %+v", listed)
	}
}

func TestFaults(t *testing.T) {
	b := newBoard(t)
	must[api.Task](t, b, "ann", "tasks.create", `{"title":"One"}`)
	for _, c := range []struct {
		method, params string
		faults         []string // field and rule
	}{
		{"tasks.get_stats", `{}`, []string{"user_id required"}},
		{"tasks.get_stats", `{"user_id":""}`, []string{"user_id min"}},
		{"tasks.create", `{}`, []string{"title required"}},
		{"tasks.create", `{"title":""}`, []string{"title min"}},
		{"tasks.create", `{"title":" \t"}`, []string{"title one_line"}},
		{"tasks.create", `{"title":"a\u0000b"}`, []string{"title one_line"}},
		{"tasks.create", `{"title":"` + strings.Repeat("é", 201) + `"}`, []string{"title max"}},
		{"tasks.create", `{"title":"a","status":"lost","assignee":{"name":"","email":"x"},"tags":["a",""]}`,
			[]string{"status enum", "tags[1] one_line", "assignee.name one_line", "assignee.email email"}},
		{"tasks.create", `{"title":"a","assignee":{}}`, []string{"assignee.name required"}},
		{"tasks.create", `{"title":"a","tags":["a","a"]}`, []string{"tags unique"}},
		{"tasks.create", `{"title":"a","tags":["1","2","3","4","5","6","7"]}`, []string{"tags max"}},
		{"tasks.create", `{"title":"a","due":"tomorrow"}`, []string{"due type"}},
		{"tasks.create", `{"title":"a","due":"9999-12-31T23:59:59-01:00"}`, []string{"due 1970_to_9999"}},
		{"tasks.update", `{"id":1,"title":"","due":"1969-01-01T00:00:00Z","clear":["title"]}`,
			[]string{"clear[0] enum", "title min", "due 1970_to_9999"}},
		{"tasks.update", `{"title":"a"}`, []string{"id required"}},
		{"tasks.delete", `{"id":"1"}`, []string{"id type"}},
		{"tasks.list", `{"status":"lost"}`, []string{"status enum"}},
	} {
		_, err := as[any](t, b, "ann", c.method, c.params)
		if err == nil || err.Code != wire.InvalidParams {
			t.Errorf("%s %s gave %v, want invalid params", c.method, c.params, err)
			continue
		}
		got := []string{}
		for _, f := range err.Details.([]wire.Fault) {
			got = append(got, f.Field+" "+f.Rule)
		}
		if !reflect.DeepEqual(got, c.faults) {
			t.Errorf("%s %s has the faults %q, want %q", c.method, c.params, got, c.faults)
		}
	}
	if listed := must[api.TaskListResult](t, b, "ann", "tasks.list", `{}`); len(listed.Tasks) != 1 || listed.Tasks[0].Version != 1 {
		t.Errorf("bad params changed something: %+v", listed)
	}
}

func TestUnknownTask(t *testing.T) {
	b := newBoard(t)
	for _, method := range []string{"tasks.update", "tasks.delete"} {
		if _, err := as[any](t, b, "ann", method, `{"id":7}`); err == nil || err.Code != wire.NotFound || err.Message != "There is no task 7." {
			t.Errorf("%s gave %v", method, err)
		}
	}
	if len(b.events) != 0 {
		t.Errorf("published %+v", b.events)
	}
}

// Lists of the largest tasks there can be still fit into a message.
func TestFullBoard(t *testing.T) {
	b := newBoard(t)
	wide := func(n int) string { return strings.Repeat("𝄞", n) }
	tags := make([]string, 6)
	for i := range tags {
		tags[i] = string(rune('a'+i)) + wide(23)
	}
	params, _ := json.Marshal(map[string]any{
		"title": wide(200), "status": "in_progress", "due": "2031-02-03T04:05:06.789Z", "tags": tags,
		"assignee": map[string]string{"name": wide(60), "email": strings.Repeat("a", 60) + "@" + strings.Repeat("b", 30) + ".com"},
	})
	for range api.MaxTasks {
		must[api.Task](t, b, strings.Repeat("u", wire.MaxUserIDLength), "tasks.create", string(params))
	}
	_, err := as[any](t, b, "ann", "tasks.create", `{"title":"one more"}`)
	if !api.ErrBoardFull.Is(err) || err.Details != (api.BoardFull{Limit: api.MaxTasks}) {
		t.Errorf("one more task gave %v", err)
	}
	must[struct{}](t, b, "ann", "tasks.delete", `{"id":7}`)
	_, items, importErr := importing(t.Context(), b, "c", rows(3), allItems)
	if !api.ErrBoardFull.Is(importErr) || len(items) != 1 {
		t.Errorf("an import of more than fits gave %d items, %v", len(items), importErr)
	}
	var listed int
	for page := (api.TaskListResult{More: true}); page.More; listed += len(page.Tasks) {
		after := int64(0)
		if len(page.Tasks) > 0 {
			after = page.Tasks[len(page.Tasks)-1].ID
		}
		raw, err := b.router.Call(t.Context(), "tasks.list", fmt.Appendf(nil, `{"after":%d}`, after))
		if err != nil || len(raw) > 512<<10 {
			t.Fatalf("a list takes %d bytes, %v; a server sends at most 512 KiB", len(raw), err)
		}
		page = api.TaskListResult{}
		if err := json.Unmarshal(raw, &page); err != nil || len(page.Tasks) == 0 || page.Tasks[0].ID <= after {
			t.Fatalf("after %d: %d tasks, %v", after, len(page.Tasks), err)
		}
	}
	if listed != api.MaxTasks {
		t.Errorf("%d tasks are listed", listed)
	}
}

// What goes wrong inside stays inside.
func TestStoreErrorsStayInside(t *testing.T) {
	router := api.NewRouter(api.NewService(brokenStore{}), nil)
	for method, params := range map[string]string{
		"tasks.create": `{"title":"a"}`, "tasks.update": `{"id":1}`, "tasks.delete": `{"id":1}`,
		"tasks.list": `{}`, "tasks.get_stats": `{"user_id":"ann"}`,
	} {
		_, err := router.Call(t.Context(), method, json.RawMessage(params))
		var failed *centrirpc.Error
		if !errors.As(err, &failed) || failed.Code != wire.Internal || strings.Contains(failed.Message, "disk") {
			t.Errorf("%s gave %v", method, err)
		}
	}
	_, _, err := importing(t.Context(), &board{router: router}, "c1", rows(1), allItems)
	var failed *centrirpc.Error
	if !errors.As(err, &failed) || failed.Code != wire.Internal || strings.Contains(failed.Message, "disk") {
		t.Errorf("tasks.import gave %v", err)
	}
}

type brokenStore struct{}

var errDisk = errors.New("the disk is on fire")

func (brokenStore) Create(context.Context, api.Task, int) (api.Task, error) {
	return api.Task{}, errDisk
}
func (brokenStore) Update(context.Context, int64, func(*api.Task)) (api.Task, error) {
	return api.Task{}, errDisk
}
func (brokenStore) Import(context.Context, api.ImportKey, api.Task, int) (api.Task, bool, error) {
	return api.Task{}, false, errDisk
}
func (brokenStore) List(context.Context, api.Status, int64, int) ([]api.Task, error) {
	return nil, errDisk
}
func (brokenStore) Delete(context.Context, int64) error                         { return errDisk }
func (brokenStore) Count(context.Context, string) (map[api.Status]int64, error) { return nil, errDisk }

func TestTheContractIsDocumented(t *testing.T) {
	c := api.NewRouter(nil, nil).Contract()
	for _, m := range c.Methods {
		if m.Doc == "" {
			t.Errorf("the method %s has no doc comment", m.Name)
		}
	}
	for _, typ := range c.Types {
		if typ.Doc == "" {
			t.Errorf("the type %s has no doc comment", typ.Name)
		}
	}
}

// Without the Django project there are no comments, and a client hears so at once.
func TestNoComments(t *testing.T) {
	router := newBoard(t).router
	for params, code := range map[string]wire.Code{`{"task_id":1}`: wire.Unavailable, `{"task_id":0}`: wire.InvalidParams} {
		var failed *centrirpc.Error
		if _, err := router.Call(t.Context(), "comments.list", json.RawMessage(params)); !errors.As(err, &failed) || failed.Code != code {
			t.Errorf("%s gave %v", params, err)
		}
	}
}
