package openrpc

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// schema describes the type where it is used.
func (w *writer) schema(t *contract.Type) object {
	s := w.value(t)
	if t.Constraints != nil {
		s = w.constrained(s, t)
	}
	if t.Nullable && t.Kind != contract.Any {
		return nullable(s)
	}
	return s
}

func nullable(s object) object {
	null := object{{"type", "null"}}
	if len(s) > 0 && s[0].key == "type" && !slices.ContainsFunc(s, func(m member) bool { return m.key == "enum" }) {
		s = slices.Clone(s)
		s[0].value = []any{s[0].value, "null"}
		return s
	}
	return object{{"anyOf", []any{s, null}}}
}

// value is the schema of a type without its null and constraints.
func (w *writer) value(t *contract.Type) object {
	if t.Quoted && t.Kind != contract.Ref {
		return quoted(t)
	}
	switch t.Kind {
	case contract.Bool:
		return object{{"type", "boolean"}}
	case contract.Integer:
		return integer(t)
	case contract.Float:
		return object{{"type", "number"}}
	case contract.String:
		return text(t.Format)
	case contract.Bytes:
		return binary(t.Format)
	case contract.List:
		return object{{"type", "array"}, {"items", w.schema(t.Elem)}}
	case contract.Tuple:
		n := len(t.Items)
		return object{{"type", "array"}, {"items", w.each(t.Items)}, {"minItems", n}, {"maxItems", n}, {"additionalItems", false}}
	case contract.Map:
		return object{{"type", "object"}}.with("propertyNames", w.keysOf(t.Key)).with("additionalProperties", any(w.schema(t.Elem)))
	case contract.Union:
		return object{{"anyOf", w.each(t.Items)}}
	case contract.Ref:
		return w.ref(t.Ref)
	}
	return object{} // any
}

func (w *writer) each(items []contract.Type) []any {
	schemas := []any{}
	for i := range items {
		schemas = append(schemas, w.schema(&items[i]))
	}
	return schemas
}

func (w *writer) ref(name string) object {
	return object{{"$ref", "#/components/schemas/" + w.keys[name]}}
}

func integer(t *contract.Type) object {
	o := object{{"type", "integer"}}
	lower, upper := contract.Width(t.Bits, t.Unsigned)
	if lower.Value != nil {
		o = append(o, member{"minimum", json.Number(lower.String())})
	}
	if upper.Value != nil {
		o = append(o, member{"maximum", json.Number(upper.String())})
	}
	if t.Format != "" {
		o = append(o, member{"x-centrirpc-format", t.Format})
	}
	return o
}

const (
	integerPattern = `^-?(0|[1-9][0-9]*)$`
	numberPattern  = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`
)

// quoted is a value within a JSON string.
func quoted(t *contract.Type) object {
	o := object{{"type", "string"}}
	switch t.Kind {
	case contract.Bool:
		return append(o, member{"enum", []any{"true", "false"}})
	case contract.Integer:
		o = append(o, member{"pattern", integerPattern})
	case contract.Float:
		o = append(o, member{"pattern", numberPattern})
	case contract.String:
		o = append(o, member{"pattern", `^".*"$`})
	}
	inner := *t
	inner.Quoted, inner.Nullable, inner.Constraints = false, false, nil
	return append(o, member{"contentMediaType", "application/json"}, member{"x-centrirpc-content", (&writer{}).value(&inner)})
}

// text is a string of a format. Formats that JSON Schema has otherwise, or not at
// all, are told by a pattern.
func text(format string) object {
	o := object{{"type", "string"}}
	own := func(pattern string) object {
		return o.with("pattern", pattern).with("x-centrirpc-format", format)
	}
	switch format {
	case contract.DateTime, contract.Date, contract.UUID, contract.Email, contract.URI, contract.IPv4, contract.IPv6, contract.Hostname, "":
		return o.with("format", format)
	case contract.LocalDateTime:
		return own(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}`)
	case contract.Time:
		return own(`^[0-9]{2}:[0-9]{2}`)
	case contract.Duration:
		return own(`^[-+]?P`)
	case contract.Decimal:
		return own(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	case contract.IP:
		return append(own(""), member{"anyOf", []any{object{{"format", "ipv4"}}, object{{"format", "ipv6"}}}})
	}
	return own("")
}

