// Package tools finds what make setup installs for tests.
package tools

import (
	"os"
	"path/filepath"
	"testing"
)

// Missing skips a test whose tools are not set up, and fails it where the
// environment's CENTRIRPC_TOOLS is "required", as under make.
func Missing(t testing.TB, tool string) {
	t.Helper()
	if os.Getenv("CENTRIRPC_TOOLS") == "required" {
		t.Fatalf("%s is missing: run `make setup` first", tool)
	}
	t.Skipf("%s is missing: run `make setup` first", tool)
}

// Path is the absolute path of a file or folder that must be there, or ends the
// test as Missing does. A relative path is one from the test's folder.
func Path(t testing.TB, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(absolute); err != nil {
		Missing(t, path)
	}
	return absolute
}
