package centrirpc_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/centrirpc/centrirpc"
)

// A call is what everything else is built on: its allocations are counted.
func BenchmarkCall(b *testing.B) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "math.sum", sum)
	params := json.RawMessage(`{"a":1,"b":2}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Call(b.Context(), "math.sum", params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallValidated(b *testing.B) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "check", func(_ context.Context, p validated) (nested, error) { return nested{List: []string{p.Title}}, nil })
	params := json.RawMessage(`{"title":"x","items":[{"name":"a"},{"name":"b"}],"labels":{"a":"b","c":"d"},"count":1,"when":null,"size":1,"more":{"x":[1,2,{"y":1}]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Call(b.Context(), "check", params); err != nil {
			b.Fatal(err)
		}
	}
}
