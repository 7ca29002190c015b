package jsonschema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// camel joins words to a name.
func camel(words []string) string {
	var b strings.Builder
	for _, word := range words {
		b.WriteString(upper(word))
	}
	return b.String()
}

func upper(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + word[size:]
}

// joined makes one name of a source's, as in Page[Item]; capitals stay.
func joined(name string) string {
	return camel(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
}

// normalized is a title as Pydantic writes it in a definition's key.
func normalized(title string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, title)
}

// parts are the class's name in the source and the modules that Pydantic puts
// before it where two classes are called the same: "app__shop__Item" is Item of
// app.shop.
func (n *node) parts() (modules []string, name string) {
	title := n.schema.text("title")
	if n.numbered() {
		return nil, n.def
	}
	if title == "" || normalized(title) == n.def {
		return nil, cmp.Or(title, n.def)
	}
	base := normalized(title)
	if before, _, generic := strings.Cut(title, "["); generic {
		base = normalized(before)
	}
	i := strings.Index(n.def, "__"+base)
	if end := i + 2 + len(base); i <= 0 || base == "" || end < len(n.def) && n.def[end] != '_' {
		return nil, n.def // the title was given by hand
	}
	modules = slices.DeleteFunc(strings.Split(n.def[:i], "__"), func(module string) bool { return module == "" })
	return modules, title
}

// numbered says whether Pydantic gave the type a number because even the modules
// do not tell it from another. Such a number changes with the order of things.
func (n *node) numbered() bool {
	digits := strings.TrimRight(n.def, "0123456789")
	title := normalized(n.schema.text("title"))
	return title != "" && digits != n.def && strings.HasSuffix(digits, "__"+title+"__")
}

// origin is the class's full name where the definition tells it.
func (n *node) origin() string {
	if n.def == "" {
		return ""
	}
	modules, name := n.parts()
	if len(modules) == 0 {
		return ""
	}
	return strings.Join(modules, ".") + "." + name
}

// called is n's name with the last of its modules before it; beyond all modules
// it is made of the whole definition's key.
func (n *node) called(level int, levels map[string]int) string {
	switch {
	case len(n.variants) > 0:
		var names []string
		for _, variant := range n.variants {
			names = append(names, variant.called(levels[variant.key], levels))
		}
		return strings.Join(names, "Or")
	case n.def == "" && n.parent != nil:
		return n.parent.called(levels[n.parent.key], levels) + n.suffix
	case n.def == "":
		return n.suffix
	}
	modules, name := n.parts()
	if len(modules) == 0 {
		return joined(name)
	}
	if level >= len(modules) {
		return joined(n.def)
	}
	return camel(contract.Tokens(strings.Join(modules[len(modules)-1-level:], "_"))) + joined(name)
}

// name gives every type its name in the contract, by its id. Types of one name
// in several modules get as much of their modules before it as tells them apart;
// others of one name are problems.
func (v *converter) name(m modes) map[nodeID]string {
	nodes := slices.DeleteFunc(v.sorted(), m.drops)
	levels := map[string]int{}
	final := func(n *node) string {
		name := n.called(levels[n.key], levels)
		if m.input(n) {
			name += "Input"
		}
		return name
	}
	for {
		groups := map[string][]*node{}
		for _, n := range nodes {
			name := final(n)
			groups[name] = append(groups[name], n)
		}
		again := map[string]bool{}
		for _, group := range groups {
			for _, n := range group {
				if modules, _ := n.parts(); len(group) > 1 && n.def != "" && levels[n.key] < len(modules) {
					again[n.key] = true
				}
			}
		}
		for key := range again {
			levels[key]++
		}
		if len(again) == 0 {
			return v.named(groups, m)
		}
	}
}

func (v *converter) named(groups map[string][]*node, m modes) map[nodeID]string {
	names := map[nodeID]string{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		group := groups[name]
		if !isName(name) {
			v.refuse(group[0].at, fmt.Sprintf("%q gives no name that begins with a letter", group[0].title()), "rename the model")
		}
		if len(group) > 1 {
			v.clash(name, group, m)
		}
		for _, n := range group {
			names[n.id] = name
			if n.def != "" && n.numbered() {
				v.refuse(n.at, fmt.Sprintf("several classes of one module are called %s", n.title()), "rename one of them, or its type parameter's class")
			}
		}
	}
	for _, n := range v.nodes {
		if m.drops(n) {
			names[n.id] = names[nodeID(string(serialization)+":"+n.key)]
		}
	}
	return names
}

func (v *converter) clash(name string, group []*node, m modes) {
	var sources []string
	input := false
	for _, n := range group {
		source := n.title()
		if n.def != "" && joined(n.def) != joined(source) {
			source += " (" + n.def + ")"
		}
		if m.input(n) {
			input = true
			source += " as it is accepted"
		}
		if n.at.path != "" {
			source += " by " + n.at.path
		}
		if n.at.method != "" {
			source += " of " + n.at.method
		}
		sources = append(sources, source)
	}
	slices.Sort(sources)
	fix := "rename one of them"
	if input {
		fix += "; a model that is accepted in another form than it is sent in takes the name with Input behind it"
	}
	v.problems = append(v.problems, contract.Problem{
		Method: group[0].at.method, Path: group[0].at.path, Type: name, Position: group[0].at.source,
		Reason: fmt.Sprintf("%d types would have this name: %s", len(group), strings.Join(sources, ", ")), Fix: fix,
	})
}
