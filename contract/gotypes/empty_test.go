package gotypes

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/centrirpc/centrirpc/contract"
)

type label string

// What omitempty adds to a rule is said exactly, or left to the documentation: what is
// said lets through all that the validator lets through.
func TestConstraintsBesideOmitempty(t *testing.T) {
	for _, test := range []struct {
		tag, want string
		of        any // and a value that is not empty
	}{
		{"omitempty,oneof=id created", `{"one_of":["id","created",""]}`, "id"},
		{"omitempty,oneof=1 2", `{"one_of":[1,2,0]}`, 2},
		{"omitempty,eq=a", `{"one_of":["a",""]}`, "a"},
		{"omitempty,min=1,max=50", `{"minimum":0,"maximum":50}`, 50},
		{"omitempty,gt=0,lte=50", `{"minimum":0,"maximum":50}`, 7},
		{"omitempty,max=-1,min=-5", `{"minimum":-5,"maximum":0}`, -1},
		{"omitempty,lt=0", `{"maximum":0}`, -1},
		{"omitempty,gt=0", `{"minimum":0}`, 0.25},
		{"omitempty,min=10,max=50", `{"maximum":50,"rules":["min=10"]}`, 10},
		{"omitempty,min=1", `{"rules":["min=1"]}`, 1.5},
		{"omitempty,min=1,max=5", `{"max_length":5}`, "a"},
		{"omitempty,gt=0", `null`, "a"},
		{"omitempty,min=2,max=5", `{"max_length":5,"rules":["min=2"]}`, "ab"},
		{"omitempty,min=1,email", `{"rules":["email"]}`, "a@b.co"},
		{"omitempty,alpha", `{"rules":["alpha"]}`, "a"},
		{"omitempty,oneof=a b", `{"rules":["oneof=a b"]}`, label("a")}, // it may be an enum
		{"oneof=id created", `{"one_of":["id","created"]}`, "id"},
		{"omitempty,min=1", `{"minimum":1}`, new(int)},
	} {
		typ := reflect.TypeOf(test.of)
		params := reflect.StructOf([]reflect.StructField{{Name: "A", Type: typ, Tag: reflect.StructTag(fmt.Sprintf(`json:"a,omitempty" validate:%q`, test.tag))}})
		b := NewBuilder()
		if problems := b.AddMethod(contract.Method{Name: "m", Kind: contract.Call}, params, nil); len(problems) > 0 {
			t.Fatal(problems)
		}
		c, problems := b.Contract("x", "")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		got, err := json.Marshal(c.Type("MParams").Fields[0].Type.Constraints)
		if err != nil || string(got) != test.want {
			t.Errorf("%s on %v: %s, %v; want %s", test.tag, typ, got, err, test.want)
		}
		if typ.Kind() == reflect.Pointer || test.tag[0] != 'o' || test.tag[:9] != "omitempty" {
			continue
		}
		for _, value := range []any{test.of, reflect.Zero(typ).Interface()} {
			if err := validator.New().Var(value, test.tag); err != nil {
				t.Errorf("%s refuses %v: %v", test.tag, value, err)
			}
		}
	}
}
