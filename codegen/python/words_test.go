package python

import (
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

// A format that is a rule of the server's is told like one of the type itself.
func TestFormatsOfConstraints(t *testing.T) {
	rule := func(format string) contract.Type {
		return contract.Type{Kind: contract.String, Constraints: &contract.Constraints{Format: format}}
	}
	mail := rule(contract.Email)
	c := &contract.Contract{Version: contract.Version, Name: "formats",
		Methods: []contract.Method{{Name: "a", Kind: contract.Call, Params: &contract.Type{Kind: contract.Ref, Ref: "P"}}},
		Types: []contract.NamedType{{Name: "P", Kind: contract.Struct, Fields: []contract.Field{
			{Name: "one", Type: mail, Required: true},
			{Name: "list", Type: contract.Type{Kind: contract.List, Elem: &mail}, Required: true},
			{Name: "id", Type: rule(contract.UUID), Required: true},
			{Name: "odd", Type: rule("x-odd"), Required: true},
			{Name: "own", Type: contract.Type{Kind: contract.String, Format: contract.URI}, Required: true},
		}}}}
	files, problems := Generate(c, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, want := range []string{"An e-mail address.", "Each item: an e-mail address.", "A UUID.", "Its format is x-odd.", "A URI."} {
		if !strings.Contains(string(files["models.py"]), want) {
			t.Errorf("%q is not in\n%s", want, files["models.py"])
		}
	}
}
