package gotypes

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

// formatsOf are the text forms of well-known types.
var formatsOf = map[string]string{
	"github.com/google/uuid.UUID":    contract.UUID,
	"github.com/gofrs/uuid.UUID":     contract.UUID,
	"github.com/gofrs/uuid/v5.UUID":  contract.UUID,
	"github.com/satori/go.uuid.UUID": contract.UUID,
	"net/netip.Addr":                 contract.IP,
	"net.IP":                         contract.IP,
}

// textFormat reports whether encoding/json always writes t as a text of its own
// and reads it so, and the format of that text where it is known.
//
// A type that embeds one would lose its other fields, and one whose methods take a
// pointer is written by them at some places and not at others: those are refused.
func textFormat(t reflect.Type) (format string, ok bool) {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer || embedsForm(t) {
		return "", false
	}
	pointer := reflect.PointerTo(t)
	if !t.Implements(textMarshaler) || !pointer.Implements(textUnmarshaler) || pointer.Implements(jsonMarshaler) || pointer.Implements(jsonUnmarshaler) {
		return "", false
	}
	return formatsOf[originOf(t)], true
}

func embedsForm(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if !f.Anonymous {
			continue
		}
		for _, form := range ownForms {
			if f.Type.Implements(form.typ) || reflect.PointerTo(f.Type).Implements(form.typ) {
				return true
			}
		}
	}
	return false
}

// keyFormat is textFormat for a map's key: encoding/json writes a string as it is,
// and heeds its methods only when it reads.
func keyFormat(t reflect.Type) (format string, ok bool) {
	if t.Kind() == reflect.String {
		return "", false
	}
	return textFormat(t)
}

// Declarer is a type that says what its JSON is. Its method is asked of a zero
// value and returns a type without references to other types.
type Declarer interface{ ContractType() contract.Type }

var typeDeclarer = reflect.TypeFor[Declarer]()

// declaredType is what is declared of t, by the application or by t itself.
func (d *describer) declaredType(t reflect.Type, at place) (*contract.Type, bool) {
	declared, ok := d.forms[t]
	if !ok {
		if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer || !t.Implements(typeDeclarer) {
			return nil, false
		}
		declared = reflect.Zero(t).Interface().(Declarer).ContractType()
		if err := checkDeclared(&declared); err != nil {
			d.refuse(at.path, t, originOf(t), "its method ContractType says what cannot be: "+err.Error(), "return a contract.Type of a plain kind")
			return nil, true
		}
	}
	return declared.WithRefs(func(ref string) string { return ref }), true // a copy of its own
}

// checkDeclared reports what is wrong with a declared type: it must stand by
// itself.
func checkDeclared(t *contract.Type) error {
	probe := contract.Contract{Version: contract.Version, Types: []contract.NamedType{{Name: "T", Kind: contract.Alias, Base: t}}}
	if err := probe.Check(); err != nil {
		return err
	}
	var refers func(t *contract.Type) bool
	refers = func(t *contract.Type) bool {
		return t != nil && (t.Kind == contract.Ref || refers(t.Key) || refers(t.Elem) ||
			slices.ContainsFunc(t.Items, func(item contract.Type) bool { return refers(&item) }))
	}
	if refers(t) {
		return errors.New("it refers to another type")
	}
	return nil
}

// Declare says what the JSON of values of type t is, for a type whose methods
// decide that and that does not say so itself; see Declarer. It must come before
// the methods that use the type.
func (b *Builder) Declare(t reflect.Type, as contract.Type) error {
	if err := checkDeclared(&as); err != nil {
		return err
	}
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return fmt.Errorf("%v is an interface or a pointer; declare the type itself", t)
	}
	b.declared[t] = as
	return nil
}
