package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/examples/tasks/api"
)

var _ api.Store = (*Store)(nil)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func create(t *testing.T, s *Store, task api.Task) api.Task {
	t.Helper()
	created, err := s.Create(t.Context(), task, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func TestTasksSurviveReopening(t *testing.T) {
	// A path with the characters that mean something in an address.
	path := filepath.Join(t.TempDir(), "a b?c#d%20&ü.db")
	s := open(t, path)
	due := time.Date(2031, 5, 6, 7, 8, 9, 123_000_000, time.FixedZone("", 3600))
	full := create(t, s, api.Task{
		Title: "Write 'tests'; -- ✓", Status: api.StatusInProgress, Due: &due, Tags: []string{"b", "a"},
		Assignee: &api.Person{Name: "Ann", Email: "ann@example.com"}, CreatedBy: "u1",
	})
	bare := create(t, s, api.Task{Title: "Bare", Status: api.StatusOpen, CreatedBy: "u2"})
	if !full.Due.Equal(due) || full.Version != 1 || full.ID == bare.ID || time.Since(full.CreatedAt) > time.Minute {
		t.Errorf("created %+v", full)
	}
	if bare.Due != nil || bare.Assignee != nil || bare.Tags == nil || len(bare.Tags) != 0 {
		t.Errorf("created %+v", bare)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}

	listed, err := open(t, path).List(t.Context(), "", 0, 1000)
	if want := []api.Task{full, bare}; err != nil || !reflect.DeepEqual(listed, want) {
		t.Errorf("listed %+v, %v, want %+v", listed, err, want)
	}
}

func TestListByStatus(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	for _, status := range []api.Status{api.StatusOpen, api.StatusDone, api.StatusOpen} {
		create(t, s, api.Task{Title: string(status), Status: status})
	}
	for status, want := range map[api.Status]int{"": 3, api.StatusOpen: 2, api.StatusInProgress: 0, api.StatusDone: 1} {
		tasks, err := s.List(t.Context(), status, 0, 1000)
		if err != nil || len(tasks) != want {
			t.Errorf("List(%q) gave %d tasks, %v, want %d", status, len(tasks), err, want)
		}
	}
}

func TestUpdateSetsAndEmpties(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	due := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	task := create(t, s, api.Task{Title: "One", Status: api.StatusOpen, Tags: []string{"x", "y"}, CreatedBy: "u1"})

	set, err := s.Update(t.Context(), task.ID, func(task *api.Task) {
		task.Title, task.Due, task.Assignee, task.Tags = "Two", &due, &api.Person{Name: "Ann"}, []string{"y", "x"}
	})
	want := task
	want.Title, want.Due, want.Assignee, want.Tags, want.Version = "Two", &due, &api.Person{Name: "Ann"}, []string{"y", "x"}, 2
	if err != nil || !reflect.DeepEqual(set, want) {
		t.Errorf("set %+v, %v, want %+v", set, err, want)
	}

	emptied, err := s.Update(t.Context(), task.ID, func(task *api.Task) {
		task.Title, task.Due, task.Assignee, task.Tags = "One", nil, nil, nil
	})
	want = task
	want.Tags, want.Version = []string{}, 3
	if err != nil || !reflect.DeepEqual(emptied, want) {
		t.Errorf("emptied %+v, %v, want %+v", emptied, err, want)
	}
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	task := create(t, s, api.Task{Title: "x", Status: api.StatusOpen})
	const n = 20
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := s.Update(t.Context(), task.ID, func(task *api.Task) { task.Title += "x" }); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	tasks, err := s.List(t.Context(), "", 0, 1000)
	if err != nil || len(tasks[0].Title) != n+1 || tasks[0].Version != n+1 {
		t.Errorf("after %d updates: %+v, %v", n, tasks, err)
	}
}

// Nodes may share the file, and be started at the same time.
func TestSeveralOpenANewFileAtOnce(t *testing.T) {
	for range 10 {
		path := filepath.Join(t.TempDir(), "tasks.db")
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if _, err := s.Create(t.Context(), api.Task{Title: "x", Status: api.StatusOpen}, 1000); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if tasks, err := open(t, path).List(t.Context(), "", 0, 1000); err != nil || len(tasks) != 8 {
			t.Errorf("%d tasks, %v", len(tasks), err)
		}
	}
}

func TestUnknownTask(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	task := create(t, s, api.Task{Title: "x", Status: api.StatusOpen, Tags: []string{"a"}})
	if err := s.Delete(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), task.ID); !errors.Is(err, api.ErrNoTask) {
		t.Errorf("deleting twice: %v", err)
	}
	_, err := s.Update(t.Context(), task.ID, func(*api.Task) { t.Error("change was called") })
	if !errors.Is(err, api.ErrNoTask) {
		t.Errorf("updating a deleted task: %v", err)
	}
	var tags int
	if err := s.db.QueryRow("SELECT count(*) FROM task_tags").Scan(&tags); err != nil || tags != 0 {
		t.Errorf("%d tags of a deleted task are left, %v", tags, err)
	}
	if next := create(t, s, api.Task{Title: "y", Status: api.StatusOpen}); next.ID <= task.ID {
		t.Errorf("the id %d comes after %d, which was deleted", next.ID, task.ID)
	}
}

func TestLimit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	var group sync.WaitGroup
	var mu sync.Mutex
	full := 0
	for range 10 {
		group.Go(func() {
			_, err := s.Create(t.Context(), api.Task{Title: "x", Status: api.StatusOpen}, 3)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, api.ErrFull) {
				full++
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if full != 7 {
		t.Errorf("%d of 10 were refused, want 7", full)
	}
}

func TestCountIsByCreator(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	create(t, s, api.Task{Title: "a", Status: api.StatusOpen, CreatedBy: "u1"})
	create(t, s, api.Task{Title: "b", Status: api.StatusDone, CreatedBy: "u1"})
	create(t, s, api.Task{Title: "c", Status: api.StatusDone, CreatedBy: "u1"})
	create(t, s, api.Task{Title: "d", Status: api.StatusOpen, CreatedBy: "u2"})
	counts, err := s.Count(t.Context(), "u1")
	if want := (map[api.Status]int64{api.StatusOpen: 1, api.StatusDone: 2}); err != nil || !reflect.DeepEqual(counts, want) {
		t.Errorf("counted %v, %v, want %v", counts, err, want)
	}
}

// What the service checks, the database would refuse too.
func TestConstraints(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	early, late := time.UnixMilli(-1), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	good := api.Task{Title: strings.Repeat("é", 200), Status: api.StatusOpen, Tags: []string{strings.Repeat("é", 24)}}
	create(t, s, good)
	for name, spoil := range map[string]func(*api.Task){
		"no title":       func(task *api.Task) { task.Title = "" },
		"long title":     func(task *api.Task) { task.Title += "é" },
		"unknown status": func(task *api.Task) { task.Status = "lost" },
		"early due":      func(task *api.Task) { task.Due = &early },
		"late due":       func(task *api.Task) { task.Due = &late },
		"nameless":       func(task *api.Task) { task.Assignee = &api.Person{Email: "a@example.com"} },
		"empty tag":      func(task *api.Task) { task.Tags = []string{""} },
		"long tag":       func(task *api.Task) { task.Tags = []string{strings.Repeat("é", 25)} },
		"tag twice":      func(task *api.Task) { task.Tags = []string{"a", "a"} },
	} {
		t.Run(name, func(t *testing.T) {
			task := good
			spoil(&task)
			if _, err := s.Create(t.Context(), task, 1000); err == nil || !strings.Contains(err.Error(), "constraint") {
				t.Errorf("creating gave %v, want a broken constraint", err)
			}
		})
	}
	if tasks, err := s.List(t.Context(), "", 0, 1000); err != nil || len(tasks) != 1 {
		t.Errorf("%d tasks were kept, %v, want 1: a refused task must leave nothing", len(tasks), err)
	}
	if _, err := s.db.Exec("INSERT INTO task_tags (task_id, position, tag) VALUES (4711, 0, 'x')"); err == nil {
		t.Error("a tag of no task was kept")
	}
}

func TestContextEndsTheWait(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	conn, err := s.db.Conn(t.Context()) // the only one
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := s.List(ctx, "", 0, 1000)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("List gave %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1)); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for path, want := range map[string]string{
		filepath.Join(dir, "none", "tasks.db"): "unable to open database file",
		dir:                                    "unable to open database file",
		text:                                   "not a database",
		newer:                                  "newer version",
	} {
		s, err := Open(t.Context(), path)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%q) gave %v, want %q", path, err, want)
		}
	}
}
