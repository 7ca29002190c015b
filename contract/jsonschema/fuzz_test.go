package jsonschema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
)

// Whatever the file, Convert gives a sound contract, or problems that can be
// acted on, or an error; never two of them.
func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"centrirpc_source":1,"name":"x","methods":[{"name":"a","kind":"call","result":{"$ref":"#/$defs/A"}}],"serialization":{"$defs":{"A":{"$ref":"#/$defs/A"}}}}`))
	f.Add([]byte(`{"centrirpc_source":2}`))
	f.Fuzz(check)
}

// FuzzSchema puts any schema in the place of one that Pydantic wrote, in both
// modes.
func FuzzSchema(f *testing.F) {
	for _, s := range []string{
		`{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/X"},{"type":"null"}],"default":NaN}},"required":["a","b"]}`,
		`{"oneOf":[{"$ref":"#/$defs/X"}],"discriminator":{"propertyName":"k","mapping":{"x":"#/$defs/X"}}}`,
		`{"type":["object","null","string"],"properties":{"k":{"const":"x"}},"minLength":-1}`,
		`{"type":"array","prefixItems":[true,false,{"enum":[1,null,"a",{}]}],"minItems":0,"maxItems":3}`,
		`{"allOf":[{"allOf":[{"$ref":"#/$defs/Y"}]}],"type":"object","patternProperties":{"^a":true},"propertyNames":{"$ref":"#/$defs/Y"}}`,
		`{"enum":["a","A","á","-","_","",1e400,-0,99999999999999999999]}`,
		`{"$ref":"#/$defs/Y","minimum":1,"if":{}}`, `true`, `[]`, `{"type":7}`,
	} {
		f.Add(s, s, "X")
	}
	f.Fuzz(func(t *testing.T, x, y, name string) {
		key, err := json.Marshal(name)
		if err != nil {
			t.Skip("no name")
		}
		defs := `{"$defs":{"X":` + x + `,"Y":` + y + `,` + string(key) + `:{"type":"object","title":"Page[X]","properties":{` + string(key) + `:` + x + `,"k":{"const":"x"}}}}}`
		ref := `{"$ref":"#/$defs/X"}`
		check(t, []byte(`{"centrirpc_source":1,"name":"x","methods":[{"name":"a.b","kind":"call","params":`+ref+`,"result":`+ref+`},{"name":"c","kind":"call","result":`+y+
			`},{"name":"d","kind":"call","params":{"$ref":"#/$defs/`+"X"+`"}}],"channels":[{"name":"k:{k}","params":`+ref+`,"event":`+x+`}],"errors":[{"code":1000,"reason":"r","details":`+ref+`}],"validation":`+defs+`,"serialization":`+defs+`}`))
	})
}

func check(t *testing.T, data []byte) {
	c, problems, err := jsonschema.Convert(data)
	given := 0
	if c != nil {
		given++
		encoded(t, c)
		names := map[string]bool{}
		for _, n := range c.Types {
			if n.Kind != contract.Enum {
				continue
			}
			clear(names)
			for _, value := range n.Values {
				if names[value.Name] {
					t.Errorf("the enum %s has the name %s twice", n.Name, value.Name)
				}
				names[value.Name] = true
			}
		}
	}
	if len(problems) > 0 {
		given++
		checkProblems(t, problems)
		for _, p := range problems {
			if p.Path == "the file" {
				t.Errorf("refused by the contract's own check only: %v", p)
			}
		}
	}
	if err != nil {
		given++
	}
	if given != 1 {
		t.Errorf("contract %v, problems %v, error %v: want exactly one", c != nil, problems, err)
	}
	again, problemsAgain, _ := jsonschema.Convert(data)
	if c != nil && string(encoded(t, c)) != string(encoded(t, again)) || problems.Error() != problemsAgain.Error() {
		t.Error("a second run gives something else")
	}
}
