package readme

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func row(i int) string { return fmt.Sprintf("Row%02d", i) }

// named is text with the rows' own types as the page calls them.
func named(text string) string { return regexp.MustCompile(`Row\d\d`).ReplaceAllString(text, "T") }

// answers are what callers get.
type answer struct {
	Result json.RawMessage
	Faults []struct{ Field, Rule string }
	Failed string
}

func (a answer) field(t *testing.T) string {
	t.Helper()
	if a.Failed != "" {
		return "cannot be sent"
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(a.Result, &object); err != nil {
		t.Fatalf("%s: %v", a.Result, err)
	}
	if value, ok := object["a"]; ok {
		return quoted(string(value))
	}
	return "absent"
}

const goHead = `package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"math/big"
	"net/netip"
	"net/url"
	"time"

	"github.com/centrirpc/centrirpc"
)

var (
	_ json.RawMessage
	_ netip.Addr
	_ time.Time
	_ io.Reader
	_ big.Int
	_ sql.NullString
	_ url.URL
)

func echo[P any](_ context.Context, p P) (P, error) { return p, nil }

func zero[P any](_ context.Context, _ struct{}) (p P, err error) { return p, nil }

`

// asker calls the methods that it reads from standard input.
const asker = `package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"example.org/types/api"
	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

type answer struct {
	Result json.RawMessage
	Faults []wire.Fault
	Failed string
}

func main() {
	var asked [][2]json.RawMessage
	if err := json.Unmarshal([]byte(os.Args[1]), &asked); err != nil {
		panic(err)
	}
	router, answers := api.NewRouter(), []answer{}
	for _, a := range asked {
		var method string
		if err := json.Unmarshal(a[0], &method); err != nil {
			panic(err)
		}
		result, err := router.Call(context.Background(), method, a[1])
		one := answer{Result: result}
		if err != nil {
			var e *centrirpc.Error
			errors.As(err, &e)
			one.Failed = e.Message
			_ = json.Unmarshal(e.Wire().Details, &one.Faults)
		}
		answers = append(answers, one)
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}
`

func TestTypesOfGo(t *testing.T) {
	root, python := checkout(t)
	p := readPage(t, root, 2, 3, 1, 2, 1)
	types, rules := p.tables[0], p.tables[1]
	var source, router strings.Builder
	source.WriteString(goHead + p.blocks["types.go"])
	ask := []string{}
	add := func(i int, typ, options, tag, value string) {
		fmt.Fprintf(&source, "type %s struct {\n\tA %s `json:\"a%s\"%s`\n}\n\n", row(i), typ, options, tag)
		fmt.Fprintf(&router, "\tcentrirpc.Handle(r, \"echo%d\", echo[%s])\n\tcentrirpc.Handle(r, \"zero%d\", zero[%s])\n", i, row(i), i, row(i))
		ask = append(ask, fmt.Sprintf(`["echo%d",{"a":%s}],["zero%d",{}]`, i, value, i))
	}
	for i, r := range types.rows {
		add(i, r.code(0), r.option(0), "", r.code(1))
	}
	for i, r := range rules.rows {
		options := ""
		if strings.HasPrefix(r.code(1), "omit") {
			options = ",omitempty"
		}
		add(len(types.rows)+i, r.code(0), options, ` validate:"`+r.code(1)+`"`, r.code(2))
	}
	fmt.Fprintf(&source, "func NewRouter() *centrirpc.Router {\n\tr := centrirpc.NewRouter(centrirpc.Name(\"types\"))\n%s\treturn r\n}\n", &router)

	dir := module(t, root)
	write(t, filepath.Join(dir, "api/api.go"), source.String())
	write(t, filepath.Join(dir, "ask/main.go"), asker)
	run(t, dir, nil, "go", "tool", "centrirpc", "generate", "./api", "-o", "sdk")
	printed := readPrinted(t, dir, python)
	var answers []answer
	if err := json.Unmarshal([]byte(run(t, dir, nil, "go", "run", "./ask", "["+strings.Join(ask, ",")+"]")), &answers); err != nil {
		t.Fatal(err)
	}

	var found [][]string
	for i, r := range types.rows {
		if got := answers[2*i].field(t); got != quoted(r.code(1)) {
			t.Errorf("%s: %s comes back as %s %s", r.cells[0], r.code(1), got, answers[2*i].Failed)
		}
		one := printed[row(i)]
		found = append(found, []string{answers[2*i+1].field(t), one.typescript, one.python, one.golang})
	}
	p.check(t, types, found)
	found = nil
	for i, r := range rules.rows {
		n := len(types.rows) + i
		rule := "none"
		if faults := answers[2*n].Faults; len(faults) == 1 {
			rule = quoted(faults[0].Rule)
		}
		if rule == "none" {
			t.Errorf("%s: %s is not refused with one fault: %+v", r.cells[1], r.code(2), answers[2*n])
		}
		one := printed[row(n)]
		found = append(found, []string{rule, one.typescript, one.doc})
	}
	p.check(t, rules, found)
	p.refusedInGo(t, root, p.tables[2])
	p.save(t)
}

var refusal = regexp.MustCompile(`method "?row(\d+)"?[:,].*?: params\.a \(.*?\): (.*?); (.*)`)

func (p *page) refusedInGo(t *testing.T, root string, of table) {
	var source, router strings.Builder
	source.WriteString(goHead)
	for i, r := range of.rows {
		fmt.Fprintf(&source, "type %s struct {\n\tA %s `json:\"a\"`\n}\n\n", row(i), r.code(0))
		fmt.Fprintf(&router, "\tcentrirpc.Handle(r, \"row%d\", echo[%s])\n", i, row(i))
	}
	fmt.Fprintf(&source, "var _ = zero[struct{}]\n\nfunc NewRouter() *centrirpc.Router {\n\tr := centrirpc.NewRouter(centrirpc.Name(\"types\"))\n%s\treturn r\n}\n", &router)
	dir := module(t, root)
	write(t, filepath.Join(dir, "api/api.go"), source.String())
	p.check(t, of, reasons(t, of, refusal, fails(t, dir, nil, "go", "tool", "centrirpc", "generate", "./api", "-o", "sdk")))
}

const pythonHead = `from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from math import nan
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, RootModel
from pydantic.experimental.missing_sentinel import MISSING

from centrirpc import websocket_rpc

I = TypeVar("I")


`

func pythonModels(rows []*tableRow, blocks string) string {
	var b strings.Builder
	b.WriteString(pythonHead + blocks)
	for i, r := range rows {
		fmt.Fprintf(&b, "\n\nclass %s(BaseModel):\n    a: %s\n\n\n", row(i), r.code(0))
		fmt.Fprintf(&b, "@websocket_rpc(\"row%d\")\nasync def row%d(params: %s) -> None: ...\n", i, i, row(i))
	}
	return b.String()
}

func TestTypesOfPydantic(t *testing.T) {
	root, python := checkout(t)
	p := readPage(t, root, 2, 3, 1, 2, 1)
	fields := p.tables[3]
	dir := module(t, root)
	write(t, filepath.Join(dir, "handlers.py"), pythonModels(fields.rows, p.blocks["types.py"]))
	env := []string{"PYTHONPATH=" + filepath.Join(root, "sdk/python"), "PYTHONDONTWRITEBYTECODE=1"}
	run(t, dir, env, python, "-m", "centrirpc", "export", "handlers", "--name", "types", "-o", "handlers.json")
	run(t, dir, nil, "go", "tool", "centrirpc", "generate", "handlers.json", "-o", "sdk")
	printed := readPrinted(t, dir, python)
	var found [][]string
	for i := range fields.rows {
		one := printed[row(i)]
		found = append(found, []string{one.typescript, one.python, one.golang})
	}
	values := make([]string, len(fields.rows))
	for i, r := range fields.rows {
		values[i] = r.code(1)
	}
	encoded, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	const reader = `
import json, sys, handlers
for number, value in enumerate(json.loads(sys.argv[1])):
    model = getattr(handlers, f"Row{number:02}")
    (name, field), = model.model_fields.items()
    name = field.alias or name
    read = model.model_validate_json(json.dumps({name: json.loads(value)}))
    written = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))[name]
    if written != json.loads(value):
        print(number, value, "is written as", json.dumps(written))
`
	if got := run(t, dir, env, python, "-c", reader, string(encoded)); got != "" {
		t.Error(got)
	}
	p.check(t, fields, found)

	refused := p.tables[4]
	dir = module(t, root)
	write(t, filepath.Join(dir, "handlers.py"), pythonModels(refused.rows, ""))
	out := fails(t, dir, env, python, "-m", "centrirpc", "export", "handlers", "--name", "types")
	p.check(t, refused, reasons(t, refused, regexp.MustCompile(`method row(\d+): \S+: params\S*?(?: \(.*?\))?: (.*?); (.*)`), out))
	p.save(t)
}

// reasons are why each row is refused and what its fix is, from the lines of output.
func reasons(t *testing.T, of table, pattern *regexp.Regexp, output string) [][]string {
	t.Helper()
	found := make([][]string, len(of.rows))
	for line := range strings.Lines(output) {
		if m := pattern.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n < len(found) {
				found[n] = []string{strings.ReplaceAll(m[2], "`", "'"), strings.ReplaceAll(m[3], "`", "'")}
			}
		}
	}
	for i, r := range of.rows {
		if found[i] == nil {
			t.Errorf("%s is not refused in:\n%s", r.cells[0], output)
			found[i] = []string{"?", "?"}
		}
	}
	return found
}

