package centrirpc_test

import (
	"encoding/json"
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
