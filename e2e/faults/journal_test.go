package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// journal is where servers write the runs of their handlers.
type journal struct {
	t    *testing.T
	file string
}

func newJournal(t *testing.T) *journal {
	return &journal{t, filepath.Join(t.TempDir(), "journal")}
}

// count counts the lines of that kind ("start", "done", "ended") by key.
func (j *journal) count(kind string) map[string]int {
	j.t.Helper()
	data, err := os.ReadFile(j.file)
	if err != nil && !os.IsNotExist(err) {
		j.t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == kind {
			counts[words[2]]++
		}
	}
	return counts
}

// countByUser is count by user and key.
func (j *journal) countByUser(kind string) map[string]int {
	j.t.Helper()
	data, err := os.ReadFile(j.file)
	if err != nil {
		j.t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == kind {
			counts[words[1]+" "+words[2]]++
		}
	}
	return counts
}

// await waits for a line.
func (j *journal) await(kind, key string) {
	j.t.Helper()
	within(j.t, func() (bool, string) { return j.count(kind)[key] > 0, "no " + kind + " of " + key })
}
