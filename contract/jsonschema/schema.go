package jsonschema

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

const unknownSchemaFix = "use one of object, array, string, number, integer, boolean and null"

// describe is the type of what a schema allows, or nil after a refusal.
func (v *converter) describe(s any, at place) *contract.Type {
	switch s := s.(type) {
	case bool:
		if s {
			return &contract.Type{Kind: contract.Any}
		}
		v.refuse(at, "no value is valid here (the schema is false)", "take the field out of the model, or give it a type that has values")
		return nil
	case *object:
		o, ok := v.flat(s, at)
		if !ok || !v.readable(o, at) {
			return nil
		}
		return v.keywords(o, at)
	}
	v.refuse(at, "this is no JSON Schema", "export the file again")
	return nil
}

func (v *converter) keywords(o *object, at place) *contract.Type {
	switch {
	case o.has("$ref"):
		return v.reference(o, at)
	case o.has("anyOf") || o.has("oneOf"):
		if n := v.inlineUnion(o, at); n != nil {
			return n.ref()
		}
		return v.union(o, at)
	}
	if values, ok := literalsOf(o); ok {
		return v.literal(o, values, at)
	}
	types := typesOf(o)
	switch len(types) {
	case 0:
		if o.has("type") {
			v.refuse(at, `"type" names no type`, unknownSchemaFix)
			return nil
		}
		constraints, ok := v.constraints(o, at, everyConstraint)
		if !ok {
			return nil
		}
		return &contract.Type{Kind: contract.Any, Constraints: constraints}
	case 1:
		return v.plain(types[0], o, at)
	}
	var items []*contract.Type
	for i, t := range types {
		one := o.without("type")
		one.set("type", t)
		item := v.plain(t, one, at.option(i, len(types)))
		if item == nil {
			return nil
		}
		items = append(items, item)
	}
	return unionOf(items)
}

// option names what is written in place as one of several.
func (p place) option(i, of int) place {
	if of > 1 {
		p.name += fmt.Sprintf("Option%d", i+1)
	}
	return p
}

// plain describes a schema of one type.
func (v *converter) plain(typ string, o *object, at place) *contract.Type {
	switch typ {
	case "null":
		return nullType()
	case "boolean":
		return &contract.Type{Kind: contract.Bool}
	case "integer":
		return v.narrowed(contract.Type{Kind: contract.Integer}, o, at, numberConstraints)
	case "number":
		return v.narrowed(contract.Type{Kind: contract.Float, Bits: 64}, o, at, numberConstraints)
	case "string":
		return v.text(o, at)
	case "array":
		return v.array(o, at)
	case "object":
		if isStruct(o) {
			return v.inline(o, at).ref()
		}
		return v.mapping(o, at)
	}
	v.refuse(at, fmt.Sprintf("unknown type %q", typ), unknownSchemaFix)
	return nil
}

func (v *converter) narrowed(t contract.Type, o *object, at place, keys []string) *contract.Type {
	constraints, ok := v.constraints(o, at, keys)
	if !ok {
		return nil
	}
	t.Constraints = constraints
	return &t
}

// nullType is the type of null alone, for which contracts have no kind.
func nullType() *contract.Type {
	return &contract.Type{Kind: contract.Any, Nullable: true, Constraints: &contract.Constraints{OneOf: rawValues("null")}}
}

// isNull recognises nullType.
func isNull(t *contract.Type) bool {
	return t.Kind == contract.Any && t.Constraints != nil && len(t.Constraints.OneOf) == 1 && string(t.Constraints.OneOf[0]) == "null"
}
