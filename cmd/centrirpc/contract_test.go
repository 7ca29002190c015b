package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/internal/gopackage"
)

func TestContractOfAPackage(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api(tasks)})
	before := listing(t, dir)
	o := run(t, "contract", "./api")
	if o.code != exitOK || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	c, err := contract.Decode([]byte(o.stdout))
	if err != nil {
		t.Fatal(err)
	}
	m := c.Method("tasks.get_stats")
	if c.Name != "tasks" || m == nil || m.Doc != "Counts the tasks of a user." || m.Source != "api/api.go#Service.GetStats" {
		t.Errorf("%+v", m)
	}
	if s := c.Type("Status"); s.Kind != contract.Enum || len(s.Values) != 2 || s.Values[1].Name != "Done" || s.Values[1].Doc != "nothing is left" {
		t.Errorf("%+v", s)
	}
	if f := c.Type("StatsParams").Fields[0]; f.Doc != "User ID" || !f.Required {
		t.Errorf("%+v", f)
	}
	if strings.Contains(o.stdout, dir) {
		t.Error("the contract holds a path of this machine")
	}
	if after := listing(t, dir); before != after {
		t.Errorf("the package's module changed:\n%s\n%s", before, after)
	}

	t.Chdir("api")
	if again := run(t, "contract", "."); again.stdout != o.stdout {
		t.Errorf("from the package's own directory it differs: %+v", again)
	}
	if again := run(t, "contract", "example.org/app/api"); again.stdout != o.stdout {
		t.Errorf("by its import path it differs: %+v", again)
	}
}

func TestContractToAFile(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api(tasks), "old.json": "old"})
	for _, args := range [][]string{{"contract", "-o", "new.json", "./api"}, {"contract", "./api", "-o", "old.json"}, {"contract", "./api", "-name=other", "-o=named.json"}} {
		if o := run(t, args...); o.code != exitOK || o.stdout != "" {
			t.Fatalf("%q: %+v", args, o)
		}
	}
	first, _ := os.ReadFile(filepath.Join(dir, "new.json"))
	second, err := os.ReadFile(filepath.Join(dir, "old.json"))
	if err != nil || string(first) != string(second) {
		t.Errorf("%s and %s, %v", first, second, err)
	}
	named, err := os.ReadFile(filepath.Join(dir, "named.json"))
	if err != nil || !strings.Contains(string(named), `"name": "other"`) {
		t.Errorf("%s, %v", named, err)
	}
	if o := run(t, "contract", "./api", "-o", "new.json", "-check"); o != (outcome{}) {
		t.Errorf("right after, -check says %+v", o)
	}
	write(t, dir, "api/api.go", api(strings.Replace(tasks, "Total tasks", "All tasks", 1)))
	if o := run(t, "contract", "./api", "-o", "new.json", "-check"); o.code != exitFailed || !strings.Contains(o.stdout, "new.json: is stale") {
		t.Errorf("of a stale file, -check says %+v", o)
	}
	if unchanged, _ := os.ReadFile(filepath.Join(dir, "new.json")); string(unchanged) != string(first) {
		t.Error("-check wrote the file")
	}
	if o := run(t, "contract", "./api", "-o", "none.json", "-check"); o.code != exitFailed || !strings.Contains(o.stdout, "none.json: is missing") {
		t.Errorf("without a file, -check says %+v", o)
	}
	run(t, "contract", "./api", "-check").refuses(t, exitUsage, "-o")
	run(t, "contract", "./api", "-o", filepath.Join("absent", "c.json")).refuses(t, exitUsage, "writing the contract", "absent")
}

