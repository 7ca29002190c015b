package jsonschema

import (
	"fmt"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// structure describes an object with named fields as n.
func (v *converter) structure(n *node, o *object, at place) {
	t := &n.described
	t.Kind = contract.Struct
	for _, key := range []string{"patternProperties", "propertyNames", "minProperties", "maxProperties"} {
		if o.has(key) {
			v.refuse(at, fmt.Sprintf("the keyword %q beside named fields cannot be described", key), "put the other members into a field that is a dict")
		}
	}
	properties, ok := o.get("properties").(*object)
	if !ok {
		if o.has("properties") {
			v.refuse(at, "properties is not an object", "export the file again")
		}
		properties = newObject()
	}
	required := texts(o.get("required"))
	for _, name := range required {
		if !properties.has(name) {
			v.refuse(at.at("."+name, ""), "it is required, and no field is called so", "declare the field, or take it out of json_schema_extra")
		}
	}
	for _, name := range properties.keys {
		if f := v.field(name, properties.get(name), slices.Contains(required, name), at); f != nil {
			t.Fields = append(t.Fields, *f)
		}
	}
	switch extra := o.get("additionalProperties"); {
	case !o.has("additionalProperties"), extra == false:
	default:
		t.Extra = v.describe(extra, at.at("{}", "Extra"))
	}
}

func (v *converter) field(name string, s any, required bool, owner place) *contract.Field {
	at := owner.at("."+name, camel(contract.Tokens(name)))
	if name == "" {
		v.refuse(at, "a field without a name", "give it an alias")
		return nil
	}
	if at.name == "" {
		at.name = "Field" // "_" and the like; a second one is refused if it matters
	}
	described := v.describe(s, at)
	if described == nil {
		return nil
	}
	f := contract.Field{Name: name, Type: *described, Required: required}
	o, ok := s.(*object)
	if !ok {
		return &f
	}
	if o, ok = v.flat(o, at); !ok {
		return nil
	}
	f.Doc, f.Deprecated = o.text("description"), deprecated(o)
	if o.has("default") && !required {
		if f.Default, ok = encode(o.get("default")); !ok {
			v.refuse(at, "the default is NaN or infinite, which JSON cannot say", "use None, or a finite number")
		}
	}
	return &f
}

// mapping describes an object whose keys are not known.
func (v *converter) mapping(o *object, at place) *contract.Type {
	key := &contract.Type{Kind: contract.String}
	elem := any(true)
	if o.has("additionalProperties") {
		elem = o.get("additionalProperties")
	}
	if o.has("patternProperties") {
		patterns, ok := o.get("patternProperties").(*object)
		if !ok || len(patterns.keys) != 1 || o.has("additionalProperties") && elem != false {
			v.refuse(at, "patternProperties of several patterns, or beside other members, cannot be described", "use one dict for each kind of key")
			return nil
		}
		key.Constraints = &contract.Constraints{Pattern: patterns.keys[0]}
		elem = patterns.get(patterns.keys[0])
	}
	if o.has("required") && len(texts(o.get("required"))) > 0 {
		v.refuse(at, "a dict with required keys cannot be described", "make it a model or a TypedDict")
		return nil
	}
	if o.has("propertyNames") {
		if enum := v.keyEnum(key, o.get("propertyNames"), at); enum != nil {
			key = enum
		} else if !v.key(key, o.get("propertyNames"), at) {
			return nil
		}
	}
	value := v.describe(elem, at.at("{}", "Value"))
	if value == nil {
		return nil
	}
	return v.narrowed(contract.Type{Kind: contract.Map, Key: key, Elem: value}, o, at, mapConstraints)
}

// keyEnum refers to the enum of strings that a map's keys are; nil if they are none,
// or are narrowed further.
func (v *converter) keyEnum(key *contract.Type, s any, at place) *contract.Type {
	o, ok := s.(*object)
	if !ok || key.Constraints != nil || len(o.keys) != 1 || !o.has("$ref") {
		return nil
	}
	followed, ok := v.follow(o, at.mode)
	if !ok || followed.text("type") != "string" || !followed.has("enum") {
		return nil
	}
	return v.describe(o, at.at("{key}", "Key"))
}

// key narrows the key of a map. Keys are strings whatever their schema says, so
// it never allows null or a number.
func (v *converter) key(key *contract.Type, s any, at place) bool {
	const fix = "use str, an Enum of strings or a Literal as the dict's key"
	if s == true {
		return true
	}
	o, ok := v.follow(s, at.mode)
	if !ok || o.has("anyOf") || o.has("oneOf") || isStruct(o) {
		v.refuse(at, "the schema of the keys is not one of strings", fix)
		return false
	}
	if !v.readable(o, at) {
		return false
	}
	if types := typesOf(o); len(types) > 1 || len(types) == 1 && types[0] != "string" {
		v.refuse(at, "the schema of the keys is not one of strings", fix)
		return false
	}
	var described *contract.Type
	if values, literal := literalsOf(o); literal {
		described = v.literal(o, values, at)
	} else {
		described = v.text(o, at)
	}
	switch {
	case described == nil:
		return false
	case described.Kind == contract.Bytes: // text all the same
		described = &contract.Type{Kind: contract.String, Constraints: described.Constraints}
	case described.Kind != contract.String || described.Nullable:
		v.refuse(at, "the schema of the keys allows other values than strings", fix)
		return false
	}
	if pattern := key.Constraints; pattern != nil {
		if described.Constraints == nil {
			described.Constraints = pattern
		} else if described.Constraints.Pattern == "" {
			described.Constraints.Pattern = pattern.Pattern
		}
	}
	*key = *described
	return true
}
