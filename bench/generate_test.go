package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

// The contract holds together, has the size it is said to have, is the same each
// time and has every kind of named type.
func TestLargeContract(t *testing.T) {
	c := largeContract(1000)
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if len(c.Methods) != 1000 || len(c.Types) != 3000 || len(c.Errors) != 100 || len(c.Channels) != 100 {
		t.Errorf("%d methods, %d types, %d errors, %d channels", len(c.Methods), len(c.Types), len(c.Errors), len(c.Channels))
	}
	if c.Hash() != largeContract(1000).Hash() {
		t.Error("it is another contract each time")
	}
	kinds := map[contract.Kind]int{}
	for _, named := range c.Types {
		kinds[named.Kind]++
	}
	want := []contract.Kind{contract.Alias, contract.Enum, contract.Struct, contract.Union}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("kinds %v; want %v", kinds, want)
	}
	for _, methods := range []int{10, 11, 37} {
		if err := largeContract(methods).Check(); err != nil {
			t.Errorf("of %d methods: %v", methods, err)
		}
	}
}

// Every language is generated and measured, and what comes out compiles.
func TestGenerate(t *testing.T) {
	args := []string{"-only", "generate", "-generate", "3", "-methods", "20", "-format", "json"}
	compiled := hasCompilers(t)
	if compiled {
		args = append(args, "-compile")
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	g := got.Generation
	if g == nil || g.Methods != 20 || g.Types != 60 || g.Runs != 3 || len(g.Rows) != 4 {
		t.Fatalf("%s", &stdout)
	}
	for i, language := range []string{"all together", "typescript", "python", "go"} {
		r := g.Rows[i]
		if r.Language != language || r.Median <= 0 || r.CPU <= 0 || r.Least > r.Median || r.Most < r.Median || r.Files < 3 || r.Lines < 100 || r.Bytes < 1000 {
			t.Errorf("%+v", r)
		}
		if want := compiled && i > 0; (r.Compiler != "") != want || (r.Compiled > 0) != want {
			t.Errorf("%s: compiled by %q in %s", language, r.Compiler, r.Compiled)
		}
	}
}

// hasCompilers tells whether what compiles the clients is installed.
func hasCompilers(t *testing.T) bool {
	for _, tool := range []string{"../sdk/typescript/node_modules/.bin/tsc", "../.venv/bin/python"} {
		if _, err := os.Stat(filepath.FromSlash(tool)); err != nil {
			if os.Getenv("CENTRIRPC_TOOLS") == "required" {
				t.Fatalf("%s is missing: run `make setup` first", tool)
			}
			t.Logf("%s is missing, so nothing is compiled: run `make setup` first", tool)
			return false
		}
	}
	return true
}

func TestGenerationMarkdown(t *testing.T) {
	g := &generation{Methods: 20, Types: 60, Errors: 2, Channels: 2, ContractBytes: 1 << 20, Runs: 3, Rows: []generated{
		{Language: "go", Median: 1.5e9, Least: 1e9, Most: 2e9, CPU: 3e9, Files: 3, Lines: 400, Bytes: 1 << 19, Compiler: "go vet", Compiled: 4e9},
	}}
	want := "| go | 1.50 | 1.00 | 2.00 | 3.00 | 3 | 400 | 0.5 | go vet, 4.0 s |\n"
	if got := g.markdown(); !bytes.HasSuffix(got, []byte(want)) {
		t.Errorf("%s; want at the end %s", got, want)
	}
}
