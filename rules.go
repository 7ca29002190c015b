package centrirpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/centrirpc/centrirpc/wire"
	"github.com/go-playground/locales/en"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	en_translations "github.com/go-playground/validator/v10/translations/en"
)

// rules are the `validate` tags of one params type.
type rules struct {
	validate *validator.Validate
	words    ut.Translator
	own      map[string]string // messages of the application's own rules
}

// newTranslator gives a validator its own English messages.
func newTranslator(v *validator.Validate) ut.Translator {
	english := en.New()
	words, _ := ut.New(english, english).GetTranslator("en")
	if err := en_translations.RegisterDefaultTranslations(v, words); err != nil {
		panic("centrirpc: the validator's messages cannot be registered: " + err.Error())
	}
	return words
}

// newRules is nil if no field of the type, however deep, has a rule. The
// application's own validator may have rules that no tag shows.
func newRules(r *Router, params reflect.Type) *rules {
	structs := structsOf(params)
	if r.ownValidator && len(structs) > 0 {
		return &rules{validate: r.validate, words: r.words, own: r.messages}
	}
	for _, t := range structs {
		for i := range t.NumField() {
			if _, ok := t.Field(i).Tag.Lookup("validate"); ok {
				return &rules{validate: r.validate, words: r.words, own: r.messages}
			}
		}
	}
	return nil
}

// structsOf lists the struct types that a value of type t can hold, t itself
// first.
func structsOf(t reflect.Type) []reflect.Type {
	var list []reflect.Type
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			visit(t.Elem())
		case reflect.Interface:
			if u := unionOf(t); u != nil && !seen[t] {
				seen[t] = true
				for _, v := range u.variants {
					visit(v.typ)
				}
			}
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			list = append(list, t)
			for i := range t.NumField() {
				visit(t.Field(i).Type)
			}
		}
	}
	visit(t)
	return list
}

// check lists the rules that value, a pointer to the params, breaks. Fields that
// are faulty already are left out: a missing key has no value to judge.
func (r *rules) check(ctx context.Context, raw json.RawMessage, value any, already []wire.Fault) []wire.Fault {
	v := reflect.ValueOf(value).Elem()
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	err := r.validate.StructCtx(ctx, v.Addr().Interface())
	var broken validator.ValidationErrors
	if !errors.As(err, &broken) {
		return nil
	}
	var faults []wire.Fault
	listed := 0
	for _, f := range already {
		listed += sizeOf(f)
	}
	places, params := paths{params: v}, sent{raw: raw}
	seen := 0
	for _, b := range broken {
		if seen >= 4*maxFaults || len(already)+len(faults) >= maxFaults {
			break // finding a path takes its time, and hostile params can break thousands
		}
		at := places.of(b.StructNamespace())
		// What was not sent breaks no rule, unless one asks for it: the validator may
		// have stopped before that. No bound may end the search before a fault is found.
		if _, is := params.at(at); is == outside {
			continue
		} else if is == absent && !asksForPresence(b.ActualTag()) {
			if b = r.missing(ctx, at); b == nil {
				continue
			}
		}
		seen++
		field := at.path
		if covered(field, already) {
			continue
		}
		if len(already)+len(faults) > 0 && listed+len(field) > maxFaultBytes {
			break
		}
		fault := wire.Fault{Field: field, Rule: b.Tag(), Message: r.message(at, b, &params)}
		listed += sizeOf(fault)
		faults = append(faults, fault)
	}
	return faults
}

// covered reports whether a fault is known of the field itself or of something
// around or inside it.
func covered(field string, faults []wire.Fault) bool {
	for _, f := range faults {
		if within(field, f.Field) || within(f.Field, field) {
			return true
		}
	}
	return false
}

func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return outer == "" || ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// message says a broken rule in English, in JSON names.
func (r *rules) message(at brokenPlace, b validator.FieldError, params *sent) string {
	field, parent := at.path, at.parent
	key := isKeyOf(b.Value(), at.key, at.elem)
	if key {
		field = "the key of " + field
	}
	param := b.Param()
	own, isOwn := r.own[b.Tag()]
	if isOwn || namesFields(b.ActualTag()) {
		param = jsonNames(parent, b.ActualTag(), param)
	}
	if isOwn {
		return field + " " + strings.ReplaceAll(own, "{param}", param)
	}
	if strings.HasPrefix(b.Tag(), "required") {
		if value, is := params.at(at); is == present && !key && len(at.way) > 0 {
			return field + " " + refusedEmpty(value)
		}
		return field + " is required"
	}
	if b.ActualTag() == "oneof" {
		return field + " must be one of " + listed(param, b.Kind() == reflect.String)
	}
	text := b.Translate(r.words)
	if text == b.Error() { // the rule has no translation
		if param == "" || strings.Contains(b.Tag(), "|") {
			return fmt.Sprintf("%s breaks the rule %s", field, b.Tag())
		}
		return fmt.Sprintf("%s breaks the rule %s=%s", field, b.Tag(), param)
	}
	if rest, ok := strings.CutPrefix(text, b.Field()); ok {
		if param != b.Param() {
			rest = strings.ReplaceAll(rest, b.Param(), param)
		}
		return field + rest
	}
	return field + ": " + text
}

// listed is the values of a oneof rule as an enum's are told.
func listed(param string, text bool) string {
	values := paramWords(param)
	for i, value := range values {
		if value = strings.Trim(value, "'"); text {
			value = `"` + value + `"`
		}
		values[i] = value
	}
	return strings.Join(values, ", ")
}
