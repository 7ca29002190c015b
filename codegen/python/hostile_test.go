package python_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/contract"
)

// hostile makes contracts at random, of texts that would like to break out and of
// constraints on types that they do not fit.
type hostile struct{ *rand.Rand }

var hostileTexts = []string{
	`"""`, `'''`, `\`, `\N{DASH}`, "*/", "\n", "\r\n", "\u2028", "\x00", `"`, `{x}`, "`", "#", "é", "\U0001f600", "\u202e",
	"class", "import os", "x", "Y", "_", "-", "1", "${x}", "%s", "]", ")", ",", "\t", "\ufeff", "None", "lambda: 0",
}

func (h hostile) text() string {
	s := ""
	for range h.IntN(4) {
		s += hostileTexts[h.IntN(len(hostileTexts))]
	}
	return s
}

// name is a text with something that a name can be made of, and no other has.
func (h hostile) name(i int) string { return fmt.Sprintf("%sn%d%s", h.text(), i, h.text()) }

func (h hostile) one(of ...string) string { return of[h.IntN(len(of))] }

func (h hostile) number() json.Number {
	return json.Number(h.one("", "", "0", "1", "-1", "1.5", "-0", "1e3", "1E-400", "1e999", "99999999999999999999", "0.1", "-0.0", "2"))
}

func (h hostile) count() *int {
	if h.IntN(2) == 0 {
		return nil
	}
	n := h.IntN(4)
	return &n
}

func (h hostile) constraints() *contract.Constraints {
	if h.IntN(3) > 0 {
		return nil
	}
	c := &contract.Constraints{
		Minimum: h.number(), Maximum: h.number(), ExclusiveMinimum: h.number(), ExclusiveMaximum: h.number(), MultipleOf: h.number(),
		MinLength: h.count(), MaxLength: h.count(), MinItems: h.count(), MaxItems: h.count(), Unique: h.IntN(2) == 0,
	}
	c.Pattern = h.one("", h.text(), "^[a-z]+$", "(?=x)", "(?<n>a)", "[", `\p{L}`, "a{5,2}", "(?i)x", `\w{1000}`, "a{,3}", "[[a]&&b]")
	for range h.IntN(3) {
		value, _ := json.Marshal([]any{h.text(), h.IntN(9), 1.5, true, nil, []any{}, 1e300, uint64(1<<64 - 1)}[h.IntN(8)])
		c.OneOf = append(c.OneOf, value)
	}
	if h.IntN(3) == 0 {
		c.Rules = append(c.Rules, h.text())
	}
	return c
}

func (h hostile) typ(names []string, depth int) contract.Type {
	t := contract.Type{Nullable: h.IntN(4) == 0, Constraints: h.constraints(), Quoted: h.IntN(6) == 0}
	kinds := []contract.Kind{contract.Bool, contract.Integer, contract.Float, contract.String, contract.Bytes, contract.Any, contract.Ref}
	if depth > 0 {
		kinds = append(kinds, contract.List, contract.Tuple, contract.Map, contract.Union)
	}
	t.Kind = kinds[h.IntN(len(kinds))]
	items := func() {
		for range 1 + h.IntN(3) {
			t.Items = append(t.Items, h.typ(names, depth-1))
		}
	}
	switch t.Kind {
	case contract.Integer:
		t.Bits, t.Unsigned = []int{0, 8, 16, 32, 64}[h.IntN(5)], h.IntN(2) == 0
		t.Format = h.one("", "", contract.Nanoseconds, h.text())
	case contract.Float:
		t.Bits = []int{0, 32, 64}[h.IntN(3)]
	case contract.String:
		t.Format = h.one("", "date-time", "local-date-time", "date", "time", "duration", "uuid", "decimal", "email", "ip", h.text())
	case contract.Bytes:
		t.Format = h.one("", "base64url", "utf-8", h.text())
	case contract.List:
		elem := h.typ(names, depth-1)
		t.Elem = &elem
	case contract.Map:
		elem := h.typ(names, depth-1)
		t.Elem, t.Key = &elem, &contract.Type{Kind: contract.String, Constraints: h.constraints(), Format: h.one("", "uuid", "date")}
		if h.IntN(2) == 0 {
			t.Key = &contract.Type{Kind: contract.Integer, Bits: 64, Constraints: h.constraints()}
		}
	case contract.Tuple, contract.Union:
		items()
	case contract.Ref:
		t.Ref = names[h.IntN(len(names))]
	}
	return t
}

func (h hostile) contract() *contract.Contract {
	c := &contract.Contract{Version: contract.Version, Name: "hostile", Doc: h.text()}
	var structs, names []string
	for i := range 5 {
		structs = append(structs, h.name(i))
	}
	enum, alias, union := h.name(5), h.name(6), h.name(7)
	names = append(append(names, structs...), enum, alias, union)
	text := h.text()
	c.Types = append(c.Types,
		contract.NamedType{Name: enum, Kind: contract.Enum, Doc: h.text(), Base: &contract.Type{Kind: contract.String}, Values: []contract.EnumValue{{Name: h.name(0), String: &text, Doc: h.text()}}},
		contract.NamedType{Name: union, Kind: contract.Union, Doc: h.text(), Tag: h.name(9), Variants: []contract.Variant{
			{Values: []string{h.text() + "a"}, Ref: structs[0]}, {Values: []string{h.text() + "b", h.text() + "c"}, Ref: structs[1]},
		}},
	)
	base := h.typ(append(names[:6:6], union), 2)
	c.Types = append(c.Types, contract.NamedType{Name: alias, Kind: contract.Alias, Doc: h.text(), Base: &base})
	for _, name := range structs {
		s := contract.NamedType{Name: name, Kind: contract.Struct, Doc: h.text()}
		for i := range h.IntN(6) {
			f := contract.Field{Name: h.name(i), Type: h.typ(names, 3), Required: h.IntN(2) == 0, Doc: h.text(), Deprecated: h.text()}
			if h.IntN(3) == 0 {
				f.Default, _ = json.Marshal(h.text())
			}
			s.Fields = append(s.Fields, f)
		}
		if h.IntN(4) == 0 {
			extra := h.typ(names, 1)
			s.Extra = &extra
		}
		c.Types = append(c.Types, s)
	}
	for i, name := range structs {
		result := h.typ(names, 2)
		m := contract.Method{Name: fmt.Sprintf("m%d", i), Kind: contract.Call, Doc: h.text(), Deprecated: h.text(), Errors: []int{1000}}
		if i < 3 {
			m.Params = &contract.Type{Kind: contract.Ref, Ref: name}
		}
		if i > 1 {
			m.Result = &result
		}
		if m.Kind == contract.Call && h.IntN(3) == 0 {
			item := h.typ(names, 2)
			m.Kind, m.Item = contract.Stream, &item
		}
		m.Volatile = h.IntN(3) == 0
		c.Methods = append(c.Methods, m)
	}
	details := h.typ(names, 2)
	c.Errors = append(c.Errors, contract.ErrorType{Code: 1000, Reason: h.name(0), Doc: h.text(), Details: &details})
	c.Channels = append(c.Channels, contract.Channel{Name: "c" + h.one("#", "!", `"`, `\`, "é"), Doc: h.text(), Deprecated: h.text(), Event: h.typ(names, 2)})
	return c
}

// TestHostile makes packages of random contracts: what is not refused type-checks
// and is imported.
func TestHostile(t *testing.T) {
	interpreter := interpreter(t)
	dir := t.TempDir()
	args := []string{"-m", "mypy", "--strict", "--no-error-summary"}
	made := 0
	for seed := range uint64(60) {
		c := hostile{rand.New(rand.NewPCG(seed, 7))}.contract()
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("hostile%d", seed)
		files, problems := python.Generate(c, python.Options{Package: name})
		if problems != nil {
			continue
		}
		made++
		args = append(args, name)
		for file, data := range files {
			write(t, filepath.Join(dir, name, file), data)
		}
	}
	if made < 40 {
		t.Errorf("only %d were made", made)
	}
	run(t, dir, nil, interpreter, append([]string{"-W", "error", "-c", `
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
`}, args[4:]...)...)
	run(t, dir, nil, interpreter, args...)
}
