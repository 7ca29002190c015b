package gotypes

import (
	"fmt"
	"reflect"

	"github.com/centrirpc/centrirpc/contract"
)

// Union is an interface type whose values travel as objects with a tag.
type Union struct {
	// Tag is the key that tells which type an object is. It is none of the
	// types' own keys.
	Tag      string
	Variants []UnionVariant
}

// UnionVariant is one type of a Union.
type UnionVariant struct {
	Value string       // of the tag
	Type  reflect.Type // a struct type with a name
}

// FindUnions has the builder ask find of each interface type that it comes by,
// whether it is a union. It must come before the methods that use one.
func (b *Builder) FindUnions(find func(reflect.Type) (Union, bool)) { b.unions = find }

// Keys are the keys that encoding/json writes for the struct type t. It fails on
// what has a JSON form of its own, and where the keys are not clear.
func Keys(t reflect.Type) ([]string, error) {
	d := NewBuilder().describer("")
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is no struct", t)
	}
	if method := d.marshals(t); method != "" {
		return nil, fmt.Errorf("the method %s of %v decides its JSON", method, t)
	}
	fields := d.fields(t, t.String(), originOf(t))
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.name
	}
	return keys, nil
}

// union describes an interface type, if it is one.
func (d *describer) union(t reflect.Type, at place) (*contract.Type, bool) {
	if t.Kind() != reflect.Interface || d.unions == nil {
		return nil, false
	}
	union, ok := d.unions(t)
	if !ok {
		return nil, false
	}
	if id, ok := d.id(t); ok {
		return &contract.Type{Kind: contract.Ref, Ref: id}, true
	}
	n := d.add(t, nameOf(t))
	n.described = contract.NamedType{Kind: contract.Union, Origin: originOf(t), Tag: union.Tag}
	for _, v := range union.Variants {
		described := d.describe(v.Type, place{path: at.path + "(" + v.Value + ")", origin: originOf(v.Type)})
		if described == nil {
			continue
		}
		if described.Kind != contract.Ref || v.Type.Kind() != reflect.Struct {
			d.refuse(at.path, v.Type, originOf(v.Type), fmt.Sprintf("the variant %q of %v is no object", v.Value, t), "make it a struct without a JSON form of its own")
			continue
		}
		n.described.Variants = append(n.described.Variants, contract.Variant{Values: []string{v.Value}, Ref: described.Ref})
	}
	return &contract.Type{Kind: contract.Ref, Ref: n.id}, true
}
