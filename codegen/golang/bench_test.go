package golang_test

import (
	"fmt"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/contract"
)

// large is a contract of 1,000 methods and 3,000 types of all kinds, each of which
// refers to others, some of them in circles.
func large() *contract.Contract {
	c := &contract.Contract{Version: 1, Name: "large"}
	name := func(i int) string { return fmt.Sprintf("Type%d", i%3000) }
	for i := range 3000 {
		t := contract.NamedType{Name: name(i), Kind: contract.Struct, Doc: "A type of many.\n\nIt has two paragraphs."}
		structs := []string{name(i - i%10 + 20), name(i - i%10 + 31)} // those are structs
		switch i % 10 {
		case 7:
			t.Kind, t.Base = contract.Enum, &str
			for v := range 5 {
				t.Values = append(t.Values, contract.EnumValue{Name: fmt.Sprintf("V%d", v), String: p(fmt.Sprint(v))})
			}
		case 8:
			t.Kind, t.Tag = contract.Union, "kind"
			for v, s := range structs {
				t.Variants = append(t.Variants, contract.Variant{Values: []string{fmt.Sprint(v)}, Ref: s})
			}
		case 9:
			t.Kind, t.Base = contract.Alias, p(list(ref(structs[0])))
		default:
			for f, of := range []contract.Type{
				str, count, when, list(ref(structs[0])), null(ref(structs[1])), mapOf(list(str)), ref(name(i - i%10 + 7)), ref(name(i - i%10 + 8)), ref(name(i - i%10 + 9)),
				union(str, count, ref(structs[0])), tuple(str, ref(structs[0])), array(3, octet), ref(structs[0]),
			} {
				t.Fields = append(t.Fields, contract.Field{Name: fmt.Sprintf("field_%d", f), Type: of, Required: f%2 == 0, Doc: "What it is."})
			}
		}
		c.Types = append(c.Types, t)
	}
	for i := range 1000 {
		c.Methods = append(c.Methods, contract.Method{
			Name: fmt.Sprintf("group_%d.method_%d", i/20, i), Kind: contract.Call, Doc: "Does one thing.", Params: p(ref(name(10 * i % 3000))), Result: p(list(ref(name(10*i + 8)))),
		})
	}
	return c
}

func BenchmarkLargeContract(b *testing.B) {
	c := large()
	if err := c.Check(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		files, problems := golang.Generate(c, golang.Options{})
		if err := problems.Err(); err != nil {
			b.Fatal(err)
		}
		size = 0
		for _, data := range files {
			size += len(data)
		}
	}
	b.ReportMetric(float64(size), "bytes")
}

// What is generated of it compiles, and holds no quadratic surprise.
func TestLargeContract(t *testing.T) {
	m := newModule(t)
	for name, data := range generate(t, large(), golang.Options{}) {
		m.write(name, string(data))
	}
	m.vet(".")
}
