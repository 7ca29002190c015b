package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRootImportIsLight shows what a user's module links that imports the root
// package alone, for its handlers and their tests: no server, no storage, no
// test framework.
func TestRootImportIsLight(t *testing.T) {
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.org/user\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => "+repository+"\n")
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sums))
	write("main.go", `package main

import (
	"context"
	"fmt"

	"github.com/centrirpc/centrirpc"
)

type Params struct {
	Name string `+"`json:\"name\" validate:\"min=1\"`"+`
}

func main() {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "hello", func(_ context.Context, p Params) (string, error) { return "hello " + p.Name, nil })
	result, err := router.Call(context.Background(), "hello", []byte(`+"`{\"name\":\"you\"}`"+`))
	fmt.Println(string(result), err)
}
`)
	inUserModule := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}

	inUserModule("mod", "tidy")
	if got := inUserModule("run", "."); strings.TrimSpace(got) != `"hello you" <nil>` {
		t.Errorf("the user's program printed %q", got)
	}
	linked := strings.Fields(inUserModule("list", "-deps", "./..."))
	if !slices.Contains(linked, "github.com/centrirpc/centrirpc") {
		t.Fatalf("the list of packages is not that of the program:\n%s", linked)
	}
	for _, pkg := range linked {
		for _, heavy := range append([]string{"net/http", "go/types", "os/exec"}, unwanted...) {
			if strings.Contains(pkg, heavy) {
				t.Errorf("a program that imports the root package alone links %s", pkg)
			}
		}
	}
	module, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(module)) {
		for _, heavy := range unwanted {
			if strings.Contains(line, heavy) {
				t.Errorf("a module that imports the root package alone requires %s", line)
			}
		}
	}
}

// unwanted are parts of the names of what only servers, clients, generators and
// tests need.
var unwanted = []string{"redis", "rueidis", "sqlite", "centrifug", "opentelemetry", "prometheus", "testify", "websocket", "protobuf", "jwt", "keyfunc", "golang.org/x/tools"}
