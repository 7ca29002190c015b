package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDocs(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api(tasks)})
	if o := run(t, "contract", "./api", "-o", "contract.json"); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	for format, want := range map[string][]string{
		"markdown": {"# tasks\n", "### tasks.get\\_stats\n", "Counts the tasks of a user.", "| `user_id` |", "[StatsParams](#type-StatsParams)"},
		"openrpc":  {`"openrpc": "1.3.2"`, `"name": "tasks.get_stats"`, `"summary": "Counts the tasks of a user."`, `"#/components/schemas/StatsParams"`},
	} {
		o := run(t, "docs", "./api", "-format", format)
		if o.code != exitOK || o.stderr != "" {
			t.Fatalf("%s: %+v", format, o)
		}
		for _, w := range want {
			if !strings.Contains(o.stdout, w) {
				t.Errorf("%s: %q is missing in\n%s", format, w, o.stdout)
			}
		}
		if format == "openrpc" && !json.Valid([]byte(o.stdout)) {
			t.Error("it is no JSON")
		}
		if again := run(t, "docs", "-format="+format, "contract.json", "-o", "-"); again != o {
			t.Errorf("%s: from the contract it differs: %+v", format, again)
		}
		file := filepath.Join(dir, "docs."+format)
		if o := run(t, "docs", "./api", "-format", format, "-o", file); o != (outcome{}) {
			t.Errorf("%s: %+v", format, o)
		}
		data, err := os.ReadFile(file)
		if err != nil || string(data) != o.stdout {
			t.Errorf("%s: the file differs (%v)", format, err)
		}
	}
	if o := run(t, "docs", "contract.json", "-format", "markdown", "-name", "other"); !strings.HasPrefix(o.stdout, "# other\n") {
		t.Errorf("%+v", o)
	}
}

func TestDocsRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "c.json", board("", ""))
	write(t, dir, "other.json", "{}")
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"docs"}, []string{"give a package", "contract.json", "centrirpc docs -h"}},
		{[]string{"docs", "c.json"}, []string{"-format", "openrpc or markdown"}},
		{[]string{"docs", "c.json", "-format", "markdwn"}, []string{"no format markdwn", "did you mean markdown?"}},
		{[]string{"docs", "c.json", "-format", "html"}, []string{"no format html", "openrpc or markdown"}},
		{[]string{"docs", "c.json", "c.json", "-format", "openrpc"}, []string{"not also"}},
		{[]string{"docs", "other.json", "-format", "openrpc"}, []string{"other.json: not a contract"}},
		{[]string{"docs", "c.json", "-format", "openrpc", "-o", filepath.Join("absent", "x.json")}, []string{"writing the documentation", "absent"}},
		{[]string{"docs", "c.json", "-format", "openrpc", "-func", "X"}, []string{"-func is for Go packages"}},
	} {
		run(t, test.args...).refuses(t, exitUsage, test.want...)
	}
}

// A missing directory is called by its name, and not by that of a file that never was.
func TestNoDirectoryToWriteTo(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api("func New() *centrirpc.Router { return centrirpc.NewRouter(centrirpc.Name(\"x\")) }\n"), "c.json": `{"centrirpc":1,"name":"x","methods":[],"types":[]}`})
	before := listing(t, dir)
	for _, args := range [][]string{{"docs", "c.json", "-format", "markdown", "-o", "missing/x.md"}, {"contract", "c.json", "-o", "missing/x.md"}} {
		o := run(t, args...)
		o.refuses(t, exitUsage, "open missing/x.md: no such file or directory; make the directory missing first")
		if strings.Contains(o.stderr, "centrirpc-new") {
			t.Error(o.stderr)
		}
	}
	if after := listing(t, dir); before != after {
		t.Errorf("something was written:\n%s", after)
	}
}
