package typescript_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// modules is the base client's node_modules, where the compiler is.
func modules(t *testing.T) string {
	t.Helper()
	dir := tools.Path(t, "../../sdk/typescript/node_modules")
	for _, tool := range []string{".bin/tsc", ".bin/esbuild", "centrifuge", "ws", "valibot", "fast-check"} {
		tools.Path(t, filepath.Join(dir, tool))
	}
	return dir
}

// project writes the generated client into a folder as a user would have it
// after npm install.
func project(t *testing.T, c *contract.Contract) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(modules(t), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, generate(t, c))
	return dir
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

var codeBlock = regexp.MustCompile("(?ms)^```ts\n(.*?)^```$")

// readmeProgram puts the README's blocks together: the first is a program, the
// others go on from there.
func readmeProgram(t *testing.T, dir string, c *contract.Contract) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := codeBlock.FindAllStringSubmatch(string(data), -1)
	want := 2 + len(c.Methods) + len(c.Channels)
	if len(c.Errors) > 0 {
		want++
	}
	if validated[c.Name] && slices.ContainsFunc(c.Methods, func(m contract.Method) bool { return m.Params != nil }) {
		want++
	}
	if len(blocks) != want {
		t.Fatalf("README.md has %d blocks of code, want %d", len(blocks), want)
	}
	var imports, b strings.Builder
	for i, block := range blocks {
		if i > 0 {
			b.WriteString("{\n")
		}
		for line := range strings.Lines(block[1]) {
			if strings.HasPrefix(line, "import ") {
				line = regexp.MustCompile(`from "[^"]*-client(/validate)?"`).ReplaceAllString(line, `from ".$1"`)
				imports.WriteString(strings.Replace(strings.Replace(line, `"./validate"`, `"./validate.js"`, 1), `"."`, `"./index.js"`, 1))
			} else {
				b.WriteString(line)
			}
		}
		if i > 0 {
			b.WriteString("}\n")
		}
	}
	return imports.String() + b.String()
}

