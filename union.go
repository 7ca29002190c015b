package centrirpc

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract/gotypes"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// UnionVariant is one of the types that a union may be; see Variant.
type UnionVariant struct {
	value string
	typ   reflect.Type
}

// Variant says that a union's object whose tag has the value is a V: a struct
// with a name, or a pointer to one.
func Variant[V any](value string) UnionVariant { return UnionVariant{value, reflect.TypeFor[V]()} }

// RegisterUnion makes an interface type usable wherever a type is described: in
// params, results, events and errors' details, at any depth. Its values travel as
// the JSON of the struct they hold, with the tag added to it in front:
//
//	type TaskEvent interface{ taskEvent() }
//
//	func init() {
//		centrirpc.RegisterUnion[TaskEvent]("event",
//			centrirpc.Variant[Created]("created"), // {"event":"created", …}
//			centrirpc.Variant[Removed]("removed"))
//	}
//
// The tag is added where the declared type is the interface, and nowhere else: a
// field of type Created is a Created without it. In params the tag chooses the
// struct; one that is missing or unknown is a fault of the tag's field. Encoding
// fails on nil and on types that are no variants; a pointer to a variant counts
// as the variant.
//
// Unions belong to the process, as the types do: register each once, in an init
// function, before it is used. RegisterUnion panics on what cannot be: T is no
// interface with a name and methods, or registered already; a variant is no
// struct, does not implement T, brings a JSON form of its own, has the tag for a
// key, or is there twice.
func RegisterUnion[T any](tag string, variants ...UnionVariant) {
	defer keepRefusal()
	u := &union{
		iface: reflect.TypeFor[T](), tag: tag, where: registeredAt(),
		byValue: map[string]*variant{}, byType: map[reflect.Type]*variant{},
	}
	u.mustBeUnion()
	for _, v := range variants {
		u.add(v)
	}
	register := func(r *unionRegistry) {
		r.marshalers = jsonv2.JoinMarshalers(r.marshalers, jsonv2.MarshalToFunc(func(enc *jsontext.Encoder, p *T) error {
			return u.encode(enc, *p)
		}))
		r.unmarshalers = jsonv2.JoinUnmarshalers(r.unmarshalers, jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, p *T) error {
			value, err := u.decode(dec)
			*p, _ = value.(T)
			return err
		}))
	}
	addUnion(u, register)
}

type union struct {
	iface    reflect.Type
	tag      string
	where    string // file and line of the registration
	variants []*variant
	byValue  map[string]*variant
	byType   map[reflect.Type]*variant // by the struct
}

type variant struct {
	value   string
	typ     reflect.Type // the struct
	pointer bool         // decoding gives a pointer to it
	prefix  string       // `{"event":"created"`
}

func (u *union) fail(format string, args ...any) {
	panic(fmt.Sprintf("centrirpc: the union %v, registered at %s: %s", u.iface, u.where, fmt.Sprintf(format, args...)))
}

func (u *union) mustBeUnion() {
	if u.iface.Kind() != reflect.Interface || u.iface.Name() == "" || u.iface.NumMethod() == 0 {
		u.fail("it must be an interface type with a name and at least one method, such as: type Event interface{ event() }")
	}
	if u.tag == "" || !utf8.ValidString(u.tag) {
		u.fail("the tag %q is no key; give one such as \"type\"", u.tag)
	}
}

func (u *union) add(given UnionVariant) {
	if given.typ == nil {
		u.fail("a variant is empty; make it with centrirpc.Variant")
	}
	v := &variant{value: given.value, typ: given.typ}
	if v.typ.Kind() == reflect.Pointer {
		v.typ, v.pointer = v.typ.Elem(), true
	}
	switch {
	case v.typ.Kind() != reflect.Struct || v.typ.Name() == "":
		u.fail("the variant %v is no struct with a name, nor a pointer to one", given.typ)
	case !given.typ.Implements(u.iface):
		u.fail("the variant %v does not implement it; give it the interface's methods, or name the pointer type", given.typ)
	case v.value == "" || !utf8.ValidString(v.value):
		u.fail("the variant %v has the tag %q; give it a text", given.typ, v.value)
	case u.byValue[v.value] != nil:
		u.fail("the tag %q stands for %v and for %v; give each its own", v.value, u.byValue[v.value].typ, v.typ)
	case u.byType[v.typ] != nil:
		u.fail("the variant %v is there twice; keep one of them", v.typ)
	}
	keys, err := gotypes.Keys(v.typ)
	if err != nil {
		u.fail("the variant %v cannot be described: %v", given.typ, err)
	}
	for _, key := range keys {
		if strings.EqualFold(key, u.tag) {
			u.fail("the variant %v has a field %q, which is the union's tag; remove the field, for the tag is added to the struct, or choose another tag", given.typ, key)
		}
	}
	prefix, err := EncodeJSON(map[string]string{u.tag: v.value})
	if err != nil {
		u.fail("the tag %q cannot be written: %v", v.value, err)
	}
	v.prefix = string(prefix[:len(prefix)-1])
	u.variants = append(u.variants, v)
	u.byValue[v.value], u.byType[v.typ] = v, v
}

