package gotypes

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/centrirpc/centrirpc/contract"
)

// describer describes the types of one method or error. What it adds stays
// apart until it is known to be free of problems.
type describer struct {
	method   string
	known    registry
	added    registry
	forms    map[reflect.Type]contract.Type // declared ones
	unions   func(reflect.Type) (Union, bool)
	problems contract.Problems
}

// place is where a type is used.
type place struct {
	path   string // for messages: "params.items[].owner"
	origin string // the Go declaration: "example.org/tasks/api.Item.Owner"
	// An anonymous struct is named after its place: the field of a struct, or
	// top (the method and its side).
	parent *node
	field  string
	top    string
	// aliases are the named types passed through since the last struct.
	aliases []reflect.Type
}

func (p place) in(suffix string) place {
	p.path += suffix
	return p
}

func (d *describer) refuse(path string, t reflect.Type, origin, reason, fix string) {
	name := ""
	if t != nil {
		name = t.String()
	}
	d.problems = append(d.problems, contract.Problem{
		Method: d.method, Path: path, Type: name, Position: origin, Reason: reason, Fix: fix,
	})
}

func isNone(t reflect.Type) bool {
	return t == nil || t.Kind() == reflect.Struct && t.Name() == "" && t.NumField() == 0
}

func (d *describer) params(t reflect.Type, at place) *contract.Type {
	whole := t
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if isNone(t) {
		return nil
	}
	if method := d.marshals(t); t.Kind() == reflect.Struct && method != "" && t != typeTime {
		d.refuse(at.path, whole, originOf(t), fmt.Sprintf("params must be a struct whose fields are the named arguments, and its method %s decides its JSON instead", method),
			"use a struct without such a method and with no embedded type that has one, or put the value into a field of a struct")
		return nil
	}
	if t.Kind() != reflect.Struct || t == typeTime {
		d.refuse(at.path, whole, originOf(t), "params must be a struct, or a pointer to one: its fields are the named arguments", "put the value into a field of a struct")
		return nil
	}
	return d.describe(t, at)
}

func (d *describer) result(t reflect.Type, at place) *contract.Type {
	if isNone(t) || t.Kind() == reflect.Pointer && isNone(t.Elem()) {
		return nil
	}
	return d.describe(t, at)
}

var (
	typeTime       = reflect.TypeFor[time.Time]()
	typeDuration   = reflect.TypeFor[time.Duration]()
	typeRawMessage = reflect.TypeFor[json.RawMessage]()
	typeNumber     = reflect.TypeFor[json.Number]()
	typeError      = reflect.TypeFor[error]()
)

// describe is the type of a value of t, or nil after a refusal.
func (d *describer) describe(t reflect.Type, at place) *contract.Type {
	switch t {
	case typeTime:
		return &contract.Type{Kind: contract.String, Format: contract.DateTime}
	case typeRawMessage:
		return &contract.Type{Kind: contract.Any}
	case typeDuration:
		return &contract.Type{Kind: contract.Integer, Bits: 64, Format: contract.Nanoseconds}
	case typeNumber:
		return &contract.Type{Kind: contract.Float}
	}
	if declared, ok := d.declaredType(t, at); ok {
		return declared
	}
	if t.Kind() == reflect.Pointer {
		return d.pointer(t, at)
	}
	if described, ok := d.union(t, at); ok {
		return described
	}
	if format, ok := textFormat(t); ok {
		return &contract.Type{Kind: contract.String, Format: format}
	}
	if reason, fix := d.unsupported(t); reason != "" {
		d.refuse(at.path, t, at.origin, reason, fix)
		return nil
	}
	switch {
	case t.Kind() == reflect.Interface:
		return &contract.Type{Kind: contract.Any}
	case d.isBytes(t):
		return &contract.Type{Kind: contract.Bytes}
	case t.Kind() == reflect.Struct:
		return d.structure(t, at)
	case t.PkgPath() != "":
		return d.alias(t, at)
	}
	return d.plain(t, at)
}

func (d *describer) pointer(t reflect.Type, at place) *contract.Type {
	for depth := 0; t.Kind() == reflect.Pointer; depth++ {
		if depth > 8 {
			d.refuse(at.path, t, at.origin, "the type points to itself", "put a struct between")
			return nil
		}
		t = t.Elem()
	}
	described := d.describe(t, at)
	if described != nil && described.Kind != contract.Any { // any includes null
		described.Nullable = true
	}
	return described
}

