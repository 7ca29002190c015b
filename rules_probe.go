package centrirpc

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// checkRules tries the rules of a params type, at registration and not at the
// first call: one that the validator does not know, or cannot apply to its field,
// is reported with the path to the field.
func checkRules(v *validator.Validate, params reflect.Type) error {
	return probe(v, params, "params", map[reflect.Type]bool{})
}

func probe(v *validator.Validate, t reflect.Type, path string, seen map[reflect.Type]bool) error {
	switch t.Kind() {
	case reflect.Pointer:
		return probe(v, t.Elem(), path, seen)
	case reflect.Slice, reflect.Array:
		return probe(v, t.Elem(), path+"[]", seen)
	case reflect.Map:
		return probe(v, t.Elem(), path+"{}", seen)
	case reflect.Interface:
		return probeUnion(v, t, path, seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		field := t.Field(i)
		inner := path
		if name := jsonNameOf(field); name != "" {
			inner += "." + name
		}
		if rule, ok := field.Tag.Lookup("validate"); ok && field.IsExported() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == "-" && field.Tag.Get("json") == "-" && requires(rule) {
				return fmt.Errorf("%s.%s: the rule %q can never be kept: the field is tagged json:\"-\", so no client can send it; remove the rule, or give the field a name in JSON", path, field.Name, rule)
			}
			if err := probeField(v, t, field); err != nil {
				return fmt.Errorf("%s: the validate tag %q is wrong: %w; see github.com/go-playground/validator for the rules there are, or add one of your own with the Rule option", inner, rule, err)
			}
		}
		if err := probe(v, field.Type, inner, seen); err != nil {
			return err
		}
	}
	return nil
}

func probeUnion(v *validator.Validate, t reflect.Type, path string, seen map[reflect.Type]bool) error {
	u := unionOf(t)
	if u == nil {
		return nil
	}
	for _, variant := range u.variants {
		if err := probe(v, variant.typ, path+"("+variant.value+")", seen); err != nil {
			return err
		}
	}
	return nil
}

// requires reports whether a tag asks for the field itself.
func requires(rule string) bool {
	for _, part := range strings.Split(rule, ",") {
		switch part {
		case "dive":
			return false
		case "required":
			return true
		}
	}
	return false
}

// probeField applies the field's rules to an empty value and to a filled one: an
// empty one breaks rules and ends there, a filled one reaches what stands behind
// omitempty and dive. Only a panic counts.
func probeField(v *validator.Validate, t reflect.Type, field reflect.StructField) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	for _, value := range []reflect.Value{reflect.New(t), filled(t, map[reflect.Type]bool{}).Addr()} {
		_ = v.StructPartial(value.Interface(), field.Name)
	}
	return nil
}

// sample is the variant that breaks the most rules: one that cannot be compared, if
// there is any.
func (u *union) sample() *variant {
	for _, v := range u.variants {
		if !v.pointer && !v.typ.Comparable() {
			return v
		}
	}
	return u.variants[0]
}

var probeTime = reflect.ValueOf(time.Unix(1_000_000_000, 0))

// filled is an addressable value of type t in which nothing is nil or zero, as far
// as that can be without an end.
func filled(t reflect.Type, open map[reflect.Type]bool) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	case reflect.String:
		v.SetString("x")
	case reflect.Pointer:
		if !open[t.Elem()] {
			v.Set(filled(t.Elem(), open).Addr())
		}
	case reflect.Interface:
		if u := unionOf(t); u != nil {
			of := u.sample()
			if value := filled(of.typ, open); of.pointer {
				v.Set(value.Addr())
			} else {
				v.Set(value)
			}
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(t.Elem(), open)))
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(filled(t.Elem(), open))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(filled(t.Key(), open), filled(t.Elem(), open))
	case reflect.Struct:
		if t == probeTime.Type() {
			v.Set(probeTime)
			return v
		}
		if open[t] {
			return v
		}
		open[t] = true
		defer delete(open, t)
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				v.Field(i).Set(filled(t.Field(i).Type, open))
			}
		}
	}
	return v
}
