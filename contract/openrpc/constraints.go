package openrpc

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// constrained adds the constraints to the type's schema. What says the same
// already, and is less strict, is replaced. Of a quoted value and of what a name
// stands for, they are an addition.
func (w *writer) constrained(s object, t *contract.Type) object {
	c := t.Constraints
	if t.Quoted {
		return append(s, member{"x-centrirpc-constraints", keywords(c, nil)})
	}
	if s.has("$ref") {
		shape := w.shapes.Of(t)
		if shape.Quoted {
			return object{{"allOf", []any{s}}, {"x-centrirpc-constraints", keywords(c, nil)}}
		}
		return object{{"allOf", []any{s, keywords(c, &shape)}}}
	}
	shape := w.shapes.Of(&contract.Type{Kind: t.Kind, Bits: t.Bits, Unsigned: t.Unsigned, Items: t.Items, Key: t.Key, Elem: t.Elem, Constraints: c})
	added := keywords(c, &shape)
	if s.has("pattern") && added.has("pattern") || s.has("enum") && added.has("enum") || s.has("anyOf") && t.Kind == contract.String {
		return object{{"allOf", []any{s, added}}}
	}
	if t.Kind == contract.Tuple {
		return s // its length says all
	}
	var kept object
	for _, m := range s {
		if !added.has(m.key) {
			kept = append(kept, m)
		}
	}
	return append(kept, added...)
}

// keywords are the constraints as JSON Schema has them. The bounds of a shape's
// numbers are the strictest of all that there are; without a shape they are as
// written.
func keywords(c *contract.Constraints, shape *contract.Shape) object {
	o := object{}
	number := func(key string, n json.Number) {
		if n != "" {
			o = append(o, member{key, n})
		}
	}
	count := func(key string, n *int) {
		if n != nil {
			o = append(o, member{key, *n})
		}
	}
	if shape != nil && shape.Kind == contract.Integer {
		if c.Minimum+c.ExclusiveMinimum != "" {
			number("minimum", json.Number(shape.Lower.String()))
		}
		if c.Maximum+c.ExclusiveMaximum != "" {
			number("maximum", json.Number(shape.Upper.String()))
		}
	} else {
		number("minimum", c.Minimum)
		number("exclusiveMinimum", c.ExclusiveMinimum)
		number("maximum", c.Maximum)
		number("exclusiveMaximum", c.ExclusiveMaximum)
	}
	number("multipleOf", c.MultipleOf)
	count("minLength", c.MinLength)
	count("maxLength", c.MaxLength)
	if portable(c.Pattern) {
		o = o.with("pattern", c.Pattern)
	} else {
		o = o.with("x-centrirpc-pattern", c.Pattern)
	}
	if known := text(c.Format); len(known) > 0 && c.Format != "" {
		for _, m := range known { // how the writer says the format of a type
			if m.key != "type" {
				o = append(o, m)
			}
		}
	}
	least, most := "minItems", "maxItems"
	if shape != nil && (shape.Kind == contract.Map || shape.Kind == contract.Struct) {
		least, most = "minProperties", "maxProperties"
	}
	count(least, c.MinItems)
	count(most, c.MaxItems)
	o = o.with("uniqueItems", c.Unique)
	if c.OneOf != nil {
		o = append(o, member{"enum", c.OneOf})
	}
	if len(c.Rules) > 0 {
		o = append(o, member{"x-centrirpc-rules", c.Rules})
	}
	return o
}

// portable tells whether a pattern of Go or Python means the same in the dialect
// of JSON Schema: as far as one can tell by what these have in common.
func portable(pattern string) bool {
	if _, err := regexp.Compile(pattern); err != nil {
		return false
	}
	for _, own := range []string{`\A`, `\z`, `\Z`, `\Q`, `\a`, `\p`, `\P`, `\x{`, `\C`, "[[:", "[^[:", `\\`} {
		if strings.Contains(pattern, own) {
			return false // \\ might hide what follows it, or not
		}
	}
	return !strings.Contains(strings.ReplaceAll(pattern, "(?:", ""), "(?")
}