func TestRoutersThatWork(t *testing.T) {
	handle := "func h(context.Context, struct{}) (int, error) { return 1, nil }\n"
	body := " {\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"m\", h)\n\treturn r"
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		pkg   string
	}{
		"with an error":                  {map[string]string{"api/api.go": api(handle + "func New() (*centrirpc.Router, error)" + body + ", nil\n}\n")}, nil, "./api"},
		"with all kinds of parameters":   {map[string]string{"api/api.go": api(handle + "func New(a int, b *struct{ X int }, c map[string]int, d any, e func(), f context.Context, g ...string) *centrirpc.Router" + body + "\n}\n")}, nil, "./api"},
		"internal":                       {map[string]string{"internal/api/internal/deep/api.go": api(handle + "func New() *centrirpc.Router" + body + "\n}\n")}, nil, "./internal/api/internal/deep"},
		"one of several":                 {map[string]string{"api/api.go": api(handle + "func One() *centrirpc.Router" + body + "\n}\nfunc Two() *centrirpc.Router { return nil }\n")}, []string{"-func", "One"}, "./api"},
		"named by -func behind an alias": {map[string]string{"api/api.go": api(handle + "type R = centrirpc.Router\nfunc New() *R" + body + "\n}\n")}, []string{"-func=New"}, "./api"},
		"an import by another name":      {map[string]string{"api/api.go": "package api\n\nimport (\n\t\"context\"\n\tc \"github.com/centrirpc/centrirpc\"\n)\n\n" + handle + "func New() (router *c.Router, err error) {\n\trouter = c.NewRouter()\n\tc.Handle(router, \"m\", h)\n\treturn\n}\n"}, nil, "./api"},
		"noisy":                          {map[string]string{"api/api.go": api("func init() { println(\"noise\") }\n" + handle + "func New() *centrirpc.Router" + strings.Replace(body, "\n", "\n\tprintln(\"{\\\"contract\\\":1}\")\n", 1) + "\n}\n")}, nil, "./api"},
		"embedded by value":              {map[string]string{"api/api.go": api("type Base struct{}\nfunc (Base) M(context.Context, struct{}) (int, error) { return 1, nil }\ntype S struct{ Base }\nfunc New(s *S) *centrirpc.Router {\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"m\", s.M)\n\treturn r\n}\n")}, nil, "./api"},
		"in the module's root":           {map[string]string{"api.go": api(handle + "func New() *centrirpc.Router" + body + "\n}\n")}, nil, "."},
		"a test and a generic and a method beside it": {map[string]string{
			"api/api.go":      api(handle + "type t struct{}\nfunc (t) Other() *centrirpc.Router { return nil }\nfunc Generic[T any]() *centrirpc.Router { return nil }\nfunc unexported() *centrirpc.Router { return nil }\nfunc New() *centrirpc.Router" + body + "\n}\n"),
			"api/api_test.go": api("func ForTests() *centrirpc.Router { return nil }\n"),
		}, nil, "./api"},
	} {
		t.Run(name, func(t *testing.T) {
			newModule(t, test.files)
			o := run(t, append(append([]string{"contract"}, test.args...), test.pkg)...)
			if o.code != exitOK || o.stderr != "" {
				t.Fatalf("%+v", o)
			}
			c, err := contract.Decode([]byte(o.stdout))
			if err != nil || c.Method("m") == nil {
				t.Errorf("%v: %s", err, o.stdout)
			}
		})
	}
}

func TestBuildTagsAndAnotherTargetMachine(t *testing.T) {
	newModule(t, map[string]string{
		"api/pro.go":   "//go:build pro\n\n" + api(tasks),
		"api/plain.go": "//go:build !pro\n\npackage api\n",
	})
	t.Setenv("GOFLAGS", "-tags=pro")
	t.Setenv("GOOS", "plan9") // as in a cross-compiling script: the contract is still made here
	if o := run(t, "contract", "./api"); o.code != exitOK || !strings.Contains(o.stdout, `"api/pro.go#Service.GetStats"`) {
		t.Errorf("%+v", o)
	}
}

func TestContractOfADependency(t *testing.T) {
	dir := newModule(t, map[string]string{"lib/api/api.go": api(tasks), "app.go": "package app\n\nimport _ \"example.org/lib/api\"\n"})
	ours, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "lib/go.mod", strings.Replace(string(ours), "module example.org/app", "module example.org/lib", 1))
	write(t, dir, "go.mod", string(ours)+"\nrequire example.org/lib v0.0.0\n\nreplace example.org/lib => ./lib\n")
	o := run(t, "contract", "example.org/lib/api")
	if o.code != exitOK || !strings.Contains(o.stdout, `"source": "example.org/lib/api/api.go#Service.GetStats"`) || !strings.Contains(o.stdout, "User ID") {
		t.Errorf("%+v", o)
	}
}

