package golang_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/contract"
)

func ref(name string) contract.Type { return contract.Type{Kind: contract.Ref, Ref: name} }
func list(t contract.Type) contract.Type {
	return contract.Type{Kind: contract.List, Elem: &t}
}
func null(t contract.Type) contract.Type {
	t.Nullable = true
	return t
}
func p[T any](v T) *T { return &v }
func tuple(items ...contract.Type) contract.Type {
	return contract.Type{Kind: contract.Tuple, Items: items}
}
func union(items ...contract.Type) contract.Type {
	return contract.Type{Kind: contract.Union, Items: items}
}
func quoted(t contract.Type) contract.Type {
	t.Quoted = true
	return t
}
func array(n int, t contract.Type) contract.Type {
	return contract.Type{Kind: contract.List, Elem: &t, Constraints: &contract.Constraints{MinItems: &n, MaxItems: &n}}
}
func format(kind contract.Kind, f string) contract.Type {
	return contract.Type{Kind: kind, Format: f}
}
func mapOf(e contract.Type) contract.Type {
	return contract.Type{Kind: contract.Map, Key: &str, Elem: &e}
}

var (
	str   = contract.Type{Kind: contract.String}
	when  = contract.Type{Kind: contract.String, Format: contract.DateTime}
	octet = contract.Type{Kind: contract.Integer, Bits: 8, Unsigned: true}
	any0  = contract.Type{Kind: contract.Any}
	yesno = contract.Type{Kind: contract.Bool}
	count = contract.Type{Kind: contract.Integer, Bits: 64}
)

const nasty = "*/ ` \"\"\" \\ \x00\x07\r+build ignore\n//go:build ignore\n\ufeff\u202e\u2028/*\n\n\n# heading\n```\nDeprecated: no\xff\t"

