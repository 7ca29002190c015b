package typescript

import (
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

// A map is a Partial of its enum's values, for a key may be missing; one whose keys
// have but a name of their own is a Record as ever.
func TestKeysOfMaps(t *testing.T) {
	red, one := "red", int64(1)
	of := func(key contract.Type) contract.Type {
		return contract.Type{Kind: contract.Map, Key: &key, Elem: &contract.Type{Kind: contract.Bool}}
	}
	ref := func(name string) contract.Type { return contract.Type{Kind: contract.Ref, Ref: name} }
	c := &contract.Contract{Version: contract.Version, Name: "keys",
		Methods: []contract.Method{{Name: "a", Kind: contract.Call, Params: &contract.Type{Kind: contract.Ref, Ref: "P"}}},
		Types: []contract.NamedType{
			{Name: "Colour", Kind: contract.Enum, Base: &contract.Type{Kind: contract.String}, Values: []contract.EnumValue{{Name: "Red", String: &red}}},
			{Name: "ID", Kind: contract.Alias, Base: &contract.Type{Kind: contract.String}},
			{Name: "Level", Kind: contract.Enum, Base: &contract.Type{Kind: contract.Integer, Bits: 64}, Values: []contract.EnumValue{{Name: "One", Int: &one}}},
			{Name: "Other", Kind: contract.Alias, Base: func() *contract.Type { r := ref("Colour"); return &r }()},
			{Name: "P", Kind: contract.Struct, Fields: []contract.Field{
				{Name: "colours", Type: of(ref("Colour")), Required: true},
				{Name: "ids", Type: of(ref("ID")), Required: true},
				{Name: "levels", Type: of(ref("Level")), Required: true},
				{Name: "others", Type: of(ref("Other")), Required: true},
			}},
			{Name: "Paints", Kind: contract.Alias, Base: func() *contract.Type { m := of(ref("Colour")); return &m }()},
		}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	files, problems := Generate(c, Options{Validate: true})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for file, wants := range map[string][]string{
		"types.ts": {
			"colours: Partial<Record<Colour, boolean>>;", "ids: Record<string, boolean>;",
			"levels: Partial<Record<Level, boolean>>;", "others: Partial<Record<Colour, boolean>>;",
			"export type Paints = { [key in Colour]?: boolean };",
		},
		"validate.ts": {
			`colours: dictionary(v.pipe(v.string(), v.values(["red"])), v.boolean()),`, "ids: dictionary(v.string(), v.boolean()),",
			`levels: dictionary(v.pipe(v.string(), v.values(["1"])), v.boolean()),`,
		},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[file]), want) {
				t.Errorf("%s lacks %s", file, want)
			}
		}
	}
	if c.Types[4].Fields[1].Type.Key.Kind != contract.Ref {
		t.Error("the contract was changed")
	}
}
