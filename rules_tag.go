package centrirpc

import (
	"reflect"
	"strings"
)

// ruledPlace is a place of a field that a part of its `validate` tag is for: the
// field itself, or with "dive" its elements, and with "keys" a map's keys.
type ruledPlace struct {
	path  string
	typ   reflect.Type
	rules []string // as written, "dive" among them if there is more behind it
}

// ruledPlaces takes a tag apart. It stops where the tag dives into what has no
// elements.
func ruledPlaces(path string, t reflect.Type, rules []string) []ruledPlace {
	own := ruledPlace{path: path, typ: t}
	for i, rule := range rules {
		own.rules = append(own.rules, rule)
		if rule == "dive" {
			return append([]ruledPlace{own}, elementPlaces(path, valueType(t), rules[i+1:])...)
		}
	}
	return []ruledPlace{own}
}

func elementPlaces(path string, t reflect.Type, rules []string) []ruledPlace {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return ruledPlaces(path+"[]", t.Elem(), rules)
	case reflect.Map:
	default:
		return nil
	}
	var keys []ruledPlace
	if len(rules) > 0 && rules[0] == "keys" {
		end := 1
		for end < len(rules) && rules[end] != "endkeys" {
			end++
		}
		keys = ruledPlaces(path+"{key}", t.Key(), rules[1:end])
		rules = rules[min(end+1, len(rules)):]
	}
	return append(keys, ruledPlaces(path+"{}", t.Elem(), rules)...)
}

// valueType is what a type points to.
func valueType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// holdsAny reports whether clients may send any kind of JSON for a type.
func holdsAny(t reflect.Type) bool {
	t = valueType(t)
	return t.Kind() == reflect.Interface && unionOf(t) == nil
}

// fieldAlong is the type of a field that a rule names: "Other", "Inner.Name" or
// "Items[0].Name". through is the outermost field on the way that may hold any
// JSON, and typ is nil if there is no such field.
func fieldAlong(t reflect.Type, goNames string) (typ reflect.Type, through string) {
	names := strings.Split(goNames, ".")
	for i, name := range names {
		name, brackets, _ := strings.Cut(name, "[")
		t = valueType(t)
		if holdsAny(t) && i > 0 {
			return nil, strings.Join(names[:i], ".")
		}
		if t.Kind() != reflect.Struct {
			return nil, ""
		}
		field, ok := t.FieldByName(name)
		if !ok {
			return nil, ""
		}
		t = field.Type
		for range strings.Count(brackets, "]") {
			switch t = valueType(t); t.Kind() {
			case reflect.Slice, reflect.Array, reflect.Map:
				t = t.Elem()
			case reflect.Interface:
				return nil, strings.Join(names[:i+1], ".")
			default:
				return nil, ""
			}
		}
	}
	return t, ""
}

// goType is a type as Go code of today writes it.
func goType(t reflect.Type) string { return strings.ReplaceAll(t.String(), "interface {}", "any") }