// hostile tries to break out of everything it is printed in, and to trip the
// compiler and encoding/json.
func hostile() *contract.Contract {
	c := &contract.Contract{Version: 1, Name: "hostile", Doc: nasty}
	field := func(name string, t contract.Type, required bool) contract.Field {
		return contract.Field{Name: name, Type: t, Required: required, Doc: nasty, Deprecated: nasty}
	}
	c.Types = []contract.NamedType{
		{Name: "cycle_a", Kind: contract.Struct, Fields: []contract.Field{field("b", ref("cycle_b"), true)}},
		{Name: "cycle_b", Kind: contract.Struct, Fields: []contract.Field{field("a", ref("alias_of_a"), true)}},
		{Name: "alias_of_a", Kind: contract.Alias, Base: p(ref("cycle_a"))},
		{Name: "outside", Kind: contract.Struct, Fields: []contract.Field{field("a", ref("cycle_a"), true)}},
		{Name: "when", Kind: contract.Alias, Base: &when},
		{Name: "anything", Kind: contract.Alias, Base: &any0},
		{Name: "maybe_name", Kind: contract.Alias, Base: p(null(str))},
		{Name: "odd", Kind: contract.Alias, Base: p(ref("odd_fields"))},
		{Name: "self_list", Kind: contract.Alias, Base: p(list(ref("self_list")))},
		{Name: "small", Kind: contract.Enum, Base: &octet, Doc: nasty, Values: []contract.EnumValue{
			{Name: "0", Int: p(int64(0)), Doc: nasty}, {Name: "größe", Int: p(int64(255))},
		}},
		{Name: "tiny", Kind: contract.Alias, Base: &octet},
		{Name: "tinier", Kind: contract.Alias, Base: p(ref("tiny"))},
		{Name: "words", Kind: contract.Enum, Base: &str, Values: []contract.EnumValue{
			{Name: "a", String: p(nasty)}, {Name: "b", String: p("\"`${x}")},
		}},
		{Name: "odd_fields", Kind: contract.Struct, Doc: nasty, Fields: []contract.Field{
			field("-", str, true), field("a,omitempty", str, true), field("`b", str, false),
			field("'c", null(str), false), field("\\d", list(str), false), field("\"e", list(str), true),
			field("日本", str, true), field("func", str, true), field("🦊f", null(list(str)), false),
			field("\u2028y", ref("maybe_name"), true), field("a\nb", ref("maybe_name"), false),
		}},
		{Name: "maybe_rows", Kind: contract.Alias, Base: p(null(list(ref("maybe_rows"))))},
		{Name: "rows", Kind: contract.Alias, Base: p(list(list(str)))},
		{Name: "rows_too", Kind: contract.Alias, Base: p(ref("rows"))},
		{Name: "deep", Kind: contract.Struct, Fields: []contract.Field{
			field("list_list", list(list(str)), true), field("maybe_list_list", null(list(list(str))), true),
			field("opt_list_list", list(list(str)), false), field("opt_maybe_list_list", null(list(list(str))), false),
			field("list_maybe_list_list", list(null(list(list(str)))), true), field("list_maybe", list(null(list(str))), true),
			field("map_map", mapOf(mapOf(contract.Type{Kind: contract.Bytes})), true), field("opt_map_maybe_map", mapOf(null(mapOf(list(str)))), false),
			field("maybe_rows", ref("maybe_rows"), true), field("list_maybe_rows", list(ref("maybe_rows")), true),
			field("rows", ref("rows_too"), true), field("opt_rows", null(ref("rows_too")), false), field("list_null_rows", list(null(ref("rows"))), true),
			field("list_odd", list(ref("odd")), true), field("maybe_bytes", null(contract.Type{Kind: contract.Bytes}), true),
		}},
		{Name: "unnamed", Kind: contract.Struct, Fields: []contract.Field{field("", str, true)}},
		{Name: "octets", Kind: contract.Struct, Fields: []contract.Field{
			field("plain", list(octet), true), field("nullable", list(null(octet)), true), field("enum", list(ref("small")), true),
			field("alias", list(ref("tinier")), true), field("one", ref("tiny"), true),
			field("map", contract.Type{Kind: contract.Map, Key: p(ref("words")), Elem: p(list(octet))}, false),
		}},
		{Name: "everywhere", Kind: contract.Struct, Fields: []contract.Field{
			field("when", ref("when"), true), field("when_null", null(ref("when")), true), field("when_opt", ref("when"), false),
			field("when_both", null(ref("when")), false), field("any", ref("anything"), false), field("any_null", null(ref("anything")), false),
			field("maybe", ref("maybe_name"), true), field("maybes", list(ref("maybe_name")), true), field("odd", ref("odd"), true),
			field("odds", list(null(ref("odd"))), false), field("selves", ref("self_list"), true),
		}},
	}
	nastyJSON, _ := json.Marshal(nasty)
	c.Types = append(c.Types, []contract.NamedType{
		{Name: "ring", Kind: contract.Struct, Fields: []contract.Field{field("next", array(2, ref("ring")), true), field("flat", array(2, array(2, ref("small"))), true)}},
		{Name: "grid_of_itself", Kind: contract.Alias, Base: p(array(2, ref("grid_of_itself")))},
		{Name: "knot", Kind: contract.Alias, Base: p(tuple(ref("knot"), str, null(ref("knot"))))},
		{Name: "knot_too", Kind: contract.Alias, Base: p(tuple(ref("knot"), str, null(ref("knot"))))},
		{Name: "either_itself", Kind: contract.Alias, Doc: nasty, Base: p(union(str, list(ref("either_itself")), null(ref("knot"))))},
		{Name: "tuple_loop", Kind: contract.Struct, Fields: []contract.Field{field("t", tuple(ref("tuple_loop"), list(list(str)), null(array(2, list(str)))), true)}},
		{Name: "arrays", Kind: contract.Struct, Fields: []contract.Field{
			field("lists", array(2, list(str)), true), field("maybe", null(array(2, list(str))), true), field("opt", array(2, list(str)), false),
			field("both", null(array(2, list(str))), false), field("deep", array(2, array(1, list(null(list(str))))), true), field("list", list(array(2, list(str))), true),
			field("list_null", list(null(array(2, list(str)))), true), field("map", mapOf(array(3, octet)), true), field("long", array(1025, str), true),
			field("none", array(0, str), true), field("named", ref("pairs"), true), field("named_list", list(ref("pairs")), true), field("tuples", array(2, tuple(list(str))), true),
		}},
		{Name: "pairs", Kind: contract.Alias, Base: p(array(2, list(str)))},
		{Name: "took", Kind: contract.Alias, Base: p(contract.Type{Kind: contract.Integer, Bits: 64, Format: contract.Nanoseconds})},
		{Name: "exact", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Float}},
		{Name: "secret", Kind: contract.Alias, Base: p(format(contract.Bytes, contract.Base64URL))},
		{Name: "day", Kind: contract.Alias, Base: p(format(contract.String, contract.Date))},
		{Name: "quoted_count", Kind: contract.Alias, Base: p(quoted(count))},
		{Name: "quotes", Kind: contract.Struct, Fields: []contract.Field{
			field("plain", quoted(count), true), field("opt", quoted(count), false), field("null", null(quoted(yesno)), true), field("both", null(quoted(str)), false),
			field("list", list(quoted(count)), true), field("map", mapOf(null(quoted(yesno))), true), field("enum", quoted(ref("small")), true), field("when", quoted(when), true),
			field("alias", ref("quoted_count"), true), field("twice", quoted(ref("quoted_count")), true), field("\\odd", quoted(count), true), field("-", quoted(str), true),
			field("exact", quoted(contract.Type{Kind: contract.Float}), true), field("took", quoted(ref("took")), true), field("union", union(quoted(count), count), true),
		}},
		{Name: "extra_lists", Kind: contract.Struct, Extra: p(list(null(list(str)))), Fields: []contract.Field{field("id", str, true), field("\"x", list(str), false)}},
		{Name: "extra_only", Kind: contract.Struct, Extra: p(null(count))},
		{Name: "branch", Kind: contract.Union, Tag: "k\n\"`" + strings.ToValidUTF8(nasty, ""), Doc: nasty, Variants: []contract.Variant{
			{Values: []string{strings.ToValidUTF8(nasty, ""), "b"}, Ref: "extra_lists"}, {Values: []string{""}, Ref: "quotes"}, {Values: []string{"c"}, Ref: "extra_lists"}, {Values: []string{"d"}, Ref: "holder"},
		}},
		{Name: "holder", Kind: contract.Struct, Fields: []contract.Field{field("b", ref("branch"), true), field("bs", list(null(ref("branch"))), false)}},
		{Name: "by_words", Kind: contract.Union, Tag: "w", Variants: []contract.Variant{{Values: []string{"b"}, Ref: "worded"}}},
		{Name: "worded", Kind: contract.Struct, Fields: []contract.Field{field("w", null(ref("words")), false)}},
		{Name: "mixed", Kind: contract.Struct, Fields: []contract.Field{
			field("all", union(
				yesno, octet, count, contract.Type{Kind: contract.Float, Bits: 32}, contract.Type{Kind: contract.Float}, str, when, format(contract.String, contract.Duration),
				format(contract.String, "ünïcode"+nasty), contract.Type{Kind: contract.Bytes}, format(contract.Bytes, contract.UTF8), any0, list(str), list(null(str)), mapOf(list(str)),
				array(2, list(str)), tuple(str, str), union(str, count), ref("words"), ref("small"), ref("branch"), ref("secret"), ref("rows"), ref("took"), str,
			), true),
			field("null_inside", union(null(str), count), true), field("opt_null_inside", union(null(str), count), false),
			field("date_keys", contract.Type{Kind: contract.Map, Key: p(format(contract.String, contract.DateTime)), Elem: &str}, true),
			{Name: "constrained", Doc: nasty, Required: true, Default: nastyJSON, Type: contract.Type{Kind: contract.String, Format: nasty, Constraints: &contract.Constraints{
				Pattern: nasty, Rules: []string{nasty, nasty}, OneOf: []json.RawMessage{nastyJSON, []byte(` "b" `)}, MinLength: p(0), MaxLength: p(1),
			}}},
			{Name: "always", Required: true, Type: contract.Type{Kind: contract.String, Constraints: &contract.Constraints{OneOf: []json.RawMessage{nastyJSON}}}},
		}},
		{Name: "room_params", Kind: contract.Struct, Fields: []contract.Field{
			field("last", ref("words"), true), field("first", ref("tiny"), true), field("day", ref("day"), true), field("took", ref("took"), true),
		}},
	}...)
	c.Channels = []contract.Channel{
		{Name: "news\"`\n\u2028*/", Doc: nasty, Deprecated: nasty, Event: union(str, tuple(count, list(str)))},
		{Name: "{first}.{day}-{took}:{last}", Doc: nasty, Params: p(ref("room_params")), Event: null(list(ref("branch")))},
	}
	for i := range c.Types {
		c.Methods = append(c.Methods, contract.Method{
			Name: "echo." + c.Types[i].Name, Kind: contract.Call, Doc: nasty, Deprecated: nasty, Result: p(ref(c.Types[i].Name)), TimeoutMS: min(int64(i), 1) * int64(60_000+i), Idempotent: i%2 == 0,
		})
		if c.Types[i].Kind == contract.Struct {
			c.Methods[i].Params = p(ref(c.Types[i].Name))
		}
	}
	c.Methods = append(c.Methods, contract.Method{Name: "quote\"`\n`+panic(1)+`", Kind: contract.Notify, Doc: nasty})
	c.Errors = []contract.ErrorType{{Code: 1000, Reason: "no_way", Doc: nasty, Details: p(null(ref("tiny")))}, {Code: 1001, Reason: "other"}, {Code: 1002, Reason: "mixed", Details: p(tuple(union(str, yesno)))}}
	return c
}

