package jsonschema

import (
	"fmt"
	"slices"
	"strings"
)

// refused are the keywords that change which values are valid and that a
// contract has no place for.
var refused = map[string]bool{
	"not": true, "if": true, "then": true, "else": true,
	"contains": true, "minContains": true, "maxContains": true,
	"dependentRequired": true, "dependentSchemas": true, "dependencies": true,
	"unevaluatedProperties": true, "unevaluatedItems": true, "additionalItems": true,
	"nullable": true, "$dynamicRef": true, "$recursiveRef": true,
}

// structural are the keywords that say what a value is made of. They are read
// together with a type, and never beside $ref, anyOf or oneOf.
var structural = map[string]bool{
	"properties": true, "required": true, "additionalProperties": true,
	"patternProperties": true, "propertyNames": true,
	"items": true, "prefixItems": true,
	"enum": true, "const": true, "allOf": true, "anyOf": true, "oneOf": true, "format": true,
}

// narrowing are the keywords that may stand beside anyOf and oneOf; they mean
// the same within each of what these list.
var narrowing = map[string]bool{
	"type": true, "format": true,
	"minimum": true, "maximum": true, "exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true,
	"minLength": true, "maxLength": true, "pattern": true,
	"minItems": true, "maxItems": true, "uniqueItems": true, "minProperties": true, "maxProperties": true,
}

// asserts says whether a keyword may change which values are valid.
func asserts(key string) bool {
	return refused[key] || structural[key] || narrowing[key] || key == "$ref"
}

// readable refuses the keywords that cannot be read, each by its name.
func (v *converter) readable(o *object, at place) bool {
	ok := true
	for _, key := range o.keys {
		if !refused[key] || key == "nullable" && o.get(key) == false {
			continue
		}
		ok = false
		v.refuse(at, fmt.Sprintf("the keyword %q cannot be described", key),
			"check this in a validator of the model, and take the keyword out of json_schema_extra or WithJsonSchema")
	}
	return ok
}

// flat takes in what an allOf of one schema wraps.
func (v *converter) flat(o *object, at place) (*object, bool) {
	for o.has("allOf") {
		all, _ := o.get("allOf").([]any)
		if len(all) == 0 {
			v.refuse(at, "allOf is not a list of schemas", "export the file again")
			return nil, false
		}
		if len(all) > 1 {
			v.refuse(at, fmt.Sprintf("allOf of %d schemas cannot be described", len(all)), "inherit from one model, or write one model with all fields")
			return nil, false
		}
		if all[0] == true {
			o = o.without("allOf")
			continue
		}
		inner, ok := all[0].(*object)
		if !ok {
			v.refuse(at, "nothing is valid: allOf holds false", "take the field out of the model")
			return nil, false
		}
		if o, ok = v.together(o.without("allOf"), inner, at); !ok {
			return nil, false
		}
	}
	return o, true
}

// together is the schema of what both allow. Of annotations, outer's count.
func (v *converter) together(outer, inner *object, at place) (*object, bool) {
	joined := inner.without()
	for _, key := range outer.keys {
		value := outer.get(key)
		if asserts(key) && inner.has(key) && !equal(value, inner.get(key)) {
			v.refuse(at, fmt.Sprintf("the keyword %q is there twice, with different meanings", key), "write the narrower one only")
			return nil, false
		}
		joined.set(key, value)
	}
	return joined, true
}

// isStruct says whether a schema is an object with named fields.
func isStruct(o *object) bool {
	if o == nil || o.has("$ref") || o.has("anyOf") || o.has("oneOf") || o.has("enum") || o.has("const") {
		return false
	}
	if types := typesOf(o); len(types) > 1 || len(types) == 1 && types[0] != "object" {
		return false
	}
	if o.has("properties") {
		return true
	}
	return o.get("additionalProperties") == false && !o.has("patternProperties")
}

// typesOf lists what "type" allows; where it is missing, what other keywords
// tell.
func typesOf(o *object) []string {
	switch t := o.get("type").(type) {
	case string:
		return []string{t}
	case []any:
		return texts(t)
	}
	for _, key := range []string{"properties", "additionalProperties", "patternProperties", "propertyNames"} {
		if o.has(key) {
			return []string{"object"}
		}
	}
	if o.has("items") || o.has("prefixItems") {
		return []string{"array"}
	}
	return nil
}

// texts are the strings of a list.
func texts(value any) []string {
	list, _ := value.([]any)
	var found []string
	for _, item := range list {
		if s, ok := item.(string); ok && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}

// deprecated is what a schema says about its use, or empty.
func deprecated(o *object) string {
	switch d := o.get("deprecated").(type) {
	case bool:
		if d {
			return "do not use it in new code"
		}
	case string:
		return strings.TrimSuffix(d, ".")
	}
	return ""
}
