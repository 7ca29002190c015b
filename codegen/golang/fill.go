package golang

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// A nil list or map is null to encoding/json, and no server takes that where the
// contract says that a list or map is there. So what is sent is filled first: in
// a copy, at every depth that has no MarshalJSON of its own.

// fillers are the functions that filling takes, by name.
type fillers map[string]string

// needsFill reports whether a value of the type may hold a nil that must not be
// sent. A nullable one may itself be nil.
func (p *plan) needsFill(t *contract.Type, nullable bool) bool {
	seen := map[*contract.Type]bool{}
	for !t.Quoted {
		t = p.resolve(t)
		_, array := p.arrayLength(t)
		switch {
		case seen[t]:
			return false
		case t.Kind == contract.Bytes:
			return !nullable
		case t.Kind != contract.List && t.Kind != contract.Map:
			return false // structs, tuples and unions fill themselves
		case !nullable && !array:
			return true
		}
		seen[t] = true
		t, nullable = t.Elem, p.nullable(t.Elem)
	}
	return false
}

// fillField is the statement that fills the field, or nothing.
func (p *plan) fillField(f *fieldPlan) string {
	t, at := &f.source.Type, "v."+f.name
	nullable := p.nullable(t)
	switch inner := withoutNull(t); {
	case f.typ == "string" && onlyString(t) != "":
		return fmt.Sprintf("\tif %s == \"\" {\n\t\t%s = %s\n\t}\n", at, at, onlyString(t))
	case strings.HasPrefix(f.typ, "client.Null["):
		if nullable = p.nullable(inner); !p.needsFill(inner, nullable) {
			return ""
		}
		return fmt.Sprintf("\tif %s.Value != nil {\n\t\t%s = client.NullOf(%s(*%s.Value))\n\t}\n", at, at, p.filler(inner, nullable), at)
	case strings.HasPrefix(f.typ, "*"):
		if !p.needsFill(inner, false) {
			return ""
		}
		return fillPointer(at, p.filler(inner, false))
	case !p.needsFill(t, nullable || f.optional):
		return ""
	}
	return p.fillStatement(t, at, nullable || f.optional) // nil is null, or left out
}

// onlyString is the one string that a value can be, as a Go literal, or nothing.
// A tag, as it mostly is, is always sent.
func onlyString(t *contract.Type) string {
	var s string
	if t.Constraints == nil || len(t.Constraints.OneOf) != 1 || json.Unmarshal(t.Constraints.OneOf[0], &s) != nil || s == "" {
		return ""
	}
	return strconv.Quote(s)
}

// fillStatement is the statement that fills the value at, which needs it.
func (p *plan) fillStatement(t *contract.Type, at string, nullable bool) string {
	_, array := p.arrayLength(p.resolve(t))
	switch {
	case nullable && array:
		return fillPointer(at, p.filler(t, false))
	case array:
		return "\tfor i := range " + at + " {\n\t\t" + at + "[i] = " + p.elemFiller(t) + "(" + at + "[i])\n\t}\n"
	case nullable:
		return fmt.Sprintf("\tif %s != nil {\n\t\t%s = %s\n\t}\n", at, at, p.filled(t, at))
	case !p.elemNeedsFill(t):
		return fmt.Sprintf("\tif %s == nil {\n\t\t%s = %s{}\n\t}\n", at, at, p.expr(t))
	}
	return fmt.Sprintf("\t%s = %s\n", at, p.filled(t, at))
}

func fillPointer(at, filler string) string {
	return fmt.Sprintf("\tif %s != nil {\n\t\tfilled := %s(*%s)\n\t\t%s = &filled\n\t}\n", at, filler, at, at)
}

func (p *plan) elemNeedsFill(t *contract.Type) bool {
	r := p.resolve(t)
	return r.Elem != nil && p.needsFill(r.Elem, p.nullable(r.Elem))
}

func (p *plan) elemFiller(t *contract.Type) string {
	e := p.resolve(t).Elem
	return p.filler(e, p.nullable(e))
}

// filled is the expression of the list, map or bytes at, filled: never nil.
func (p *plan) filled(t *contract.Type, at string) string {
	kind := "List"
	if p.resolve(t).Kind == contract.Map {
		kind = "Map"
	}
	if !p.elemNeedsFill(t) {
		return p.helper("filled"+kind) + "(" + at + ")"
	}
	return fmt.Sprintf("%s(%s, %s)", p.helper("eachIn"+kind), at, p.elemFiller(t))
}

// filler is the expression of a function that fills a value of the type, of which
// nil stays nil if it is nullable.
func (p *plan) filler(t *contract.Type, nullable bool) string {
	typ := p.expr(t)
	if t.Kind == contract.Ref && p.elemNeedsFill(t) {
		return p.namedFiller(t, typ, nullable)
	}
	_, array := p.arrayLength(p.resolve(t))
	if !nullable && !array && !p.elemNeedsFill(t) {
		name, _, _ := strings.Cut(p.filled(t, ""), "(")
		return name + "[" + typ + "]"
	}
	return p.fillerFunc("", t, typ, nullable)
}

// namedFiller makes a function for a type of its own name, which may hold itself.
func (p *plan) namedFiller(t *contract.Type, typ string, nullable bool) string {
	name := "fill" + typ
	if nullable {
		name = "nullOrFill" + typ
	}
	if _, made := p.fillers[name]; !made {
		p.fillers[name] = "" // what it holds may need it
		p.fillers[name] = p.fillerFunc(" "+name, t, typ, nullable) + "\n\n"
	}
	return name
}

func (p *plan) fillerFunc(name string, t *contract.Type, typ string, nullable bool) string {
	_, array := p.arrayLength(p.resolve(t))
	body := ""
	switch {
	case array:
		body = p.fillStatement(t, "v", nullable) + "\treturn v\n"
		if nullable {
			typ = "*" + typ
		}
	case nullable:
		body = "\tif v == nil {\n\t\treturn nil\n\t}\n\treturn " + p.filled(t, "v") + "\n"
	default:
		body = "\treturn " + p.filled(t, "v") + "\n"
	}
	return fmt.Sprintf("func%s(v %s) %s {\n%s}", name, typ, typ, body)
}

func (p *plan) helper(name string) string {
	p.fillers[name] = fillHelpers[name]
	return name
}

func (f fillers) source() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b.WriteString(f[name])
	}
	return b.String()
}

var fillHelpers = map[string]string{
	"filledList": `// filledList is the list, or an empty one in place of nil.
func filledList[L ~[]E, E any](v L) L {
	if v == nil {
		return L{}
	}
	return v
}

`,
	"filledMap": `// filledMap is the map, or an empty one in place of nil.
func filledMap[M ~map[K]V, K comparable, V any](v M) M {
	if v == nil {
		return M{}
	}
	return v
}

`,
	"eachInList": `// eachInList is a copy of the list, with each element filled.
func eachInList[L ~[]E, E any](v L, fill func(E) E) L {
	filled := make(L, len(v))
	for i, e := range v {
		filled[i] = fill(e)
	}
	return filled
}

`,
	"eachInMap": `// eachInMap is a copy of the map, with each value filled.
func eachInMap[M ~map[K]V, K comparable, V any](v M, fill func(V) V) M {
	filled := make(M, len(v))
	for k, e := range v {
		filled[k] = fill(e)
	}
	return filled
}

`,
}