// plain describes a type by its kind alone, without its name.
func (d *describer) plain(t reflect.Type, at place) *contract.Type {
	switch t.Kind() {
	case reflect.Bool:
		return &contract.Type{Kind: contract.Bool}
	case reflect.String:
		return &contract.Type{Kind: contract.String}
	case reflect.Int, reflect.Uint: // 64 bits wherever servers run; the same contract everywhere
		return &contract.Type{Kind: contract.Integer, Bits: 64, Unsigned: t.Kind() == reflect.Uint}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &contract.Type{Kind: contract.Integer, Bits: t.Bits()}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &contract.Type{Kind: contract.Integer, Bits: t.Bits(), Unsigned: true}
	case reflect.Float32, reflect.Float64:
		return &contract.Type{Kind: contract.Float, Bits: t.Bits()}
	case reflect.Slice:
		elem := d.describe(t.Elem(), at.in("[]"))
		if elem == nil {
			return nil
		}
		return &contract.Type{Kind: contract.List, Elem: elem}
	case reflect.Array:
		elem := d.describe(t.Elem(), at.in("[]"))
		if elem == nil {
			return nil
		}
		length := t.Len()
		return &contract.Type{Kind: contract.List, Elem: elem, Constraints: &contract.Constraints{MinItems: &length, MaxItems: &length}}
	case reflect.Map:
		key := d.key(t.Key(), at)
		elem := d.describe(t.Elem(), at.in("{}"))
		if elem == nil {
			return nil
		}
		return &contract.Type{Kind: contract.Map, Key: key, Elem: elem}
	}
	panic("centrirpc: no description of the kind " + t.Kind().String())
}

// key describes a map's key, which refers to its type if that has a name: it may be
// an enum.
func (d *describer) key(t reflect.Type, at place) *contract.Type {
	if format, ok := keyFormat(t); ok {
		return &contract.Type{Kind: contract.String, Format: format}
	}
	if t.PkgPath() != "" && t != typeDuration {
		return d.alias(t, at)
	}
	return d.plain(t, at)
}

func (d *describer) alias(t reflect.Type, at place) *contract.Type {
	for _, outer := range at.aliases {
		if outer == t {
			d.refuse(at.path, t, originOf(t), "the type contains itself without a struct between", "make it a struct with a field that holds the list or map")
			return nil
		}
	}
	if id, ok := d.id(t); ok {
		return &contract.Type{Kind: contract.Ref, Ref: id}
	}
	inner := at
	inner.aliases = append(inner.aliases[:len(inner.aliases):len(inner.aliases)], t)
	inner.origin = originOf(t)
	base := d.plain(t, inner)
	if base == nil {
		return nil
	}
	// A struct below may have come back to t by itself.
	if id, ok := d.id(t); ok {
		return &contract.Type{Kind: contract.Ref, Ref: id}
	}
	n := d.add(t, nameOf(t))
	n.described = contract.NamedType{Kind: contract.Alias, Origin: originOf(t), Base: base}
	return &contract.Type{Kind: contract.Ref, Ref: n.id}
}

func (d *describer) structure(t reflect.Type, at place) *contract.Type {
	var n *node
	if t.Name() != "" {
		if id, ok := d.id(t); ok {
			return &contract.Type{Kind: contract.Ref, Ref: id}
		}
		n = d.add(t, nameOf(t))
		n.described.Origin = originOf(t)
	} else {
		n = d.add(nil, anonymousName(at))
		n.described.Origin = at.origin
	}
	n.described.Kind = contract.Struct
	before := len(d.problems)
	fields := d.fields(t, at.path, n.described.Origin)
	if len(fields) == 0 && t.NumField() > 0 && len(d.problems) == before && hidesAll(t) {
		d.refuse(at.path, t, cmp.Or(at.origin, n.described.Origin), "none of its fields is exported, so its JSON is always {}", "export the fields, or use another type here")
	}
	for _, f := range fields {
		inner := place{path: at.path + "." + f.name, origin: f.origin, parent: n, field: f.goName}
		described := d.field(f, inner)
		if described == nil {
			continue
		}
		if f.rules != "" {
			constrain(described, f.ruled, f.rules, func(goName string) string { return jsonKey(f.within, goName) })
		}
		n.described.Fields = append(n.described.Fields, contract.Field{
			Name: f.name, Type: *described, Required: f.required,
		})
		if f.needed {
			n.needed = append(n.needed, len(n.described.Fields)-1)
		}
	}
	return &contract.Type{Kind: contract.Ref, Ref: n.id}
}

// field is the type of a struct's field.
func (d *describer) field(f field, at place) *contract.Type {
	if !f.quoted {
		return d.describe(f.typ, at)
	}
	scalar, nullable := f.typ, false
	if scalar.Kind() == reflect.Pointer {
		scalar, nullable = scalar.Elem(), true
	}
	if method := d.marshals(scalar); method != "" {
		return d.describe(f.typ, at) // a form of its own is not quoted
	}
	if scalar == typeNumber {
		d.refuse(at.path, f.typ, at.origin, "a json.Number travels as a number, and not within a string", "remove the tag's option \",string\", or use a string")
		return nil
	}
	if scalar.Kind() == reflect.Uintptr {
		return d.describe(f.typ, at)
	}
	described := d.plain(scalar, at)
	described.Quoted, described.Nullable = true, nullable
	return described
}

