package contract_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

func read(t *testing.T, name string) *contract.Contract {
	t.Helper()
	data, err := os.ReadFile("../codegen/testdata/contracts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEncodeIsCanonical(t *testing.T) {
	c := read(t, "zoo")
	first, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.Methods[0], c.Methods[3] = c.Methods[3], c.Methods[0]
	c.Types[0], c.Types[2] = c.Types[2], c.Types[0]
	second, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the order of the lists shows in the canonical JSON")
	}
	again, err := contract.Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	third, err := again.Encode()
	if err != nil || !bytes.Equal(first, third) {
		t.Errorf("decoded and encoded again, the contract differs (%v)", err)
	}
}

func TestHashChangesExactlyWhenACallerCouldNotice(t *testing.T) {
	before := read(t, "tasks").Hash()
	same := map[string]func(*contract.Contract){
		"the contract's doc":  func(c *contract.Contract) { c.Doc = "x" },
		"a method's doc":      func(c *contract.Contract) { c.Methods[0].Doc = "x" },
		"a deprecation":       func(c *contract.Contract) { c.Methods[0].Deprecated = "x" },
		"a source":            func(c *contract.Contract) { c.Methods[0].Source = "x" },
		"a type's doc":        func(c *contract.Contract) { c.Types[0].Doc = "x" },
		"an origin":           func(c *contract.Contract) { c.Types[0].Origin = "x" },
		"a field's doc":       func(c *contract.Contract) { c.Types[0].Fields[0].Doc = "x" },
		"an enum value's doc": func(c *contract.Contract) { c.Type("Status").Values[0].Doc = "x" },
		"the order of methods": func(c *contract.Contract) {
			c.Methods[0], c.Methods[1] = c.Methods[1], c.Methods[0]
		},
		"the order of types": func(c *contract.Contract) {
			c.Types[0], c.Types[1] = c.Types[1], c.Types[0]
		},
		"the order of fields": func(c *contract.Contract) {
			f := c.Type("Task").Fields
			f[0], f[1] = f[1], f[0]
		},
		"the order of an enum's values": func(c *contract.Contract) {
			v := c.Type("Status").Values
			v[0], v[1] = v[1], v[0]
		},
		"the API's name": func(c *contract.Contract) { c.Name = "other" },
		"an unused type": func(c *contract.Contract) {
			c.Types = append(c.Types, contract.NamedType{Name: "Unused", Kind: contract.Struct})
		},
		"a type's name": func(c *contract.Contract) {
			c.Type("Status").Name = "State"
			for i := range c.Types {
				for j := range c.Types[i].Fields {
					if f := &c.Types[i].Fields[j].Type; f.Ref == "Status" {
						f.Ref = "State"
					}
				}
			}
		},
	}
	for name, change := range same {
		c := read(t, "tasks")
		change(c)
		if c.Hash() != before {
			t.Errorf("%s changes the hash", name)
		}
	}
	differ := map[string]func(*contract.Contract){
		"a method's name":       func(c *contract.Contract) { c.Methods[0].Name = "x" },
		"a method's kind":       func(c *contract.Contract) { c.Methods[1].Kind = contract.Notify },
		"idempotence":           func(c *contract.Contract) { c.Methods[0].Idempotent = true },
		"a field's presence":    func(c *contract.Contract) { c.Types[0].Fields[0].Required = false },
		"a field's nullability": func(c *contract.Contract) { c.Types[0].Fields[0].Type.Nullable = true },
		"a field's type":        func(c *contract.Contract) { c.Types[0].Fields[0].Type.Kind = contract.Bool },
		"an enum's value":       func(c *contract.Contract) { s := "x"; c.Type("Status").Values[0].String = &s },
		"a constraint": func(c *contract.Contract) {
			c.Type("Task").Fields[0].Type.Constraints = &contract.Constraints{Minimum: "1"}
		},
		"a default": func(c *contract.Contract) { c.Types[0].Fields[0].Default = json.RawMessage("1") },
		"a timeout": func(c *contract.Contract) { c.Methods[0].TimeoutMS = 7 },
		"a channel": func(c *contract.Contract) {
			c.Channels = []contract.Channel{{Name: "x", Event: contract.Type{Kind: contract.Any}}}
		},
		"an error's reason": func(c *contract.Contract) { c.Errors = append(c.Errors, contract.ErrorType{Code: 1999, Reason: "x"}) },
		"a removed method":  func(c *contract.Contract) { c.Methods = c.Methods[1:] },
	}
	for name, change := range differ {
		c := read(t, "tasks")
		change(c)
		if c.Hash() == before {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func TestStructureHashTellsWhatGeneratedCodeDependsOn(t *testing.T) {
	before := read(t, "tasks").StructureHash()
	same := read(t, "tasks")
	same.Doc, same.Methods[0].Doc, same.Type("Status").Values = "x", "x", nil
	if same.StructureHash() != before {
		t.Error("what reflection does not see changes it")
	}
	renamed := read(t, "tasks")
	renamed.Types[0].Name = "Other"
	ordered := read(t, "tasks")
	fields := ordered.Type("Task").Fields
	fields[0], fields[1] = fields[1], fields[0]
	if renamed.StructureHash() == before || ordered.StructureHash() == before {
		t.Error("a type's name or the order of fields does not change it")
	}
}

func TestHashOfWhatCheckRefuses(t *testing.T) {
	ref := func(name string) *contract.Type { return &contract.Type{Kind: contract.Ref, Ref: name} }
	c := &contract.Contract{
		Methods: []contract.Method{{Name: "m", Params: ref("absent"), Result: ref("A")}, {Name: "n", Params: ref("A"), Result: ref("U")}},
		Types: []contract.NamedType{
			{Name: "A", Kind: contract.Alias, Base: ref("B")}, {Name: "B", Kind: contract.Alias, Base: ref("A")},
			{Name: "U", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Union, Items: []contract.Type{*ref("U")}}},
		},
		Channels: []contract.Channel{{Name: "a:{", Event: *ref("absent")}},
	}
	if first := c.Hash(); first == "" || c.Hash() != first {
		t.Error("no hash, or not one")
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head = `{"centrirpc":1,"name":"x",`
	for name, test := range map[string]struct{ data, want string }{
		"not JSON":                  {"nope", "not a contract"},
		"another JSON file":         {`{"name":"x"}`, `the key "centrirpc" is missing`},
		"a newer version":           {`{"centrirpc":2}`, "update centrirpc"},
		"version 0":                 {`{"centrirpc":0}`, "format version 0"},
		"an unknown key":            {head + `"colour":1}`, "colour"},
		"a dangling reference":      {head + `"methods":[{"name":"a","kind":"call","result":{"kind":"ref","ref":"T"}}],"types":[]}`, `"T", which is not there`},
		"params that are no struct": {head + `"methods":[{"name":"a","kind":"call","params":{"kind":"bool"}}],"types":[]}`, "are no struct"},
		"an unknown kind":           {head + `"methods":[{"name":"a","kind":"call","result":{"kind":"chan"}}],"types":[]}`, `unknown kind "chan"`},
		"a method twice":            {head + `"methods":[{"name":"a","kind":"call"},{"name":"a","kind":"call"}],"types":[]}`, "twice"},
		"a type twice":              {head + `"methods":[],"types":[{"name":"T","kind":"struct"},{"name":"T","kind":"struct"}]}`, "twice"},
		"a list of nothing":         {head + `"methods":[{"name":"a","kind":"call","result":{"kind":"list"}}],"types":[]}`, "element's type is missing"},
		"a notification's result":   {head + `"methods":[{"name":"a","kind":"notify","result":{"kind":"bool"}}],"types":[]}`, "has a result"},
		"an undescribed error":      {head + `"methods":[{"name":"a","kind":"call","errors":[1001]}],"types":[]}`, "1001"},
		"an alias of itself":        {head + `"methods":[],"types":[{"name":"T","kind":"alias","base":{"kind":"union","items":[{"kind":"bool"},{"kind":"ref","ref":"T"}]}}]}`, "type T stands for itself"},
		"an alias of another of it": {head + `"methods":[],"types":[{"name":"T","kind":"alias","base":{"kind":"ref","ref":"U"}},{"name":"U","kind":"alias","base":{"kind":"ref","ref":"T"}}]}`, "type T stands for itself"},
		"an enum of nothing":        {head + `"methods":[],"types":[{"name":"T","kind":"enum","base":{"kind":"string"}}]}`, "needs values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.Decode([]byte(test.data))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v; want one with %q", err, test.want)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	for name, want := range map[string]string{
		"+1": "plus 1", "-1": "minus 1", "-": "", "+a": "a", "a-1": "a 1", "--1": "1",
		"users.get_user_by_id": "users get user by id",
		"InProgress":           "in progress",
		"HTTPServer2":          "http server 2",
		"v2list":               "v 2 list",
		"tasks..a__b":          "tasks a b",
		"":                     "",
		"x-y":                  "x y",
		"UserID":               "user id",
		"ÉtéLong":              "été long",
	} {
		if got := strings.Join(contract.Tokens(name), " "); got != want {
			t.Errorf("Tokens(%q) = %q; want %q", name, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"tasks", "zoo"} {
		data, err := os.ReadFile("../codegen/testdata/contracts/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := contract.Decode(data)
		if err != nil {
			return
		}
		encoded, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := contract.Decode(encoded)
		if err != nil {
			t.Fatalf("its own canonical JSON is refused: %v", err)
		}
		if again.Hash() != c.Hash() {
			t.Fatal("the hash changed on the way through JSON")
		}
	})
}

// What generators could not print: Go's panicked on such a key.
func TestCheckWantsKeysOfMapsToBeText(t *testing.T) {
	str, integer := contract.Type{Kind: contract.String}, contract.Type{Kind: contract.Integer, Bits: 64}
	one := int64(1)
	for _, test := range []struct {
		key contract.Type
		ok  bool
	}{
		{str, true},
		{integer, true},
		{contract.Type{Kind: contract.Ref, Ref: "Level"}, true},
		{contract.Type{Kind: contract.Ref, Ref: "S"}, false},
		{contract.Type{Kind: contract.Ref, Ref: "Loop"}, false},
		{contract.Type{Kind: contract.Bool}, false},
		{contract.Type{Kind: contract.Any}, false},
		{contract.Type{Kind: contract.List, Elem: &str}, false},
		{contract.Type{Kind: contract.Union, Items: []contract.Type{str, integer}}, false},
	} {
		c := &contract.Contract{Types: []contract.NamedType{
			{Name: "M", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Map, Key: &test.key, Elem: &str}},
			{Name: "S", Kind: contract.Struct},
			{Name: "Level", Kind: contract.Enum, Base: &integer, Values: []contract.EnumValue{{Name: "a", Int: &one}}},
			{Name: "Loop", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Ref, Ref: "Loop"}},
		}}
		err := c.Check()
		if refused := err != nil && strings.Contains(err.Error(), "a map's key is neither"); refused == test.ok {
			t.Errorf("%+v: %v", test.key, err)
		}
	}
}
