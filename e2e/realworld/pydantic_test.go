package realworld

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
)

// pydanticPackage is a public Python package whose models were recorded, as
// contract/jsonschema/testdata/record_package.py says: each is taken and returned
// by a method of its own.
type pydanticPackage struct {
	name string
	// least is how many of the models must come out in all languages: a little less
	// than do.
	least int
}

// TestPydanticPackages generates the clients of all models of Python packages and
// has each language's strict checker read them. What is refused is told with the
// reason and the fix; the methods that need it are then left out, as an author would
// rename the types.
func TestPydanticPackages(t *testing.T) {
	total, compiled, refusals := 0, 0, 0
	var contracts []*contract.Contract
	for _, p := range []pydanticPackage{{"openai.types", 2600}, {"mcp_types", 450}, {"ag_ui", 80}} {
		t.Run(p.name, func(t *testing.T) {
			source := recorded(t, p.name)
			models := len(source.methods(t))
			var problems contract.Problems
			c := source.convert(t, &problems)
			converted := len(c.Methods)
			for _, language := range languages {
				c = source.printable(t, c, language, &problems)
			}
			t.Logf("of %d models %d convert and %d compile, as %d types of the contract; %d refusals:%s",
				models, converted, len(c.Methods), len(c.Types), len(problems), summary(problems))
			if len(c.Methods) < p.least {
				t.Errorf("only %d models compile; want %d", len(c.Methods), p.least)
			}
			total, compiled, refusals = total+models, compiled+len(c.Methods), refusals+len(problems)
			contracts = append(contracts, c)
		})
	}
	t.Logf("together: %d of %d models, %d refusals", compiled, total, refusals)
	compile(t, contracts)
}

var languages = []func(*contract.Contract) contract.Problems{
	func(c *contract.Contract) contract.Problems {
		_, problems := typescript.Generate(c, typescript.Options{Validate: true})
		return problems
	},
	func(c *contract.Contract) contract.Problems {
		_, problems := python.Generate(c, python.Options{Package: c.Name + "_client"})
		return problems
	},
	func(c *contract.Contract) contract.Problems {
		_, problems := golang.Generate(c, golang.Options{})
		return problems
	},
}

// export is a source contract's file.
type export map[string]json.RawMessage

func recorded(t *testing.T, name string) export {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(repository, "contract/jsonschema/testdata/packages", name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var e export
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e export) methods(t *testing.T) []map[string]json.RawMessage {
	t.Helper()
	var methods []map[string]json.RawMessage
	if err := json.Unmarshal(e["methods"], &methods); err != nil {
		t.Fatal(err)
	}
	return methods
}

// without leaves out methods by name.
func (e export) without(t *testing.T, names map[string]bool) {
	t.Helper()
	kept := slices.DeleteFunc(e.methods(t), func(m map[string]json.RawMessage) bool {
		return names[strings.Trim(string(m["name"]), `"`)]
	})
	var err error
	if e["methods"], err = json.Marshal(kept); err != nil {
		t.Fatal(err)
	}
}

// convert leaves out the methods that are refused, and adds why to problems.
func (e export) convert(t *testing.T, problems *contract.Problems) *contract.Contract {
	t.Helper()
	for {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		c, refused, err := jsonschema.Convert(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(refused) == 0 {
			return c
		}
		names := map[string]bool{}
		for _, p := range refused {
			side, _, _ := strings.Cut(p.Path, ".")
			if p.Method == "" || side != "params" && side != "result" || p.Type == "" || p.Reason == "" || p.Fix == "" {
				t.Errorf("a refusal that does not say all: %+v", p)
			}
			if names[p.Method] = true; p.Method == "" {
				t.FailNow()
			}
		}
		*problems = append(*problems, refused...)
		e.without(t, names)
	}
}

// printable leaves out the methods with types that a language cannot print, and adds
// why to problems.
func (e export) printable(t *testing.T, c *contract.Contract, generate func(*contract.Contract) contract.Problems, problems *contract.Problems) *contract.Contract {
	t.Helper()
	for {
		refused := generate(c)
		if len(refused) == 0 {
			return c
		}
		names := map[string]bool{}
		for _, p := range refused {
			if p.Path == "" || p.Reason == "" || p.Fix == "" {
				t.Errorf("a refusal that does not say all: %+v", p)
			}
			found := len(names)
			for _, m := range c.Methods {
				if mentions(p.Path, m.Name) || slices.ContainsFunc(typesOf(c, m), func(name string) bool { return mentions(p.Path, name) }) {
					names[m.Name] = true
				}
			}
			if len(names) == found && !slices.ContainsFunc(c.Types, func(t contract.NamedType) bool { return mentions(p.Path, t.Name) }) {
				t.Fatalf("nothing of the contract is named: %+v", p)
			}
		}
		*problems = append(*problems, refused...)
		e.without(t, names)
		c = e.convert(t, problems)
	}
}

// mentions says whether a problem's path has the name, as it is or as the owner of
// a field.
func mentions(path, name string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(" ,:\"", r) }), func(word string) bool {
		return word == name || strings.HasPrefix(word, name+".")
	})
}

// typesOf are the names of the types that a method needs.
func typesOf(c *contract.Contract, m contract.Method) []string {
	found := map[string]bool{}
	var names []string
	var visit func(t *contract.Type)
	visit = func(t *contract.Type) {
		if t == nil {
			return
		}
		visit(t.Key)
		visit(t.Elem)
		for i := range t.Items {
			visit(&t.Items[i])
		}
		if t.Kind != contract.Ref || found[t.Ref] {
			return
		}
		found[t.Ref] = true
		names = append(names, t.Ref)
		named := c.Type(t.Ref)
		visit(named.Base)
		visit(named.Extra)
		for i := range named.Fields {
			visit(&named.Fields[i].Type)
		}
		for _, v := range named.Variants {
			visit(&contract.Type{Kind: contract.Ref, Ref: v.Ref})
		}
	}
	visit(m.Params)
	visit(m.Result)
	return names
}
