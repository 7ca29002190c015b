package centrirpc_test

import (
	"encoding/json"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// TestTypesInACircleAreWhole has names for types that refer to one another, so that
// some are met before what they stand for is known.
func TestTypesInACircleAreWhole(t *testing.T) {
	for name, c := range map[string]struct {
		types        string
		fits, refuse []string
	}{
		"null through a circle": {
			types: `{"name":"P","kind":"struct","fields":[{"name":"b","type":{"kind":"ref","ref":"B"},"required":true}]},
			{"name":"B","kind":"alias","base":{"kind":"union","nullable":true,"items":[{"kind":"list","elem":{"kind":"ref","ref":"A"}},{"kind":"bool"}]}},
			{"name":"A","kind":"alias","base":{"kind":"union","items":[{"kind":"ref","ref":"B"},{"kind":"integer"}]}}`,
			fits:   []string{`{"b":null}`, `{"b":[null]}`, `{"b":[1,true,[null,[1]]]}`},
			refuse: []string{`{"b":1}`, `{"b":["a"]}`, `{"b":[[1.5]]}`},
		},
		"no null in a circle": {
			types: `{"name":"P","kind":"struct","fields":[{"name":"b","type":{"kind":"ref","ref":"B"},"required":true}]},
			{"name":"B","kind":"alias","base":{"kind":"union","items":[{"kind":"list","elem":{"kind":"ref","ref":"A"}},{"kind":"bool"}]}},
			{"name":"A","kind":"alias","base":{"kind":"union","items":[{"kind":"ref","ref":"B"},{"kind":"integer"}]}}`,
			fits:   []string{`{"b":[1,true,[[]]]}`},
			refuse: []string{`{"b":null}`, `{"b":[null]}`},
		},
		"a name for the struct around it": {
			types: `{"name":"P","kind":"struct","fields":[{"name":"a","type":{"kind":"ref","ref":"A"}},{"name":"more","type":{"kind":"map","key":{"kind":"ref","ref":"K"},"elem":{"kind":"ref","ref":"A"}}},{"name":"z","type":{"kind":"integer"},"required":true}],"extra":{"kind":"bool"}},
			{"name":"A","kind":"alias","base":{"kind":"ref","ref":"Q"}},
			{"name":"K","kind":"alias","base":{"kind":"ref","ref":"E"}},
			{"name":"E","kind":"enum","base":{"kind":"string"},"values":[{"name":"X","string":"x"}]},
			{"name":"Q","kind":"alias","base":{"kind":"ref","ref":"P"}}`,
			fits:   []string{`{"z":1,"a":{"z":2,"w":true}}`, `{"z":1,"more":{"x":{"z":2}}}`},
			refuse: []string{`{"z":1,"a":{}}`, `{"z":1,"a":{"z":"no"}}`, `{"z":1,"a":{"z":2,"w":3}}`, `{"z":1,"more":{"y":{"z":2}}}`, `{"z":1,"a":{"z":1,"a":{"a":null}}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := centrirpc.NewRouter()
			centrirpc.Forward(r, []byte(`{"centrirpc":1,"name":"x","methods":[{"name":"m","kind":"call","params":{"kind":"ref","ref":"P"}}],"types":[`+c.types+`]}`), &answering{result: "null"})
			for _, params := range c.fits {
				if _, err := r.Call(t.Context(), "m", json.RawMessage(params)); err != nil {
					t.Errorf("%s: %v", params, err)
				}
			}
			for _, params := range c.refuse {
				_, err := r.Call(t.Context(), "m", json.RawMessage(params))
				if e := errorOf(t, err); e.Code != wire.InvalidParams {
					t.Errorf("%s: %v", params, e)
				}
			}
		})
	}
}
