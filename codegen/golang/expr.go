package golang

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// expr is the Go type of a value that is there and not null.
func (p *plan) expr(t *contract.Type) string {
	if t.Quoted {
		return "client.Quoted[" + p.unquoted(t) + "]"
	}
	return p.unquoted(t)
}

// unquoted is the type of a value that does not travel within a string, or of a
// field whose tag says that it does.
func (p *plan) unquoted(t *contract.Type) string {
	switch t.Kind {
	case contract.Bool:
		return "bool"
	case contract.Integer:
		return integer(t)
	case contract.Float:
		if t.Bits == 0 {
			return "json.Number"
		}
		return fmt.Sprintf("float%d", t.Bits)
	case contract.String:
		if typ, ok := stringTypes[t.Format]; ok {
			return typ
		}
		return "string"
	case contract.Bytes:
		if typ, ok := bytesTypes[t.Format]; ok {
			return typ
		}
		return "[]byte"
	case contract.Any:
		return "json.RawMessage"
	case contract.List:
		if n, ok := p.arrayLength(t); ok {
			return fmt.Sprintf("[%d]%s", n, p.value(t.Elem))
		}
		return "[]" + p.elem(t.Elem)
	case contract.Map:
		return "map[" + p.key(t.Key) + "]" + p.value(t.Elem)
	case contract.Tuple, contract.Union:
		return p.inline[shape(t)].name
	default: // a Ref: Contract.Check knows all others
		return p.byName[t.Ref].name
	}
}

// stringTypes are the types of strings that mean something to Go, by format.
var stringTypes = map[string]string{
	contract.DateTime:      "time.Time",
	contract.LocalDateTime: "client.DateTime",
	contract.Date:          "client.Date",
	contract.Time:          "client.TimeOfDay",
	contract.Duration:      "client.ISODuration",
}

// bytesTypes are those of bytes that are not standard base64.
var bytesTypes = map[string]string{
	contract.Base64URL: "client.Base64URL",
	contract.UTF8:      "client.UTF8Bytes",
}

// integer is the type of an integer. One without bound is what Python's int is
// called: nearly all of them fit in 64 bits, and a reply with one that does not
// is refused.
func integer(t *contract.Type) string {
	bits := t.Bits
	if bits == 0 {
		bits = 64
	}
	switch {
	case t.Format == contract.Nanoseconds && bits == 64 && !t.Unsigned:
		return "time.Duration"
	case t.Unsigned:
		return fmt.Sprintf("uint%d", bits)
	}
	return fmt.Sprintf("int%d", bits)
}

// key is the type of a map's keys. Those of a string's formats stay strings, which
// compare as they are written.
func (p *plan) key(t *contract.Type) string {
	switch t.Kind {
	case contract.String:
		return "string"
	case contract.Integer:
		return integer(&contract.Type{Bits: t.Bits, Unsigned: t.Unsigned})
	}
	return p.expr(withoutNull(t))
}

// value is the Go type of a value that is there: a pointer if it may be null and
// the type has no nil of its own.
func (p *plan) value(t *contract.Type) string {
	if p.nullable(t) && !p.nilable(t) {
		return "*" + p.expr(t)
	}
	return p.expr(t)
}

// elem is the type of a list's elements. A list of 8-bit unsigned numbers would
// be bytes to encoding/json, and travel as base64: they are held in 16 bits.
func (p *plan) elem(t *contract.Type) string {
	if t.Kind != contract.Ref && isOctet(t) && !t.Nullable && !t.Quoted {
		return "uint16"
	}
	return p.value(t)
}

func isOctet(t *contract.Type) bool {
	return t.Kind == contract.Integer && t.Unsigned && t.Bits == 8
}

// maxArray is the longest list of a fixed length that becomes an array; a longer
// one is a slice.
const maxArray = 1024

// fixedLength is the length of a list that always has the same.
func fixedLength(t *contract.Type) (int, bool) {
	c := t.Constraints
	if t.Kind != contract.List || c == nil || c.MinItems == nil || c.MaxItems == nil || *c.MinItems != *c.MaxItems || *c.MinItems > maxArray {
		return 0, false
	}
	return *c.MinItems, true
}

// arrayLength is the length of a list that is an array in Go.
func (p *plan) arrayLength(t *contract.Type) (int, bool) {
	n, fixed := fixedLength(t)
	return n, fixed && !p.endless[shape(t)]
}

// resolve follows references through aliases, to the type that says what a value
// is: a Ref that is left refers to a struct, an enum or a tagged union.
func (p *plan) resolve(t *contract.Type) *contract.Type {
	for t.Kind == contract.Ref {
		named := p.byName[t.Ref].source
		if named.Kind != contract.Alias {
			break
		}
		t = named.Base
	}
	return t
}

// nullable reports whether the value may be null: by itself, by an alias on the
// way, or as one of a union's types.
func (p *plan) nullable(t *contract.Type) bool {
	return p.mayBeNull(t, map[string]bool{})
}

func (p *plan) mayBeNull(t *contract.Type, seen map[string]bool) bool {
	switch {
	case t.Nullable:
		return true
	case t.Kind == contract.Union:
		for i := range t.Items {
			if p.mayBeNull(&t.Items[i], seen) || p.resolve(&t.Items[i]).Kind == contract.Any {
				return true
			}
		}
	case t.Kind == contract.Ref && p.byName[t.Ref].source.Kind == contract.Alias && !seen[t.Ref]:
		seen[t.Ref] = true
		return p.mayBeNull(p.byName[t.Ref].source.Base, seen)
	}
	return false
}

