package markdown

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// typeText is the type in words, with links to the named types.
func typeText(t *contract.Type) string {
	text := valueText(t)
	if t.Quoted {
		text += " in a string"
	}
	if words := constraintWords(t); words != "" {
		text += " (" + words + ")"
	}
	if t.Nullable && t.Kind != contract.Any {
		text += " or null"
	}
	return text
}

func valueText(t *contract.Type) string {
	switch t.Kind {
	case contract.Integer:
		return integerText(t)
	case contract.Float:
		if t.Bits == 0 {
			return "number"
		}
		return fmt.Sprintf("float%d", t.Bits)
	case contract.String:
		if t.Format != "" {
			return "string (" + inline(t.Format) + ")"
		}
		return "string"
	case contract.Bytes:
		switch t.Format {
		case "":
			return "bytes (base64)"
		case contract.UTF8:
			return "bytes (as text)"
		}
		return "bytes (" + inline(t.Format) + ")"
	case contract.Any:
		return "any JSON"
	case contract.List:
		return "list of " + part(t.Elem)
	case contract.Map:
		return "map of " + part(t.Key) + " to " + part(t.Elem)
	case contract.Tuple:
		return "tuple of " + joined(t.Items, ", ")
	case contract.Union:
		return joined(t.Items, " or ")
	case contract.Ref:
		return typeLink(t.Ref)
	}
	return string(t.Kind)
}

// part is a type within another, in parentheses where it would be misread.
func part(t *contract.Type) string {
	text := typeText(t)
	if t.Nullable || t.Kind == contract.Union || t.Kind == contract.Tuple {
		return "(" + text + ")"
	}
	return text
}

func joined(items []contract.Type, with string) string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = part(&items[i])
	}
	return strings.Join(texts, with)
}

func integerText(t *contract.Type) string {
	text := "integer"
	if t.Bits != 0 {
		text = fmt.Sprintf("int%d", t.Bits)
	}
	if t.Unsigned && t.Bits != 0 {
		text = "u" + text
	} else if t.Unsigned {
		text += " from 0 on"
	}
	if t.Format != "" {
		text += " (" + inline(t.Format) + ")"
	}
	return text
}

func typeLink(name string) string { return link("type", name) }

// constraintWords say what narrows the value.
func constraintWords(t *contract.Type) string {
	c := t.Constraints
	if c == nil {
		return ""
	}
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, bound := range []struct {
		words string
		value json.Number
	}{
		{"at least", c.Minimum}, {"more than", c.ExclusiveMinimum},
		{"at most", c.Maximum}, {"less than", c.ExclusiveMaximum},
		{"a multiple of", c.MultipleOf},
	} {
		if bound.value != "" {
			add("%s %s", bound.words, inline(string(bound.value)))
		}
	}
	words = append(words, sizeWords(c.MinLength, c.MaxLength, "character")...)
	thing := "item"
	if t.Kind == contract.Map {
		thing = "entry"
	}
	words = append(words, sizeWords(c.MinItems, c.MaxItems, thing)...)
	if c.Unique {
		add("no item twice")
	}
	if c.Pattern != "" {
		add("matches %s", code(c.Pattern))
	}
	if c.Format != "" {
		add("the format %s", inline(c.Format))
	}
	if c.OneOf != nil {
		var values []string
		for _, v := range c.OneOf {
			values = append(values, code(string(v)))
		}
		add("one of %s", strings.Join(values, ", "))
	}
	for _, rule := range c.Rules {
		add("the server's rule %s", code(rule))
	}
	return strings.Join(words, ", ")
}

func sizeWords(least, most *int, thing string) []string {
	count := func(n int) string {
		switch {
		case n == 1:
			return "1 " + thing
		case thing == "entry":
			return fmt.Sprintf("%d entries", n)
		}
		return fmt.Sprintf("%d %ss", n, thing)
	}
	switch {
	case least == nil && most == nil:
		return nil
	case most == nil:
		return []string{"at least " + count(*least)}
	case least == nil:
		return []string{"at most " + count(*most)}
	case *least == *most:
		return []string{count(*least)}
	}
	return []string{fmt.Sprintf("%d to %s", *least, count(*most))}
}