// The package may embed the very contract that is being made: not there yet,
// broken by a merge, or out of date.
func TestContractOfAPackageThatEmbedsIt(t *testing.T) {
	code := api(`var recorded []byte
` + strings.Replace(tasks, `centrirpc.Name("tasks")`, `centrirpc.Name("tasks"), centrirpc.WithContract(recorded)`, 1))
	code = strings.Replace(code, "import (\n", "import (\n\t_ \"embed\"\n", 1)
	code = strings.Replace(code, "var recorded", "//go:embed sdk/contract.json\nvar recorded", 1)
	for name, recorded := range map[string]string{
		"not there": "", "broken": "<<<<<<< HEAD", "stale": `{"centrirpc":1,"name":"tasks","methods":[],"types":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"api/api.go": code}
			if recorded != "" {
				files["api/sdk/contract.json"] = recorded
			}
			newModule(t, files)
			o := run(t, "contract", "./api", "-o", "api/sdk.json")
			if o.code != exitOK || o.stderr != "" {
				t.Fatalf("%+v", o)
			}
			data, err := os.ReadFile("api/sdk.json")
			if err != nil || !strings.Contains(string(data), "tasks.get_stats") {
				t.Errorf("%s, %v", data, err)
			}
		})
	}
}

func TestPackagesThatCannotBeRead(t *testing.T) {
	router := "func New() *centrirpc.Router "
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		want  []string
	}{
		"no such directory":   {nil, []string{"./absent"}, []string{"absent"}},
		"no such package":     {nil, []string{"example.com/absent"}, []string{"example.com/absent"}},
		"no Go files":         {map[string]string{"api/x.txt": ""}, []string{"./api"}, []string{"no Go files"}},
		"tests only":          {map[string]string{"api/api_test.go": "package api\n"}, []string{"./api"}, []string{"no", "Go files"}},
		"several":             {map[string]string{"a/a.go": "package a\n", "b/b.go": "package b\n"}, []string{"./..."}, []string{"2 packages"}},
		"a flag's look":       {nil, []string{"--", "-mod=mod"}, []string{"-mod=mod", "not a package"}},
		"a file":              {map[string]string{"api/api.go": "package api\n"}, []string{"api/api.go"}, []string{"api/api.go is a file", "directory, api"}},
		"a name twice":        {map[string]string{"api/api.go": api("type P struct{ A int }\ntype p struct{ B int }\nfunc h(context.Context, P) (p, error) { panic(1) }\n" + router + "{\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"a.b\", h)\n\treturn r\n}\n")}, []string{"./api"}, []string{"api/api.go:13: P: 2 types would have this name: example.org/app/api.P, example.org/app/api.p; rename one"}},
		"a program":           {map[string]string{"api/api.go": "package main\n\nfunc main() {}\n"}, []string{"./api"}, []string{"package main", "package of its own"}},
		"no router":           {map[string]string{"api/api.go": "package api\n\nfunc New() int { return 1 }\n"}, []string{"./api"}, []string{"no exported function", "func NewRouter(", "zero values"}},
		"several routers":     {map[string]string{"api/api.go": api(router + "{ return nil }\nfunc Other() (*centrirpc.Router, error) { return nil, nil }\n")}, []string{"./api"}, []string{"2 functions", "New, Other", "-func"}},
		"no such function":    {map[string]string{"api/api.go": api(router + "{ return nil }\n")}, []string{"./api", "-func", "Old"}, []string{"no function Old", "New"}},
		"unexported function": {map[string]string{"api/api.go": api(router + "{ return nil }\n")}, []string{"./api", "-func", "old"}, []string{"-func old", "exported"}},
		"code for -func":      {map[string]string{"api/api.go": api(router + "{ return nil }\n")}, []string{"./api", "-func", "New(); x"}, []string{"-func"}},
		"another function":    {map[string]string{"api/api.go": api(router + "{ return nil }\nfunc Int() int { return 1 }\n")}, []string{"./api", "-func", "Int"}, []string{"Int does not return a *centrirpc.Router"}},
		"does not compile":    {map[string]string{"api/api.go": api(router + "{ return undefinedName }\n")}, []string{"./api"}, []string{"api does not compile:\n", "\napi/api.go:13:39: undefined: undefinedName"}},
		"does not parse":      {map[string]string{"api/api.go": api(router + "{ return nil }\nfunc {\n")}, []string{"./api"}, []string{"api.go:14:6", "syntax error"}},
		"missing import":      {map[string]string{"api/api.go": "package api\n\nimport _ \"example.com/absent\"\n" + strings.TrimPrefix(api(router+"{ return nil }\n"), "// Package api is an API.\npackage api\n")}, []string{"./api"}, []string{"example.com/absent"}},
		"two package names":   {map[string]string{"api/a.go": "package a\n", "api/b.go": "package b\n"}, []string{"./api"}, []string{"a.go", "b.go"}},
		"returns nil":         {map[string]string{"api/api.go": api(router + "{ return nil }\n")}, []string{"./api"}, []string{"New returned nil"}},
		"returns an error":    {map[string]string{"api/api.go": strings.Replace(api("func New() (*centrirpc.Router, error) { return nil, errors.New(\"no database\") }\n"), "import (", "import (\n\t\"errors\"", 1)}, []string{"./api"}, []string{"returned the error: no database", "zero values"}},
		"panics":              {map[string]string{"api/api.go": api("type S interface{ M(context.Context, struct{}) (int, error) }\nfunc New(s S) *centrirpc.Router {\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"m\", s.M)\n\treturn r\n}\n")}, []string{"./api"}, []string{"New panicked at ", "at api/api.go:16: ", "nil pointer", "interfaces", "zero values"}},
		"ends the program":    {map[string]string{"api/api.go": strings.Replace(api(router+"{ log.Fatal(\"no database\"); return nil }\n"), "import (", "import (\n\t\"log\"", 1)}, []string{"./api"}, []string{"New ended the program", "exit status 1", "no database", "zero values"}},
		"refused type":        {map[string]string{"api/api.go": api("type P struct {\n\tOwner chan int `json:\"owner\"`\n}\nfunc h(context.Context, P) (int, error) { return 1, nil }\n" + router + "{\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"a.b\", h)\n\treturn r\n}\n")}, []string{"./api"}, []string{"registered at api/api.go:19: api/api.go:14: params.owner (chan int): it has no JSON form; use data instead"}},
		"bad -name":           {map[string]string{"api/api.go": api(router + "{ return nil }\n")}, []string{"./api", "-name", "Task Board"}, []string{"-name", "lower-case"}},
		"broken contract":     {map[string]string{"c.json": "{}"}, []string{"c.json"}, []string{"c.json: not a contract"}},
		"no such contract":    {nil, []string{"absent.json"}, []string{"absent.json"}},
		"-func of a contract": {map[string]string{"c.json": "{}"}, []string{"c.json", "-func", "X"}, []string{"-func is for Go packages"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, test.files)
			before := listing(t, dir)
			o := run(t, append([]string{"contract", "-o", "out.json"}, test.args...)...)
			o.refuses(t, exitUsage, test.want...)
			if strings.Contains(o.stderr, "zz_centrirpc") {
				t.Errorf("the message names the temporary program: %s", o.stderr)
			}
			if after := listing(t, dir); before != after {
				t.Errorf("something was written:\n%s\n%s", before, after)
			}
		})
	}
}

func TestAFunctionThatDoesNotReturn(t *testing.T) {
	newModule(t, map[string]string{"api/api.go": strings.Replace(api("func New() *centrirpc.Router { time.Sleep(time.Hour); return nil }\n"), "import (", "import (\n\t\"time\"", 1)})
	_, err := gopackage.Load(t.Context(), "./api", gopackage.Options{Limit: time.Second})
	if err == nil || !strings.Contains(err.Error(), "New did not return within 1s") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gopackage.Load(ctx, "./api", gopackage.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
}

func TestOutsideOfAModule(t *testing.T) {
	newModule(t, nil)
	t.Chdir(t.TempDir())
	run(t, "contract", ".").refuses(t, exitUsage, "go.mod")
}

func TestWithoutTheGoCommand(t *testing.T) {
	newModule(t, map[string]string{"api/api.go": api(tasks)})
	t.Setenv("PATH", t.TempDir())
	run(t, "contract", "./api").refuses(t, exitUsage, "the go command is not in the PATH")
}
