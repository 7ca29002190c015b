package centrirpc_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// TestLengthsLeaveWhiteSpaceToTheService sends strings that Pydantic shortens before
// it counts, if the constraint strip_whitespace says so.
func TestLengthsLeaveWhiteSpaceToTheService(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Forward(r, []byte(`{"centrirpc":1,"name":"x","methods":[{"name":"m","kind":"call","params":{"kind":"ref","ref":"Params"}}],
	"types":[{"name":"Params","kind":"struct","fields":[{"name":"s","type":{"kind":"string","constraints":{"min_length":2,"max_length":4}},"required":true}]}]}`), &answering{result: "null"})
	for params, want := range map[string]string{
		`{"s":" abcd  "}`:                  "",
		`{"s":"\u00a0\t\u2003abcd\u001f"}`: "",
		`{"s":"  "}`:                       "", // the service judges what is left
		`{"s":" ab cd "}`:                  "max",
		`{"s":"abcde"}`:                    "max",
		`{"s":" "}`:                        "min",
	} {
		_, err := r.Call(t.Context(), "m", json.RawMessage(params))
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", params, err)
			}
			continue
		}
		e := errorOf(t, err)
		if faults, _ := e.Details.([]wire.Fault); e.Code != wire.InvalidParams || len(faults) != 1 || faults[0].Rule != want {
			t.Errorf("%s: %v; want the fault %s", params, e, want)
		}
	}
}

// TestLimitsOfNestedValuesCostLittle nests values that have limits: what is read
// anew at each level costs memory for each level.
func TestLimitsOfNestedValuesCostLittle(t *testing.T) {
	const depth = 120
	long := strings.Repeat("x", 60<<10)
	for name, c := range map[string]struct{ child, begin, end string }{
		"lists":  {`{"kind":"list","elem":{"kind":"ref","ref":"Tree"},"constraints":{"max_items":9}}`, `{"c":[`, `]}`},
		"maps":   {`{"kind":"map","key":{"kind":"string"},"elem":{"kind":"ref","ref":"Tree"},"constraints":{"max_items":9}}`, `{"c":{"a":`, `}}`},
		"tuples": {`{"kind":"tuple","items":[{"kind":"ref","ref":"Tree"}],"constraints":{"max_items":9}}`, `{"c":[`, `]}`},
		"names":  {`{"kind":"ref","ref":"Tree","constraints":{"max_length":9}}`, `{"c":`, `}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := centrirpc.NewRouter()
			centrirpc.Forward(r, []byte(`{"centrirpc":1,"name":"x","methods":[{"name":"m","kind":"call","params":{"kind":"ref","ref":"Tree"}}],
			"types":[{"name":"Tree","kind":"struct","fields":[{"name":"c","type":`+c.child+`},{"name":"s","type":{"kind":"string"}}]}]}`), &answering{result: "null"})
			params := strings.Repeat(c.begin, depth) + `{"s":"` + long + `"}` + strings.Repeat(c.end, depth)
			runtime.GC() // twice: nothing is kept from before in a pool
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := r.Call(t.Context(), "m", json.RawMessage(params))
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(len(params))*20 {
				t.Errorf("%d bytes of params took %d bytes of memory", len(params), used)
			}
		})
	}
}