func binary(format string) object {
	switch format {
	case contract.UTF8:
		return object{{"type", "string"}, {"x-centrirpc-format", "utf-8"}}
	case contract.Base64URL:
		return object{{"type", "string"}, {"pattern", `^[A-Za-z0-9_-]*={0,2}$`}, {"contentEncoding", "base64url"}}
	}
	return object{{"type", "string"}, {"pattern", `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`}, {"contentEncoding", "base64"}}
}

// keysOf describes a map's keys, which are strings, unless they may be any.
func (w *writer) keysOf(key *contract.Type) object {
	s := w.shapes.Of(key)
	if s.Kind == contract.Integer {
		pattern := integerPattern
		if s.Lower.Value != nil && s.Lower.Value.Sign() >= 0 {
			pattern = strings.Replace(pattern, "-?", "", 1)
		}
		return object{{"pattern", pattern}}
	}
	plain := contract.Type{Kind: contract.String}
	if key.Kind == plain.Kind && key.Format == "" && key.Constraints == nil {
		return nil
	}
	return w.schema(key)
}

// named describes a type that has a name.
func (w *writer) named(t *contract.NamedType) object {
	var o object
	switch t.Kind {
	case contract.Struct:
		o = w.structType(t)
	case contract.Enum:
		o = w.enum(t)
	case contract.Union:
		o = w.union(t)
	default:
		o = w.schema(t.Base)
	}
	if len(o) > 0 && o[0].key == "$ref" {
		o = object{{"allOf", []any{o}}} // nothing counts beside $ref
	}
	if w.keys[t.Name] != t.Name {
		o = o.with("title", t.Name)
	}
	return o.with("description", t.Doc)
}

func (w *writer) structType(t *contract.NamedType) object {
	properties, required := object{}, []any{}
	for i := range t.Fields {
		f := &t.Fields[i]
		s := w.withDefault(w.schema(&f.Type), f)
		if (f.Doc != "" || f.Deprecated != "") && s[:min(1, len(s))].has("$ref") {
			s = object{{"allOf", []any{s}}}
		}
		s = s.with("description", f.Doc)
		if f.Deprecated != "" {
			s = append(s, member{"deprecated", true}, member{"x-centrirpc-deprecated", f.Deprecated})
		}
		properties = append(properties, member{f.Name, s})
		if f.Required {
			required = append(required, f.Name)
		}
	}
	o := object{{"type", "object"}}.with("properties", properties).with("required", required)
	if t.Extra != nil {
		o = append(o, member{"additionalProperties", w.schema(t.Extra)})
	}
	return o
}

func (o object) has(key string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.key == key })
}

func (w *writer) withDefault(s object, f *contract.Field) object {
	if f.Default == nil {
		return s
	}
	if s.has("$ref") {
		s = object{{"allOf", []any{s}}}
	}
	return append(slices.Clip(s), member{"default", f.Default})
}

func (w *writer) enum(t *contract.NamedType) object {
	values, names, docs := []any{}, []any{}, object{}
	for _, v := range t.Values {
		switch {
		case v.String != nil:
			values = append(values, *v.String)
		case v.Int != nil:
			values = append(values, *v.Int)
		}
		names = append(names, v.Name)
		docs = docs.with(v.Name, v.Doc)
	}
	o := append(w.value(t.Base), member{"enum", values}, member{"x-enum-varnames", names})
	o = o.with("x-centrirpc-docs", docs)
	if t.Base.Constraints != nil {
		o = w.constrained(o, t.Base)
	}
	if t.Base.Nullable {
		return nullable(o)
	}
	return o
}

// union has the tag in each variant, whether the struct itself has it or not.
func (w *writer) union(t *contract.NamedType) object {
	variants, mapping := []any{}, object{}
	for _, v := range t.Variants {
		tags := []any{}
		for _, value := range v.Values {
			tags = append(tags, value)
			mapping = append(mapping, member{value, w.ref(v.Ref)[0].value})
		}
		tag := object{{"properties", object{{t.Tag, object{{"type", "string"}, {"enum", tags}}}}}, {"required", []any{t.Tag}}}
		variants = append(variants, object{{"allOf", []any{w.ref(v.Ref), tag}}})
	}
	return object{{"oneOf", variants}, {"discriminator", object{{"propertyName", t.Tag}, {"mapping", mapping}}}}
}
