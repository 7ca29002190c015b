package main

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
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

// A default that was measured stands in the page that it is said to be from.
func TestDefaultsAreFromTheMeasurements(t *testing.T) {
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	o, err := parseOptions(nil, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^[0-9.]+`)
	checked := 0
	for _, c := range o.costs.origins {
		if !strings.HasPrefix(c.from, "bench/README.md") {
			continue
		}
		checked++
		want := number.FindString(c.standard)
		if !regexp.MustCompile(`[^0-9.]` + regexp.QuoteMeta(want) + `[^0-9.]`).Match(data) {
			t.Errorf("-%s is %s by default, and bench/README.md has no %s", c.name, c.standard, want)
		}
	}
	if checked == 0 {
		t.Error("no default is from bench/README.md")
	}
}
