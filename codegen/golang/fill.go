package golang

import (
	"fmt"
	"maps"
	"slices"
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
	for {
		t = p.resolve(t)
		switch {
		case seen[t]:
			return false
		case t.Kind == contract.List, t.Kind == contract.Map, t.Kind == contract.Bytes:
		default:
			return false // structs fill themselves
		}
		if !nullable {
			return true
		}
		if t.Kind == contract.Bytes {
			return false
		}
		seen[t] = true
		t, nullable = t.Elem, p.nullable(t.Elem)
	}
}

// fillField is the statement that fills the field, or nothing.
func (p *plan) fillField(f *fieldPlan) string {
	t, at := &f.source.Type, "v."+f.name
	nullable := p.nullable(t)
	switch {
	case strings.HasPrefix(f.typ, "*"):
		return ""
	case strings.HasPrefix(f.typ, "Null["):
		inner := withoutNull(t)
		if nullable = p.nullable(inner); !p.needsFill(inner, nullable) {
			return ""
		}
		return fmt.Sprintf("\tif %s.Value != nil {\n\t\t%s = NullOf(%s(*%s.Value))\n\t}\n", at, at, p.filler(inner, nullable), at)
	case !p.needsFill(t, nullable || f.optional):
		return ""
	case nullable || f.optional: // nil is null, or left out
		return fmt.Sprintf("\tif %s != nil {\n\t\t%s = %s\n\t}\n", at, at, p.filled(t, at))
	case !p.elemNeedsFill(t):
		return fmt.Sprintf("\tif %s == nil {\n\t\t%s = %s{}\n\t}\n", at, at, f.typ)
	}
	return fmt.Sprintf("\t%s = %s\n", at, p.filled(t, at))
}

func (p *plan) elemNeedsFill(t *contract.Type) bool {
	r := p.resolve(t)
	return r.Elem != nil && p.needsFill(r.Elem, p.nullable(r.Elem))
}

// filled is the expression of the list, map or bytes at, filled: never nil.
func (p *plan) filled(t *contract.Type, at string) string {
	r := p.resolve(t)
	kind := "List"
	if r.Kind == contract.Map {
		kind = "Map"
	}
	if !p.elemNeedsFill(t) {
		return p.helper("filled"+kind) + "(" + at + ")"
	}
	return fmt.Sprintf("%s(%s, %s)", p.helper("eachIn"+kind), at, p.filler(r.Elem, p.nullable(r.Elem)))
}

// filler is the expression of a function that fills a value of the type, of which
// nil stays nil if it is nullable.
func (p *plan) filler(t *contract.Type, nullable bool) string {
	typ := p.expr(t)
	if t.Kind == contract.Ref && p.elemNeedsFill(t) {
		return p.namedFiller(t, typ, nullable)
	}
	if !nullable && !p.elemNeedsFill(t) {
		name, _, _ := strings.Cut(p.filled(t, ""), "(")
		return name + "[" + typ + "]"
	}
	return fmt.Sprintf("func(v %s) %s {\n%s}", typ, typ, p.fillerBody(t, nullable))
}

// namedFiller makes a function for a type of its own name, which may hold itself.
func (p *plan) namedFiller(t *contract.Type, typ string, nullable bool) string {
	name := "fill" + typ
	if nullable {
		name = "nullOrFill" + typ
	}
	if _, made := p.fillers[name]; !made {
		p.fillers[name] = "" // what it holds may need it
		p.fillers[name] = fmt.Sprintf("func %s(v %s) %s {\n%s}\n\n", name, typ, typ, p.fillerBody(t, nullable))
	}
	return name
}

func (p *plan) fillerBody(t *contract.Type, nullable bool) string {
	body := "\treturn " + p.filled(t, "v") + "\n"
	if nullable {
		body = "\tif v == nil {\n\t\treturn nil\n\t}\n" + body
	}
	return body
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
