package diff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
)

// large has 1,000 methods and 3,000 types, which refer to one another in groups
// of 30.
func large() *contract.Contract {
	c := &contract.Contract{Version: contract.Version, Name: "large"}
	const group = 30
	ref := func(i int) contract.Type { return contract.Type{Kind: contract.Ref, Ref: fmt.Sprintf("T%d", i%3000)} }
	for i := range 3000 {
		first := i / group * group
		next, other := ref(first+(i+1)%group), ref(first+(i*7+3)%group)
		c.Types = append(c.Types, contract.NamedType{Name: fmt.Sprintf("T%d", i), Kind: contract.Struct, Fields: []contract.Field{
			{Name: "id", Type: contract.Type{Kind: contract.String}, Required: true},
			{Name: "next", Type: next},
			{Name: "others", Type: contract.Type{Kind: contract.List, Elem: &other}},
			{Name: fmt.Sprintf("own%d", i), Type: contract.Type{Kind: contract.Bool}},
		}})
	}
	for i := range 1000 {
		params, result := ref(i*3), ref(i*3+1)
		c.Methods = append(c.Methods, contract.Method{Name: fmt.Sprintf("m%d", i), Kind: contract.Call, Params: &params, Result: &result})
	}
	return c
}

func BenchmarkHash(b *testing.B) {
	c := large()
	for b.Loop() {
		c.Hash()
	}
}

func TestALargeContract(t *testing.T) {
	old, new := large(), large()
	new.Types[1500].Fields[0].Required = false
	start := time.Now()
	if got := len(diff.Compare(old, new)); got != 20 {
		t.Errorf("%d changes; want one for the params and one for the result of each of 10 methods", got)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
