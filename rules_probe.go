package centrirpc

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
	"github.com/go-playground/validator/v10"
)

// checkRules tries the rules of a params type, at registration and not at the
// first call: one that the validator does not know, or cannot apply to all that a
// client may send for its field, is reported with the path to the field.
func (r *Router) checkRules(params reflect.Type, path string) contract.Problems {
	if endless(params) {
		return nil // which the contract's builder refuses
	}
	p := &prober{router: r, params: params, seen: map[reflect.Type]bool{}}
	p.probe(params, path, "")
	return p.problems
}

type prober struct {
	router   *Router
	params   reflect.Type
	seen     map[reflect.Type]bool
	problems contract.Problems
}

// probe tries the rules of a type; origin names the Go declaration of the field that
// it is of.
func (p *prober) probe(t reflect.Type, path, origin string) {
	switch t.Kind() {
	case reflect.Pointer:
		p.probe(t.Elem(), path, origin)
	case reflect.Slice, reflect.Array:
		p.probe(t.Elem(), path+"[]", origin)
	case reflect.Map:
		p.probe(t.Elem(), path+"{}", origin)
	case reflect.Interface:
		p.probeUnion(t, path)
	case reflect.Struct:
		if !p.seen[t] {
			p.seen[t] = true
			p.probeStruct(t, path, cmp.Or(gotypes.Origin(t), origin))
		}
	}
}

func (p *prober) probeStruct(t reflect.Type, path, origin string) {
	var tries []reflect.Value // made once there is a rule to try
	for i := range t.NumField() {
		field := t.Field(i)
		inner := path
		if name := jsonNameOf(field); name != "" {
			inner += "." + name
		}
		declared := ""
		if origin != "" {
			declared = origin + "." + field.Name
		}
		if rule, ok := field.Tag.Lookup("validate"); ok && field.IsExported() {
			if tries == nil {
				tries = samples(t)
			}
			before := len(p.problems)
			if !isSent(field) && p.refusesZero(t, field) {
				p.problems = append(p.problems, contract.Problem{
					Path: path + "." + field.Name, Reason: fmt.Sprintf("the rule %q can never be kept: the field is tagged json:\"-\", so no client can send it", rule),
					Fix: "remove the rule, or give the field a name in JSON",
				})
			} else if senseless := p.senseless(t, field, inner); len(senseless) > 0 {
				p.problems = append(p.problems, senseless...)
			} else if err := p.probeField(t, field, inner, tries); err != nil {
				p.problems = append(p.problems, *err)
			}
			for i := range p.problems[before:] {
				p.problems[before+i].Position = declared
			}
		}
		p.probe(field.Type, inner, declared)
	}
}

func (p *prober) probeUnion(t reflect.Type, path string) {
	u := unionOf(t)
	if u == nil {
		return
	}
	for _, variant := range u.variants {
		p.probe(variant.typ, path+"("+variant.value+")", "")
	}
}

// endless reports whether a type contains itself without a struct between.
func endless(t reflect.Type) bool {
	structs := map[reflect.Type]bool{}
	var visit func(t reflect.Type, open map[reflect.Type]bool) bool
	visit = func(t reflect.Type, open map[reflect.Type]bool) bool {
		if open[t] {
			return true
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			open[t] = true
			defer delete(open, t)
			return visit(t.Elem(), open)
		case reflect.Struct:
			if structs[t] {
				return false
			}
			structs[t] = true
			for i := range t.NumField() {
				if visit(t.Field(i).Type, map[reflect.Type]bool{}) {
					return true
				}
			}
		}
		return false
	}
	return visit(t, map[reflect.Type]bool{})
}

// refusesZero reports whether a field's rules refuse its zero value, whatever the
// other fields are.
func (p *prober) refusesZero(t reflect.Type, field reflect.StructField) (refuses bool) {
	_ = caught(func() {
		var broken validator.ValidationErrors
		if errors.As(p.router.validate.StructPartial(reflect.New(t).Interface(), field.Name), &broken) {
			refuses = slices.ContainsFunc(broken, func(b validator.FieldError) bool { return !namesFields(b.ActualTag()) })
		}
	})
	return refuses
}

// probeField applies the field's rules to an empty value and to filled ones: an
// empty one breaks rules and ends there, a filled one reaches what stands behind
// omitempty and dive. Rules behind one that both break are tried by themselves.
// Only a panic counts.
func (p *prober) probeField(t reflect.Type, field reflect.StructField, path string, tries []reflect.Value) *contract.Problem {
	tag := field.Tag.Get("validate")
	wrong := func(path string, reason error) *contract.Problem {
		return &contract.Problem{Path: path, Reason: fmt.Sprintf("the validate tag %q is wrong: %v", tag, reason)}
	}
	whole := func(v reflect.Value) *contract.Problem {
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