// What is generated is compiled by the script that users run, together with the
// README's code.
func TestCompiles(t *testing.T) {
	all := cases(t)
	all["empty"] = &contract.Contract{Name: "empty"}
	recursive := alias("Tree", contract.Type{Kind: contract.Map, Key: &contract.Type{Kind: contract.String}, Elem: &contract.Type{Kind: contract.Ref, Ref: "Tree"}})
	endless := structType("Endless")
	endless.Fields = []contract.Field{{Name: "self", Type: ref("Endless"), Required: true}}
	params := ref("Endless")
	all["recursive"] = &contract.Contract{
		Name: "recursive",
		Types: []contract.NamedType{
			recursive, endless,
			alias("Knot", contract.Type{Kind: contract.Union, Items: []contract.Type{
				{Kind: contract.Tuple, Items: []contract.Type{{Kind: contract.Ref, Ref: "Knot", Nullable: true}, ref("Tree")}},
				{Kind: contract.List, Elem: &contract.Type{Kind: contract.Ref, Ref: "Knot"}},
				{Kind: contract.Map, Key: &textType, Elem: &contract.Type{Kind: contract.Union, Items: []contract.Type{ref("Knot"), textType}}},
			}}),
			alias("Forest", contract.Type{Kind: contract.List, Elem: &contract.Type{Kind: contract.Ref, Ref: "Forest", Nullable: true}, Nullable: true}),
		},
		Methods: []contract.Method{{Name: "a", Kind: contract.Call, Params: &params}},
	}
	all["unions"] = unions()
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, c)
			program := readmeProgram(t, dir, c)
			if err := os.WriteFile(filepath.Join(dir, "readme.ts"), []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, dir, "npm", "run", "build")
			for _, file := range []string{"dist/index.js", "dist/index.d.ts", "dist/client.d.ts"} {
				if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// unions has the tagged unions and the extra members that are hard to print.
func unions() *contract.Contract {
	oneOf := func(values ...string) contract.Type {
		c := contract.Constraints{}
		for _, v := range values {
			c.OneOf = append(c.OneOf, json.RawMessage(strconv.Quote(v)))
		}
		return contract.Type{Kind: contract.String, Constraints: &c}
	}
	with := func(name string, extra *contract.Type, fields ...contract.Field) contract.NamedType {
		return contract.NamedType{Name: name, Kind: contract.Struct, Fields: fields, Extra: extra}
	}
	field := func(name string, t contract.Type) contract.Field {
		return contract.Field{Name: name, Type: t, Required: true}
	}
	whole := contract.Type{Kind: contract.Integer, Bits: 64}
	optional := contract.Field{Name: "t", Type: oneOf("optional")}
	params := ref("Params")
	c := &contract.Contract{Name: "unions", Types: []contract.NamedType{
		with("Empty", nil),
		with("Plain", nil, field("t", textType)),
		with("Wide", nil, field("t", oneOf("wide", "other"))),
		with("Optional", nil, optional),
		with("Named", nil, field("t", ref("Tag"))),
		with("Open", &contract.Type{Kind: contract.Any}, field("id", textType)),
		with("Counts", &whole, field("id", textType), contract.Field{Name: "maybe", Type: contract.Type{Kind: contract.Bool, Nullable: true}}),
		with("OnlyExtra", &whole),
		with("Inherited", nil,
			contract.Field{Name: "constructor", Type: textType}, contract.Field{Name: "__proto__", Type: textType}, contract.Field{Name: "toString", Type: textType}),
		{Name: "Tag", Kind: contract.Enum, Base: &textType, Values: []contract.EnumValue{{Name: "Named", String: new("named")}}},
		{Name: "Any", Kind: contract.Union, Tag: "t", Variants: []contract.Variant{
			{Ref: "Empty", Values: []string{"empty", breakouts[0], breakouts[5]}}, {Ref: "Plain", Values: []string{"plain"}},
			{Ref: "Wide", Values: []string{"wide"}}, {Ref: "Optional", Values: []string{"optional"}}, {Ref: "Named", Values: []string{"named"}},
			{Ref: "Open", Values: []string{"open"}}, {Ref: "Counts", Values: []string{"counts"}}, {Ref: "OnlyExtra", Values: []string{"extra"}},
			{Ref: "Inherited", Values: []string{"inherited"}},
		}},
		{Name: "Hostile", Kind: contract.Union, Tag: "*/ \"'` __proto__", Variants: []contract.Variant{{Ref: "Plain", Values: []string{"\"`${x}\u2028"}}}},
		{Name: "Proto", Kind: contract.Union, Tag: "__proto__", Variants: []contract.Variant{{Ref: "Plain", Values: []string{"p"}}}},
		with("Params", nil,
			field("any", ref("Any")), field("hostile", ref("Hostile")), field("proto", ref("Proto")),
			field("counts", ref("Counts")), field("extra", ref("OnlyExtra")),
			field("literals", contract.Type{Kind: contract.Integer, Bits: 64, Constraints: &contract.Constraints{
				OneOf: []json.RawMessage{[]byte("1"), []byte("-2e3"), []byte("null")},
			}}),
			field("too_large", contract.Type{Kind: contract.Integer, Bits: 64, Constraints: &contract.Constraints{
				Maximum: "9223372036854775807", OneOf: []json.RawMessage{[]byte("9007199254740993")},
			}}),
			field("yes", contract.Type{Kind: contract.Bool, Constraints: &contract.Constraints{OneOf: []json.RawMessage{[]byte("true")}}}),
			field("sizes", contract.Type{Kind: contract.Map, Key: new(oneOf("a", "b")), Elem: &whole}),
			field("pair", contract.Type{Kind: contract.Map, Key: &textType, Elem: &whole, Constraints: &contract.Constraints{MinItems: new(2)}}),
			field("patterns", contract.Type{Kind: contract.String, Constraints: &contract.Constraints{
				Pattern: "*/ (?<x>`${y}\"\\", Rules: []string{"*/ x", "@ts-ignore"},
			}}),
		),
	}}
	c.Methods = []contract.Method{{Name: "send", Kind: contract.Call, Params: &params, Result: &params}}
	return c
}

// The folder can be bundled from its source, for browsers too.
func TestBundlesFromSource(t *testing.T) {
	dir := project(t, readContract(t, "zoo"))
	out := run(t, dir, "node_modules/.bin/esbuild", "index.ts", "--bundle", "--format=esm", "--platform=browser", "--log-level=warning")
	if !strings.Contains(out, "zooEverything") || strings.Contains(out, "node_modules/ws/") {
		t.Error("the bundle lacks the client, or holds the package ws")
	}
}

// Names and values survive the compiler as they are.
func TestHostileValuesSurvive(t *testing.T) {
	c := hostile()
	dir := project(t, c)
	copyFile(t, "testdata/run/hostile.ts", filepath.Join(dir, "run.ts"))
	run(t, dir, "npm", "run", "build")
	var got struct {
		Values, Codes [][2]any
	}
	if err := json.Unmarshal([]byte(run(t, dir, "node", "dist/run.js")), &got); err != nil {
		t.Fatal(err)
	}
	want := map[any]any{}
	for _, v := range c.Type("Values").Values {
		want[v.Name] = *v.String
	}
	for _, e := range c.Errors {
		want[e.Reason] = float64(e.Code)
	}
	entries := slices.Concat(got.Values, got.Codes)
	if len(entries) != len(want) {
		t.Errorf("%d values and codes, want %d", len(entries), len(want))
	}
	for _, entry := range entries {
		if want[entry[0]] != entry[1] {
			t.Errorf("%q is %q, want %q", entry[0], entry[1], want[entry[0]])
		}
	}
}

// The generated client calls a real server, which echoes the params.
func TestRuns(t *testing.T) {
	server := startServer(t)
	dir := project(t, readContract(t, "zoo"))
	copyFile(t, "testdata/run/zoo.ts", filepath.Join(dir, "run.ts"))
	run(t, dir, "npm", "run", "build")
	out := run(t, dir, "node", "dist/run.js", strings.Replace(server, "http", "ws", 1)+"/connection/websocket", get(t, server+"/token?user=alice"))
	if strings.TrimSpace(out) != "done" {
		t.Errorf("the program printed %q", out)
	}
	var envelopes []struct {
		Data struct {
			Op        string
			TimeoutMS int `json:"timeout_ms"`
		}
	}
	if err := json.Unmarshal([]byte(get(t, server+"/control/envelopes?method=zoo.old")), &envelopes); err != nil {
		t.Fatal(err)
	}
	if len(envelopes) != 2 || envelopes[0].Data.TimeoutMS != 1500 || envelopes[1].Data.TimeoutMS != 700 {
		t.Errorf("the contract's timeout, and the caller's: %+v", envelopes)
	}
	if err := json.Unmarshal([]byte(get(t, server+"/control/envelopes?method=zoo.move")), &envelopes); err != nil {
		t.Fatal(err)
	}
	if len(envelopes) != 1 || envelopes[0].Data.Op != "notify" {
		t.Errorf("the notification: %+v", envelopes)
	}
}

// The schemas of unusual unions take what they should, and name what is wrong.
func TestUnusualSchemas(t *testing.T) {
	dir := project(t, unions())
	copyFile(t, "testdata/run/unions.ts", filepath.Join(dir, "run.ts"))
	run(t, dir, "npm", "run", "build")
	if out := run(t, dir, "node", "dist/run.js"); out != "" {
		t.Error(out)
	}
}

// Generated values of every type go through the generated client and a real
// server, and through the schemas; the typed errors and channels work.
func TestRunsEverything(t *testing.T) {
	server := startServer(t)
	c := readContract(t, "everything")
	fail := ref("Fail") // the server's method that fails as it is told
	c.Methods = append(c.Methods, contract.Method{Name: "fail", Kind: contract.Call, Params: &fail, Errors: []int{1001}})
	c.Types = append(c.Types, contract.NamedType{Name: "Fail", Kind: contract.Struct, Fields: []contract.Field{
		{Name: "code", Type: contract.Type{Kind: contract.Integer, Bits: 32}, Required: true},
		{Name: "reason", Type: textType, Required: true},
		{Name: "message", Type: textType, Required: true},
		{Name: "details", Type: contract.Type{Kind: contract.Any}, Required: true},
	}})
	dir := project(t, c)
	copyFile(t, "testdata/run/everything.ts", filepath.Join(dir, "run.ts"))
	run(t, dir, "npm", "run", "build")
	out := run(t, dir, "node", "dist/run.js", server, get(t, server+"/token?user=alice"))
	if strings.TrimSpace(out) != "done" {
		t.Errorf("the program printed %q", out)
	}
}

func startServer(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "testserver")
	run(t, ".", "go", "build", "-o", binary, "../../internal/testserver")
	cmd := exec.Command(binary)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s (%v)", url, response.Status, body, err)
	}
	return string(body)
}
