package contract_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

// Every reference gets its new name, wherever it stands, and the type that was
// given stays as it is.
func TestWithRefs(t *testing.T) {
	ref := func() contract.Type { return contract.Type{Kind: contract.Ref, Ref: "Old"} }
	at := func() *contract.Type { t := ref(); return &t }
	given := contract.NamedType{
		Name: "Old", Kind: contract.Struct, Base: at(), Extra: at(),
		Fields: []contract.Field{
			{Name: "list", Type: contract.Type{Kind: contract.List, Elem: at()}},
			{Name: "map", Type: contract.Type{Kind: contract.Map, Key: at(), Elem: at()}},
			{Name: "union", Type: contract.Type{Kind: contract.Union, Items: []contract.Type{ref(), {Kind: contract.List, Elem: at()}}}},
		},
		Variants: []contract.Variant{{Values: []string{"v"}, Ref: "Old"}},
	}
	text := func(n contract.NamedType) string {
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	before := text(given)
	got := given.WithRefs(func(ref string) string { return "New" + ref })
	if want := strings.ReplaceAll(before, `"ref":"Old"`, `"ref":"NewOld"`); text(got) != want || want == before {
		t.Errorf("%s; want %s", text(got), want)
	}
	if after := text(given); after != before {
		t.Errorf("it changed what was given to %s", after)
	}
	if (*contract.Type)(nil).WithRefs(nil) != nil {
		t.Error("of nil it is not nil")
	}
}