// jsonKey is the key of a struct's field, or the name itself if it has none.
func jsonKey(t reflect.Type, goName string) string {
	f, ok := t.FieldByName(goName)
	if !ok {
		return goName
	}
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); validKey(name) {
		return name
	}
	return f.Name
}

func hidesAll(t reflect.Type) bool {
	for f := range t.Fields() {
		if f.Anonymous || f.IsExported() {
			return false
		}
	}
	return true
}

func (d *describer) id(t reflect.Type) (string, bool) {
	if id, ok := d.known.ids[t]; ok {
		return id, true
	}
	id, ok := d.added.ids[t]
	return id, ok
}

// add makes a node; t is nil for an anonymous struct, which is a type of its
// own at each place.
func (d *describer) add(t reflect.Type, name typeName) *node {
	n := &node{id: "#" + strconv.Itoa(len(d.known.nodes)+len(d.added.nodes)), goName: name}
	d.added.nodes[n.id] = n
	if t != nil {
		d.added.ids[t] = n.id
	}
	return n
}

// isBytes says whether encoding/json writes t as base64: not where the elements
// have a JSON form of their own.
func (d *describer) isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && d.marshals(t.Elem()) == ""
}

// unsupported says why t cannot be described and what to do, or "".
func (d *describer) unsupported(t reflect.Type) (reason, fix string) {
	switch {
	case t == typeError:
		return "an error is an interface: it has no JSON form", "return the error as the handler's last result, or use a string"
	case t == reflect.TypeFor[unsafe.Pointer](), t.Kind() == reflect.Uintptr:
		return "a memory address means nothing to a client", "use an integer type, or tag the field json:\"-\""
	}
	switch origin := originOf(t); {
	case origin == "net/url.URL":
		return "encoding/json writes its parts, not the address", "use a string"
	case strings.HasPrefix(origin, "database/sql.Null"):
		return "encoding/json writes its parts, not the value or null", "use a pointer, such as *string"
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func:
		return "it has no JSON form", "use data instead, or tag the field json:\"-\""
	case reflect.Complex64, reflect.Complex128:
		return "a complex number has no JSON form", "use a struct of two floats"
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return "what an interface holds is not known", "use a struct type, or any for arbitrary JSON, or say what it may hold with centrirpc.RegisterUnion, before the router's methods"
		}
	case reflect.Map:
		if _, ok := keyFormat(t.Key()); ok {
			break
		}
		switch t.Key().Kind() {
		case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			if method := d.marshals(t.Key()); method != "" {
				return fmt.Sprintf("the map's key %s has a method %s, which encoding/json does not always heed for a key", t.Key(), method), "use a key of type string, or one with both MarshalText and UnmarshalText that is no string itself"
			}
		default:
			return fmt.Sprintf("a map's key cannot be of type %s: keys in JSON are strings", t.Key()), "use a string or an integer as key, or a list of structs"
		}
	}
	if method := d.marshals(t); method != "" {
		return d.marshalerReason(t, method)
	}
	return "", ""
}

// marshalerReason tells a type's own method from one it got by embedding.
func (d *describer) marshalerReason(t reflect.Type, method string) (reason, fix string) {
	if t.Kind() == reflect.Struct && t.Name() != "" {
		for f := range t.Fields() {
			if f.Anonymous && d.marshals(f.Type) != "" {
				return fmt.Sprintf("it embeds %s, so that a method %s decides its JSON and not its fields", f.Type, method),
					"make the embedded type a named field; or say what its JSON is, with a method ContractType() contract.Type or the option centrirpc.TypeOf"
			}
		}
	}
	return fmt.Sprintf("its method %s decides its JSON, which cannot be known from here", method),
		"use a type without it, such as a string or a struct, or json.RawMessage for arbitrary JSON; or say what its JSON is, with a method ContractType() contract.Type or the option centrirpc.TypeOf"
}

var ownForms = []struct {
	method string
	typ    reflect.Type
}{
	{"MarshalJSON", reflect.TypeFor[json.Marshaler]()},
	{"UnmarshalJSON", reflect.TypeFor[json.Unmarshaler]()},
	{"MarshalText", reflect.TypeFor[encoding.TextMarshaler]()},
	{"UnmarshalText", reflect.TypeFor[encoding.TextUnmarshaler]()},
}

// marshals names the method by which t, or a pointer to it, brings a JSON form
// of its own.
func (d *describer) marshals(t reflect.Type) string {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Interface {
		return ""
	}
	for _, form := range ownForms {
		if t.Implements(form.typ) || reflect.PointerTo(t).Implements(form.typ) {
			return form.method
		}
	}
	return ""
}
