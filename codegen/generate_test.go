package codegen_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen"
	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/contract"
)

func read(t *testing.T, name string) *contract.Contract {
	t.Helper()
	data, err := os.ReadFile("testdata/contracts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func paths(files []codegen.File) []string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestGenerateEveryLanguage(t *testing.T) {
	files, err := codegen.Generate(read(t, "tasks"), codegen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := paths(files)
	for _, want := range []string{"contract.json", "typescript/client.ts", "typescript/package.json", "python/client.py", "python/models.py", "go/client.go", "go/types.go"} {
		if !slices.Contains(found, want) {
			t.Errorf("%s is missing in %q", want, found)
		}
	}
	if !slices.IsSorted(found) || slices.Contains(found, "go/go.mod") {
		t.Errorf("%q", found)
	}
	again, err := codegen.Generate(read(t, "tasks"), codegen.Options{Languages: codegen.Languages()})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(files, again, func(a, b codegen.File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) }) {
		t.Error("generated again, the files differ")
	}
	dir := t.TempDir()
	write(t, dir, files)
}

// What building the clients leaves in their folders is not for the user's commits;
// whether a lock file is, the user says.
func TestWhatToolsLeaveIsIgnored(t *testing.T) {
	files, err := codegen.Generate(read(t, "tasks"), codegen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, files)
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "core.excludesFile=/dev/null"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	git("add", ".")
	for _, f := range files {
		if git("ls-files", f.Path) != f.Path {
			t.Errorf("%s is ignored", f.Path)
		}
	}
	for _, left := range []string{
		"typescript/node_modules/ws/index.js", "typescript/dist/index.js", "typescript/package-lock.json",
		"python/__pycache__/client.cpython-311.pyc", "python/build/lib/x.py", "python/dist/x.whl", "python/tasks_client.egg-info/PKG-INFO",
	} {
		name := filepath.Join(dir, left)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := git("ls-files", "--others", "--exclude-standard"); got != "typescript/package-lock.json" {
		t.Errorf("not ignored: %q", got)
	}
}

func TestGenerateSomeLanguages(t *testing.T) {
	files, err := codegen.Generate(read(t, "tasks"), codegen.Options{Languages: []codegen.Language{codegen.Python, codegen.Python}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range paths(files) {
		if name != codegen.ContractFile && !strings.HasPrefix(name, "python/") {
			t.Errorf("%s was not asked for", name)
		}
	}
	if _, err := codegen.Generate(read(t, "tasks"), codegen.Options{Languages: []codegen.Language{"ruby"}}); err == nil || !strings.Contains(err.Error(), "typescript, python, go") {
		t.Errorf("error %v", err)
	}
}

func TestGenerateAGoModule(t *testing.T) {
	files, err := codegen.Generate(read(t, "tasks"), codegen.Options{Languages: []codegen.Language{codegen.Go}, Go: golang.Options{Module: "example.org/tasks/client"}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(paths(files), "go/go.mod")
	if i < 0 || !strings.Contains(string(files[i].Data), "module example.org/tasks/client\n") {
		t.Errorf("no such go.mod in %q", paths(files))
	}
}

func TestGenerateReportsTheProblemsOfAllLanguages(t *testing.T) {
	c := read(t, "tasks")
	twin := c.Methods[0]
	twin.Name = "tasks_create"
	c.Methods = append(c.Methods, twin)
	files, err := codegen.Generate(c, codegen.Options{})
	problems, ok := errors.AsType[contract.Problems](err)
	if !ok || files != nil {
		t.Fatalf("%q, %v", paths(files), err)
	}
	for _, language := range []string{"TypeScript", "Python", "Go"} {
		if !slices.ContainsFunc(problems, func(p contract.Problem) bool { return strings.HasPrefix(p.Reason, language+": ") }) {
			t.Errorf("no problem of %s in:\n%v", language, err)
		}
	}
}

func TestGenerateRefusesABrokenContract(t *testing.T) {
	c := read(t, "tasks")
	c.Types = c.Types[1:]
	if files, err := codegen.Generate(c, codegen.Options{}); err == nil || files != nil {
		t.Errorf("%q, %v", paths(files), err)
	}
}
