package gotypes

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// typeName is what a type's name in the contract is made of.
type typeName struct {
	pkg  string // the import path; empty for a name built from a method's
	base string // "Page"
	args []typeName
	// suffix follows the name of an argument that is no plain type, and an
	// anonymous struct's field names follow their parent's.
	suffix string
}

// String is the full Go-like name, for messages and for sorting.
func (n typeName) String() string {
	name := n.base + n.suffix
	if n.pkg != "" {
		name = n.pkg + "." + name
	}
	if len(n.args) == 0 {
		return name
	}
	args := make([]string, len(n.args))
	for i, arg := range n.args {
		args[i] = arg.String()
	}
	return name + "[" + strings.Join(args, ",") + "]"
}

// qualified is the name with the last own elements of the import path before
// it, and with the last of elements for each type argument.
func (n typeName) qualified(own, of int) string { //nolint:unparam // of is used: it is what the arguments get
	var b strings.Builder
	b.WriteString(pathWords(n.pkg, own))
	b.WriteString(upper(n.base))
	for _, arg := range n.args {
		b.WriteString(arg.qualified(of, of))
	}
	b.WriteString(n.suffix)
	return b.String()
}

func pathWords(path string, last int) string {
	if path == "" || last == 0 {
		return ""
	}
	elements := strings.Split(path, "/")
	elements = elements[max(0, len(elements)-last):]
	return camel(contract.Tokens(strings.Join(elements, "_")))
}

func camel(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(upper(token))
	}
	return b.String()
}

func upper(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}

func nameOf(t reflect.Type) typeName {
	base, args := parseName(t.Name())
	return typeName{pkg: t.PkgPath(), base: base, args: args}
}

func anonymousName(at place) typeName {
	if at.parent == nil {
		return typeName{base: at.top}
	}
	name := at.parent.goName
	name.suffix += upper(at.field)
	return name
}

// Origin is the full name of t's declaration, such as "example.org/tasks/api.Task",
// and empty for a type without a name; a field of it is at Origin + ".Owner". Package
// source finds it. Of a generic type's instance it is that of the generic.
func Origin(t reflect.Type) string { return originOf(t) }

// originOf is the full name of t's declaration: of a generic type's instance,
// the generic's.
func originOf(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	base, _ := parseName(t.Name())
	return t.PkgPath() + "." + base
}

// parseName reads a name as reflection gives it: "Task", or for an instance
// "Page[example.org/tasks/api.Item]" with the arguments' full names.
func parseName(name string) (base string, args []typeName) {
	base, list, ok := strings.Cut(name, "[")
	if !ok {
		return name, nil
	}
	for _, arg := range splitArgs(strings.TrimSuffix(list, "]")) {
		args = append(args, parseArg(arg))
	}
	return base, args
}

// splitArgs splits at the commas outside of brackets.
func splitArgs(list string) []string {
	var (
		args  []string
		depth int
		start int
	)
	for i, r := range list {
		switch r {
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			depth--
		case ',':
			if depth == 0 {
				args = append(args, list[start:i])
				start = i + 1
			}
		}
	}
	return append(args, list[start:])
}

func parseArg(arg string) typeName {
	arg = strings.TrimSpace(arg)
	switch {
	case strings.HasPrefix(arg, "[]"):
		return withSuffix(parseArg(arg[2:]), "List")
	case strings.HasPrefix(arg, "*"):
		return withSuffix(parseArg(arg[1:]), "OrNull")
	case strings.HasPrefix(arg, "map["):
		depth := 0
		for i, r := range arg {
			switch r {
			case '[':
				depth++
			case ']':
				if depth--; depth == 0 {
					return withSuffix(typeName{base: parseArg(arg[4:i]).qualified(0, 0), args: []typeName{parseArg(arg[i+1:])}}, "Map")
				}
			}
		}
	case strings.HasPrefix(arg, "interface {"):
		return typeName{base: "any"}
	case strings.HasPrefix(arg, "struct {"):
		return typeName{base: camel(contract.Tokens(arg))}
	}
	full, list, generic := strings.Cut(arg, "[")
	dot := strings.LastIndex(full, ".")
	name := typeName{base: full[dot+1:]}
	if dot >= 0 {
		name.pkg = full[:dot]
	}
	name.base, _, _ = strings.Cut(name.base, "·") // the mark of a type declared in a function
	if generic {
		for _, inner := range splitArgs(strings.TrimSuffix(list, "]")) {
			name.args = append(name.args, parseArg(inner))
		}
	}
	return name
}

func withSuffix(name typeName, suffix string) typeName {
	name.suffix += suffix
	return name
}

// resolve gives every type its name in the contract.
func (r *registry) resolve() (map[string]string, contract.Problems) {
	type level struct{ own, of int }
	levels := map[string]level{}
	nodes := sortedNodes(r.nodes)
	for {
		groups := map[string][]*node{}
		for _, n := range nodes {
			name := n.goName.qualified(levels[n.id].own, levels[n.id].of)
			groups[name] = append(groups[name], n)
		}
		if len(groups) == len(nodes) {
			names := map[string]string{}
			for name, group := range groups {
				names[group[0].id] = name
			}
			return names, nil
		}
		var problems contract.Problems
		for _, name := range slices.Sorted(maps.Keys(groups)) {
			group := groups[name]
			if len(group) == 1 {
				continue
			}
			changed := false
			sameGeneric := !slices.ContainsFunc(group, func(n *node) bool {
				return n.goName.pkg != group[0].goName.pkg || n.goName.base != group[0].goName.base
			})
			for _, n := range group {
				l := levels[n.id]
				if sameGeneric {
					l.of++
				} else {
					l.own++
				}
				if n.goName.qualified(l.own, l.of) != name {
					changed = true
				}
				levels[n.id] = l
			}
			if !changed {
				problems = append(problems, clash(group))
			}
		}
		if len(problems) > 0 {
			return nil, problems
		}
	}
}

func clash(group []*node) contract.Problem {
	var origins []string
	for _, n := range group {
		origins = append(origins, cmp.Or(n.described.Origin, n.goName.String()))
	}
	slices.Sort(origins)
	return contract.Problem{
		Path:     group[0].goName.qualified(0, 0),
		Position: group[0].described.Origin,
		Reason:   fmt.Sprintf("%d types would have this name: %s", len(group), strings.Join(origins, ", ")),
		Fix:      "rename one of them; give an anonymous struct a type of its own",
	}
}
