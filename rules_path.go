package centrirpc

import (
	"fmt"
	"reflect"
	"strings"
)

// jsonPath turns the validator's "Params.Items[2].Name" into "items[2].name",
// leaving out embedded structs whose fields JSON lifts to their parent. It walks
// along the value, for a map's keys may hold any character. parent is the struct
// that has the last field, or nil.
func jsonPath(v reflect.Value, namespace string) (path string, parent reflect.Type) {
	rest := strings.TrimPrefix(namespace, v.Type().Name()+".") // a type without a name has no such prefix
	for rest != "" {
		v = pointee(v)
		if rest[0] == '[' {
			var index string
			if v, index = element(v, rest); !v.IsValid() {
				return path, parent
			}
			path += index
			rest = rest[len(index):]
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

// element is the element that rest begins with, "[2]" or "[key]", and how that is
// written there.
func element(v reflect.Value, rest string) (elem reflect.Value, index string) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		var i int
		if _, err := fmt.Sscanf(rest, "[%d]", &i); err != nil || i < 0 || i >= v.Len() {
			return reflect.Value{}, ""
		}
		return v.Index(i), fmt.Sprintf("[%d]", i)
	case reflect.Map:
		// The longest key that fits: one may begin with another.
		for _, key := range v.MapKeys() {
			written := fmt.Sprintf("[%v]", key.Interface())
			after, ok := strings.CutPrefix(rest, written)
			if ok && (after == "" || after[0] == '.' || after[0] == '[') && len(written) > len(index) {
				elem, index = v.MapIndex(key), written
			}
		}
	}
	return elem, index
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
	if name == "" && !field.Anonymous {
		name = field.Name
	}
	return name
}

// jsonNames replaces the names of parent's fields in a rule's parameter
// ("eqfield=Password") by their keys in JSON.
func jsonNames(parent reflect.Type, param string) string {
	if parent == nil || param == "" {
		return param
	}
	words := strings.Split(param, " ")
	for i, word := range words {
		if field, ok := parent.FieldByName(word); ok {
			words[i] = jsonNameOf(field)
		}
	}
	return strings.Join(words, " ")
}
