package jsonschema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// union describes anyOf and oneOf: null makes the rest nullable, and what is
// left of one type is that type.
func (v *converter) union(o *object, at place) *contract.Type {
	keyword := "anyOf"
	if o.has("oneOf") {
		keyword = "oneOf"
	}
	members, ok := o.get(keyword).([]any)
	if !ok || len(members) == 0 {
		v.refuse(at, keyword+" is not a list of schemas", "export the file again")
		return nil
	}
	siblings := newObject()
	for _, key := range o.keys {
		switch {
		case key == keyword:
		case structural[key]:
			v.refuse(at, fmt.Sprintf("the keyword %q beside %s cannot be described", key, keyword), "write out each of the union's types in full")
			return nil
		case narrowing[key]:
			siblings.set(key, o.get(key))
		}
	}
	of := 0
	for _, member := range members {
		if m, ok := member.(*object); !ok || m.get("type") != "null" {
			of++
		}
	}
	var items []*contract.Type
	failed := false
	for i, member := range members {
		if len(siblings.keys) > 0 {
			m, ok := member.(*object)
			if ok {
				m, ok = v.together(siblings, m, at)
			} else if member == true {
				m, ok = siblings, true
			}
			if !ok {
				failed = true
				continue
			}
			member = m
		}
		if item := v.describe(member, at.option(i, of)); item != nil {
			items = append(items, item)
		} else {
			failed = true
		}
	}
	if failed {
		return nil
	}
	return unionOf(items)
}

// unionOf joins types: a union within is laid open, null moves to the whole, and
// what is there twice is left out. Of Any and something else Any is left.
func unionOf(items []*contract.Type) *contract.Type {
	nullable := false
	var flat []contract.Type
	var add func(t contract.Type)
	add = func(t contract.Type) {
		if isNull(&t) {
			nullable = true
			return
		}
		nullable = nullable || t.Nullable
		t.Nullable = false
		if t.Kind == contract.Union {
			for _, item := range t.Items {
				add(item)
			}
			return
		}
		if n := len(flat); n > 0 && joinLiterals(&flat[n-1], t) {
			return
		}
		if !slices.ContainsFunc(flat, func(other contract.Type) bool { return reflect.DeepEqual(other, t) }) {
			flat = append(flat, t)
		}
	}
	for _, item := range items {
		add(*item)
	}
	if i := slices.IndexFunc(flat, func(t contract.Type) bool { return t.Kind == contract.Any && t.Constraints == nil }); i >= 0 {
		return &contract.Type{Kind: contract.Any}
	}
	switch len(flat) {
	case 0:
		return nullType()
	case 1:
		flat[0].Nullable = nullable
		return &flat[0]
	}
	if slices.ContainsFunc(flat, func(t contract.Type) bool { return t.Kind == contract.String && t.Format == contract.Decimal }) {
		for i := range flat {
			if flat[i].Kind == contract.Float {
				flat[i].Bits = 0 // the same number, of any precision
			}
		}
	}
	return &contract.Type{Kind: contract.Union, Items: flat, Nullable: nullable}
}

// joinLiterals adds the values of t to those of into, if both are nothing but
// lists of values of one kind.
func joinLiterals(into *contract.Type, t contract.Type) bool {
	only := func(t contract.Type) bool {
		return t.Constraints != nil && len(t.Constraints.OneOf) > 0 &&
			reflect.DeepEqual(t, contract.Type{Kind: t.Kind, Bits: t.Bits, Constraints: &contract.Constraints{OneOf: t.Constraints.OneOf}})
	}
	if !only(*into) || !only(t) || into.Kind != t.Kind {
		return false
	}
	values := slices.Clone(into.Constraints.OneOf)
	for _, value := range t.Constraints.OneOf {
		if !slices.ContainsFunc(values, func(other json.RawMessage) bool { return string(other) == string(value) }) {
			values = append(values, value)
		}
	}
	into.Constraints = &contract.Constraints{OneOf: values}
	return true
}
