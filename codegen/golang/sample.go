package golang

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// sample is a Go expression of type t for the README, with a value for the fields
// that must be there; or "nil", which stands for none.
func (p *plan) sample(t *contract.Type, depth int) string {
	if p.nullable(t) || t.Quoted {
		return "nil"
	}
	switch t.Kind {
	case contract.Ref:
		return p.sampleNamed(p.byName[t.Ref], depth)
	case contract.Bool:
		return "true"
	case contract.Integer:
		if integer(t) == "time.Duration" {
			return "time.Second"
		}
		return sampleNumber(t)
	case contract.Float:
		if t.Bits == 0 {
			return `"1.5"`
		}
		return sampleNumber(t)
	case contract.Any:
		return "json.RawMessage(`{}`)"
	case contract.Bytes:
		return `[]byte("data")`
	case contract.List:
		return p.sampleList(t, depth)
	case contract.Map:
		return p.qualified(p.expr(t)) + "{}"
	case contract.String:
		return sampleString(t)
	case contract.Union:
		in := p.inline[shape(t)]
		for i := range t.Items {
			option := withoutNull(&t.Items[i])
			if v := p.sample(option, depth+1); v != "nil" {
				return fmt.Sprintf("%s.%sFrom%s(%s)", p.opts.Package, in.name, p.optionName(option), v)
			}
		}
	case contract.Tuple:
		in := p.inline[shape(t)]
		var parts []string
		for i := range t.Items {
			if v := p.sample(&t.Items[i], depth+1); v != "nil" && in.items[i].typ[0] != '*' && depth <= 3 {
				parts = append(parts, in.items[i].name+": "+v)
			}
		}
		return p.opts.Package + "." + in.name + "{" + strings.Join(parts, ", ") + "}"
	}
	return "nil"
}

// maxSampleElements is how many elements the sample of a list has at most.
const maxSampleElements = 32

// sampleList is a list of one element, or of as many as there must be; deep within
// others, where types that hold themselves would never end, it is as short as it may.
func (p *plan) sampleList(t *contract.Type, depth int) string {
	typ := p.qualified(p.expr(t))
	n := 1
	if depth > 2 {
		n = 0
	}
	if c := t.Constraints; c != nil {
		if c.MinItems != nil {
			n = min(max(n, *c.MinItems), maxSampleElements)
		}
		if c.MaxItems != nil {
			n = min(n, *c.MaxItems)
		}
	}
	elem := p.sample(t.Elem, depth+1)
	if elem == "nil" || depth > 3 || n == 0 {
		return typ + "{}"
	}
	// A composite literal's type may be left out within another.
	if within, ok := strings.CutPrefix(elem, p.qualified(p.elem(t.Elem))+"{"); ok {
		elem = "{" + within
	}
	return typ + "{" + strings.TrimSuffix(strings.Repeat(elem+", ", n), ", ") + "}"
}

func (p *plan) sampleNamed(t *typePlan, depth int) string {
	name := p.opts.Package + "." + t.name
	switch t.source.Kind {
	case contract.Enum:
		return p.opts.Package + "." + t.constant[0].name
	case contract.Struct:
		return name + "{" + p.sampleFields(t, depth) + "}"
	case contract.Union:
		if depth > 3 {
			return "nil"
		}
		return name + "{Value: " + p.sampleNamed(p.byName[t.source.Variants[0].Ref], depth+1) + "}"
	}
	if depth > 3 {
		return "nil"
	}
	return p.sample(t.source.Base, depth+1)
}

func (p *plan) sampleFields(t *typePlan, depth int) string {
	var parts []string
	for _, f := range t.fields {
		if !f.source.Required || f.typ[0] == '*' || depth > 3 {
			continue
		}
		of := &f.source.Type
		if strings.HasSuffix(f.options, ",string") {
			unquoted := *of
			unquoted.Quoted = false
			of = &unquoted
		}
		if v := p.sample(of, depth+1); v != "nil" {
			parts = append(parts, f.name+": "+v)
		}
	}
	return strings.Join(parts, ", ")
}

// sampleNumber keeps to the bounds where they are whole numbers.
func sampleNumber(t *contract.Type) string {
	c := t.Constraints
	if c == nil {
		return "1"
	}
	for _, raw := range c.OneOf {
		return string(raw)
	}
	if n, err := strconv.ParseInt(string(c.Minimum), 10, 32); err == nil && n > 1 {
		return strconv.FormatInt(n, 10)
	}
	return "1"
}

func sampleString(t *contract.Type) string {
	switch t.Format {
	case contract.DateTime:
		return "time.Now()"
	case contract.LocalDateTime:
		return "client.DateTime{Time: time.Now()}"
	case contract.Date:
		return "client.DateOf(time.Now())"
	case contract.Time:
		return "client.TimeOfDay{Hour: 12, Minute: 30}"
	case contract.Duration:
		return "client.ISODurationOf(time.Hour)"
	case contract.UUID:
		return `"6f1f3b5e-0c3a-4c2f-9d0a-0d6f4f4f4f4f"`
	case contract.Decimal:
		return `"12.50"`
	case contract.Email:
		return `"someone@example.org"`
	case contract.URI:
		return `"https://example.org/"`
	}
	var s string
	if c := t.Constraints; c != nil && len(c.OneOf) > 0 && json.Unmarshal(c.OneOf[0], &s) == nil && !strings.Contains(s, "`") {
		return strconv.Quote(s) // three backticks would end the README's block
	}
	return `"text"`
}
