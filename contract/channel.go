package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ChannelParams lists the parameters of a channel's name or pattern, in order:
// "project_id" for "tasks:{project_id}". Names of parameters are lower-case words
// joined by "_". Two parameters need something between them that tells where the
// one ends: a character other than a letter or digit.
func ChannelParams(pattern string) ([]string, error) {
	if pattern == "" {
		return nil, errors.New("the channel has no name")
	}
	var names []string
	rest, before := pattern, "-"
	for {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, fmt.Errorf("%q has a } without a {", pattern)
		}
		if !found {
			return names, nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q has a { without a }", pattern)
		}
		if !parameterName(name) {
			return nil, fmt.Errorf("%q: the parameter %q is not lower-case words joined by \"_\"", pattern, name)
		}
		if slices.Contains(names, name) {
			return nil, fmt.Errorf("%q has the parameter %q twice", pattern, name)
		}
		if literal == "" && before != "-" {
			return nil, fmt.Errorf("%q: nothing tells where the parameter %q begins; put a \":\" before it", pattern, name)
		}
		names = append(names, name)
		rest, before = tail, name
	}
}

func parameterName(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// Patterns maps the name of each channel to its pattern without the names of
// the parameters, which do not show on the wire: "tasks:{}" for
// "tasks:{project_id}". Channels of one pattern keep their names.
func (c *Contract) Patterns() map[string]string {
	patterns, count := map[string]string{}, map[string]int{}
	for _, ch := range c.Channels {
		pattern := ch.Name
		names, err := ChannelParams(ch.Name)
		for _, name := range names {
			if err == nil {
				pattern = strings.Replace(pattern, "{"+name+"}", "{}", 1)
			}
		}
		patterns[ch.Name] = pattern
		count[pattern]++
	}
	for name, pattern := range patterns {
		if count[pattern] > 1 {
			patterns[name] = name
		}
	}
	return patterns
}

// Parameters are the types of the channel's parameters in the order of its name.
// One that is not described is nil.
func (s *Shapes) Parameters(ch *Channel) []*Type {
	names, err := ChannelParams(ch.Name)
	if err != nil {
		return nil
	}
	fields := s.Fields(ch.Params).Fields
	types := make([]*Type, len(names))
	for i, name := range names {
		for j := range fields {
			if fields[j].Name == name {
				types[i] = &fields[j].Type
			}
		}
	}
	return types
}
