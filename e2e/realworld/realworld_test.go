package realworld

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// repository is the root of the main module.
const repository = "../.."

// TestLibraries describes each type as a method's params and result, first as it
// is and then with the library's own forms declared, and generates and compiles
// what converts.
func TestLibraries(t *testing.T) {
	total, converted, refusals := 0, 0, 0
	var contracts []*contract.Contract
	for _, lib := range libraries() {
		t.Run(lib.name, func(t *testing.T) {
			_, bare, problems := describe(t, lib, nil)
			t.Logf("as they are, %d of %d types convert; %d refusals:%s", bare, len(lib.types), len(problems), summary(problems))
			c, declared, left := describe(t, lib, lib.declared)
			t.Logf("with %d forms declared, %d of %d types convert into %d types of the contract; %d refusals:%s",
				len(lib.declared), declared, len(lib.types), len(c.Types), len(left), summary(left))
			if bare < lib.least || declared < lib.leastDeclared {
				t.Errorf("only %d and %d types convert; want %d and %d", bare, declared, lib.least, lib.leastDeclared)
			}
			total, converted, refusals = total+len(lib.types), converted+declared, refusals+len(left)
			contracts = append(contracts, c)
		})
	}
	t.Logf("together: %d of %d types convert, %d refusals", converted, total, refusals)
	compile(t, contracts)
}

// TestRefusalOfAPod says what a user reads who gives Kubernetes' Pod to a method.
func TestRefusalOfAPod(t *testing.T) {
	pod := reflect.TypeFor[corev1.Pod]()
	problems := gotypes.NewBuilder().AddMethod(contract.Method{Name: "pods.create", Kind: contract.Call}, pod, nil)
	said := map[string]contract.Problem{}
	for _, p := range problems {
		said[p.Path] = p
	}
	for path, typ := range map[string]string{
		"params.metadata.creationTimestamp":                       "v1.Time",
		"params.spec.volumes[].emptyDir.sizeLimit":                "resource.Quantity",
		"params.spec.initContainers[].livenessProbe.httpGet.port": "intstr.IntOrString",
	} {
		p := said[path]
		if p.Method != "pods.create" || p.Type != typ || !strings.Contains(p.Reason, "MarshalJSON") || !strings.Contains(p.Fix, "centrirpc.TypeOf") {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if t.Failed() {
		t.Log(problems)
	}
}

// describe adds a method for each type and returns the contract of those that
// convert, how many did, and why the others did not.
func describe(t *testing.T, lib library, declared map[reflect.Type]contract.Type) (*contract.Contract, int, contract.Problems) {
	t.Helper()
	b := gotypes.NewBuilder()
	for form, as := range declared {
		if err := b.Declare(form, as); err != nil {
			t.Fatal(err)
		}
	}
	converted := 0
	var refused contract.Problems
	for _, typ := range lib.types {
		name := methodName(lib.name, typ)
		problems := b.AddMethod(contract.Method{Name: name, Kind: contract.Call}, typ, typ)
		if len(problems) == 0 {
			converted++
		}
		for _, p := range problems {
			side, _, _ := strings.Cut(p.Path, ".")
			if p.Method != name || side != "params" && side != "result" || p.Type == "" || p.Reason == "" || p.Fix == "" {
				t.Errorf("a refusal that does not say all: %+v", p)
			}
		}
		refused = append(refused, problems...)
	}
	c, problems := b.Contract(lib.name, "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c, converted, refused
}

// methodName is "k8s.core_v1_pod" for the Pod of k8s.io/api/core/v1.
func methodName(lib string, t reflect.Type) string {
	words := contract.Tokens(t.Name())
	if path := strings.Split(t.PkgPath(), "/"); lib == "k8s" {
		words = append(slices.Clone(path[len(path)-2:]), words...)
	}
	return lib + "." + strings.ToLower(strings.Join(words, "_"))
}

// summary counts refusals by the type that is refused, the most frequent first.
func summary(problems contract.Problems) string {
	counts, example := map[string]int{}, map[string]contract.Problem{}
	for _, p := range problems {
		key := p.Type + ": " + p.Reason
		if counts[key]++; counts[key] == 1 {
			example[key] = p
		}
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var text strings.Builder
	for i, key := range keys {
		if i == 12 {
			fmt.Fprintf(&text, "\n  and %d other reasons", len(keys)-i)
			break
		}
		fmt.Fprintf(&text, "\n%6d × %v", counts[key], example[key])
	}
	return text.String()
}

// compile generates the contracts' clients and has each language's strict
// checker read them: in one run, since most of its time goes into the
// dependencies.
func compile(t *testing.T, contracts []*contract.Contract) {
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("go", func(t *testing.T) {
		dir := t.TempDir()
		for _, c := range contracts {
			files, problems := golang.Generate(c, golang.Options{})
			write(t, filepath.Join(dir, c.Name), files, problems)
		}
		sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
		write(t, dir, map[string][]byte{
			"go.mod": []byte("module example.org/clients\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => " + root + "\n"),
			"go.sum": sums,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		run(t, dir, "go", "vet", "-mod=mod", "./...")
	})
	t.Run("typescript", func(t *testing.T) {
		modules := tool(t, root, "sdk/typescript/node_modules")
		dir := t.TempDir()
		for _, c := range contracts {
			files, problems := typescript.Generate(c, typescript.Options{Validate: true})
			write(t, filepath.Join(dir, c.Name), files, problems)
		}
		write(t, dir, map[string][]byte{
			"tsconfig.json": []byte(`{"extends": "./` + contracts[0].Name + `/tsconfig.json", "compilerOptions": {"noEmit": true, "rootDir": "."}, "include": ["*/*.ts"]}`),
			"package.json":  []byte(`{"type": "module"}`),
		}, nil)
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		run(t, dir, filepath.Join(modules, ".bin/tsc"), "--strict", "-p", ".")
	})
	t.Run("python", func(t *testing.T) {
		interpreter := tool(t, root, ".venv/bin/python")
		dir := t.TempDir()
		var names []string
		for _, c := range contracts {
			name := c.Name + "_client"
			files, problems := python.Generate(c, python.Options{Package: name})
			write(t, filepath.Join(dir, name), files, problems)
			names = append(names, name)
		}
		run(t, dir, interpreter, "-W", "error", "-c", "import "+strings.Join(names, ", "))
		run(t, dir, interpreter, append([]string{"-m", "mypy", "--strict", "--no-error-summary"}, names...)...)
	})
}

// tool is the path of something that `make setup` installs.
func tool(t *testing.T, root, name string) string {
	t.Helper()
	return tools.Path(t, filepath.Join(root, name))
}

func write(t *testing.T, dir string, files map[string][]byte, problems contract.Problems) {
	t.Helper()
	if len(problems) > 0 {
		t.Fatalf("it cannot be generated:\n%v", problems)
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		if len(out) > 6000 {
			out = append(out[:6000], "…"...)
		}
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