// encode writes a value of the interface.
func (u *union) encode(enc *jsontext.Encoder, value any) error {
	t := reflect.TypeOf(value)
	if t == nil {
		return fmt.Errorf("a %v is nil, and none of its variants; set it, or make its field a pointer or omitempty", u.iface)
	}
	if t.Kind() == reflect.Pointer {
		if reflect.ValueOf(value).IsNil() {
			return fmt.Errorf("a %v is a nil %v", u.iface, t)
		}
		t = t.Elem()
	}
	v := u.byType[t]
	if v == nil {
		return fmt.Errorf("a %v holds a %v, which is none of its variants; register it with centrirpc.RegisterUnion at %s", u.iface, reflect.TypeOf(value), u.where)
	}
	object, err := EncodeJSON(value)
	if err != nil {
		return err
	}
	tagged := make(jsontext.Value, 0, len(v.prefix)+len(object)+1)
	tagged = append(tagged, v.prefix...)
	if len(object) > len("{}") {
		tagged = append(tagged, ',')
	}
	return enc.WriteValue(append(tagged, object[1:]...))
}

// decode reads a value of the interface, nil for null. What it refuses the check
// of the params' shape has refused before.
func (u *union) decode(dec *jsontext.Decoder) (any, error) {
	raw, err := dec.ReadValue()
	if err != nil || raw.Kind() == 'n' {
		return nil, err
	}
	value, state := tagOf(raw, u.tag)
	v := u.byValue[value]
	if state != tagFound || v == nil {
		return nil, fmt.Errorf("the tag %q of a %v is missing or unknown", u.tag, u.iface)
	}
	into := reflect.New(v.typ)
	if err := decodeJSON(raw, into.Interface()); err != nil {
		var semantic *jsonv2.SemanticError
		if errors.As(err, &semantic) {
			semantic.JSONPointer = dec.StackPointer() + semantic.JSONPointer
		}
		return nil, err
	}
	if v.pointer {
		return into.Interface(), nil
	}
	return into.Elem().Interface(), nil
}

// describe is the union as the contract's builder wants it.
func (u *union) describe() gotypes.Union {
	described := gotypes.Union{Tag: u.tag}
	for _, v := range u.variants {
		described.Variants = append(described.Variants, gotypes.UnionVariant{Value: v.value, Type: v.typ})
	}
	return described
}

type tagState int

const (
	tagFound tagState = iota
	tagMissing
	tagNoString
)

// tagOf finds the tag in a value that is well-formed.
func tagOf(raw jsontext.Value, tag string) (value string, state tagState) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return "", tagMissing
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", tagMissing
		}
		if name.String() != tag {
			if dec.SkipValue() != nil {
				return "", tagMissing
			}
			continue
		}
		if dec.PeekKind() != '"' {
			return "", tagNoString
		}
		found, err := dec.ReadToken()
		if err != nil {
			return "", tagNoString
		}
		return found.String(), tagFound
	}
	return "", tagMissing
}

// unionRegistry holds all unions of the process. It is not changed but replaced,
// so it is read without locks.
type unionRegistry struct {
	all            map[reflect.Type]*union
	marshalers     *jsonv2.Marshalers
	unmarshalers   *jsonv2.Unmarshalers
	encode, decode jsonv2.Options
	holders        sync.Map // reflect.Type to whether a value of it can hold one
}

var (
	unionsMu sync.Mutex
	unions   atomic.Pointer[unionRegistry]
)

func addUnion(u *union, register func(*unionRegistry)) {
	unionsMu.Lock()
	defer unionsMu.Unlock()
	known := unions.Load()
	next := &unionRegistry{all: maps.Clone(known.all), marshalers: known.marshalers, unmarshalers: known.unmarshalers}
	if first := next.all[u.iface]; first != nil {
		u.fail("it is registered already at %s; register each union once", first.where)
	}
	if len(u.variants) == 0 {
		u.fail("it has no variants; name at least one with centrirpc.Variant")
	}
	next.all[u.iface] = u
	register(next)
	// The functions are for pointers to the interface, which the JSON library
	// takes to mean values whose declared type is just that. For the interface
	// itself it would call them for each value that implements it.
	next.ready()
	unions.Store(next)
}

// ready makes the options of what is registered.
func (r *unionRegistry) ready() *unionRegistry {
	r.encode = jsonv2.JoinOptions(encodeOptions, jsonv2.WithMarshalers(r.marshalers))
	r.decode = jsonv2.JoinOptions(decodeOptions, jsonv2.WithUnmarshalers(r.unmarshalers))
	return r
}

func init() {
	unions.Store((&unionRegistry{
		all:          map[reflect.Type]*union{},
		marshalers:   jsonv2.MarshalToFunc(encodeNumber),
		unmarshalers: jsonv2.UnmarshalFromFunc(decodeNumber),
	}).ready())
}

// unionOf is the registered union of that type, or nil.
func unionOf(t reflect.Type) *union {
	return unions.Load().all[t]
}

func findUnion(t reflect.Type) (gotypes.Union, bool) {
	if u := unionOf(t); u != nil {
		return u.describe(), true
	}
	return gotypes.Union{}, false
}

// concerns reports whether a value of the type can hold a union or a json.Number,
// so that those which cannot are read and written as if there were none.
func (r *unionRegistry) concerns(t reflect.Type) bool {
	if t == nil {
		return false
	}
	if known, ok := r.holders.Load(t); ok {
		return known.(bool)
	}
	found := holdsInterface(t, map[reflect.Type]bool{})
	r.holders.Store(t, found)
	return found
}

func holdsInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t == typeNumber {
		return true
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holdsInterface(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsInterface(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// asDeclared is the value such that its declared type is not lost: a pointer to
// the interface if that is a union.
func asDeclared(declared reflect.Type, value any) any {
	if declared.Kind() != reflect.Interface || unionOf(declared) == nil {
		return value
	}
	p := reflect.New(declared)
	if value != nil {
		p.Elem().Set(reflect.ValueOf(value))
	}
	return p.Interface()
}