// printed is a row's field in the generated clients.
type printed struct{ typescript, doc, python, golang string }

// shower prints what type checkers see of the models' fields.
const shower = `
import json, re, types, typing
from sdk.python import models

def show(kind):
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return " | ".join(map(show, typing.get_args(kind)))
    text = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else repr(kind)
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text).replace("NoneType", "None").replace("'", '"')

shown = {}
for name, model in vars(models).items():
    if re.fullmatch(r"Row\d\d", name):
        (field, kind), = ((n, k) for n, k in typing.get_type_hints(model).items() if n in model.model_fields)
        shown[name] = f"{field}: {show(kind)}" + ("" if model.model_fields[field].is_required() else " = None")
print(json.dumps(shown))
`

var (
	tsInterface = regexp.MustCompile(`(?ms)^export interface (Row\d\d) \{\n(.*?)^\}`)
	tsField     = regexp.MustCompile(`(?m)^  (\w+\??: .*);$`)
	tsDoc       = regexp.MustCompile(`(?m)^ +(?:/\*\*|\*/|\*)`)
	of64Bits    = regexp.MustCompile(`(?i)(?:\w+: )?an integer of 64 bits; a number holds it exactly up to 2\^53 - 1 \(Number.MAX_SAFE_INTEGER\)\.`)
	goStruct    = regexp.MustCompile("(?ms)^type (Row\\d\\d) struct \\{\n(?:\t//[^\n]*\n)*\t\\w+ +([^\n]*) `json:\"\\w+([^\"]*)\"`\n\\}")
)

