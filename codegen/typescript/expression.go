package typescript

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// longestTuple is how long a list of a fixed length may be to be printed with
// each of its items.
const longestTuple = 8

// place is where a type's expression stands.
type place int

const (
	printedInline place = iota
	// printedInAlias: Record would not let an alias refer to itself.
	printedInAlias
)

// expression is a type as TypeScript writes it.
func expression(t *contract.Type, at place) string {
	return strings.Join(members(t, at), " | ")
}

// members are the types whose union a type is, each once.
func members(t *contract.Type, at place) []string {
	list := bare(t, at)
	if t.Nullable {
		list = append(list, "null")
	}
	return union(list)
}

// union drops what is there twice, and all of it if anything may come.
func union(list []string) []string {
	if slices.Contains(list, "unknown") {
		return []string{"unknown"}
	}
	var once []string
	seen := map[string]bool{}
	for _, member := range list {
		if !seen[member] {
			seen[member] = true
			once = append(once, member)
		}
	}
	return once
}

func bare(t *contract.Type, at place) []string {
	if t.Quoted {
		return []string{"string"}
	}
	if values := literals(t); values != nil {
		return values
	}
	switch t.Kind {
	case contract.Bool:
		return []string{"boolean"}
	case contract.Integer, contract.Float:
		return []string{"number"}
	case contract.String, contract.Bytes:
		return []string{"string"}
	case contract.List:
		elem := members(t.Elem, at)
		if n, fixed := fixedLength(t); fixed {
			items := slices.Repeat([]string{strings.Join(elem, " | ")}, n)
			return []string{"[" + strings.Join(items, ", ") + "]"}
		}
		if len(elem) > 1 {
			return []string{"(" + strings.Join(elem, " | ") + ")[]"}
		}
		return []string{elem[0] + "[]"}
	case contract.Tuple:
		items := make([]string, len(t.Items))
		for i := range t.Items {
			items[i] = expression(&t.Items[i], at)
		}
		return []string{"[" + strings.Join(items, ", ") + "]"}
	case contract.Map:
		elem := expression(t.Elem, at)
		switch enum := t.Key.Kind == contract.Ref; {
		case enum && at == printedInAlias:
			return []string{"{ [key in " + t.Key.Ref + "]?: " + elem + " }"}
		case enum:
			return []string{"Partial<Record<" + t.Key.Ref + ", " + elem + ">>"}
		case at == printedInAlias:
			return []string{"{ [key: string]: " + elem + " }"}
		}
		return []string{"Record<string, " + elem + ">"}
	case contract.Union:
		var list []string
		for i := range t.Items {
			list = append(list, members(&t.Items[i], at)...)
		}
		return list
	case contract.Ref:
		return []string{t.Ref}
	}
	return []string{"unknown"}
}

// fixedLength is the length of a list that is printed item by item.
func fixedLength(t *contract.Type) (int, bool) {
	c := t.Constraints
	if t.Kind != contract.List || c == nil || c.MinItems == nil || c.MaxItems == nil || *c.MinItems != *c.MaxItems || *c.MinItems > longestTuple {
		return 0, false
	}
	return *c.MinItems, true
}

// literals are the values that a constraint allows, or nil if it allows more than
// can be listed.
func literals(t *contract.Type) []string {
	if t.Constraints == nil || t.Quoted {
		return nil
	}
	var list []string
	for _, raw := range t.Constraints.OneOf {
		literal, ok := literalOf(t.Kind, raw)
		if !ok {
			return nil
		}
		list = append(list, literal)
	}
	return list
}

func literalOf(kind contract.Kind, raw json.RawMessage) (string, bool) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	switch value := value.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(value), kind == contract.Bool
	case string:
		return quote(value), kind == contract.String
	case float64:
		// A literal that is beyond what a number holds would be another value.
		exact := kind == contract.Float || value == math.Trunc(value) && math.Abs(value) <= maxSafeInteger
		return strconv.FormatFloat(value, 'f', -1, 64), exact && (kind == contract.Integer || kind == contract.Float)
	}
	return "", false
}

// literal is the value of an enum's constant.
func literal(v contract.EnumValue) string {
	if v.Int != nil {
		return strconv.FormatInt(*v.Int, 10)
	}
	return quote(*v.String)
}

// variant is one of a tagged union's types. Its struct may hold the tag; where it
// does not say the same of it, the tag is added.
func variant(types lookup, tag string, v contract.Variant) string {
	if holdsTag(types, tag, v) {
		return v.Ref
	}
	values := make([]string, len(v.Values))
	for i, value := range v.Values {
		values[i] = quote(value)
	}
	tagged := "{ " + key(tag) + ": " + strings.Join(union(values), " | ") + " }"
	if s := types[v.Ref]; len(s.Fields) == 0 && s.Extra == nil {
		return tagged
	}
	return "(" + tagged + " & " + v.Ref + ")"
}

// holdsTag says whether a variant's struct has the tag, always, with the values
// that mean the variant and no others.
func holdsTag(types lookup, tag string, v contract.Variant) bool {
	for _, f := range types[v.Ref].Fields {
		if f.Name != tag {
			continue
		}
		values := stringValues(types, &f.Type, 0)
		return f.Required && !f.Type.Nullable && len(values) > 0 &&
			!slices.ContainsFunc(values, func(s string) bool { return !slices.Contains(v.Values, s) }) &&
			!slices.ContainsFunc(v.Values, func(s string) bool { return !slices.Contains(values, s) })
	}
	return false
}

// stringValues are the only strings that a type allows, or nil.
func stringValues(types lookup, t *contract.Type, depth int) []string {
	if t.Kind == contract.Ref && depth < len(types) {
		named := types[t.Ref]
		if named.Kind == contract.Alias {
			return stringValues(types, named.Base, depth+1)
		}
		var list []string
		for _, v := range named.Values {
			if v.String != nil {
				list = append(list, *v.String)
			}
		}
		return list
	}
	if t.Kind != contract.String || literals(t) == nil {
		return nil
	}
	list := make([]string, len(t.Constraints.OneOf))
	for i, raw := range t.Constraints.OneOf {
		if json.Unmarshal(raw, &list[i]) != nil || string(raw) == "null" {
			return nil
		}
	}
	return list
}

// lookup finds the contract's types by name.
type lookup map[string]*contract.NamedType

func lookupOf(c *contract.Contract) lookup {
	types := make(lookup, len(c.Types))
	for i := range c.Types {
		types[c.Types[i].Name] = &c.Types[i]
	}
	return types
}
