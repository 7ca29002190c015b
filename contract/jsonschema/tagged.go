package jsonschema

import (
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// namedByVariants is how many variants a tagged union may have to be named after
// them, wherever it is written.
const namedByVariants = 4

// variant is one of a tagged union's types in the source.
type variant struct {
	def    string
	schema *object
	values []string
}

// tags reads a oneOf with a discriminator. It is false where the tag is no string
// of its own in every variant: then the union is an untagged one.
func (v *converter) tags(o *object, m mode) (tag string, variants []variant, ok bool) {
	members, ok := o.get("oneOf").([]any)
	discriminator, _ := o.get("discriminator").(*object)
	mapping, _ := discriminator.get("mapping").(*object)
	tag = discriminator.text("propertyName")
	if !ok || len(members) == 0 || mapping == nil || tag == "" {
		return "", nil, false
	}
	for _, key := range o.keys {
		if key != "oneOf" && asserts(key) {
			return "", nil, false
		}
	}
	values := map[string][]string{}
	for _, value := range mapping.keys {
		ref, ok := mapping.get(value).(string)
		if !ok {
			return "", nil, false
		}
		values[ref] = append(values[ref], value)
	}
	for _, member := range members {
		of, _ := member.(*object)
		ref := of.text("$ref")
		def, target, found := v.lookup(ref, m)
		s, isObject := target.(*object)
		if !found || !isObject || !v.hasTag(s, tag, m) || slices.ContainsFunc(of.keys, func(key string) bool { return key != "$ref" && asserts(key) }) {
			return "", nil, false
		}
		if slices.ContainsFunc(variants, func(other variant) bool { return other.def == def }) {
			continue
		}
		if len(values[ref]) == 0 {
			return "", nil, false
		}
		variants = append(variants, variant{def, s, values[ref]})
		delete(values, ref)
	}
	return tag, variants, len(values) == 0
}

// tagged describes a definition that is a tagged union.
func (v *converter) tagged(t *contract.NamedType, o *object, at place) bool {
	tag, variants, ok := v.tags(o, at.mode)
	if !ok {
		return false
	}
	t.Kind, t.Tag = contract.Union, tag
	for _, found := range variants {
		n := v.defined(found.def, found.schema, at)
		t.Variants = append(t.Variants, contract.Variant{Values: found.values, Ref: string(n.id)})
	}
	return true
}

// inlineUnion is the node of a tagged union that is written where it is used: if
// it is small, one for all places where the same is written, called CatOrDog.
func (v *converter) inlineUnion(o *object, at place) *node {
	tag, variants, ok := v.tags(o, at.mode)
	if !ok {
		return nil
	}
	if len(variants) > namedByVariants || len(variants) == 1 {
		return v.inline(o, at)
	}
	n := &node{key: "one of/" + tag, schema: o, at: at}
	for _, found := range variants {
		n.variants = append(n.variants, v.defined(found.def, found.schema, at))
		n.key += "/" + found.def + "=" + strings.Join(found.values, ",")
	}
	return v.add(n)
}

// hasTag says whether a schema is an object whose field tag holds only strings.
func (v *converter) hasTag(o *object, tag string, m mode) bool {
	if !isStruct(o) {
		return false
	}
	properties, _ := o.get("properties").(*object)
	field, ok := v.follow(properties.get(tag), m)
	if !ok {
		return false
	}
	values, literal := literalsOf(field)
	if !literal || len(values) == 0 {
		return false
	}
	for _, value := range values {
		if jsonType(value) != "string" {
			return false
		}
	}
	return true
}
