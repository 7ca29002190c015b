package typescript

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

const exactly = "a number holds it exactly up to 2^53 - 1 (Number.MAX_SAFE_INTEGER)."

// formats says what a string of a format holds.
var formats = map[string]string{
	contract.DateTime:      "A time as RFC 3339 writes it.",
	contract.LocalDateTime: "A time as RFC 3339 writes it; the offset may be missing.",
	contract.Date:          `A date, such as "2026-01-31".`,
	contract.Time:          `A time of day, such as "12:30:00"; the offset may be missing.`,
	contract.Duration:      `A duration as ISO 8601 writes it, such as "PT1H30M".`,
	contract.UUID:          "A UUID.",
	contract.Decimal:       "A decimal number of any precision, as text.",
	contract.Email:         "An e-mail address.",
	contract.URI:           "A URI.",
	contract.IPv4:          "An IPv4 address.",
	contract.IPv6:          "An IPv6 address.",
	contract.IP:            "An IP address.",
	contract.Hostname:      "A host name.",
}

// facts are what a reader must know of a type and cannot see in its expression:
// a sentence each, on one line.
func facts(t *contract.Type) []string {
	var list []string
	if fact := kindFact(t); fact != "" && literals(t) == nil {
		list = append(list, fact)
	}
	list = append(list, constraintFacts(t)...)
	switch t.Kind {
	case contract.List:
		if n, fixed := fixedLength(t); fixed && n == 0 {
			break
		}
		list = append(list, within("Items", facts(t.Elem))...)
	case contract.Map:
		list = append(list, within("Keys", facts(t.Key))...)
		list = append(list, within("Values", facts(t.Elem))...)
	case contract.Tuple:
		for i := range t.Items {
			list = append(list, within(fmt.Sprintf("Item %d", i+1), facts(&t.Items[i]))...)
		}
	case contract.Union:
		for i := range t.Items {
			list = append(list, within("As "+expression(&t.Items[i], printedInline), facts(&t.Items[i]))...)
		}
	}
	for i := range list {
		list[i] = oneLine(list[i])
	}
	return list
}

func kindFact(t *contract.Type) string {
	switch t.Kind {
	case contract.Bool:
		if t.Quoted {
			return `A boolean within a string: "true" or "false".`
		}
	case contract.Integer:
		return integerFact(t)
	case contract.Float:
		switch {
		case t.Quoted:
			return `A number within a string, such as "0.5".`
		case t.Bits == 0:
			return "A number of any precision, of which JSON.parse keeps about 15 digits."
		}
	case contract.String:
		if t.Quoted {
			return "A JSON string within the string: JSON.stringify writes it, JSON.parse reads it."
		}
		return formatFact(t.Format)
	case contract.Bytes:
		switch t.Format {
		case contract.Base64URL:
			return "Bytes, in base64 for URLs."
		case contract.UTF8:
			return "Bytes, as text."
		}
		return "Bytes, in base64."
	}
	return ""
}

func formatFact(format string) string {
	if format != "" && formats[format] == "" {
		return "Its format is " + format + "."
	}
	return formats[format]
}

func integerFact(t *contract.Type) string {
	what := fmt.Sprintf("An integer of %d bits", t.Bits)
	switch {
	case t.Format == contract.Nanoseconds:
		what = "A duration in nanoseconds"
	case t.Bits == 0:
		what = "An integer without bound"
	}
	switch {
	case t.Quoted:
		return what + ` within a string, such as "7".`
	case t.Format == contract.Nanoseconds:
		return what + "; a number holds it exactly up to 2^53 - 1, which is 104 days."
	case t.Bits == 64 || t.Bits == 0:
		return what + "; " + exactly
	}
	return ""
}

// constraintFacts are a type's own constraints in words.
func constraintFacts(t *contract.Type) []string {
	c := t.Constraints
	if c == nil {
		return nil
	}
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case c.Minimum != "" && c.Maximum != "":
		add("From %s to %s.", c.Minimum, c.Maximum)
	case c.Minimum != "":
		add("At least %s.", c.Minimum)
	case c.Maximum != "":
		add("At most %s.", c.Maximum)
	}
	if c.ExclusiveMinimum != "" {
		add("More than %s.", c.ExclusiveMinimum)
	}
	if c.ExclusiveMaximum != "" {
		add("Less than %s.", c.ExclusiveMaximum)
	}
	if c.MultipleOf != "" {
		add("A multiple of %s.", c.MultipleOf)
	}
	if words := count(c.MinLength, c.MaxLength, "character", "characters"); words != "" {
		add("%s.", words)
	}
	if c.Format != "" {
		add("%s", formatFact(c.Format))
	}
	if c.Pattern != "" {
		add("Must match the regular expression %s", c.Pattern)
	}
	if _, fixed := fixedLength(t); !fixed {
		one, many := "item", "items"
		if t.Kind == contract.Map {
			one, many = "entry", "entries"
		}
		if words := count(c.MinItems, c.MaxItems, one, many); words != "" {
			add("%s.", words)
		}
	}
	if c.Unique {
		add("No two items are equal.")
	}
	if len(c.OneOf) > 0 && literals(t) == nil {
		values := make([]string, len(c.OneOf))
		for i, raw := range c.OneOf {
			values[i] = string(raw)
		}
		add("One of %s.", strings.Join(values, ", "))
	}
	if len(c.Rules) > 0 {
		add("The server also checks %s", strings.Join(c.Rules, ", "))
	}
	return list
}

// count says how many there may be.
func count(least, most *int, one, many string) string {
	unit := func(n int) string {
		if n == 1 {
			return one
		}
		return many
	}
	switch {
	case least != nil && most != nil && *least == *most:
		return fmt.Sprintf("Exactly %d %s", *least, unit(*least))
	case least != nil && *least > 0 && most != nil:
		return fmt.Sprintf("%d to %d %s", *least, *most, unit(*most))
	case most != nil:
		return fmt.Sprintf("At most %d %s", *most, unit(*most))
	case least != nil && *least > 0:
		return fmt.Sprintf("At least %d %s", *least, unit(*least))
	}
	return ""
}

// within says what the facts are about.
func within(what string, facts []string) []string {
	for i, fact := range facts {
		first, size := utf8.DecodeRuneInString(fact)
		if next, _ := utf8.DecodeRuneInString(fact[size:]); !unicode.IsUpper(next) {
			fact = string(unicode.ToLower(first)) + fact[size:]
		}
		facts[i] = what + ": " + fact
	}
	return facts
}

// fieldDoc is the documentation of a struct's field.
func fieldDoc(f *contract.Field) []string {
	more := facts(&f.Type)
	if f.Default != nil && !f.Required {
		more = append(more, oneLine("Default: "+string(f.Default)))
	}
	return deprecated(paragraph(docLines(f.Doc), more...), f.Deprecated)
}
