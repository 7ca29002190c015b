package typescript

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// impossible stands for a value that must hold itself: there is none.
const impossible = "{} as never"

// example is a value of a type, for the README. Optional fields are left out.
func example(types lookup, t *contract.Type, name string) string {
	return exampler{types: types}.value(t, name)
}

type exampler struct {
	types  lookup
	within []string // the types around this value
}

// formatExamples are strings of each format that not every string has.
var formatExamples = map[string]string{
	contract.DateTime:      "2026-01-31T12:00:00Z",
	contract.LocalDateTime: "2026-01-31T12:00:00",
	contract.Date:          "2026-01-31",
	contract.Time:          "12:30:00",
	contract.Duration:      "PT1H30M",
	contract.UUID:          "4fa1bbd2-8b3c-4b8e-9d2c-0d3f1a5e7c11",
	contract.Decimal:       "12.50",
	contract.Email:         "alice@example.org",
	contract.URI:           "https://example.org/",
	contract.IPv4:          "192.0.2.1",
	contract.IPv6:          "2001:db8::1",
	contract.IP:            "192.0.2.1",
	contract.Hostname:      "example.org",
}

func (e exampler) value(t *contract.Type, name string) string {
	if t.Kind == contract.Ref {
		return e.named(t, name)
	}
	if t.Nullable {
		return "null"
	}
	if values := literals(t); values != nil {
		return values[0]
	}
	if t.Quoted {
		return quotedExample(t, name)
	}
	switch t.Kind {
	case contract.Bool:
		return "true"
	case contract.Integer:
		return numberExample(t, "1")
	case contract.Float:
		return numberExample(t, "0.5")
	case contract.String:
		if text := formatExamples[t.Format]; text != "" {
			return quote(text)
		}
		return quote(name)
	case contract.Bytes:
		if t.Format == contract.UTF8 {
			return quote("hello")
		}
		return `"aGVsbG8="`
	case contract.List:
		items := 0
		if c := t.Constraints; c != nil && c.MinItems != nil {
			items = min(*c.MinItems, 32)
		}
		list := make([]contract.Type, items)
		for i := range list {
			list[i] = *t.Elem
		}
		return e.list(list, name)
	case contract.Tuple:
		return e.list(t.Items, name)
	case contract.Map:
		return "{}"
	case contract.Union:
		for i := range t.Items {
			if text := e.value(&t.Items[i], name); !strings.Contains(text, impossible) {
				return text
			}
		}
		return impossible
	}
	return "null"
}

func (e exampler) list(items []contract.Type, name string) string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = e.value(&items[i], name)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func quotedExample(t *contract.Type, name string) string {
	switch t.Kind {
	case contract.Bool:
		return `"true"`
	case contract.String:
		encoded, err := json.Marshal(name)
		if err != nil {
			panic("centrirpc: a string is always JSON: " + err.Error())
		}
		return quote(string(encoded))
	}
	return `"7"`
}

func numberExample(t *contract.Type, usual string) string {
	if c := t.Constraints; c != nil {
		switch {
		case c.Minimum != "":
			return c.Minimum.String()
		case c.MultipleOf != "":
			return c.MultipleOf.String()
		case c.Maximum != "":
			return c.Maximum.String()
		}
	}
	return usual
}

func (e exampler) named(t *contract.Type, name string) string {
	for _, outer := range e.within {
		if outer == t.Ref {
			if t.Nullable {
				return "null"
			}
			return impossible
		}
	}
	e.within = append(e.within[:len(e.within):len(e.within)], t.Ref)
	named := e.types[t.Ref]
	switch named.Kind {
	case contract.Enum:
		return literal(named.Values[0])
	case contract.Alias:
		return e.value(named.Base, name)
	case contract.Union:
		text := impossible
		for _, v := range named.Variants {
			text = e.fields(e.types[v.Ref], named.Tag, v.Values[0])
			if !strings.Contains(text, impossible) {
				break
			}
		}
		return text
	}
	return e.fields(named, "", "")
}

// fields are the required ones of a struct, together with the tag of a union that
// it is a part of.
func (e exampler) fields(s *contract.NamedType, tag, value string) string {
	var texts []string
	if tag != "" {
		texts = append(texts, fmt.Sprintf("%s: %s", literalKey(tag), quote(value)))
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Required && f.Name != tag {
			texts = append(texts, fmt.Sprintf("%s: %s", literalKey(f.Name), e.value(&f.Type, f.Name)))
		}
	}
	if len(texts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(texts, ", ") + " }"
}
