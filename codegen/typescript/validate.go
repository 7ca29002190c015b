package typescript

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// schemaPlan is a schema of valibot for one of the contract's types.
type schemaPlan struct {
	name     string // CreatedSchema
	typeName string
	params   bool // of a method: exported
	expr     string
}

// schemaOf is the name of a type's schema. No two types share one, and no type is
// imported under its own name where the schemas are.
func schemaOf(typeName string) string { return typeName + "Schema" }

// planSchemas plans a schema for each type that params are made of, by name.
func planSchemas(types lookup, c *contract.Contract) []schemaPlan {
	s := schemas{types: types, tags: addedTags(c), found: map[string]bool{}}
	params := map[string]bool{}
	for _, m := range c.Methods {
		if m.Params != nil {
			params[m.Params.Ref] = true
			s.reach(m.Params)
		}
	}
	var plans []schemaPlan
	for _, name := range slices.Sorted(maps.Keys(s.found)) {
		plans = append(plans, schemaPlan{name: schemaOf(name), typeName: name, params: params[name], expr: s.named(types[name])})
	}
	return plans
}

type schemas struct {
	types lookup
	tags  map[string][]string
	found map[string]bool // the types that params are made of
}

// reach finds all types that a type is made of.
func (s *schemas) reach(t *contract.Type) {
	if t == nil {
		return
	}
	s.reach(t.Elem)
	for i := range t.Items {
		s.reach(&t.Items[i])
	}
	if t.Kind == contract.Ref {
		s.reachNamed(t.Ref)
	}
}

func (s *schemas) reachNamed(name string) {
	if s.found[name] {
		return
	}
	s.found[name] = true
	named := s.types[name]
	for i := range named.Fields {
		s.reach(&named.Fields[i].Type)
	}
	s.reach(named.Extra)
	s.reach(named.Base)
	for _, v := range named.Variants {
		s.reachNamed(v.Ref)
	}
}

func (s *schemas) named(t *contract.NamedType) string {
	switch t.Kind {
	case contract.Alias:
		return s.schema(t.Base)
	case contract.Enum:
		var values []string
		for _, v := range t.Values {
			values = append(values, literal(v))
		}
		return picklist(union(values))
	case contract.Union:
		return s.tagged(t)
	}
	var b strings.Builder
	for i := range t.Fields {
		f := &t.Fields[i]
		schema := s.schema(&f.Type)
		switch {
		case !f.Required && inherited[f.Name]:
			// valibot takes what every object has for a member that is there.
			schema = "absent(v.any())"
		case !f.Required:
			schema = "absent(" + schema + ")"
		case schema == "v.unknown()":
			schema = "v.nonOptional(v.unknown())"
		}
		fmt.Fprintf(&b, "  %s: %s,\n", literalKey(f.Name), schema)
	}
	fields := "{}"
	if b.Len() > 0 {
		fields = "{\n" + b.String() + "}"
	}
	if t.Extra == nil {
		return "struct<types." + t.Name + ">(" + fields + ")"
	}
	extra := s.schema(t.Extra)
	if tags := s.tags[t.Name]; len(tags) > 0 && extra != "v.unknown()" {
		extra = "v.union([" + extra + ", " + picklist(union(tags)) + "])"
	}
	return "struct<types." + t.Name + ">(" + fields + ", " + extra + ")"
}

// inherited are the members of every object.
var inherited = map[string]bool{
	"__proto__": true, "__defineGetter__": true, "__defineSetter__": true, "__lookupGetter__": true, "__lookupSetter__": true,
	"constructor": true, "hasOwnProperty": true, "isPrototypeOf": true, "propertyIsEnumerable": true, "toLocaleString": true,
	"toString": true, "valueOf": true,
}

// tagged looks at the tag first, so that what is reported is about the right type.
func (s *schemas) tagged(t *contract.NamedType) string {
	var b strings.Builder
	var all []string
	fmt.Fprintf(&b, "v.lazy((input): v.GenericSchema<types.%s> => {\n  switch (tagOf(input, %s)) {\n", t.Name, quote(t.Tag))
	for _, v := range t.Variants {
		var values []string
		for _, value := range v.Values {
			fmt.Fprintf(&b, "    case %s:\n", quote(value))
			values = append(values, quote(value))
		}
		all = append(all, values...)
		tag := fmt.Sprintf("v.object({ %s: %s })", literalKey(t.Tag), picklist(values))
		variant, named := schemaOf(v.Ref), s.types[v.Ref]
		switch {
		case len(named.Fields) == 0 && named.Extra == nil:
			variant = tag
		case !holdsTag(s.types, t.Tag, v):
			variant = "v.intersect([" + tag + ", " + variant + "])"
		}
		fmt.Fprintf(&b, "      return %s;\n", variant)
	}
	fmt.Fprintf(&b, "    default:\n      return noVariant(%s, [%s]);\n  }\n})", quote(t.Tag), strings.Join(all, ", "))
	return b.String()
}

