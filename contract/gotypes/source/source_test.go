package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes/source"
)

// module writes files into a new module example.org/m and opens its package api.
func module(t *testing.T, files map[string]string) *source.Source {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.org/m\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := source.Open(dir, "./api", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func enrich(t *testing.T, s *source.Source, c *contract.Contract) {
	t.Helper()
	if err := s.Enrich(c); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestDocsOfFields(t *testing.T) {
	s := module(t, map[string]string{
		"api/api.go": `package api

import (
	"example.org/m/store"
	. "example.org/m/dot"
)

// Task is a thing to do.
//
// Deprecated: types cannot be deprecated in a contract.
type Task struct {
	// ID numbers it.
	ID int ` + "`json:\"id\"`" + `
	Title string // the title

	// A and B share a comment.
	A, B int

	// Old was the name.
	//
	// Deprecated: use Title,
	// which is longer.
	//
	// More of it.
	Old string

	*Inner
	store.Base
	Named store.Base ` + "`json:\"named\"`" + ` // not flattened
	Generic[int]
	Dotted
	Renamed
	// Secret is never seen.
	Secret int ` + "`json:\"-\"`" + `
	// Shadowed is the outer one.
	Shadowed int ` + "`json:\"shadowed\"`" + `

	// Inline has a struct of its own.
	Inline []map[string]*struct {
		// X is inside.
		X int
		Deep struct {
			Y int // deeper
		}
	}
	Status ` + "`json:\"status\"`" + ` // of a type that is no struct
	Plain // an embedded string
}

type Status string
type Plain string

type Inner struct {
	// FromInner is promoted.
	FromInner int
	// Shadowed is the inner one.
	Shadowed int ` + "`json:\"shadowed\"`" + `
	*Task // a cycle
}

type Generic[T any] struct {
	// Value is generic.
	Value T
}

type Renamed = store.Aliased
`,
		"store/store.go": `package store

type Base struct {
	// Created is when it began.
	Created string ` + "`json:\"created_at\"`" + `
}

type underlying struct {
	// Defined is of a type that is defined by another.
	Defined int
}

type Aliased underlying
`,
		"dot/dot.go": "package dot\n\ntype Dotted struct {\n\tDot int // by a dot import\n}\n",
	})
	fields := func(names ...string) (fields []contract.Field) {
		for _, name := range names {
			fields = append(fields, contract.Field{Name: name, Type: contract.Type{Kind: contract.Bool}})
		}
		return fields
	}
	c := &contract.Contract{Version: 1, Name: "x", Types: []contract.NamedType{
		{Name: "Task", Kind: contract.Struct, Origin: "example.org/m/api.Task", Fields: fields("id", "Title", "A", "B", "Old", "FromInner", "created_at", "named", "Value", "Dot", "Defined", "shadowed", "Inline", "status", "Plain")},
		{Name: "TaskInline", Kind: contract.Struct, Origin: "example.org/m/api.Task.Inline", Fields: fields("X")},
		{Name: "TaskInlineDeep", Kind: contract.Struct, Origin: "example.org/m/api.Task.Inline.Deep", Fields: fields("Y")},
		{Name: "Elsewhere", Kind: contract.Struct, Origin: "example.com/unknown.Type", Fields: fields("A")},
		{Name: "Nowhere", Kind: contract.Struct, Fields: fields("A")},
		{Name: "Gone", Kind: contract.Struct, Origin: "example.org/m/api.Gone", Fields: fields("A")},
	}}
	c.Types[0].Fields[0].Doc = ""
	enrich(t, s, c)
	want := map[string]string{
		"id": "ID numbers it.", "Title": "the title", "A": "A and B share a comment.", "B": "A and B share a comment.",
		"Old": "Old was the name.\n\nMore of it.", "FromInner": "FromInner is promoted.", "created_at": "Created is when it began.",
		"named": "not flattened", "Value": "Value is generic.", "Dot": "by a dot import", "Defined": "Defined is of a type that is defined by another.",
		"shadowed": "Shadowed is the outer one.", "Inline": "Inline has a struct of its own.",
		"status": "of a type that is no struct", "Plain": "an embedded string",
	}
	for _, f := range c.Type("Task").Fields {
		if f.Doc != want[f.Name] {
			t.Errorf("%s: %q; want %q", f.Name, f.Doc, want[f.Name])
		}
	}
	if got := c.Type("Task").Fields[4].Deprecated; got != "use Title, which is longer." {
		t.Errorf("Old is deprecated: %q", got)
	}
	if got := c.Type("TaskInline").Fields[0].Doc; got != "X is inside." {
		t.Errorf("X: %q", got)
	}
	if got := c.Type("TaskInlineDeep").Fields[0].Doc; got != "deeper" {
		t.Errorf("Y: %q", got)
	}
	if got := c.Type("Task").Doc; !strings.HasPrefix(got, "Task is a thing to do.") {
		t.Errorf("Task: %q", got)
	}
}

func TestMethods(t *testing.T) {
	s := module(t, map[string]string{
		"api/api.go": `package api

import "example.org/m/service.v2"

// Get gets.
//
// Deprecated: use List.
func Get() {}

//go:noinline
// List lists.
func List[T any]() {}

type Service struct{ service.Base }

// Pointer is a method.
func (s *Service) Pointer() {}

// Value is a method, too.
func (s Service) Value() {}

type Generic[T any] struct{}

// Run is generic.
func (*Generic[T]) Run() {}

type Store interface {
	// Find finds.
	Find()
}

// NewRouter makes the router; it is not the handler's comment.
func NewRouter() {}
`,
		"service.v2/service.go": `package service

type Base struct{}

// Inherited is from elsewhere.
func (*Base) Inherited() {}
`,
	})
	const api = "example.org/m/api."
	tests := []struct{ symbol, source, doc, deprecated string }{
		{api + "Get", "api/api.go#Get", "Gets.", "use List."},
		{api + "List[...]", "api/api.go#List", "Lists.", ""},
		{api + "(*Service).Pointer-fm", "api/api.go#Service.Pointer", "Pointer is a method.", ""},
		{api + "Service.Value-fm", "api/api.go#Service.Value", "Value is a method, too.", ""},
		{api + "(*Service).Inherited-fm", "service.v2/service.go#Service.Inherited", "Inherited is from elsewhere.", ""},
		{"example.org/m/service%2ev2.(*Base).Inherited-fm", "service.v2/service.go#Base.Inherited", "Inherited is from elsewhere.", ""},
		{api + "(*Generic[...]).Run-fm", "api/api.go#Generic.Run", "Run is generic.", ""},
		{api + "Store.Find-fm", "api/api.go#Store.Find", "Finds.", ""},
		{api + "NewRouter.func1", "api/api.go#NewRouter", "", ""},
		{api + "NewRouter.func2.1", "api/api.go#NewRouter", "", ""},
		{api + "NewRouter.Get.func1", "api/api.go#NewRouter", "", ""},
		{api + "(*Service).Pointer.func1", "api/api.go#Service.Pointer", "", ""},
		{api + "glob..func1", "", "", ""},
		{"example.com/unknown.Get", "example.com/unknown.Get", "", ""},
	}
	c := &contract.Contract{Version: 1, Name: "x"}
	for i, test := range tests {
		c.Methods = append(c.Methods, contract.Method{Name: string(rune('a' + i)), Kind: contract.Call, Source: test.symbol})
	}
	enrich(t, s, c)
	for i, test := range tests {
		m := c.Methods[i]
		if m.Source != test.source || m.Doc != test.doc || m.Deprecated != test.deprecated {
			t.Errorf("%s: source %q, doc %q, deprecated %q; want %q, %q, %q", test.symbol, m.Source, m.Doc, m.Deprecated, test.source, test.doc, test.deprecated)
		}
	}
}

func TestGivenDescriptionsStay(t *testing.T) {
	s := module(t, map[string]string{"api/api.go": "package api\n\n// Get gets.\n//\n// Deprecated: x.\nfunc Get() {}\n"})
	c := &contract.Contract{Version: 1, Name: "x", Methods: []contract.Method{
		{Name: "a", Kind: contract.Call, Source: "example.org/m/api.Get", Doc: "Given.", Deprecated: "Also given."},
	}}
	enrich(t, s, c)
	if m := c.Methods[0]; m.Doc != "Given." || m.Deprecated != "Also given." {
		t.Errorf("%+v", m)
	}
}

func TestTypesOfTheStandardLibrary(t *testing.T) {
	s := module(t, map[string]string{"api/api.go": "package api\n\nimport \"time\"\n\nvar _ time.Weekday\n"})
	c := &contract.Contract{Version: 1, Name: "x", Types: []contract.NamedType{
		{Name: "Weekday", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Integer, Bits: 64}, Origin: "time.Weekday"},
	}}
	enrich(t, s, c)
	if got := values(&c.Types[0]); !strings.HasPrefix(got, "Sunday=0 Monday=1 ") || len(c.Types[0].Values) != 7 {
		t.Error(got)
	}
}

func TestLocate(t *testing.T) {
	s := module(t, map[string]string{"api/api.go": `package api

type Task struct {
	Owner chan int
	Items []struct {
		Deep func()
	}
}
`})
	problems := contract.Problems{
		{Position: "example.org/m/api.Task.Owner"},
		{Position: "example.org/m/api.Task.Items.Deep"},
		{Position: "example.org/m/api.Task"},
		{Position: "example.com/unknown.Task"},
		{},
	}
	s.Locate(problems)
	for i, want := range []string{"api/api.go:4", "api/api.go:6", "api/api.go:3", "example.com/unknown.Task", ""} {
		if problems[i].Position != want {
			t.Errorf("%q; want %q", problems[i].Position, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.org/m\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(dir, "./api", nil); err == nil || !strings.Contains(err.Error(), "./api") {
		t.Errorf("error %v", err)
	}
}
