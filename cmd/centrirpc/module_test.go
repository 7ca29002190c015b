package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// outcome is what a run of the command line left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	return runWith(t, "", args...)
}

func runWith(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Run(args, strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// refuses checks an outcome with one message on standard error and nothing else.
func (o outcome) refuses(t *testing.T, code int, wants ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d; want %d", o.code, code)
	}
	if o.stdout != "" {
		t.Errorf("on standard output: %q", o.stdout)
	}
	if strings.Count(o.stderr, "centrirpc: ") != 1 {
		t.Errorf("not one message: %s", o.stderr)
	}
	for _, want := range wants {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("%q is missing in: %s", want, o.stderr)
		}
	}
}

// newModule makes a module example.org/app that uses this repository, makes it the
// current directory, and returns its path. The files get their package clause
// and the imports that the tests need.
func newModule(t *testing.T, files map[string]string) string {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(repository, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	gomod := strings.Replace(string(ours), "module github.com/centrirpc/centrirpc\n", "module example.org/app\n", 1) +
		"\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => " + filepath.ToSlash(repository) + "\n"
	dir := t.TempDir()
	write(t, dir, "go.mod", gomod)
	write(t, dir, "go.sum", string(sums))
	for name, text := range files {
		write(t, dir, name, text)
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	t.Setenv("GOPROXY", "off")
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// listing is every path below dir, sorted.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}

// api is a package with a router, and code is what else is in it.
func api(code string) string {
	return `// Package api is an API.
package api

import (
	"context"

	"github.com/centrirpc/centrirpc"
)

var _ context.Context
var _ centrirpc.Router

` + code
}

const tasks = `// Status is how far a task has come.
type Status string

const (
	// StatusOpen is not begun.
	StatusOpen Status = "open"
	StatusDone Status = "done" // nothing is left
)

// StatsParams says whose tasks.
type StatsParams struct {
	UserID string ` + "`json:\"user_id\"`" + ` // User ID
}

// Stats counts.
type Stats struct {
	Total  int    ` + "`json:\"total\"`" + ` // Total tasks
	Status Status ` + "`json:\"status\"`" + `
}

// Service is an API.
type Service struct{}

// GetStats counts the tasks of a user.
func (s *Service) GetStats(ctx context.Context, p StatsParams) (Stats, error) { return Stats{}, nil }

// NewRouter has the API's methods.
func NewRouter(s *Service) *centrirpc.Router {
	r := centrirpc.NewRouter(centrirpc.Name("tasks"))
	centrirpc.Handle(r, "tasks.get_stats", s.GetStats)
	return r
}
`