func TestHostileContract(t *testing.T) {
	files := generate(t, hostile(), golang.Options{})
	dir := filepath.Join("testdata", "hostile")
	encoded, err := hostile().Encode() // for the tests that run the package
	if err != nil {
		t.Fatal(err)
	}
	files["contract.json"] = encoded
	golden(t, dir, files)
	vet(t, dir)
	delete(files, "contract.json")
	for name, data := range files {
		for _, r := range string(data) {
			if r != '\n' && r != '\t' && (r < ' ' || r == 0x7f || r == '\ufeff' || r == '\u202e' || r == '\u2028') {
				t.Errorf("%s holds the character %U", name, r)
			}
		}
	}
	if fences := strings.Count(string(files["README.md"]), "```"); fences != 2*examples(hostile()) {
		t.Errorf("the README has %d fences", fences)
	}
}

// examples is how many examples the README has: how to connect, how to check the
// contract, how to read an error, each channel and each method.
func examples(c *contract.Contract) int {
	return 2 + min(1, len(c.Errors)) + len(c.Channels) + len(c.Methods)
}

// Everything in the README is Go that compiles.
func TestReadmeExamplesCompile(t *testing.T) {
	for name, c := range map[string]*contract.Contract{"everything": read(t, "everything"), "tasks": read(t, "tasks"), "zoo": read(t, "zoo"), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			module := newModule(t)
			pkg := name + "client"
			files := generate(t, c, golang.Options{ImportPath: "example.org/it/" + pkg})
			for file, data := range files {
				module.write(filepath.Join(pkg, file), string(data))
			}
			blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(files["README.md"]), -1)
			if len(blocks) != examples(c) {
				t.Fatalf("%d examples", len(blocks))
			}
			head, connect, _ := strings.Cut(blocks[0][1], "\n)\n")
			var body strings.Builder
			for _, block := range blocks[1:] {
				given := ""
				if name, _, ok := strings.Cut(block[1], ", err := "); ok {
					given = "_ = " + name + "\n"
				}
				fmt.Fprintf(&body, "{\n%s_ = err\n%s}\n", block[1], given)
			}
			module.write("main.go", "package main\n"+head+"\n\t\"context\"\n\t\"encoding/json\"\n\t\"errors\"\n\t\"fmt\"\n\t\"time\"\n)\n"+
				"var _ = json.Valid\nvar _ = time.Now\nvar _ = errors.New\nvar _ = fmt.Sprint\nfunc main() { _ = run(context.Background(), \"\") }\n"+
				"func run(ctx context.Context, token string) error {\n"+connect+body.String()+"return nil\n}\n")
			module.vet("./...")
		})
	}
}