func readPrinted(t *testing.T, dir, python string) map[string]printed {
	t.Helper()
	var shown map[string]string
	if err := json.Unmarshal([]byte(run(t, dir, []string{"PYTHONDONTWRITEBYTECODE=1"}, python, "-c", shower)), &shown); err != nil {
		t.Fatal(err)
	}
	text := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, "sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	found := map[string]printed{}
	for _, m := range tsInterface.FindAllStringSubmatch(text("typescript/types.ts"), -1) {
		field := tsField.FindStringSubmatch(m[2])
		if field == nil {
			t.Fatalf("no field in %s", m[0])
		}
		comment, _, _ := strings.Cut(m[2], "  "+field[1]+";")
		doc := strings.Join(strings.Fields(strings.NewReplacer("*/", "", "<", "&lt;").Replace(tsDoc.ReplaceAllString(comment, ""))), " ")
		doc = strings.TrimSpace(of64Bits.ReplaceAllString(doc, "")) // of which the page speaks below
		found[m[1]] = printed{typescript: quoted(named(field[1])), doc: doc, python: quoted(named(shown[m[1]]))}
	}
	for _, m := range goStruct.FindAllStringSubmatch(text("go/types.go"), -1) {
		one := found[m[1]]
		one.golang = quoted(named(m[2]))
		if m[3] != "" {
			one.golang += " " + quoted(m[3])
		}
		found[m[1]] = one
	}
	for name, one := range found {
		if one.golang == "" || one.python == quoted("") {
			t.Errorf("%s is not in all clients: %+v", name, one)
		}
	}
	return found
}

// checkout is the repository and its Python.
func checkout(t *testing.T) (root, python string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root, tool(t, filepath.Join(root, ".venv/bin/python"))
}

// module is a module beside which nothing is asked of the network.
func module(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.Replace(string(data), "module github.com/centrirpc/centrirpc\n", "module example.org/types\n", 1))
	}
	const self = "github.com/centrirpc/centrirpc"
	run(t, dir, nil, "go", "mod", "edit", "-tool="+self+"/cmd/centrirpc", "-require="+self+"@v0.0.0", "-replace="+self+"="+root)
	return dir
}

// fails runs what is to fail, and returns what it said.
func fails(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := command(t, dir, env, name, args...).CombinedOutput()
	if err == nil {
		t.Fatalf("%s %s did not fail:\n%s", name, strings.Join(args, " "), out)
	}
	return string(out)
}
