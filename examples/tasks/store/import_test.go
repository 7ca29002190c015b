package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/centrirpc/centrirpc/examples/tasks/api"
)

func TestImportOncePerKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := open(t, path)
	task := api.Task{Title: "Row", Status: api.StatusOpen, CreatedBy: "ann"}
	first, repeated, err := s.Import(t.Context(), api.ImportKey{UserID: "ann", CallID: "c1", Row: 1}, task, 3)
	if err != nil || repeated || first.Title != "Row" || first.Version != 1 {
		t.Fatalf("%+v, %v, %v", first, repeated, err)
	}
	// What a killed server left is what the next one finds.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	again, repeated, err := s.Import(t.Context(), api.ImportKey{UserID: "ann", CallID: "c1", Row: 1}, task, 3)
	if err != nil || !repeated || again.ID != first.ID {
		t.Errorf("again: %+v, %v, %v", again, repeated, err)
	}
	for _, key := range []api.ImportKey{{UserID: "bob", CallID: "c1", Row: 1}, {UserID: "ann", CallID: "c2", Row: 1}} {
		if other, repeated, err := s.Import(t.Context(), key, task, 3); err != nil || repeated || other.ID == first.ID {
			t.Errorf("%+v: %+v, %v, %v", key, other, repeated, err)
		}
	}
	// A row that does not fit is not remembered as one that is there.
	key := api.ImportKey{UserID: "ann", CallID: "c1", Row: 2}
	if _, _, err := s.Import(t.Context(), key, task, 3); !errors.Is(err, api.ErrFull) {
		t.Errorf("a full board: %v", err)
	}
	if _, repeated, err := s.Import(t.Context(), key, task, 4); err != nil || repeated {
		t.Errorf("with room: %v, %v", repeated, err)
	}
}

func TestOldImportsAreForgotten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "tasks.db"))
	task := api.Task{Title: "Row", Status: api.StatusOpen, CreatedBy: "ann"}
	old := api.ImportKey{UserID: "ann", CallID: "c1"}
	kept := func(key api.ImportKey) bool {
		t.Helper()
		_, repeated, err := s.Import(t.Context(), key, task, 100)
		if err != nil {
			t.Fatal(err)
		}
		return repeated
	}
	kept(old)
	kept(api.ImportKey{UserID: "ann", CallID: "c2"})
	if !kept(old) {
		t.Error("forgotten at once")
	}
	if _, err := s.db.ExecContext(t.Context(), "UPDATE imported_rows SET at = at - ? WHERE call_id = 'c1'", keptImports.Milliseconds()+1); err != nil {
		t.Fatal(err)
	}
	kept(api.ImportKey{UserID: "ann", CallID: "c3"})
	if kept(old) {
		t.Error("never forgotten")
	}
}
