package centrirpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
)

var (
	typeRawMessage = reflect.TypeFor[json.RawMessage]()
	typeValuer     = reflect.TypeFor[validator.Valuer]()
)

// probePlace tries each rule of a place by itself. within is the struct that has
// the field, and parents are samples of it.
func (p *prober) probePlace(within reflect.Type, place ruledPlace, parents []reflect.Value) error {
	afterNil := ""
	for _, rule := range place.rules {
		for _, one := range strings.Split(rule, "|") {
			if err := p.probeRule(within, place.typ, one, parents); err != nil {
				return err
			}
		}
		name := ruleName(rule)
		switch {
		case ending[name]:
			afterNil = ""
		case runsOnNil(name):
			afterNil = rule
		case afterNil != "" && place.typ.Kind() == reflect.Pointer:
			if err := p.probeNil(place.typ, afterNil, rule, parents[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

func ruleName(rule string) string {
	name, _, _ := strings.Cut(rule, "=")
	return name
}

func (p *prober) probeRule(within, t reflect.Type, rule string, parents []reflect.Value) error {
	name := ruleName(rule)
	_, own := p.router.messages[name]
	builtIn := !own && (rule == "dive" || isBuiltIn(name))
	if builtIn && namesFields(name) {
		if err := checkNamedFields(within, rule); err != nil {
			return err
		}
	}
	value := valueType(t)
	switch {
	case value.Implements(typeValuer), reflect.PointerTo(value).Implements(typeValuer):
		return nil // the validator judges another value; tried with the whole tag
	case builtIn && holdsAny(t) && !judgesAnyKind(name):
		return fmt.Errorf("the rule %q cannot judge the type %s, for which a client may send any kind of JSON: use a type that says what is meant, such as string, float64, a list, a struct or a union registered with centrirpc.RegisterUnion; or a rule of your own, added with the Rule option, that has an answer for each kind", rule, goType(t))
	case builtIn && value == typeRawMessage && !judgesAnyKind(name) && !sizing[name] && name != "json":
		return fmt.Errorf("the rule %q cannot judge the type %s, which holds JSON as it is written: use a type that says what is meant, such as string; only rules for its length in bytes, such as max, and for whether it is there have a meaning here", rule, goType(t))
	case rule == "dive":
		switch value.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map:
			return nil
		}
		if p.tryRule(t, name, rule, parents) == nil {
			return nil // the application's validator makes a list of it
		}
		return fmt.Errorf("the type %s has no elements to dive into; remove dive, or use a list or a map", goType(t))
	case value.Kind() == reflect.Struct && value != sampleTime.Type(), value.Kind() == reflect.Interface && unionOf(value) != nil:
		return nil // the validator judges structs within their field only
	case !builtIn && !holdsAny(t), kindless[name]:
		return nil // tried with the whole tag
	}
	return p.tryRule(t, name, rule, parents)
}

// tryRule runs one rule on samples of the type.
func (p *prober) tryRule(t reflect.Type, name, rule string, parents []reflect.Value) error {
	rules := []string{rule}
	if comparesPairs(name) {
		// A pair is compared if those before it are equal only.
		for pair := range pairsOf(rule) {
			rules = append(rules, name+"="+pair)
		}
	}
	values := samples(t)
	for i := range max(len(values), len(parents)) {
		value, parent := values[i%len(values)].Interface(), parents[i%len(parents)].Interface()
		for _, tried := range rules {
			if err := caught(func() { _ = p.router.validate.VarWithValue(value, parent, tried) }); err != nil {
				return fmt.Errorf("the rule %q fails on a %s: %w", rule, goType(reflect.TypeOf(value)), err)
			}
		}
	}
	return nil
}

// probeNil tries a rule that stands behind one that lets nil through.
func (p *prober) probeNil(t reflect.Type, before, rule string, parent reflect.Value) error {
	if caught(func() {
		// excluded_with and a field that does not exist always lets nil through.
		_ = p.router.validate.VarWithValue(reflect.Zero(t).Interface(), parent.Interface(), "excluded_with=_,"+rule)
	}) == nil {
		return nil
	}
	return fmt.Errorf("the rule %q fails on null and on a missing field, which %q lets through: write %q", rule, before, before+",omitempty,"+rule)
}

// checkNamedFields refuses rules that take other fields for what clients need not
// send there.
func checkNamedFields(within reflect.Type, rule string) error {
	name, param, _ := strings.Cut(rule, "=")
	for i, word := range paramWords(param) {
		if comparesPairs(name) && i%2 == 1 {
			continue
		}
		typ, through := fieldAlong(within, word)
		switch {
		case through != "":
			return fmt.Errorf("the rule %q looks into the field %s, for which a client may send any kind of JSON: give that field a type that says what it holds", rule, through)
		case typ != nil && comparesPairs(name) && holdsAny(typ):
			return fmt.Errorf("the rule %q compares the field %s of type %s, for which a client may send any kind of JSON: give that field a type that says what it holds, such as string", rule, word, goType(typ))
		}
	}
	return nil
}

// ruleWord is one word of a rule's parameter: quoted by ' if it holds spaces.
var ruleWord = regexp.MustCompile(`'[^']*'|\S+`)

func paramWords(param string) []string { return ruleWord.FindAllString(param, -1) }

// pairsOf are the pairs of a rule such as "required_if=Kind card State new".
func pairsOf(rule string) func(yield func(string) bool) {
	_, param, _ := strings.Cut(rule, "=")
	all := paramWords(param)
	return func(yield func(string) bool) {
		for i := 0; i+1 < len(all); i += 2 {
			if !yield(all[i] + " " + all[i+1]) {
				return
			}
		}
	}
}
