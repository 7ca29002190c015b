package centrirpc

import (
	"fmt"
	"reflect"
	"strings"
)

// checkRules tries the rules of a params type, at registration and not at the
// first call: one that the validator does not know, or cannot apply to all that a
// client may send for its field, is reported with the path to the field.
func (r *Router) checkRules(params reflect.Type) error {
	return (&prober{r, map[reflect.Type]bool{}}).probe(params, "params")
}

type prober struct {
	router *Router
	seen   map[reflect.Type]bool
}

func (p *prober) probe(t reflect.Type, path string) error {
	switch t.Kind() {
	case reflect.Pointer:
		return p.probe(t.Elem(), path)
	case reflect.Slice, reflect.Array:
		return p.probe(t.Elem(), path+"[]")
	case reflect.Map:
		return p.probe(t.Elem(), path+"{}")
	case reflect.Interface:
		return p.probeUnion(t, path)
	case reflect.Struct:
	default:
		return nil
	}
	if p.seen[t] {
		return nil
	}
	p.seen[t] = true
	var tries []reflect.Value // made once there is a rule to try
	for i := range t.NumField() {
		field := t.Field(i)
		inner := path
		if name := jsonNameOf(field); name != "" {
			inner += "." + name
		}
		if rule, ok := field.Tag.Lookup("validate"); ok && field.IsExported() {
			if tries == nil {
				tries = samples(t)
			}
			if !isSent(field) && requires(rule) {
				return fmt.Errorf("%s.%s: the rule %q can never be kept: the field is tagged json:\"-\", so no client can send it; remove the rule, or give the field a name in JSON", path, field.Name, rule)
			}
			if err := p.probeField(t, field, inner, tries); err != nil {
				return err
			}
		}
		if err := p.probe(field.Type, inner); err != nil {
			return err
		}
	}
	return nil
}

func (p *prober) probeUnion(t reflect.Type, path string) error {
	u := unionOf(t)
	if u == nil {
		return nil
	}
	for _, variant := range u.variants {
		if err := p.probe(variant.typ, path+"("+variant.value+")"); err != nil {
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

// probeField applies the field's rules to an empty value and to filled ones: an
// empty one breaks rules and ends there, a filled one reaches what stands behind
// omitempty and dive. Rules behind one that both break are tried by themselves.
// Only a panic counts.
func (p *prober) probeField(t reflect.Type, field reflect.StructField, path string, tries []reflect.Value) error {
	tag := field.Tag.Get("validate")
	wrong := func(path string, reason error) error {
		return fmt.Errorf("%s: the validate tag %q is wrong: %w", path, tag, reason)
	}
	whole := func(v reflect.Value) error {
		err := caught(func() { _ = p.router.validate.StructPartial(v.Addr().Interface(), field.Name) })
		if err != nil {
			return wrong(path, fmt.Errorf("%w, for a field of type %s; see github.com/go-playground/validator for the rules there are, or add one of your own with the Rule option", err, goType(field.Type)))
		}
		return nil
	}
	known := caught(func() { _ = p.router.validate.Var(nil, tag) }) == nil // no rule is run on nothing
	if known && isSent(field) && tag != "-" && tag != "" {
		for _, place := range ruledPlaces(path, field.Type, strings.Split(tag, ",")) {
			if err := p.probePlace(t, place, tries); err != nil {
				return wrong(place.path, err)
			}
		}
	}
	for _, v := range append([]reflect.Value{reflect.New(t).Elem()}, tries...) {
		if err := whole(v); err != nil {
			return err
		}
	}
	return nil
}

// caught is what a function panics with.
func caught(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	f()
	return nil
}