// nilable reports whether the Go type has a nil, which encoding/json writes as
// null.
func (p *plan) nilable(t *contract.Type) bool {
	if t.Quoted {
		return false
	}
	switch r := p.resolve(t); r.Kind {
	case contract.Map, contract.Bytes, contract.Any:
		return true
	case contract.List:
		_, array := p.arrayLength(r)
		return !array
	}
	return false
}

// needsAlias reports whether a type of its own would lose the methods by which
// encoding/json reads and writes t, or others that make it what it is.
func needsAlias(t *contract.Type) bool {
	switch t.Kind {
	case contract.Ref, contract.Any, contract.Tuple, contract.Union:
		return true
	case contract.String:
		return stringTypes[t.Format] != "" || t.Quoted
	case contract.Bytes:
		return bytesTypes[t.Format] != ""
	case contract.Float:
		return t.Bits == 0 || t.Quoted
	case contract.Integer:
		return t.Format == contract.Nanoseconds || t.Quoted
	}
	return t.Quoted
}

// quotable reports whether a field's tag can say that the value travels in a
// string: encoding/json does that for plain values only.
func (p *plan) quotable(t *contract.Type) bool {
	r := p.resolve(t)
	switch r.Kind {
	case contract.Bool, contract.Integer, contract.Float:
		return r == t || !r.Quoted
	case contract.String:
		return stringTypes[r.Format] == "" && (r == t || !r.Quoted)
	case contract.Ref:
		return p.byName[r.Ref].source.Kind == contract.Enum
	}
	return false
}

func withoutNull(t *contract.Type) *contract.Type {
	u := *t
	u.Nullable = false
	return &u
}

// checkAliases reports aliases that stand for nothing but themselves.
func (p *plan) checkAliases() contract.Problems {
	var problems contract.Problems
	for _, t := range p.types {
		seen := map[*typePlan]bool{}
		for at := t; at.source.Kind == contract.Alias && at.source.Base.Kind == contract.Ref; {
			if seen[at] {
				problems = append(problems, contract.Problem{
					Path:   "type " + t.source.Name,
					Reason: "it stands for itself",
					Fix:    "give it a type",
				})
				break
			}
			seen[at] = true
			at = p.byName[at.source.Base.Ref]
		}
	}
	return problems
}

// children are the types that a type is made of.
func children(t *contract.Type) []*contract.Type {
	var all []*contract.Type
	if t.Key != nil {
		all = append(all, t.Key)
	}
	if t.Elem != nil {
		all = append(all, t.Elem)
	}
	for i := range t.Items {
		all = append(all, &t.Items[i])
	}
	return all
}

// parts are the types that a named type is made of, but for a tagged union's
// variants.
func parts(t *contract.NamedType) []*contract.Type {
	var all []*contract.Type
	for i := range t.Fields {
		all = append(all, &t.Fields[i].Type)
	}
	if t.Extra != nil {
		all = append(all, t.Extra)
	}
	if t.Base != nil {
		all = append(all, t.Base)
	}
	return all
}

// markInputs marks the structs that are part of params.
func (p *plan) markInputs() {
	var mark func(*contract.Type)
	var markNamed func(string)
	mark = func(t *contract.Type) {
		for _, c := range children(t) {
			mark(c)
		}
		if t.Kind == contract.Ref {
			markNamed(t.Ref)
		}
	}
	markNamed = func(name string) {
		named := p.byName[name]
		if named.input {
			return
		}
		named.input = true
		for _, t := range parts(named.source) {
			mark(t)
		}
		for _, v := range named.source.Variants {
			markNamed(v.Ref)
		}
	}
	for i := range p.contract.Methods {
		if t := p.contract.Methods[i].Params; t != nil {
			mark(t)
		}
	}
}

// markWide marks the named 8-bit unsigned types that are elements of a slice.
func (p *plan) markWide() {
	var walk func(*contract.Type)
	walk = func(t *contract.Type) {
		if t.Kind == contract.List && t.Elem.Kind == contract.Ref {
			for e := t.Elem; e.Kind == contract.Ref; {
				named := p.byName[e.Ref]
				if named.source.Base == nil {
					break
				}
				named.wide = isOctet(named.source.Base)
				e = named.source.Base
			}
		}
		for _, c := range children(t) {
			walk(c)
		}
	}
	p.each(walk)
}

// each calls f for every type that the contract uses somewhere, not for those
// that it is made of.
func (p *plan) each(f func(*contract.Type)) {
	for _, t := range p.types {
		for _, part := range parts(t.source) {
			f(part)
		}
	}
	for i := range p.contract.Methods {
		for _, t := range []*contract.Type{p.contract.Methods[i].Result, p.contract.Methods[i].Item} {
			if t != nil {
				f(t)
			}
		}
	}
	for i := range p.contract.Errors {
		if t := p.contract.Errors[i].Details; t != nil {
			f(t)
		}
	}
	for i := range p.contract.Channels {
		f(&p.contract.Channels[i].Event)
	}
}
