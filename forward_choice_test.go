package centrirpc_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// expressions is a contract whose method takes sums and the like of one another:
// Expr = Add | Sub | Mul | Div | int, under a key of any name.
func expressions() []byte {
	var types, items strings.Builder
	for _, name := range []string{"Add", "Sub", "Mul", "Div"} {
		fmt.Fprintf(&types, `{"name":%q,"kind":"struct","fields":[
		{"name":"op","type":{"kind":"string","constraints":{"one_of":[%q]}},"required":true},
		{"name":"left","type":{"kind":"ref","ref":"Expr"},"required":true},
		{"name":"right","type":{"kind":"ref","ref":"Expr"},"required":true}]},`, name, strings.ToLower(name))
		fmt.Fprintf(&items, `{"kind":"ref","ref":%q},`, name)
	}
	return []byte(`{"centrirpc":1,"name":"x","methods":[{"name":"calc","kind":"call","params":{"kind":"ref","ref":"Params"}}],"types":[` + types.String() + `
	{"name":"Expr","kind":"alias","base":{"kind":"union","items":[` + items.String() + `{"kind":"integer"}]}},
	{"name":"Params","kind":"struct","fields":[{"name":"of","type":{"kind":"map","key":{"kind":"string"},"elem":{"kind":"ref","ref":"Expr"}},"required":true}]}]}`)
}

func nestedExpression(key, op string, depth int) json.RawMessage {
	expr := strings.Repeat(`{"op":"`+op+`","left":`, depth) + "1" + strings.Repeat(`,"right":2}`, depth)
	return json.RawMessage(`{"of":{"` + key + `":` + expr + `}}`)
}

// TestDeepValuesOfManyTypesPass sends what fits the last type that it may have, at
// each of several levels: each level is read in vain by three types before.
func TestDeepValuesOfManyTypesPass(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Forward(r, expressions(), &answering{result: "null"})
	for depth := 1; depth <= 40; depth++ {
		if _, err := r.Call(t.Context(), "calc", nestedExpression("a", "div", depth)); err != nil {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
	_, err := r.Call(t.Context(), "calc", nestedExpression("a", "pow", 2))
	if e := errorOf(t, err); e.Code != wire.InvalidParams {
		t.Errorf("a value of no type: %v", e)
	}
}

// TestValuesOfManyTypesWithLongPathsCostLittle sends values of no type below a long
// key, which stands in the path of each fault that is found in vain.
func TestValuesOfManyTypesWithLongPathsCostLittle(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Forward(r, expressions(), &answering{result: "null"})
	params := nestedExpression(strings.Repeat("k", 50<<10), "pow", 18)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = r.Call(t.Context(), "calc", params)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > uint64(len(params))*1000 {
		t.Errorf("%d bytes of params took %d bytes of memory", len(params), used)
	}
}
