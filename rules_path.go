package centrirpc

import (
	"reflect"
	"strconv"
	"strings"
)

// paths finds the places of broken rules in params, in JSON names. It remembers the
// keys of the maps that it comes by, so that many faults in one map cost one look at
// it.
type paths struct {
	params reflect.Value
	maps   map[uintptr]*writtenKeys
}

// of turns the validator's "Params.Items[2].Name" into "items[2].name", leaving out
// embedded structs whose fields JSON lifts to their parent. It walks along the
// value, for a map's keys may hold any character. parent is the struct that has the
// last field, or nil.
func (p *paths) of(namespace string) (path string, parent reflect.Type) {
	v := p.params
	rest := strings.TrimPrefix(namespace, v.Type().Name()+".") // a type without a name has no such prefix
	for rest != "" {
		v = pointee(v)
		if rest[0] == '[' {
			var index string
			if v, index, rest = p.element(v, rest); !v.IsValid() {
				return path, parent
			}
			path += index
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		name := rest
		if end := strings.IndexAny(rest, ".["); end >= 0 {
			name = rest[:end]
		}
		rest = rest[len(name):]
		if v.Kind() != reflect.Struct {
			return path, parent
		}
		field, ok := v.Type().FieldByName(name)
		if !ok {
			return path, parent
		}
		parent = v.Type()
		if jsonName := jsonNameOf(field); jsonName != "" {
			if path != "" {
				path += "."
			}
			path += jsonName
		}
		var err error
		if v, err = v.FieldByIndexErr(field.Index); err != nil {
			return path, parent
		}
	}
	return path, parent
}

// element is the element that rest begins with, "[2]" or "[key]", how a path names
// it, and what follows. It is the zero Value if v has no such element.
func (p *paths) element(v reflect.Value, rest string) (elem reflect.Value, index, after string) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return reflect.Value{}, "", ""
		}
		i, err := strconv.Atoi(rest[1:end])
		if err != nil || i < 0 || i >= v.Len() {
			return reflect.Value{}, "", ""
		}
		return v.Index(i), rest[:end+1], rest[end+1:]
	case reflect.Map:
		key, end := p.key(v, rest)
		if !key.IsValid() {
			return reflect.Value{}, "", ""
		}
		return v.MapIndex(key), "[" + jsonKeyOf(key) + "]", rest[end+1:]
	}
	return reflect.Value{}, "", ""
}

func pointee(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// jsonNameOf is a field's key in JSON, or empty for an embedded struct whose
// fields are its parent's.
func jsonNameOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" && !(field.Anonymous && isStruct(field.Type)) {
		name = field.Name
	}
	return name
}

func isStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

// jsonNames replaces the names of fields in a rule's parameter ("eqfield=Password")
// by their keys in JSON; parent is the struct that the field with the rule is in.
func jsonNames(parent reflect.Type, rule, param string) string {
	if parent == nil {
		return param
	}
	words := strings.Split(param, " ")
	for i, word := range words {
		if comparesPairs(rule) && i%2 == 1 {
			continue // the value that a field is compared with
		}
		if name := jsonNameAlong(parent, word); name != "" {
			words[i] = name
		}
	}
	return strings.Join(words, " ")
}

// jsonNameAlong is "inner.name" for "Inner.Name", or empty if there is no such field.
func jsonNameAlong(t reflect.Type, goNames string) string {
	var path []string
	for _, name := range strings.Split(goNames, ".") {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return ""
		}
		field, ok := t.FieldByName(name)
		if !ok {
			return ""
		}
		if jsonName := jsonNameOf(field); jsonName != "" {
			path = append(path, jsonName)
		}
		t = field.Type
	}
	return strings.Join(path, ".")
}
