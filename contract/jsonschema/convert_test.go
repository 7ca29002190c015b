package jsonschema_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
)

// file is a source contract file of one method whose result, or params, is the
// field "v" of a model.
func file(schema, defs string) string {
	if defs != "" {
		defs = "," + defs
	}
	return `{"centrirpc_source":1,"name":"x","methods":[{"name":"a.get","kind":"call","result":{"$ref":"#/$defs/M"},"source":"app.py#get"}],
		"serialization":{"$defs":{"M":{"type":"object","title":"M","properties":{"v":` + schema + `},"required":["v"]}` + defs + `}}}`
}

func convert(t *testing.T, data string) (*contract.Contract, contract.Problems) {
	t.Helper()
	c, problems, err := jsonschema.Convert([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return c, problems
}

func TestSchemas(t *testing.T) {
	const owner = `"Owner":{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}`
	for _, test := range []struct{ name, schema, defs, want string }{
		{"any", `{}`, "", `{"kind":"any"}`},
		{"true", `true`, "", `{"kind":"any"}`},
		{"annotations only", `{"title":"V","examples":[1],"readOnly":true,"x-y":{"not":1}}`, "", `{"kind":"any"}`},
		{"untyped constraint", `{"minLength":1}`, "", `{"kind":"any","constraints":{"min_length":1}}`},
		{"several types", `{"type":["string","integer","null"],"minLength":1,"minimum":2}`, "",
			`{"kind":"union","nullable":true,"items":[{"kind":"string","constraints":{"min_length":1}},{"kind":"integer","constraints":{"minimum":2}}]}`},
		{"type and null", `{"type":["string","null"]}`, "", `{"kind":"string","nullable":true}`},
		{"allOf of one reference", `{"allOf":[{"$ref":"#/$defs/Owner"}],"description":"d"}`, owner, `{"kind":"ref","ref":"Owner"}`},
		{"nested allOf", `{"allOf":[{"allOf":[{"type":"integer"}]}],"minimum":1}`, "", `{"kind":"integer","constraints":{"minimum":1}}`},
		{"constraint beside a reference", `{"$ref":"#/$defs/Id","maxLength":3}`, `"Id":{"type":"string"}`, `{"kind":"ref","ref":"Id","constraints":{"max_length":3}}`},
		{"type beside a reference", `{"$ref":"#/$defs/Id","type":"string"}`, `"Id":{"type":"string"}`, `{"kind":"ref","ref":"Id"}`},
		{"escaped reference", `{"$ref":"#/$defs/a~1b%20c"}`, `"a/b c":{"type":"string"}`, `{"kind":"ref","ref":"ABC"}`},
		{"union of one", `{"anyOf":[{"type":"integer"}]}`, "", `{"kind":"integer"}`},
		{"union of null", `{"anyOf":[{"type":"null"}]}`, "", `{"kind":"any","nullable":true,"constraints":{"one_of":[null]}}`},
		{"union in a union", `{"anyOf":[{"anyOf":[{"type":"integer"},{"type":"null"}]},{"type":"string"}]}`, "",
			`{"kind":"union","nullable":true,"items":[{"kind":"integer"},{"kind":"string"}]}`},
		{"constraint beside a union", `{"anyOf":[{"type":"integer"},{"type":"null"}],"minimum":1}`, "", `{"kind":"integer","nullable":true,"constraints":{"minimum":1}}`},
		{"oneOf without a discriminator", `{"oneOf":[{"type":"integer"},{"type":"string"}]}`, "", `{"kind":"union","items":[{"kind":"integer"},{"kind":"string"}]}`},
		{"integer beyond 64 bits", `{"$ref":"#/$defs/Big"}`, `"Big":{"enum":[99999999999999999999],"type":"integer"}`, `{"kind":"ref","ref":"Big"}`},
		{"const of a wrong type is left out", `{"enum":["a",1],"type":"string"}`, "", `{"kind":"string","constraints":{"one_of":["a"]}}`},
		{"numbers as floats", `{"enum":[1,2.5],"type":"number"}`, "", `{"kind":"float","bits":64,"constraints":{"one_of":[1,2.5]}}`},
		{"decimal before 2.14", `{"type":"string","pattern":"^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$"}`, "", `{"kind":"string","format":"decimal"}`},
		{"base64 by content", `{"type":"string","contentEncoding":"base64"}`, "", `{"kind":"bytes"}`},
		{"list of anything", `{"type":"array"}`, "", `{"kind":"list","elem":{"kind":"any"}}`},
		{"items without a type", `{"items":{"type":"string"}}`, "", `{"kind":"list","elem":{"kind":"string"}}`},
		{"tuple closed by items", `{"prefixItems":[{"type":"string"}],"items":false,"minItems":1}`, "", `{"kind":"tuple","items":[{"kind":"string"}]}`},
		{"object of anything", `{"type":"object"}`, "", `{"kind":"map","key":{"kind":"string"},"elem":{"kind":"any"}}`},
		{"pattern and nothing else", `{"type":"object","patternProperties":{"^a":{"type":"integer"}},"additionalProperties":false}`, "",
			`{"kind":"map","key":{"kind":"string","constraints":{"pattern":"^a"}},"elem":{"kind":"integer"}}`},
		{"object in place", `{"type":"object","properties":{"w":{"type":"object","properties":{}}}}`, "", `{"kind":"ref","ref":"MV"}`},
		{"object in place in a list", `{"type":"array","items":{"properties":{}}}`, "", `{"kind":"list","elem":{"kind":"ref","ref":"MVItem"}}`},
		{"whole counts", `{"type":"string","minLength":2.0}`, "", `{"kind":"string","constraints":{"min_length":2}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, problems := convert(t, file(test.schema, test.defs))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			encoded(t, c)
			var want contract.Type
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			got, _ := json.Marshal(c.Type("M").Fields[0].Type)
			expected, _ := json.Marshal(want)
			if string(got) != string(expected) {
				t.Errorf("got %s\nwant %s", got, expected)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct{ name, schema, defs, path, reason string }{
		{"false", `false`, "", "result.v", "no value is valid"},
		{"not a schema", `7`, "", "result.v", "no JSON Schema"},
		{"unknown type", `{"type":"date"}`, "", "result.v", `unknown type "date"`},
		{"empty type", `{"type":[]}`, "", "result.v", "names no type"},
		{"nullable", `{"type":"string","nullable":true}`, "", "result.v", `"nullable"`},
		{"dependentRequired", `{"type":"object","dependentRequired":{}}`, "", "result.v", `"dependentRequired"`},
		{"no definition", `{"$ref":"#/$defs/No"}`, "", "result.v", `no definition "#/$defs/No"`},
		{"foreign reference", `{"$ref":"https://example.org/a.json"}`, "", "result.v", "no definition"},
		{"fields beside a reference", `{"$ref":"#/$defs/M","required":["z"]}`, "", "result.v", `"required" beside a reference`},
		{"type beside a reference", `{"$ref":"#/$defs/M","type":"string"}`, "", "result.v", `"type" beside a reference`},
		{"fields beside anyOf", `{"anyOf":[{"type":"object"}],"properties":{}}`, "", "result.v", `"properties" beside anyOf`},
		{"contradiction", `{"allOf":[{"minimum":1}],"minimum":2}`, "", "result.v", `"minimum" is there twice`},
		{"several patterns", `{"patternProperties":{"a":true,"b":true}}`, "", "result.v", "patternProperties"},
		{"integer keys", `{"type":"object","propertyNames":{"type":"integer"}}`, "", "result.v", "keys"},
		{"required keys of a dict", `{"type":"object","required":["a"]}`, "", "result.v", "required keys"},
		{"open tuple", `{"prefixItems":[{"type":"string"}]}`, "", "result.v", "not fixed"},
		{"bad bound", `{"type":"string","maxLength":-1}`, "", "result.v", `"maxLength"`},
		{"draft 4 bound", `{"type":"integer","exclusiveMinimum":true}`, "", "result.v", `"exclusiveMinimum"`},
		{"missing field", `{"type":"object","properties":{},"required":["z"]}`, "", "result.v.z", "no field is called so"},
		{"field without a name", `{"type":"object","properties":{"":{}}}`, "", "result.v.", "without a name"},
		{"deep", `{"type":"array","items":{"type":"object","additionalProperties":{"anyOf":[false,{"type":"null"}]}}}`, "", "result.v[]{}", "no value is valid"},
		{"alias of itself", `{"$ref":"#/$defs/A"}`, `"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}`, "result.v", "contains itself"},
		{"unnameable", `{"$ref":"#/$defs/1st"}`, `"1st":{"type":"string"}`, "result.v", "begins with a letter"},
		{"same name", `{"anyOf":[{"$ref":"#/$defs/A_B"},{"$ref":"#/$defs/A-B"}]}`, `"A_B":{"type":"string"},"A-B":{"type":"integer"}`, "result.v", "2 types would have this name: A-B by result.v of a.get, A_B by result.v of a.get"},
		{"enum names", `{"$ref":"#/$defs/E"}`, `"E":{"enum":["aB","ab","Ab"]}`, "result.v", "no distinct names"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, problems := convert(t, file(test.schema, test.defs))
			if c != nil || len(problems) != 1 {
				t.Fatalf("want one problem, got %v", problems)
			}
			checkProblems(t, problems)
			p := problems[0]
			if p.Path != test.path || !strings.Contains(p.Reason, test.reason) {
				t.Errorf("got %q: %s", p.Path, p.Reason)
			}
			if strings.HasPrefix(p.Path, "result") && (p.Method != "a.get" || p.Position != "app.py#get") {
				t.Errorf("method %q, position %q", p.Method, p.Position)
			}
		})
	}
}

// What methods, errors and channels say wrongly is reported all at once.
func TestDeclarations(t *testing.T) {
	_, problems := convert(t, `{"centrirpc_source":1,"name":"",
		"methods":[
			{"name":"a","kind":"call","params":{"type":"object","properties":{}},"result":{"type":"null"}},
			{"name":"a","kind":"call"},
			{"name":"...","kind":"call"},
			{"name":"b","kind":"stream"},
			{"name":"c","kind":"notify","result":{"type":"string"},"timeout_ms":-1},
			{"name":"d","kind":"call","params":{"anyOf":[{"$ref":"#/$defs/No"},{"type":"null"}]},"errors":[1001]}],
		"errors":[{"code":1000,"reason":"r"},{"code":1000,"reason":"r"},{"code":2000,"reason":"s"},{"code":1002,"reason":""}],
		"channels":[{"name":"","event":{}},{"name":"c:{a","event":{}},{"name":"d"},{"name":"e:{id}","event":{}},{"name":"f","event":{}},{"name":"f","event":{}}]}`)
	checkProblems(t, problems)
	text := problems.Error()
	for _, want := range []string{
		"name: the API has no name",
		"method a: name: a method of that name is there already",
		`name: the method's name "..." has no letter or digit`,
		`method b: kind: unknown kind "stream"`,
		"method c: timeout_ms: the timeout is negative",
		"method c: result: a notification is never answered",
		"method d: params: params must be a model",
		"method d: errors: it declares the error 1001",
		"errors.1000: the code is declared twice",
		"errors.2000: codes of an application's errors are 1000 to 1999",
		"errors.1002: the error has no reason",
		"the channel has no name",
		"channels.c:{a: ",
		"channels.d.event: the channel has no event type",
		"channels.e:{id}.params: the channel's name has the parameters",
		"channels.f: a channel of that name is there already",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q in:\n%s", want, text)
		}
	}
}

// What a handler says of its calls, apart from their types.
func TestMethodFlags(t *testing.T) {
	c, problems, err := jsonschema.Convert([]byte(`{"centrirpc_source":1,"name":"x","methods":[
		{"name":"a","kind":"call","timeout_ms":1500,"idempotent":true,"volatile":true},
		{"name":"b","kind":"notify","volatile":true,"deprecated":"use a"},
		{"name":"c","kind":"call","idempotent":false,"volatile":false}]}`))
	if err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	want := []contract.Method{
		{Name: "a", Kind: contract.Call, TimeoutMS: 1500, Idempotent: true, Volatile: true},
		{Name: "b", Kind: contract.Notify, Volatile: true, Deprecated: "use a"},
		{Name: "c", Kind: contract.Call},
	}
	if !reflect.DeepEqual(c.Methods, want) {
		t.Errorf("%+v", c.Methods)
	}
}

func TestNoSource(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 300) + `{}` + strings.Repeat(`}`, 300)
	for data, want := range map[string]string{
		``:                         "not a source contract file",
		`[]`:                       "not a source contract file",
		`{"centrirpc":1}`:          `the key "centrirpc_source" is missing`,
		`{"centrirpc_source":2}`:   "reads up to 1: update centrirpc",
		`{"centrirpc_source":0}`:   "format version 0",
		`{"centrirpc_source":"1"}`: "not a source contract file",
		`{"centrirpc_source":1,"name":"x","methods":7}`:              "reading the source contract file",
		`{"centrirpc_source":1,"name":"x","method":[]}`:              `unknown field "method"`,
		`{"centrirpc_source":"1","name":"x"}`:                        `its format version is "1", which is no whole number`,
		`{"centrirpc_source":null,"name":"x"}`:                       "its format version is null",
		`{"centrirpc_source":1,"name":"x","validation":[]}`:          "validation: it must be an object",
		`{"centrirpc_source":1,"name":"x","validation":{"$defs":1}}`: "$defs must be an object",
		file(deep, ""): "levels of nesting",
	} {
		c, problems, err := jsonschema.Convert([]byte(data))
		if err == nil || c != nil || problems != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", data, err, want)
		}
	}
	for data, want := range map[string]bool{`{"centrirpc_source":9}`: true, `{"centrirpc_source":"1"}`: true, `{"centrirpc":1}`: false, `x`: false} {
		if jsonschema.IsSource([]byte(data)) != want {
			t.Errorf("IsSource(%s) is not %v", data, want)
		}
	}
}

// Definitions that a schema brings along count as the file's.
func TestOwnDefinitions(t *testing.T) {
	own := `{"$defs":{"T":{"type":"object","title":"T","properties":{"t":{"anyOf":[{"$ref":"#/$defs/T"},{"type":"null"}]}},"required":["t"]}},"$ref":"#/$defs/T"}`
	template := `{"centrirpc_source":1,"name":"x","methods":[{"name":"a","kind":"call","params":%s,"result":%s}],"serialization":{"$defs":{%s}}}`
	c, problems := convert(t, fmt.Sprintf(template, own, own, ""))
	if len(problems) > 0 || len(c.Types) != 1 || c.Methods[0].Result.Ref != "T" || c.Methods[0].Params.Ref != "T" {
		t.Fatal(problems, c)
	}
	_, problems = convert(t, fmt.Sprintf(template, own, own, `"T":{"type":"string"}`))
	if len(problems) != 1 || !strings.Contains(problems[0].Reason, "differs from the file's") {
		t.Error(problems)
	}
}
