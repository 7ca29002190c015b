package python

import (
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// annotator writes types as annotations, for one place.
type annotator struct {
	plan *plan
	// prefix stands before built-in types, where something hides them.
	prefix string
	// checked: constraints are printed, for the values are only sent.
	checked bool
	// closed: a value that is not among the listed ones is refused.
	closed bool
	// used are the names of the models' module that were written, or nil.
	used map[string]bool
}

// typ is t as an annotation, with None if null is a value of it.
func (a *annotator) typ(t *contract.Type) string {
	typ := a.value(t)
	if t.Nullable && t.Kind != contract.Any && !strings.HasSuffix(typ, " | None") {
		typ += " | None"
	}
	return typ
}

func (a *annotator) value(t *contract.Type) string {
	if literal := a.literal(t); literal != "" {
		return literal
	}
	parts := append([]string{a.bare(t)}, a.metadata(t)...)
	if len(parts) == 1 {
		return parts[0]
	}
	return annotated(parts...)
}

func annotated(parts ...string) string {
	return "_typing.Annotated[" + strings.Join(parts, ", ") + "]"
}

// bare is t without null and without constraints.
func (a *annotator) bare(t *contract.Type) string {
	switch t.Kind {
	case contract.Bool:
		return a.quoted(t, a.prefix+"bool")
	case contract.Integer:
		return a.integer(t)
	case contract.Float:
		if t.Bits == 0 {
			return a.quoted(t, a.name("_Number"))
		}
		return a.quoted(t, a.name("_Float"))
	case contract.String:
		if t.Quoted {
			return a.name("_QuotedStr")
		}
		if scalar := stringFormats[t.Format]; scalar != "" {
			return a.name(scalar)
		}
		return a.prefix + "str"
	case contract.Bytes:
		switch t.Format {
		case contract.UTF8:
			return a.prefix + "bytes"
		case contract.Base64URL:
			return a.name("_Base64URL")
		}
		return a.name("_Base64")
	case contract.List:
		return a.prefix + "list[" + a.typ(t.Elem) + "]"
	case contract.Tuple:
		return a.prefix + "tuple[" + a.join(t.Items, ", ") + "]"
	case contract.Map:
		return a.prefix + "dict[" + a.typ(t.Key) + ", " + a.typ(t.Elem) + "]"
	case contract.Union:
		if decimalOrNumber(t) {
			return a.name("_Decimal")
		}
		return a.alternatives(t.Items)
	case contract.Ref:
		return a.name(a.plan.classes[t.Ref])
	default: // Any; Check admits no other
		return "_typing.Any"
	}
}

func (a *annotator) integer(t *contract.Type) string {
	if t.Format == contract.Nanoseconds {
		if t.Quoted {
			return a.name("_QuotedNanoseconds")
		}
		return a.name("_Nanoseconds")
	}
	switch {
	case t.Bits == 0 && t.Unsigned:
		return a.quoted(t, a.name("_Uint"))
	case t.Bits == 0:
		return a.quoted(t, a.prefix+"int")
	case t.Unsigned:
		return a.quoted(t, a.name(fmt.Sprintf("_Uint%d", t.Bits)))
	}
	return a.quoted(t, a.name(fmt.Sprintf("_Int%d", t.Bits)))
}

// quoted is typ as it travels within a string, if t does. Pydantic reads it from
// one anyway.
func (a *annotator) quoted(t *contract.Type, typ string) string {
	if !t.Quoted {
		return typ
	}
	return annotated(typ, a.name("_Quoted"))
}

// join writes types with a separator.
func (a *annotator) join(items []contract.Type, separator string) string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = a.typ(&items[i])
	}
	return strings.Join(texts, separator)
}

// alternatives are what a value may be, each once.
func (a *annotator) alternatives(items []contract.Type) string {
	var texts []string
	of := func(kinds ...contract.Kind) bool {
		return slices.ContainsFunc(items, func(item contract.Type) bool { return slices.Contains(kinds, item.Kind) })
	}
	twins := of(contract.Bool) && of(contract.Integer, contract.Float)
	for i := range items {
		item := items[i]
		item.Nullable = false
		text := a.value(&item)
		// Alone, Pydantic takes either for the other.
		switch {
		case twins && item.Kind == contract.Bool && a.literal(&item) != "":
			text = annotated(text, a.name("_IsBool"))
		case twins && item.Kind == contract.Integer && a.literal(&item) != "":
			text = annotated(text, a.name("_IsNumber"))
		case item.Kind != contract.String:
		case item.Format == contract.Date:
			text = annotated(text, a.name("_IsDate"))
		case item.Format == contract.DateTime || item.Format == contract.LocalDateTime:
			text = annotated(text, a.name("_IsDateTime"))
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if slices.ContainsFunc(items, func(item contract.Type) bool { return item.Nullable }) {
		texts = append(texts, "None")
	}
	return strings.Join(texts, " | ")
}

// name notes the use of a name of the models' module.
func (a *annotator) name(name string) string {
	if a.used != nil {
		a.used[name] = true
	}
	if strings.HasPrefix(name, "_") {
		a.plan.scalars[name] = true
	}
	return name
}

// decimalOrNumber reports whether t is a decimal as Pydantic takes it: a number,
// or digits in a string.
func decimalOrNumber(t *contract.Type) bool {
	if len(t.Items) != 2 {
		return false
	}
	for i := range t.Items {
		number, digits := &t.Items[i], &t.Items[1-i]
		if number.Kind == contract.Float && !number.Quoted && !number.Nullable &&
			digits.Kind == contract.String && digits.Format == contract.Decimal && !digits.Nullable {
			return true
		}
	}
	return false
}
