package main

import (
	"os"
	"strings"
	"testing"
)

// exported is what "python -m centrirpc export" writes of a handler, with a place for
// more methods and for more properties of its params.
func exported(methods, properties string) string {
	return `{"centrirpc_source":1,"name":"shop","doc":"A shop.","methods":[
		{"name":"orders.place","kind":"call","doc":"Places an order.","params":{"$ref":"#/$defs/Order"},"result":{"$ref":"#/$defs/Receipt"},"errors":[],"source":"shop/handlers.py#place"}` + methods + `],
		"errors":[],"channels":[],
		"validation":{"$defs":{"Order":{"type":"object","title":"Order","properties":{"item":{"type":"string","minLength":1}` + properties + `},"required":["item"]}}},
		"serialization":{"$defs":{"Receipt":{"type":"object","title":"Receipt","properties":{"number":{"type":"integer"}},"required":["number"]}}}}`
}

// An export of Python handlers does wherever a package or a contract does.
func TestCommandsTakeAnExport(t *testing.T) {
	dir := newModule(t, map[string]string{
		"old.json": exported("", ""),
		"new.json": exported("", `,"gift":{"type":"boolean","default":false}`),
	})
	if o := run(t, "contract", "old.json", "-o", "contract.json"); o != (outcome{}) {
		t.Fatalf("%+v", o)
	}
	if o := run(t, "contract", "contract.json", "-o", "contract.json", "-check"); o != (outcome{}) {
		t.Errorf("%+v", o)
	}
	for _, old := range []string{"old.json", "contract.json"} {
		if o := run(t, "diff", old, "new.json"); o.code != exitOK || o.stdout != "compatible     orders.place params.gift: new, optional\n\n0 breaking, 1 compatible, 0 documentation\n" {
			t.Errorf("%+v", o)
		}
	}
	if o := run(t, "docs", "old.json", "-format", "markdown"); o.code != exitOK || !strings.Contains(o.stdout, "Places an order.") {
		t.Errorf("%+v", o)
	}
	for _, name := range []string{"old.json", "new.json"} {
		if o := run(t, "generate", name, "-o", "sdk"); o.code != exitOK || !strings.HasPrefix(o.stdout, "sdk: 1 method, ") || o.stderr != "" {
			t.Fatalf("%+v", o)
		}
		if o := run(t, "generate", name, "-o", "sdk", "-check"); o != (outcome{}) {
			t.Errorf("%+v", o)
		}
	}
	run(t, "generate", "old.json", "-o", "sdk", "-check").refuses(t, exitFailed, "sdk is stale", "contract.json differs")
	if o := run(t, "generate", "contract.json", "-o", "of_contract"); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	if o := run(t, "generate", "old.json", "-o", "of_contract", "-check"); o != (outcome{}) {
		t.Errorf("the clients of an export and of its contract differ: %+v", o)
	}

	t.Run("in the output's place", func(t *testing.T) {
		write(t, dir, "here/contract.json", exported("", ""))
		before := listing(t, dir)
		run(t, "generate", "here/contract.json", "-o", "here").refuses(t, exitUsage, "contract.json is in the way")
		if data, err := os.ReadFile("here/contract.json"); err != nil || string(data) != exported("", "") || listing(t, dir) != before {
			t.Errorf("something was written: %s, %v", data, err)
		}
	})
}

// What an export cannot be made a contract of is told by every command, all at once.
func TestExportsThatAreRefused(t *testing.T) {
	const more = `,{"name":"orders.cancel","kind":"call","params":{"type":"array","items":{"type":"integer"}},"errors":[1001],"source":"shop/handlers.py#cancel"},` +
		`{"name":"orders.find","kind":"call","params":{"$ref":"#/$defs/Search"},"source":"shop/handlers.py#find"}`
	newer := strings.Replace(exported("", ""), `"centrirpc_source":1`, `"centrirpc_source":2`, 1)
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"several problems": {
			exported(more, `,"when":{"type":"date"},"count":{"type":"integer","not":{"const":3}}`),
			[]string{
				"centrirpc: c.json:\n",
				"\nshop/handlers.py#cancel: method orders.cancel: errors: it declares the error 1001, which is not described; declare",
				"\nshop/handlers.py#cancel: method orders.cancel: params: params must be a model with fields",
				"\nshop/handlers.py#find: method orders.find: params: there is no definition \"#/$defs/Search\" in validation; export",
				"\nshop/handlers.py#place: method orders.place: params.when (Order): unknown type \"date\"; use",
				"\nshop/handlers.py#place: method orders.place: params.count (Order): the keyword \"not\" cannot be described; check",
			},
		},
		"of a newer version": {newer, []string{"centrirpc: c.json: the source contract file has format version 2; this program reads up to 1: update centrirpc\n"}},
		"of no version":      {strings.Replace(newer, ":2", `:"2"`, 1), []string{"centrirpc: c.json: not a source contract file: its format version is \"2\", which is no whole number\n"}},
		"a part of one":      {newer[:100], []string{"centrirpc: c.json: not a contract: unexpected end of JSON input\n"}},
		"neither": {`{"name":"shop","methods":[]}`,
			[]string{"centrirpc: c.json: not a contract: the key \"centrirpc\" is missing, and so is \"centrirpc_source\", which \"python -m centrirpc export\" writes\n"}},
		"both": {strings.Replace(newer, ":2", `:1,"centrirpc":1`, 1), []string{"centrirpc: c.json: reading the source contract file: ", "unknown field \"centrirpc\""}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, map[string]string{"c.json": test.text, "fine.json": exported("", "")})
			before := listing(t, dir)
			for _, args := range [][]string{
				{"generate", "c.json", "-o", "sdk"},
				{"generate", "c.json", "-o", "sdk", "-check"},
				{"contract", "c.json", "-o", "out.json"},
				{"diff", "c.json", "fine.json"},
				{"diff", "fine.json", "c.json"},
				{"docs", "c.json", "-format", "openrpc", "-o", "out.json"},
			} {
				run(t, args...).refuses(t, exitUsage, test.want...)
			}
			if after := listing(t, dir); before != after {
				t.Errorf("something was written:\n%s\n%s", before, after)
			}
		})
	}
}
