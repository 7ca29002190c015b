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
