package golang

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// expr is the Go type of a value that is there and not null.
func (p *plan) expr(t *contract.Type) string {
	switch t.Kind {
	case contract.Bool:
		return "bool"
	case contract.Integer:
		if t.Unsigned {
			return fmt.Sprintf("uint%d", t.Bits)
		}
		return fmt.Sprintf("int%d", t.Bits)
	case contract.Float:
		return fmt.Sprintf("float%d", t.Bits)
	case contract.String:
		if t.Format == contract.DateTime {
			return "time.Time"
		}
		return "string"
	case contract.Bytes:
		return "[]byte"
	case contract.Any:
		return "json.RawMessage"
	case contract.List:
		return "[]" + p.elem(t.Elem)
	case contract.Map:
		return "map[" + p.expr(t.Key) + "]" + p.value(t.Elem)
	default: // a Ref: Contract.Check knows all others
		return p.byName[t.Ref].name
	}
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
	if t.Kind != contract.Ref && isOctet(t) && !t.Nullable {
		return "uint16"
	}
	return p.value(t)
}

func isOctet(t *contract.Type) bool {
	return t.Kind == contract.Integer && t.Unsigned && t.Bits == 8
}

// resolve follows references through aliases, to the type that says what a value
// is: a Ref that is left refers to a struct or an enum.
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

// nullable reports whether the value may be null, by itself or by an alias on
// the way.
func (p *plan) nullable(t *contract.Type) bool {
	for !t.Nullable && t.Kind == contract.Ref && p.byName[t.Ref].source.Kind == contract.Alias {
		t = p.byName[t.Ref].source.Base
	}
	return t.Nullable
}

// nilable reports whether the Go type has a nil, which encoding/json writes as
// null.
func (p *plan) nilable(t *contract.Type) bool {
	switch p.resolve(t).Kind {
	case contract.List, contract.Map, contract.Bytes, contract.Any:
		return true
	}
	return false
}

// needsAlias reports whether a type of its own would lose the methods by which
// encoding/json reads and writes t.
func (p *plan) needsAlias(t *contract.Type) bool {
	return t.Kind == contract.Ref || t.Kind == contract.Any || t.Kind == contract.String && t.Format == contract.DateTime
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

// structOf is the struct that a required field of type t holds by value, or nil.
func (p *plan) structOf(t *contract.Type) *typePlan {
	r := p.resolve(t)
	if p.nullable(t) || r.Kind != contract.Ref {
		return nil
	}
	if s := p.byName[r.Ref]; s.source.Kind == contract.Struct {
		return s
	}
	return nil
}

// containsByValue reports whether a value of type t would hold a value of the
// struct inner, without a pointer, list or map between: Go has no such struct.
func (p *plan) containsByValue(t *contract.Type, inner *typePlan) bool {
	seen := map[*typePlan]bool{}
	var holds func(*contract.Type) bool
	holds = func(t *contract.Type) bool {
		s := p.structOf(t)
		if s == nil || seen[s] {
			return false
		}
		seen[s] = true
		if s == inner {
			return true
		}
		for i := range s.source.Fields {
			if f := &s.source.Fields[i]; f.Required && holds(&f.Type) {
				return true
			}
		}
		return false
	}
	return holds(t)
}

// markInputs marks the structs that are part of params.
func (p *plan) markInputs() {
	var mark func(*contract.Type)
	mark = func(t *contract.Type) {
		if t == nil {
			return
		}
		mark(t.Elem)
		if t.Kind != contract.Ref || p.byName[t.Ref].input {
			return
		}
		named := p.byName[t.Ref]
		named.input = true
		mark(named.source.Base)
		for i := range named.source.Fields {
			mark(&named.source.Fields[i].Type)
		}
	}
	for i := range p.contract.Methods {
		mark(p.contract.Methods[i].Params)
	}
}

// markWide marks the named 8-bit unsigned types that are elements of a list.
func (p *plan) markWide() {
	var walk func(*contract.Type)
	walk = func(t *contract.Type) {
		if t == nil {
			return
		}
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
		walk(t.Elem)
	}
	for _, t := range p.types {
		walk(t.source.Base)
		for i := range t.source.Fields {
			walk(&t.source.Fields[i].Type)
		}
	}
	for i := range p.contract.Methods {
		walk(p.contract.Methods[i].Result)
	}
	for _, e := range p.contract.Errors {
		walk(e.Details)
	}
}
