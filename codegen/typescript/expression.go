package typescript

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// place is where a type's expression stands.
type place int

const (
	printedInline place = iota
	// printedInAlias: Record would not let an alias refer to itself.
	printedInAlias
)

// expression is a type as TypeScript writes it.
func expression(t *contract.Type, at place) string {
	expr := bare(t, at)
	if t.Nullable {
		return expr + " | null"
	}
	return expr
}

func bare(t *contract.Type, at place) string {
	switch t.Kind {
	case contract.Bool:
		return "boolean"
	case contract.Integer, contract.Float:
		return "number"
	case contract.String, contract.Bytes:
		return "string"
	case contract.List:
		elem := expression(t.Elem, at)
		if strings.Contains(elem, " | ") {
			elem = "(" + elem + ")"
		}
		return elem + "[]"
	case contract.Map:
		if at == printedInAlias {
			return "{ [key: string]: " + expression(t.Elem, at) + " }"
		}
		return "Record<string, " + expression(t.Elem, at) + ">"
	case contract.Ref:
		return t.Ref
	}
	return "unknown"
}

// facts are what a reader must know of a type and cannot see in its expression.
func facts(t *contract.Type) []string {
	switch t.Kind {
	case contract.Integer:
		if t.Bits == 64 {
			return []string{"An integer of 64 bits; a number holds it exactly up to 2^53 - 1 (Number.MAX_SAFE_INTEGER)."}
		}
	case contract.Bytes:
		return []string{"Bytes, in base64."}
	case contract.String:
		if t.Format == contract.DateTime {
			return []string{"A time as RFC 3339 writes it."}
		}
	case contract.List:
		return facts(t.Elem)
	case contract.Map:
		if t.Key.Kind == contract.Integer {
			return append([]string{"The keys are integers."}, facts(t.Elem)...)
		}
		return facts(t.Elem)
	}
	return nil
}

// literal is the value of an enum's constant.
func literal(v contract.EnumValue) string {
	if v.Int != nil {
		return strconv.FormatInt(*v.Int, 10)
	}
	return quote(*v.String)
}

// example is a value of a type, for the README. Optional fields are left out.
func example(c *contract.Contract, t *contract.Type, name string) string {
	return exampler{contract: c}.value(t, name)
}

type exampler struct {
	contract *contract.Contract
	within   []string // the types around this value
}

func (e exampler) value(t *contract.Type, name string) string {
	switch {
	case t.Kind == contract.Ref:
		return e.named(t, name)
	case t.Nullable:
		return "null"
	case t.Kind == contract.Bool:
		return "true"
	case t.Kind == contract.Integer:
		return "1"
	case t.Kind == contract.Float:
		return "0.5"
	case t.Kind == contract.String && t.Format == contract.DateTime:
		return `"2026-01-31T12:00:00Z"`
	case t.Kind == contract.String:
		return quote(name)
	case t.Kind == contract.Bytes:
		return `"aGVsbG8="`
	case t.Kind == contract.List:
		return "[]"
	case t.Kind == contract.Map:
		return "{}"
	}
	return "null"
}

func (e exampler) named(t *contract.Type, name string) string {
	named := e.contract.Type(t.Ref)
	for _, outer := range e.within {
		if outer == t.Ref {
			if t.Nullable {
				return "null"
			}
			// A value that must hold itself: there is none.
			return "{} as never"
		}
	}
	e.within = append(e.within[:len(e.within):len(e.within)], t.Ref)
	switch named.Kind {
	case contract.Enum:
		return literal(named.Values[0])
	case contract.Alias:
		return e.value(named.Base, name)
	}
	var fields []string
	for i := range named.Fields {
		f := &named.Fields[i]
		if f.Required {
			fields = append(fields, fmt.Sprintf("%s: %s", literalKey(f.Name), e.value(&f.Type, f.Name)))
		}
	}
	if len(fields) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}
