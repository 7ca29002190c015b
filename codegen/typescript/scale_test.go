package typescript_test

import (
	"fmt"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
)

// large has 1,000 methods and 3,000 types that refer to each other, a hundred
// errors and a hundred channels.
func large() *contract.Contract {
	const types, methods, others = 3000, 1000, 100
	text, whole := contract.Type{Kind: contract.String}, contract.Type{Kind: contract.Integer, Bits: 64}
	c := &contract.Contract{Name: "large"}
	named := func(i int) *contract.Type { return new(ref(fmt.Sprintf("Type%d", i%types))) }
	for i := range types {
		s := contract.NamedType{Name: fmt.Sprintf("Type%d", i), Kind: contract.Struct, Doc: "One of many."}
		for j := range 10 {
			f := contract.Field{Name: fmt.Sprintf("field_%d", j), Doc: "A field.", Type: text, Required: j%2 == 0}
			switch j {
			case 3:
				f.Type = whole
			case 5:
				f.Type = contract.Type{Kind: contract.List, Elem: named(i + 1)}
			case 7:
				f.Type = contract.Type{Kind: contract.Map, Key: &text, Elem: named(i * 7)}
			case 9:
				f.Type = *named(i * 13)
			}
			s.Fields = append(s.Fields, f)
		}
		c.Types = append(c.Types, s)
	}
	for i := range others {
		c.Errors = append(c.Errors, contract.ErrorType{Code: 1000 + i, Reason: fmt.Sprintf("reason_%d", i), Details: named(i)})
		c.Channels = append(c.Channels, contract.Channel{Name: fmt.Sprintf("news%d", i), Event: *named(i)})
	}
	for i := range methods {
		c.Methods = append(c.Methods, contract.Method{
			Name: fmt.Sprintf("group%d.method_%d", i%20, i), Kind: contract.Call, Doc: "Does something.",
			Params: named(i * 3), Result: named(i*3 + 1), Errors: []int{1000 + i%others},
		})
	}
	return c
}

func BenchmarkLargeContract(b *testing.B) {
	for _, validate := range []bool{false, true} {
		b.Run(fmt.Sprintf("validate=%v", validate), func(b *testing.B) {
			c := large()
			for b.Loop() {
				files, problems := typescript.Generate(c, typescript.Options{Validate: validate})
				if problems != nil || files == nil {
					b.Fatal(problems)
				}
			}
		})
	}
}
