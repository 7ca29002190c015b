package centrirpc_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

type grade int

type keyedByEnums struct {
	Colours map[colour]int   `json:"colours"`
	Grades  map[grade]string `json:"grades"`
}

// Keys of a map are checked like values where the contract lists an enum's.
func TestKeysOfAnEnum(t *testing.T) {
	register := func(opts ...centrirpc.RouterOption) *centrirpc.Router {
		r := centrirpc.NewRouter(opts...)
		centrirpc.Handle(r, "paint", func(context.Context, keyedByEnums) (struct{}, error) { return struct{}{}, nil })
		return r
	}
	c := *register().ReflectContract()
	c.Types = slices.Clone(c.Types)
	for i := range c.Types {
		red, one := "red", int64(1)
		switch of := &c.Types[i]; of.Name {
		case "Colour":
			of.Kind, of.Values = contract.Enum, []contract.EnumValue{{Name: "Red", String: &red}}
		case "Grade":
			of.Kind, of.Values = contract.Enum, []contract.EnumValue{{Name: "One", Int: &one}}
		}
	}
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r := register(centrirpc.WithContract(data))
	if _, err := r.Call(t.Context(), "paint", json.RawMessage(`{"colours":{"red":1},"grades":{"1":"a"}}`)); err != nil {
		t.Error(err)
	}
	_, err = r.Call(t.Context(), "paint", json.RawMessage(`{"colours":{"red":1,"zzz":1},"grades":{"2":"b","x":""}}`))
	want := []wire.Fault{
		{Field: "colours[zzz]", Rule: "enum", Message: `colours[zzz] must have one of "red" for its key`},
		{Field: "grades[2]", Rule: "enum", Message: "grades[2] must have one of 1 for its key"},
		{Field: "grades[x]", Rule: "type", Message: "grades[x] must have an integer for its key, written in the shortest way"},
	}
	if got := errorOf(t, err).Details.([]wire.Fault); !slices.Equal(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
	if _, err := register().Call(t.Context(), "paint", json.RawMessage(`{"colours":{"zzz":1},"grades":{"2":"b"}}`)); err != nil {
		t.Errorf("without the contract: %v", err)
	}
}
