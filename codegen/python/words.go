package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// words say in a sentence each what the annotation of t does not: its
// constraints, and what is lost on the way.
func words(t *contract.Type) []string {
	var found []string
	add := func(prefix string, t *contract.Type) {
		for _, text := range words(t) {
			found = append(found, prefix+lowerFirst(text))
		}
	}
	if t.Format == contract.Nanoseconds && t.Kind == contract.Integer {
		found = append(found, "Travels as nanoseconds; what is finer than a microsecond is cut off.")
	}
	if t.Kind == contract.String && t.Format != "" && stringFormats[t.Format] == "" {
		found = append(found, formatWords(t.Format))
	}
	if t.Constraints != nil {
		found = append(found, constraintWords(t.Constraints, t.Kind)...)
	}
	switch t.Kind {
	case contract.List:
		add("Each item: ", t.Elem)
	case contract.Map:
		add("Each key: ", t.Key)
		add("Each value: ", t.Elem)
	case contract.Tuple:
		for i := range t.Items {
			add(fmt.Sprintf("Item %d: ", i+1), &t.Items[i])
		}
	case contract.Union:
		for i := range t.Items {
			add(fmt.Sprintf("Alternative %d: ", i+1), &t.Items[i])
		}
	}
	return found
}

// formatWords say what a string of a format is that has no type of its own.
func formatWords(format string) string {
	switch format {
	case contract.Email:
		return "An e-mail address."
	case contract.URI:
		return "A URI."
	case contract.IP:
		return "An IP address."
	case contract.IPv4:
		return "An IPv4 address."
	case contract.IPv6:
		return "An IPv6 address."
	case contract.Hostname:
		return "A host name."
	case contract.UUID:
		return "A UUID."
	}
	return "Its format is " + format + "."
}

// lowerFirst continues a sentence with text.
func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

func constraintWords(c *contract.Constraints, kind contract.Kind) []string {
	var found []string
	say := func(parts []string) {
		if len(parts) > 0 {
			text := strings.Join(parts, ", ")
			found = append(found, strings.ToUpper(text[:1])+text[1:]+".")
		}
	}
	say(boundWords(c))
	say(lengthWords(c.MinLength, c.MaxLength, "character", "characters"))
	if kind == contract.Map {
		say(lengthWords(c.MinItems, c.MaxItems, "entry", "entries"))
	} else {
		say(lengthWords(c.MinItems, c.MaxItems, "item", "items"))
	}
	if c.Unique {
		found = append(found, "No two items are equal.")
	}
	if c.Format != "" {
		found = append(found, formatWords(c.Format))
	}
	if c.Pattern != "" {
		found = append(found, "Matches the pattern "+c.Pattern)
	}
	if len(c.OneOf) > 0 {
		var values []string
		for _, value := range c.OneOf {
			values = append(values, compact(value))
		}
		found = append(found, "One of "+strings.Join(values, ", ")+".")
	}
	for _, rule := range c.Rules {
		found = append(found, "The server also checks "+rule)
	}
	return found
}

func boundWords(c *contract.Constraints) []string {
	var parts []string
	for _, bound := range []struct {
		text string
		n    json.Number
	}{
		{"at least", c.Minimum},
		{"above", c.ExclusiveMinimum},
		{"at most", c.Maximum},
		{"below", c.ExclusiveMaximum},
		{"a multiple of", c.MultipleOf},
	} {
		if bound.n != "" {
			parts = append(parts, bound.text+" "+string(bound.n))
		}
	}
	return parts
}

func lengthWords(low, high *int, one, many string) []string {
	count := func(n int) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + many
	}
	switch {
	case low != nil && high != nil && *low == *high:
		return []string{"exactly " + count(*low)}
	case low != nil && *low > 0 && high != nil:
		return []string{strconv.Itoa(*low) + " to " + count(*high)}
	case high != nil:
		return []string{"at most " + count(*high)}
	case low != nil && *low > 0:
		return []string{"at least " + count(*low)}
	}
	return nil
}

// compact is JSON on one line.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// fieldDoc is a field's documentation with all there is to know about its value.
func fieldDoc(f *contract.Field) string {
	paragraphs := nonempty(f.Doc)
	sentences := words(&f.Type)
	if f.Default != nil && !f.Required && compact(f.Default) != "null" {
		sentences = append(sentences, "Default: "+compact(f.Default)+".")
	}
	paragraphs = append(paragraphs, nonempty(strings.Join(sentences, "\n"))...)
	if f.Deprecated != "" {
		paragraphs = append(paragraphs, "Deprecated: "+f.Deprecated)
	}
	return strings.Join(paragraphs, "\n\n")
}