func picklist(values []string) string { return "v.picklist([" + strings.Join(values, ", ") + "])" }

// schema is a type's schema as an expression.
func (s *schemas) schema(t *contract.Type) string {
	if t.Nullable {
		bare := *t
		bare.Nullable = false
		return "v.nullable(" + s.schema(&bare) + ")"
	}
	if values := literals(t); values != nil {
		return anyOf(values)
	}
	first, checks := s.parts(t)
	if len(checks) == 0 {
		return first
	}
	return "v.pipe(" + first + ", " + strings.Join(checks, ", ") + ")"
}

// anyOf is the schema of a list of literals.
func anyOf(values []string) string {
	values = union(values)
	var list, others []string
	for _, value := range values {
		switch value {
		case "null":
			others = append(others, "v.null()")
		case "true", "false":
			others = append(others, "v.literal("+value+")")
		default:
			list = append(list, value)
		}
	}
	if len(list) > 0 {
		others = append([]string{picklist(list)}, others...)
	}
	if len(others) == 1 {
		return others[0]
	}
	return "v.union([" + strings.Join(others, ", ") + "])"
}

// parts are a schema and what is checked after it.
func (s *schemas) parts(t *contract.Type) (string, []string) {
	if t.Quoted {
		return quotedParts(t)
	}
	switch t.Kind {
	case contract.Bool:
		return "v.boolean()", nil
	case contract.Integer:
		whole := "v.integer()"
		if t.Bits == 64 || t.Bits == 0 {
			whole = "v.safeInteger()"
		}
		return "v.number()", append(append([]string{whole}, widthChecks(t)...), numberChecks(t.Constraints)...)
	case contract.Float:
		return "v.number()", append([]string{"v.finite()"}, numberChecks(t.Constraints)...)
	case contract.String:
		return "v.string()", append(formatChecks(formatPatterns[t.Format]), stringChecks(t.Constraints)...)
	case contract.Bytes:
		// The bounds of bytes count bytes: left to the server.
		return "v.string()", formatChecks(bytesPatterns[t.Format])
	case contract.List:
		if n, fixed := fixedLength(t); fixed {
			return tuple(slices.Repeat([]string{s.schema(t.Elem)}, n)), uniqueChecks(t.Constraints)
		}
		return "list(" + s.schema(t.Elem) + ")", append(countChecks(t.Constraints, "Length"), uniqueChecks(t.Constraints)...)
	case contract.Tuple:
		items := make([]string, len(t.Items))
		for i := range t.Items {
			items[i] = s.schema(&t.Items[i])
		}
		return tuple(items), nil
	case contract.Map:
		return "dictionary(" + s.mapKey(t.Key) + ", " + s.schema(t.Elem) + ")", countChecks(t.Constraints, "Entries")
	case contract.Union:
		items := make([]string, len(t.Items))
		for i := range t.Items {
			items[i] = s.schema(&t.Items[i])
		}
		if items = union(items); len(items) == 1 {
			return items[0], nil
		}
		return "v.union([" + strings.Join(items, ", ") + "])", nil
	case contract.Ref:
		return "later(() => " + schemaOf(t.Ref) + ")", nil
	}
	return "v.unknown()", nil
}

func tuple(items []string) string { return "v.strictTuple([" + strings.Join(items, ", ") + "])" }

// mapKey is the schema of an object's keys.
func (s *schemas) mapKey(t *contract.Type) string {
	checks := []string{}
	if t.Kind == contract.Ref {
		var values []string
		for _, v := range s.types[t.Ref].Values {
			text := literal(v)
			if v.Int != nil {
				text = quote(text)
			}
			values = append(values, text)
		}
		checks = append(checks, "v.values(["+strings.Join(values, ", ")+"])")
		checks = append(checks, stringChecks(t.Constraints)...)
	} else if t.Kind == contract.Integer {
		checks = append(checks, formatChecks(integerText)...)
		checks = append(checks, textChecks(append(widthChecks(t), numberChecks(t.Constraints)...))...)
	} else {
		if values := literals(t); values != nil {
			checks = append(checks, "v.values(["+strings.Join(values, ", ")+"])")
		}
		checks = append(checks, stringChecks(t.Constraints)...)
	}
	if len(checks) == 0 {
		return "v.string()"
	}
	return "v.pipe(v.string(), " + strings.Join(checks, ", ") + ")"
}
