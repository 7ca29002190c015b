package centrirpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
)

// stateContract is a contract with one method, whose params have an enum of the two
// values, and a field with the default.
func stateContract(method, first, second, byDefault string) []byte {
	return []byte(fmt.Sprintf(`{"centrirpc":1,"name":"x","methods":[{"name":%q,"kind":"call","params":{"kind":"ref","ref":"Params"}}],
	"types":[{"name":"Params","kind":"struct","fields":[{"name":"n","type":{"kind":"integer"},"required":false%s},{"name":"state","type":{"kind":"ref","ref":"State"},"required":true}]},
	{"name":"State","kind":"enum","base":{"kind":"string"},"values":[{"name":"A","string":%q},{"name":"B","string":%q}]}]}`, method, byDefault, first, second))
}

func TestTypesOfTwoEndpointsAreTheSameExactly(t *testing.T) {
	for name, c := range map[string]struct {
		second []byte
		opts   []centrirpc.ForwardOption
		want   []string // of the refusal; nil means none
	}{
		"the same":        {second: stateContract("bank", "open", "sent", `,"default":1`)},
		"in other order":  {second: stateContract("bank", "sent", "open", `,"default":1`)},
		"other values":    {second: stateContract("bank", "paid", "owed", `,"default":1`), want: []string{"type State", "its values are open, sent, and owed, paid there", "TypePrefix", "forward_merge_test.go:"}},
		"with a prefix":   {second: stateContract("bank", "paid", "owed", `,"default":2`), opts: []centrirpc.ForwardOption{centrirpc.TypePrefix("Bank")}},
		"another default": {second: stateContract("bank", "open", "sent", `,"default":2`), want: []string{"type Params", `its field "n" has the default 1, and 2 there`, "TypePrefix"}},
		"no default":      {second: stateContract("bank", "open", "sent", ""), want: []string{"type Params", `its field "n" has the default 1, and none there`}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, refused := recover().(string)
				if refused != (c.want != nil) {
					t.Errorf("panicked with %q; want %q", text, c.want)
				}
				for _, want := range c.want {
					if !strings.Contains(text, want) {
						t.Errorf("panicked with %q; want %q in it", text, want)
					}
				}
			}()
			r := centrirpc.NewRouter()
			centrirpc.Forward(r, stateContract("shop", "open", "sent", `,"default":1`), nil)
			centrirpc.Forward(r, c.second, nil, c.opts...)
			r.Contract()
		})
	}
}
