package centrirpc

import (
	"encoding"
	"encoding/json"
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

// brokenPlace is where a rule is broken.
type brokenPlace struct {
	path   string              // in JSON names
	parent reflect.Type        // the struct that has the last field, or nil
	way    []step              // the same in the params as they were sent
	within reflect.Value       // the struct that has the last field
	field  reflect.StructField // that field
	lost   bool                // the way leads only as far as could be followed
	// key and elem are valid if it is an entry of a map.
	key, elem reflect.Value
}

// of turns the validator's "Params.Items[2].Name" into "items[2].name", leaving out
// embedded structs whose fields JSON lifts to their parent. It walks along the
// value, for a map's keys may hold any character.
func (p *paths) of(namespace string) (at brokenPlace) {
	at.lost = true
	opaque := false
	v := p.params
	rest := strings.TrimPrefix(namespace, v.Type().Name()+".") // a type without a name has no such prefix
	for rest != "" {
		v = pointee(v)
		opaque = opaque || v.IsValid() && readsItself(v.Type())
		at.key, at.elem = reflect.Value{}, reflect.Value{}
		if rest[0] == '[' {
			e := p.element(v, rest)
			if !e.value.IsValid() {
				return at
			}
			if e.key.IsValid() {
				at.key, at.elem = e.key, e.value
			}
			at.path += "[" + e.step.name + "]"
			e.step.opaque = opaque
			at.way = append(at.way, e.step)
			v, rest = e.value, e.after
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		name := rest
		if end := strings.IndexAny(rest, ".["); end >= 0 {
			name = rest[:end]
		}
		rest = rest[len(name):]
		if v.Kind() != reflect.Struct {
			return at
		}
		field, ok := v.Type().FieldByName(name)
		if !ok {
			return at
		}
		at.parent, at.within, at.field = v.Type(), v, field
		if jsonName := jsonNameOf(field); jsonName != "" {
			if at.path != "" {
				at.path += "."
			}
			at.path += jsonName
			at.way = append(at.way, step{name: jsonName, index: -1, opaque: opaque})
		}
		var err error
		if v, err = v.FieldByIndexErr(field.Index); err != nil {
			return at
		}
	}
	at.lost = false
	return at
}

// readsItself reports whether a type decides by a method what its JSON means.
func readsItself(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(typeUnmarshaler) || pointer.Implements(typeTextUnmarshaler)
}

var (
	typeUnmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	typeTextUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// element is an element of a list, or of a map by its key.
type element struct {
	value, key reflect.Value
	step       step
	after      string // what follows in the namespace
}

// element is the element that rest begins with, "[2]" or "[key]". Its value is the
// zero Value if v has no such element.
func (p *paths) element(v reflect.Value, rest string) element {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return element{}
		}
		i, err := strconv.Atoi(rest[1:end])
		if err != nil || i < 0 || i >= v.Len() {
			return element{}
		}
		return element{value: v.Index(i), step: step{name: rest[1:end], index: i}, after: rest[end+1:]}
	case reflect.Map:
		key, end := p.key(v, rest)
		if !key.IsValid() {
			return element{}
		}
		return element{value: v.MapIndex(key), key: key, step: step{name: jsonKeyOf(key), index: -1, entry: true}, after: rest[end+1:]}
	}
	return element{}
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
