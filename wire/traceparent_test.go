package wire_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/centrirpc/centrirpc/wire"
)

func TestTraceID(t *testing.T) {
	data, err := os.ReadFile("testdata/traceparents.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Traceparent string `json:"traceparent"`
		TraceID     string `json:"trace_id"`
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 10 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		if got := wire.TraceID(v.Traceparent); got != v.TraceID {
			t.Errorf("%q: %q; want %q", v.Traceparent, got, v.TraceID)
		}
	}
}
