package jsonschema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// enum describes a definition that lists strings or integers as an Enum. Lists
// of other values, or of several kinds, are aliases.
func (v *converter) enum(n *node, o *object, at place) bool {
	values, ok := literalsOf(o)
	if !ok || n.def == "" {
		return false
	}
	t := v.literal(o, values, at)
	if t == nil {
		n.described.Kind, n.described.Base = contract.Alias, &contract.Type{Kind: contract.Any} // refused
		return true
	}
	if t.Kind != contract.String && t.Kind != contract.Integer || t.Nullable {
		return false
	}
	var members []contract.EnumValue
	for _, raw := range t.Constraints.OneOf {
		member, ok := enumMember(raw, t.Kind)
		if !ok {
			return false // beyond 64 bits
		}
		members = append(members, member)
	}
	if names := texts(o.get("x-enum-varnames")); !giveNames(members, names) && !nameMembers(members) {
		v.refuse(at, fmt.Sprintf("no distinct names can be made from the values %s", list(t.Constraints.OneOf)),
			`list names in json_schema_extra under "x-enum-varnames", or let the values differ in letters or digits`)
	}
	n.described.Kind = contract.Enum
	n.described.Base = &contract.Type{Kind: t.Kind}
	n.described.Values = members
	return true
}

func enumMember(raw json.RawMessage, kind contract.Kind) (contract.EnumValue, bool) {
	if kind == contract.Integer {
		i, err := strconv.ParseInt(string(raw), 10, 64)
		return contract.EnumValue{Int: &i}, err == nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return contract.EnumValue{String: &s}, err == nil
}

func list(raw []json.RawMessage) string {
	var values []string
	for _, value := range raw {
		values = append(values, string(value))
	}
	return strings.Join(values, ", ")
}

// giveNames takes names from the source, if there is a usable one for each.
func giveNames(members []contract.EnumValue, names []string) bool {
	if len(names) != len(members) {
		return false
	}
	seen := map[string]bool{}
	for i, name := range names {
		name = camel(contract.Tokens(name))
		if !isName(name) || seen[identity(name)] {
			return false
		}
		seen[identity(name)] = true
		names[i] = name
	}
	for i := range members {
		members[i].Name = names[i]
	}
	return true
}

// nameMembers makes names from the values: "in_progress" is InProgress, 2 is
// Value2. Values whose names would be the same are spelled out: "<" and ">=" are
// LessThan and GreaterThanEquals, "m" and "M" LowerM and UpperM. It is false if
// there are still two of one name.
func nameMembers(members []contract.EnumValue) bool {
	spellings := []func(string) string{words, symbols, cases}
	level := make([]int, len(members))
	for {
		groups := map[string][]int{}
		for i := range members {
			members[i].Name = memberName(members[i], spellings[level[i]])
			id := identity(members[i].Name)
			groups[id] = append(groups[id], i)
		}
		if len(groups) == len(members) {
			return true
		}
		for _, group := range groups {
			if len(group) == 1 {
				continue
			}
			for _, i := range group {
				if level[i]++; level[i] == len(spellings) {
					return false
				}
			}
		}
	}
}

// identity is the same for names that a language might print the same.
func identity(name string) string { return strings.Join(contract.Tokens(name), "") }

func memberName(m contract.EnumValue, spell func(string) string) string {
	if m.Int != nil {
		return "Value" + strings.Replace(strconv.FormatInt(*m.Int, 10), "-", "Minus", 1)
	}
	name := spell(*m.String)
	switch {
	case *m.String == "":
		return "Empty"
	case name == "":
		return memberName(m, symbols)
	case !isName(name):
		return "Value" + name
	}
	return name
}

func words(s string) string { return camel(contract.Tokens(s)) }

// symbols spells the characters that are neither letters nor digits.
func symbols(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case symbolNames[r] != "":
			b.WriteString(" " + symbolNames[r] + " ")
		default:
			fmt.Fprintf(&b, " U%04X ", r)
		}
	}
	return camel(strings.Fields(b.String()))
}

// cases says in words which case the letters have.
func cases(s string) string {
	switch s {
	case strings.ToLower(s):
		return "Lower" + symbols(s)
	case strings.ToUpper(s):
		return "Upper" + symbols(s)
	}
	return "Mixed" + symbols(s)
}

var symbolNames = map[rune]string{
	' ': "Space", '!': "Bang", '"': "Quote", '#': "Hash", '$': "Dollar", '%': "Percent", '&': "And",
	'\'': "Apostrophe", '(': "Open", ')': "Close", '*': "Star", '+': "Plus", ',': "Comma", '-': "Minus",
	'.': "Dot", '/': "Slash", ':': "Colon", ';': "Semicolon", '<': "LessThan", '=': "Equals",
	'>': "GreaterThan", '?': "Question", '@': "At", '[': "OpenBracket", '\\': "Backslash", ']': "CloseBracket",
	'^': "Caret", '_': "Underscore", '`': "Backtick", '{': "OpenBrace", '|': "Pipe", '}': "CloseBrace", '~': "Tilde",
}

// isName says whether a name begins with a letter, as names of types and
// constants must.
func isName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	return unicode.IsLetter(first)
}