// module is a Go module of a user's, outside of ours.
type module struct {
	t   *testing.T
	dir string
}

func newModule(t *testing.T) *module {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	m := &module{t: t, dir: t.TempDir()}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("go.sum", string(sum))
	m.write("go.mod", "module example.org/it\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => "+root+"\n")
	return m
}

func (m *module) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *module) vet(pattern string) {
	m.t.Helper()
	cmd := exec.Command("go", "vet", "-mod=mod", pattern)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Errorf("go vet: %v\n%s", err, out)
	}
}

// With the option Module, the folder is a module that compiles as it is.
func TestModule(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := generate(t, read(t, "tasks"), golang.Options{Module: "example.org/tasksclient", Package: "tasks", Replace: root})
	m := newModule(t)
	for name, data := range files {
		m.write(name, string(data))
	}
	m.vet(".")
	if !strings.Contains(string(files["go.mod"]), "module example.org/tasksclient\n") || !strings.Contains(string(files["types.go"]), "package tasks\n") {
		t.Errorf("go.mod:\n%s", files["go.mod"])
	}
	files = generate(t, read(t, "tasks"), golang.Options{Module: "example.org/tasksclient", ModuleVersion: "v1.2.3"})
	if want := "require github.com/centrirpc/centrirpc v1.2.3\n"; !strings.HasSuffix(string(files["go.mod"]), want) {
		t.Errorf("go.mod:\n%s", files["go.mod"])
	}
}
