package layering

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/centrirpc/centrirpc"

// pkg is what go list says of a package. Paths within this module are without
// its name; the root package is ".".
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// TestImportDirections checks every package of this module against the rules.
func TestImportDirections(t *testing.T) {
	packages := load(t)
	for _, fault := range check(packages) {
		t.Error(fault)
	}
	if t.Failed() {
		t.Log("the rules, and why they are so, are in internal/layering/rules_test.go")
	}
}

// load lists the packages of this module and all that they import.
func load(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = short(p.ImportPath)
		for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports, p.Deps} {
			for i := range list {
				list[i] = short(list[i])
			}
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages only", len(packages))
	}
	return packages
}

func short(path string) string {
	if path == module {
		return "."
	}
	if inner, ok := strings.CutPrefix(path, module+"/"); ok {
		return "./" + inner
	}
	return path
}

// check lists what breaks the rules.
func check(packages []pkg) []string {
	standard := map[string]bool{"C": true, "unsafe": true}
	for _, p := range packages {
		if p.Standard {
			standard[p.ImportPath] = true
		}
	}
	var faults []string
	for _, p := range packages {
		if !ours(p.ImportPath) {
			continue
		}
		r := ruleOf(p.ImportPath)
		if r == nil {
			faults = append(faults, fmt.Sprintf("%s is in no room: add a row to rules, with the reason", p.ImportPath))
			continue
		}
		for _, imported := range p.Imports {
			if !standard[imported] && !r.allows(p.ImportPath, imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s. %s", p.ImportPath, imported, r.why))
			}
		}
		faults = append(faults, checkClosed(p)...)
		faults = append(faults, checkUnlinked(p)...)
	}
	return faults
}

func checkClosed(p pkg) (faults []string) {
	for _, c := range closed {
		imports := p.Imports
		if !c.tests {
			imports = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		}
		for _, imported := range imports {
			if covers(c.what, imported) && !coveredBy(c.to, p.ImportPath) {
				faults = append(faults, fmt.Sprintf("%s imports %s. %s", p.ImportPath, imported, c.why))
			}
		}
	}
	return faults
}

func checkUnlinked(p pkg) (faults []string) {
	for _, u := range unlinked {
		if !covers(u.pkg, p.ImportPath) {
			continue
		}
		for _, linked := range p.Deps {
			if coveredBy(u.ways, linked) {
				faults = append(faults, fmt.Sprintf("%s links %s, by itself or through others. %s", p.ImportPath, linked, u.why))
			}
		}
	}
	return faults
}

func ours(path string) bool { return path == "." || strings.HasPrefix(path, "./") }

// covers says whether a path as the rules write it stands for the package.
func covers(pattern, path string) bool {
	path = strings.TrimPrefix(path, "./")
	if all, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == all || strings.HasPrefix(path, all+"/")
	}
	return path == pattern
}

func coveredBy(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, path) })
}

func ruleOf(path string) *rule {
	var best *rule
	for i, r := range rules {
		if covers(r.room, path) && (best == nil || len(r.room) > len(best.room) || best.room == r.room+"/...") {
			best = &rules[i]
		}
	}
	return best
}

func (r *rule) allows(from, imported string) bool {
	if ours(imported) {
		return imported == from || slices.Equal(r.own, anything) || coveredBy(r.own, imported)
	}
	return slices.ContainsFunc(r.libs, func(lib string) bool { return covers(lib+"/...", imported) })
}

// TestRulesBite breaks each kind of rule and sees that it is noticed.
func TestRulesBite(t *testing.T) {
	good := []pkg{
		{ImportPath: "fmt", Standard: true},
		{ImportPath: "./wire", Imports: []string{"fmt"}},
		{ImportPath: ".", Imports: []string{"fmt", "./wire", "github.com/go-json-experiment/json/jsontext"}, Deps: []string{"fmt", "./wire"}},
		{ImportPath: "./server", Imports: []string{".", "./calls", "github.com/centrifugal/centrifuge"}, TestImports: []string{"./client"}},
		{ImportPath: "./cmd/centrirpc", Imports: []string{"./server", "./codegen"}},
	}
	if faults := check(good); len(faults) > 0 {
		t.Fatalf("what is allowed is refused: %q", faults)
	}
	for name, bad := range map[string]pkg{
		"another room":                {ImportPath: "./wire", Imports: []string{"./contract"}},
		"a library":                   {ImportPath: "./contract", Imports: []string{"golang.org/x/tools/go/packages"}},
		"a library of like name":      {ImportPath: "./client", Imports: []string{"github.com/centrifugal/protocols"}},
		"one generator another":       {ImportPath: "./codegen/golang", Imports: []string{"./codegen/python"}},
		"the Centrifuge library":      {ImportPath: "./client", Imports: []string{"github.com/centrifugal/centrifuge"}},
		"Redis, beside its store":     {ImportPath: "./calls/memstore", Imports: []string{"github.com/redis/rueidis"}},
		"Redis, by a long way":        {ImportPath: ".", Deps: []string{"github.com/redis/rueidis"}},
		"a test framework":            {ImportPath: "./calls", TestImports: []string{"github.com/stretchr/testify/require"}},
		"an example, in a test":       {ImportPath: "./server", XTestImports: []string{"./examples/tasks/api"}},
		"a command":                   {ImportPath: "./examples/tasks", Imports: []string{"./cmd/centrirpc"}},
		"the server, by a long way":   {ImportPath: "./client", Deps: []string{"./wire", "./server"}},
		"a transport, by a long way":  {ImportPath: ".", Deps: []string{"net/http"}},
		"a room that nobody has seen": {ImportPath: "./utils"},
		"a part of a strict room":     {ImportPath: "./wire/more", Imports: []string{"fmt"}},
	} {
		if faults := check(append(slices.Clone(good), bad)); len(faults) == 0 {
			t.Errorf("%s: nobody notices", name)
		}
	}
}
