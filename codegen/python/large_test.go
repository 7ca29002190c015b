package python_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/contract"
)

// large is a contract of many methods and three types for each.
func large(methods int) *contract.Contract {
	c := &contract.Contract{Version: contract.Version, Name: "large"}
	text := func(s string) *string { return &s }
	ref := func(name string) *contract.Type { return &contract.Type{Kind: contract.Ref, Ref: name} }
	one := 1
	for i := range methods {
		params, result, kind := fmt.Sprintf("Params%d", i), fmt.Sprintf("Result%d", i), fmt.Sprintf("Kind%d", i)
		c.Methods = append(c.Methods, contract.Method{
			Name: fmt.Sprintf("group%d.method%d", i/50, i), Kind: contract.Call, Doc: "Does it.",
			Params: ref(params), Result: ref(result), Errors: []int{1000 + i%100},
		})
		next := fmt.Sprintf("Result%d", i/10*10+(i+1)%10) // types refer to one another in groups
		c.Types = append(c.Types,
			contract.NamedType{Name: params, Kind: contract.Struct, Doc: "Is sent.", Fields: []contract.Field{
				{Name: "id", Required: true, Type: contract.Type{Kind: contract.Integer, Bits: 64, Constraints: &contract.Constraints{Minimum: "1"}}},
				{Name: "title", Required: true, Type: contract.Type{Kind: contract.String, Constraints: &contract.Constraints{MinLength: &one, Pattern: "^[a-z]"}}},
				{Name: "tags", Type: contract.Type{Kind: contract.List, Elem: &contract.Type{Kind: contract.String}}},
			}},
			contract.NamedType{Name: result, Kind: contract.Struct, Doc: "Comes back.", Fields: []contract.Field{
				{Name: "kind", Required: true, Type: *ref(kind)},
				{Name: "next", Type: *ref(next), Doc: "The next."},
				{Name: "when", Required: true, Type: contract.Type{Kind: contract.String, Format: contract.DateTime}},
				{Name: "either", Required: true, Type: contract.Type{Kind: contract.Union, Items: []contract.Type{*ref(result), {Kind: contract.String}}}},
			}},
		)
		if i%2 == 0 {
			c.Types = append(c.Types, contract.NamedType{Name: kind, Kind: contract.Enum, Base: &contract.Type{Kind: contract.String}, Values: []contract.EnumValue{
				{Name: "One", String: text("one")}, {Name: "Two", String: text("two")},
			}})
		} else {
			c.Types = append(c.Types, contract.NamedType{Name: kind, Kind: contract.Union, Tag: "type", Variants: []contract.Variant{
				{Values: []string{"params"}, Ref: params}, {Values: []string{"result"}, Ref: result},
			}})
		}
	}
	for i := range min(methods, 100) {
		c.Errors = append(c.Errors, contract.ErrorType{Code: 1000 + i, Reason: fmt.Sprintf("fault_%d", i), Details: ref(fmt.Sprintf("Result%d", i))})
		c.Channels = append(c.Channels, contract.Channel{Name: fmt.Sprintf("channel%d", i), Event: *ref(fmt.Sprintf("Kind%d", i))})
	}
	return c
}

// BenchmarkLargeContract generates a client of 1,000 methods and 3,000 types.
func BenchmarkLargeContract(b *testing.B) {
	c := large(1000)
	if err := c.Check(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, problems := python.Generate(c, python.Options{}); problems != nil {
			b.Fatal(problems)
		}
	}
}

// TestLargeContract generates a large client quickly, and uses one that is less
// large: Pydantic takes its time to build the models.
func TestLargeContract(t *testing.T) {
	interpreter := interpreter(t)
	start := time.Now()
	generate(t, large(1000), python.Options{})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	dir := t.TempDir()
	for name, data := range generate(t, large(100), python.Options{}) {
		write(t, filepath.Join(dir, "large_client", name), data)
	}
	run(t, dir, nil, interpreter, "-W", "error", "-c", `
import large_client
large_client.Params7(id=1, title="a")
value = large_client.Result7.model_validate({
    "kind": {"type": "result", "kind": {"type": "?"}, "when": "2026-01-31T12:00:00Z", "either": "y"},
    "when": "2026-01-31T12:00:00Z", "either": "x",
})
assert type(value.kind).__name__ == "Kind7Result7"
`)
}
