package centrifugoconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Section is a part of a configuration: names with their values, in order, and with
// comments.
type Section struct{ entries []entry }

// entry is one name of a section. Its value is a scalar, a list of texts, a section
// or a list of sections.
type entry struct {
	name    string
	comment []string
	value   any
}

func (s *Section) set(name string, value any, comment ...string) {
	s.entries = append(s.entries, entry{name, comment, value})
}

func (s *Section) sub(name string, fill func(*Section), comment ...string) {
	inner := &Section{}
	fill(inner)
	s.set(name, inner, comment...)
}

// JSON is the configuration without its comments.
func (s *Section) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// MarshalJSON keeps the order of the names.
func (s *Section) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range s.entries {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(e.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// YAML is the configuration with its comments, below a head of its own.
func (s *Section) YAML(head string) ([]byte, error) {
	var b bytes.Buffer
	for line := range strings.Lines(head) {
		b.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
	err := s.yaml(&b, "", true)
	return b.Bytes(), err
}

func (s *Section) yaml(b *bytes.Buffer, indent string, apart bool) error {
	for i, e := range s.entries {
		if apart || i > 0 && len(e.comment) > 0 && isSection(e.value) {
			b.WriteByte('\n')
		}
		for _, line := range e.comment {
			fmt.Fprintf(b, "%s# %s\n", indent, line)
		}
		fmt.Fprintf(b, "%s%s:", indent, e.name)
		switch value := e.value.(type) {
		case *Section:
			b.WriteByte('\n')
			if err := value.yaml(b, indent+"  ", false); err != nil {
				return err
			}
		case []*Section:
			b.WriteByte('\n')
			for _, item := range value {
				var inner bytes.Buffer
				if err := item.yaml(&inner, indent+"    ", false); err != nil {
					return err
				}
				text := inner.Bytes()
				text[len(indent)+2] = '-'
				b.Write(text)
			}
		default: // JSON is YAML
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, " %s\n", text)
		}
	}
	return nil
}

func isSection(value any) bool {
	_, ok := value.(*Section)
	return ok
}
