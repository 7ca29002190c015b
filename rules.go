package centrirpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/centrirpc/centrirpc/wire"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-playground/locales/en"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	en_translations "github.com/go-playground/validator/v10/translations/en"
)

// rules are the `validate` tags of one params type.
type rules struct {
	validate *validator.Validate
	words    ut.Translator
	params   reflect.Type // the struct
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

// newRules is nil if no field of the type, however deep, has a rule.
func newRules(r *Router, params reflect.Type) *rules {
	structs := structsOf(params)
	for _, t := range structs {
		for i := range t.NumField() {
			if _, ok := t.Field(i).Tag.Lookup("validate"); ok {
				return &rules{validate: r.validate, words: r.words, params: structs[0]}
			}
		}
	}
	return nil
}

// checkRules reports a rule that the validator does not know, at registration
// and not at the first call.
func checkRules(v *validator.Validate, params reflect.Type) (err error) {
	for _, t := range structsOf(params) {
		if err := checkStructRules(v, t); err != nil {
			return err
		}
	}
	return nil
}

func checkStructRules(v *validator.Validate, t reflect.Type) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a validate tag of the type %s is wrong: %v; see github.com/go-playground/validator for the rules there are, or register one with the Validator option", t, p)
		}
	}()
	_ = v.Struct(reflect.New(t).Interface()) // an empty value breaks rules; only a panic counts
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
func (r *rules) check(ctx context.Context, value any, already []wire.Fault) []wire.Fault {
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
	for _, b := range broken {
		field := jsonPath(r.params, b.StructNamespace())
		if len(already)+len(faults) >= maxFaults || covered(field, already) {
			continue
		}
		faults = append(faults, wire.Fault{Field: field, Rule: b.Tag(), Message: r.message(field, b)})
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

// jsonPath turns the validator's "Params.Items[2].Name" into "items[2].name",
// leaving out embedded structs whose fields JSON lifts to their parent.
func jsonPath(t reflect.Type, namespace string) string {
	_, rest, _ := strings.Cut(namespace, ".")
	var path strings.Builder
	for rest != "" {
		var segment string
		segment, rest = cutSegment(rest)
		name, index := segment, ""
		if at := strings.IndexByte(segment, '['); at >= 0 {
			name, index = segment[:at], segment[at:]
		}
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		field, ok := reflect.StructField{}, false
		if t.Kind() == reflect.Struct {
			field, ok = t.FieldByName(name)
		}
		if !ok {
			return strings.TrimPrefix(path.String()+"."+segment, ".")
		}
		jsonName, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if jsonName == "" && !field.Anonymous {
			jsonName = field.Name
		}
		if jsonName != "" {
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.WriteString(jsonName)
		}
		path.WriteString(index)
		t = elementType(field.Type, strings.Count(index, "["))
	}
	return path.String()
}

// cutSegment takes the part up to the next dot that is not inside brackets, for
// map keys may hold dots.
func cutSegment(path string) (segment, rest string) {
	depth := 0
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 {
				return path[:i], path[i+1:]
			}
		}
	}
	return path, ""
}

func elementType(t reflect.Type, depth int) reflect.Type {
	for {
		switch t.Kind() {
		case reflect.Pointer:
			t = t.Elem()
			continue
		case reflect.Slice, reflect.Array, reflect.Map:
			if depth > 0 {
				depth--
				t = t.Elem()
				continue
			}
		}
		return t
	}
}

// message says a broken rule in English, about the field's JSON path.
func (r *rules) message(field string, b validator.FieldError) string {
	text := b.Translate(r.words)
	if text == b.Error() { // the rule has no translation
		if b.Param() == "" {
			return fmt.Sprintf("%s breaks the rule %s", field, b.Tag())
		}
		return fmt.Sprintf("%s breaks the rule %s=%s", field, b.Tag(), b.Param())
	}
	if rest, ok := strings.CutPrefix(text, b.Field()); ok {
		return field + rest
	}
	return field + ": " + text
}

// fieldOfPointer turns a JSON pointer (RFC 6901) into a fault's path.
func fieldOfPointer(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		if token != "" && strings.Trim(token, "0123456789") == "" {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(token)
	}
	return path.String()
}
