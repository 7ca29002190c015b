// Package process starts programs for tests and ends them again.
package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/centrirpc/centrirpc/internal/tools"
)

// Missing skips a test whose tools are not set up, and fails it where
// CENTRIRPC_TOOLS says that they must be.
func Missing(t testing.TB, tool string) {
	t.Helper()
	tools.Missing(t, tool)
}

// Output takes what a process prints, to be shown when a test fails.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write takes p.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String is what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Run runs a program to its end, with additions to the environment, and returns
// what it printed. A program that fails fails the test.
func Run(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Build builds a Go program by its import path, with the race detector if the
// test has it, and returns its path.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	args := []string{"build", "-o", program}
	if raceEnabled {
		args = append(args, "-race")
	}
	Run(t, nil, "go", append(args, pkg)...)
	return program
}
