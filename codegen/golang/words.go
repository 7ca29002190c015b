package golang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// What the server checks stands in the docs, in words. The client checks nothing
// of it: a newer server may allow more, and patterns are of another dialect.

var formatWords = map[string]string{
	contract.UUID:     "A UUID.",
	contract.Decimal:  "A decimal number.",
	contract.Email:    "An e-mail address.",
	contract.URI:      "A URI.",
	contract.IPv4:     "An IPv4 address.",
	contract.IPv6:     "An IPv6 address.",
	contract.IP:       "An IP address.",
	contract.Hostname: "A host name.",
}

// fieldWords is the paragraph on what a field may be and what it is without a
// value, or nothing.
func (p *plan) fieldWords(f *contract.Field) string {
	words := p.words(&f.Type)
	if f.Default != nil {
		words = append(words, "Default: "+compact(f.Default)+".")
	}
	return strings.Join(words, " ")
}

// words are sentences on what a value of the type may be.
func (p *plan) words(t *contract.Type) []string {
	var words []string
	switch {
	case t.Kind == contract.String && stringTypes[t.Format] == "" && t.Format != "":
		words = append(words, formatSentence(t.Format))
	case t.Kind == contract.Integer && t.Bits == 0:
		words = append(words, "The server sets no bound to it; here it is one of 64 bits.")
	}
	if t.Constraints != nil {
		words = append(words, p.constraintWords(t, t.Constraints)...)
	}
	nested := func(what string, of *contract.Type) {
		for _, w := range p.words(of) {
			words = append(words, what+": "+lowerFirst(w))
		}
	}
	switch t.Kind {
	case contract.List:
		nested("Each item", t.Elem)
	case contract.Map:
		nested("Each key", t.Key)
		nested("Each value", t.Elem)
	case contract.Tuple:
		for i := range t.Items {
			nested(fmt.Sprintf("V%d", i), &t.Items[i])
		}
	case contract.Union:
		for i := range t.Items {
			nested("As "+p.optionName(withoutNull(&t.Items[i])), &t.Items[i])
		}
	}
	return words
}

func formatSentence(format string) string {
	if w, known := formatWords[format]; known {
		return w
	}
	return "Its format is " + format + "."
}

func (p *plan) constraintWords(t *contract.Type, c *contract.Constraints) []string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch {
	case c.Minimum != "" && c.Maximum != "":
		add("From %s to %s.", c.Minimum, c.Maximum)
	case c.Minimum != "":
		add("At least %s.", c.Minimum)
	case c.Maximum != "":
		add("At most %s.", c.Maximum)
	}
	if c.ExclusiveMinimum != "" {
		add("Above %s.", c.ExclusiveMinimum)
	}
	if c.ExclusiveMaximum != "" {
		add("Below %s.", c.ExclusiveMaximum)
	}
	if c.MultipleOf != "" {
		add("A multiple of %s.", c.MultipleOf)
	}
	if w := countWords(c.MinLength, c.MaxLength, "character"); w != "" {
		add("%s", w)
	}
	if c.Format != "" {
		add("%s", formatSentence(c.Format))
	}
	if c.Pattern != "" {
		add("It matches the pattern %s in the server's dialect.", c.Pattern)
	}
	unit := "item"
	if t.Kind == contract.Map {
		unit = "value"
	}
	if _, array := p.arrayLength(t); !array {
		if w := countWords(c.MinItems, c.MaxItems, unit); w != "" {
			add("%s", w)
		}
	}
	if c.Unique {
		add("No two items are equal.")
	}
	if len(c.OneOf) == 1 {
		add("Always %s.", compact(c.OneOf[0]))
	} else if len(c.OneOf) > 1 {
		values := make([]string, len(c.OneOf))
		for i, v := range c.OneOf {
			values[i] = compact(v)
		}
		add("One of %s.", strings.Join(values, ", "))
	}
	if len(c.Rules) > 0 {
		add("The server also checks: %s.", strings.Join(c.Rules, ", "))
	}
	return words
}

func countWords(low, high *int, unit string) string {
	plural := func(n int) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case low != nil && high != nil && *low == *high:
		return "Exactly " + plural(*low) + "."
	case low != nil && *low > 0 && high != nil:
		return fmt.Sprintf("From %d to %s.", *low, plural(*high))
	case low != nil && *low > 0:
		return "At least " + plural(*low) + "."
	case high != nil:
		return "At most " + plural(*high) + "."
	}
	return ""
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw) // Contract.Check knows it for JSON
	}
	return b.String()
}

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}
