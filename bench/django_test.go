package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// Every way to call Django works, and is a row of the table.
func TestCallsToDjango(t *testing.T) {
	if !djangoInstalled() {
		process.Missing(t, ".venv")
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-only", "django", "-django", "1", "-window", "50ms", "-warm", "10ms", "-format", "json"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Calls != nil || got.Idle != nil || got.Store != nil || got.Nodes != nil || got.Generation != nil {
		t.Error("-only django measured something else")
	}
	if want := len(djangoSystems) * len(djangoShapes); got.Django == nil || len(got.Django.Rows) != want {
		t.Fatalf("%+v; want %d rows", got.Django, want)
	}
	for _, r := range got.Django.Rows {
		if r.PerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.ServerCPU <= 0 || r.ClientCPU <= 0 || (r.ToView != nil) != (r.System != "django-view") {
			t.Errorf("%s, %s: %+v", r.System, r.Shape, r)
		}
	}
	if page := string(got.markdown()); !strings.Contains(page, "### Calls to Django") || strings.Count(page, "| the same through Go") != len(djangoShapes) {
		t.Errorf("the table is\n%s", page)
	}
}
