package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the commands of SCALING.md print into it")

const page = "../../SCALING.md"

var block = regexp.MustCompile("(?ms)^```(sh|text) plan\n(.*?)^```$")

// The page's command is run as a reader would, and prints what stands below it.
func TestThePagesPlan(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindAllSubmatchIndex(data, -1)
	if len(found) != 2 || strings.Count(string(data), "```") != 4 {
		t.Fatalf("%s has %d blocks of a plan, and %d fences; want a command and what it prints, and nothing that is not tested", page, len(found), strings.Count(string(data), "```"))
	}
	command, printed := string(data[found[0][4]:found[0][5]]), string(data[found[1][4]:found[1][5]])
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	switch {
	case string(got) == printed:
	case *update:
		changed := string(data[:found[1][4]]) + string(got) + string(data[found[1][5]:])
		if err := os.WriteFile(page, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s prints\n%s\nand %s has\n%s\nto write it there: go test ./plan -update", command, got, page, printed)
	}
}

// A default that was measured is what the page's table says, in its row and column.
func TestDefaultsAreFromTheMeasurements(t *testing.T) {
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	o, err := parseOptions(nil, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	cell := map[string][2]string{ // the call, and the column
		"call-node-cpu":      {"remembered", "nodes' CPU µs/call"},
		"call-redis-cpu":     {"remembered", "Redis CPU µs/call"},
		"volatile-node-cpu":  {"volatile", "nodes' CPU µs/call"},
		"volatile-redis-cpu": {"volatile", "Redis CPU µs/call"},
	}
	checked := 0
	for _, c := range o.costs.origins {
		at, inTable := cell[c.name]
		if (c.from == fromCalls) != inTable {
			t.Errorf("-%s is from %q", c.name, c.from)
		}
		if !inTable {
			continue
		}
		checked++
		took, err := time.ParseDuration(c.standard)
		if err != nil {
			t.Fatal(err)
		}
		if want := measured(t, string(data), at[1], "24 × 4", at[0], "3", "1"); want+"µs" != fmt.Sprintf("%.1fµs", float64(took.Nanoseconds())/1000) {
			t.Errorf("-%s is %s by default, and bench/README.md has %s µs", c.name, c.standard, want)
		}
	}
	if checked != len(cell) {
		t.Errorf("%d of %d defaults are from the table", checked, len(cell))
	}
	if !strings.Contains(string(data), "(21.9 KiB before it;") || o.costs.connection != size(21.9*float64(kib)) {
		t.Error("a connection's memory is not bench/README.md's")
	}
}

// measured is what the page's table of that column has in the row that begins so.
func measured(t *testing.T, page, column string, row ...string) string {
	t.Helper()
	at := -1
	for line := range strings.Lines(page) {
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			at = -1
		case slices.Contains(cells, column):
			at = slices.Index(cells, column)
		case at >= 0 && len(cells) > at && slices.Equal(cells[:len(row)], row):
			return cells[at]
		}
	}
	t.Fatalf("the page has no table with the column %q and a row that begins with %q", column, row)
	return ""
}
