package openrpc_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/openrpc"
)

var update = flag.Bool("update", false, "write the golden files")

// contracts are the paths of those that are written, by the golden file.
var contracts = map[string]string{
	"kinds": "testdata/kinds.json",
	"tasks": "../../codegen/testdata/contracts/tasks.json",
	"zoo":   "../../codegen/testdata/contracts/zoo.json",
}

func read(t *testing.T, path string) *contract.Contract {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func document(t *testing.T, c *contract.Contract) []byte {
	t.Helper()
	before := mustJSON(t, c)
	doc, err := openrpc.Document(c)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, mustJSON(t, c)) {
		t.Error("the contract was changed")
	}
	return doc
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, data []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGolden(t *testing.T) {
	for name, path := range contracts {
		c := read(t, path)
		got := document(t, c)
		if again := document(t, c); !bytes.Equal(got, again) {
			t.Errorf("%s: written again, it differs", name)
		}
		golden := filepath.Join("testdata", name+".openrpc.json")
		if *update {
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from its golden file (%v): look at the difference and run go test -update", name, err)
		}
	}
}

// metaSchema is OpenRPC's own schema of its documents. It takes JSON Schema from
// an address of its own for which draft-07, that it is a copy of, stands in.
func metaSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("testdata/openrpc-1.3-meta-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), `"https://meta.json-schema.tools/"`, `"http://json-schema.org/draft-07/schema#"`)
	text = strings.ReplaceAll(text, `"https://meta.json-schema.tools"`, `"http://json-schema.org/draft-07/schema#"`)
	text = strings.ReplaceAll(text, `"https://meta.json-schema.tools/#/definitions/JSONSchemaObject/properties/$ref"`, `"http://json-schema.org/draft-07/schema#/properties/$ref"`)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	if err := compiler.AddResource("https://meta.open-rpc.org/", parse(t, []byte(text))); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("https://meta.open-rpc.org/")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestDocumentsAreValidByTheOfficialMetaSchema(t *testing.T) {
	meta := metaSchema(t)
	for name, path := range contracts {
		doc := parse(t, document(t, read(t, path)))
		if err := meta.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, broken := range []string{"methods", "info", "openrpc"} {
			lacking := parse(t, document(t, read(t, path))).(map[string]any)
			delete(lacking, broken)
			if meta.Validate(lacking) == nil {
				t.Errorf("without %s it is valid: the meta-schema checks nothing", broken)
			}
		}
	}
	wrong := parse(t, document(t, read(t, contracts["kinds"]))).(map[string]any)
	wrong["methods"].([]any)[1].(map[string]any)["params"].([]any)[0].(map[string]any)["schema"] = map[string]any{"type": "nonsense"}
	if meta.Validate(wrong) == nil {
		t.Error("a wrong schema is valid: the meta-schema checks no schemas")
	}
}

// TestEverySchemaCompiles follows every reference of every component.
func TestEverySchemaCompiles(t *testing.T) {
	for _, path := range contracts {
		c := read(t, path)
		schemas := newSchemas(t, document(t, c))
		for i := range c.Types {
			schemas.named(t, c.Types[i].Name)
		}
	}
}

// schemas are those of one document.
type schemas struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
}

const address = "https://example.org/openrpc.json"

func newSchemas(t *testing.T, doc []byte) *schemas {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	compiler.AssertContent()
	v := parse(t, doc)
	if err := compiler.AddResource(address, v); err != nil {
		t.Fatal(err)
	}
	return &schemas{v.(map[string]any), compiler}
}

// named is the schema of the type of that name.
func (s *schemas) named(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	components := s.doc["components"].(map[string]any)["schemas"].(map[string]any)
	key := name
	for k, v := range components {
		if v.(map[string]any)["title"] == name {
			key = k
		}
	}
	if components[key] == nil {
		t.Fatalf("there is no schema of %s", name)
	}
	schema, err := s.compiler.Compile(address + "#/components/schemas/" + key)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return schema
}
