package main

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// largeContract is a contract of so many methods and three times as many types,
// the same at every run: of ten types six are structs, the others an enum of
// strings, one of integers, a tagged union and an alias. They refer to one
// another, some in circles. There are also errors and channels, as many as a
// tenth of the methods, but at most 500 errors.
func largeContract(methods int) *contract.Contract {
	types := 3*methods - 1 // and the one of the channels' parameters
	// at is the type at that place within the ten types around i, or within tens
	// further on.
	at := func(i, place, tens int) *contract.Type {
		return reference((i - i%10 + place + 10*tens) % (types - types%10))
	}
	c := &contract.Contract{Version: contract.Version, Name: "large", Doc: "An API that is large."}
	for i := range types {
		c.Types = append(c.Types, largeType(i, at))
	}
	others := max(1, methods/10)
	for i := range min(others, 500) {
		c.Errors = append(c.Errors, contract.ErrorType{Code: 1000 + i, Reason: fmt.Sprintf("reason_%d", i), Doc: "Went wrong.", Details: at(10*i, 0, 0)})
	}
	params := contract.NamedType{Name: "NewsParams", Kind: contract.Struct, Fields: []contract.Field{
		{Name: "project_id", Type: contract.Type{Kind: contract.String}, Required: true},
	}}
	c.Types = append(c.Types, params)
	for i := range others {
		c.Channels = append(c.Channels, contract.Channel{
			Name: fmt.Sprintf("news%d:{project_id}", i), Doc: "Tells what is new.", Params: &contract.Type{Kind: contract.Ref, Ref: params.Name}, Event: *at(10*i, 8, 0),
		})
	}
	for i := range methods {
		m := contract.Method{
			Name: fmt.Sprintf("group%d.method_%d", i/20, i), Kind: contract.Call, Doc: "Does something.\n\nIt says so in two paragraphs.",
			Params: at(10*i, i%6, 0), Result: at(10*i, (i+1)%10, 1), Errors: []int{1000 + i%len(c.Errors)}, Idempotent: i%4 == 0,
		}
		switch i % 20 {
		case 5:
			m.Params = nil
		case 6:
			m.Result = nil
		case 7:
			m.Result = &contract.Type{Kind: contract.List, Elem: at(10*i, 0, 0)}
		case 19:
			m.Kind, m.Result, m.Errors = contract.Notify, nil, nil
		}
		c.Methods = append(c.Methods, m)
	}
	c.Sort()
	return c
}

func reference(i int) *contract.Type {
	return &contract.Type{Kind: contract.Ref, Ref: fmt.Sprintf("Type%d", i)}
}

func largeType(i int, at func(i, place, tens int) *contract.Type) contract.NamedType {
	t := contract.NamedType{Name: reference(i).Ref, Doc: "One of many."}
	switch i % 10 {
	case 6:
		t.Kind, t.Base = contract.Enum, &contract.Type{Kind: contract.String}
		for v := range 5 {
			value := fmt.Sprintf("value_%d", v)
			t.Values = append(t.Values, contract.EnumValue{Name: fmt.Sprintf("Value%d", v), String: &value, Doc: "A value."})
		}
	case 7:
		t.Kind, t.Base = contract.Enum, &contract.Type{Kind: contract.Integer, Bits: 32}
		for v := range int64(5) {
			t.Values = append(t.Values, contract.EnumValue{Name: fmt.Sprintf("Value%d", v), Int: &v})
		}
	case 8:
		t.Kind, t.Tag = contract.Union, "kind"
		for v := range 3 {
			t.Variants = append(t.Variants, contract.Variant{Values: []string{fmt.Sprintf("variant_%d", v)}, Ref: at(i, v, 0).Ref})
		}
	case 9:
		t.Kind, t.Base = contract.Alias, &contract.Type{Kind: contract.List, Elem: at(i, 1, 0)}
	default:
		t.Kind = contract.Struct
		for f, of := range fieldTypes(i, at) {
			t.Fields = append(t.Fields, contract.Field{Name: fmt.Sprintf("field_%d", f), Type: of, Required: f%2 == 0, Doc: "What it is."})
		}
	}
	return t
}

// fieldTypes are the types of a struct's fields. Those that may lead back to the
// struct stand where the field is optional or in a list or map.
func fieldTypes(i int, at func(i, place, tens int) *contract.Type) []contract.Type {
	text := contract.Type{Kind: contract.String}
	length := 200
	title := contract.Type{Kind: contract.String, Constraints: &contract.Constraints{MaxLength: &length}}
	nullable := *at(i, 1, 2)
	nullable.Nullable = true
	return []contract.Type{
		title,
		{Kind: contract.Integer, Bits: 64},
		{Kind: contract.String, Format: contract.DateTime},
		nullable,
		{Kind: contract.List, Elem: at(i, 2, 1)},
		*at(i, 8, 0),
		{Kind: contract.Map, Key: &text, Elem: at(i, 9, 0)},
		*at(i, 9, 3),
		*at(i, 6, 0),
		{Kind: contract.Union, Items: []contract.Type{text, {Kind: contract.Integer, Bits: 32}}},
	}
}
