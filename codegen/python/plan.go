package python

import (
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// plan is a contract with every name as Python says it.
type plan struct {
	contract *contract.Contract
	pkg      string // tasks_client
	dist     string // tasks-client
	structs  []*structPlan
	enums    []*enumPlan
	aliases  []*aliasPlan // each behind those it refers to
	methods  []*methodPlan
	classes  map[string]string // contract type -> class
	scalars  map[string]bool   // of the scalar aliases, those in use
}

type structPlan struct {
	class  string
	source *contract.NamedType
	fields []*fieldPlan
}

type fieldPlan struct {
	name   string
	source *contract.Field
	typ    string
	// absentNone: None means that the key is left out, for null is not allowed.
	absentNone bool
}

type enumPlan struct {
	class   string
	source  *contract.NamedType
	members []string // by the values' index
}

type aliasPlan struct {
	class  string
	source *contract.NamedType
	typ    string
	// recursive: it refers to itself, so that it must be resolved late.
	recursive bool
}

type methodPlan struct {
	name   string
	source *contract.Method
	params string // class, or empty
	result string // type as the client's module says it, or empty
	// model: the result is a model of its own, not a type around one.
	model   bool
	imports []string // classes that params and result name
}

// newPlan names everything, and reports all that cannot be named.
func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	p := &plan{contract: c, classes: map[string]string{}, scalars: map[string]bool{}}
	var problems contract.Problems
	problems = append(problems, p.namePackage(opts)...)
	problems = append(problems, p.nameClasses()...)
	if len(problems) > 0 {
		return nil, problems
	}
	for i := range c.Types {
		t := &c.Types[i]
		switch t.Kind {
		case contract.Struct:
			problems = append(problems, p.addStruct(t)...)
		case contract.Enum:
			problems = append(problems, p.addEnum(t)...)
		}
	}
	problems = append(problems, p.addAliases()...)
	problems = append(problems, p.addMethods()...)
	return p, problems
}

func (p *plan) namePackage(opts Options) contract.Problems {
	p.pkg = opts.Package
	if p.pkg == "" {
		p.pkg = methodName(p.contract.Name + "_client")
	}
	p.dist = strings.ReplaceAll(p.pkg, "_", "-")
	for i, r := range p.pkg {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && (r == '_' || r >= '0' && r <= '9')) {
			return contract.Problems{{
				Path: p.pkg, Reason: "it is no name for a Python package",
				Fix: "name the API, or the package, with letters, digits and \"_\"",
			}}
		}
	}
	if keywords[p.pkg] {
		return contract.Problems{{Path: p.pkg, Reason: "it is a Python keyword", Fix: "name the package otherwise"}}
	}
	return nil
}

// names finds what becomes the same name twice, or none.
type names struct {
	what     string // "class"
	owner    string // prefix of the paths: "Task."
	seen     map[string]string
	problems contract.Problems
}

func newNames(what, owner string, reserved ...string) *names {
	n := &names{what: what, owner: owner, seen: map[string]string{}}
	for _, r := range reserved {
		n.seen[r] = ""
	}
	return n
}

func (n *names) add(source, name string) {
	path := n.owner + source
	before, taken := n.seen[name]
	switch {
	case name == "":
		n.problems = append(n.problems, contract.Problem{
			Path: n.owner + fmt.Sprintf("%q", source), Reason: "no Python " + n.what + " can be named after it",
			Fix: "rename it, with at least one letter",
		})
	case taken && before == "":
		n.problems = append(n.problems, contract.Problem{
			Path: path, Reason: fmt.Sprintf("it becomes the Python %s %s, a name that the client needs itself", n.what, name),
			Fix: "rename it",
		})
	case taken:
		n.problems = append(n.problems, contract.Problem{
			Path: before + " and " + path, Reason: fmt.Sprintf("both become the Python %s %s", n.what, name),
			Fix: "rename one of them",
		})
	default:
		n.seen[name] = path
	}
}

func (p *plan) nameClasses() contract.Problems {
	n := newNames("class", "", exported...)
	for i := range p.contract.Types {
		t := &p.contract.Types[i]
		class := className(t.Name)
		p.classes[t.Name] = class
		n.add(t.Name, class)
	}
	return n.problems
}

func (p *plan) addStruct(t *contract.NamedType) contract.Problems {
	taken := map[string]bool{}
	for _, class := range p.classes {
		taken[class] = true
	}
	s := &structPlan{class: p.classes[t.Name], source: t}
	n := newNames("field", t.Name+".")
	for i := range t.Fields {
		f := &t.Fields[i]
		name := fieldName(f.Name, taken)
		n.add(f.Name, name)
		nullable := p.nullable(&f.Type, map[string]bool{})
		typ := p.typ(&f.Type, "")
		if !f.Required && !nullable {
			typ += " | None"
		}
		s.fields = append(s.fields, &fieldPlan{name, f, typ, !f.Required && !nullable})
	}
	p.structs = append(p.structs, s)
	return n.problems
}

func (p *plan) addEnum(t *contract.NamedType) contract.Problems {
	e := &enumPlan{class: p.classes[t.Name], source: t}
	n := newNames("enum member", t.Name+".")
	for _, v := range t.Values {
		member := memberName(v.Name)
		n.add(v.Name, member)
		e.members = append(e.members, member)
	}
	p.enums = append(p.enums, e)
	return n.problems
}

// addAliases orders the aliases so that each stands behind those it refers to.
func (p *plan) addAliases() contract.Problems {
	var problems contract.Problems
	done := map[string]bool{}
	var add func(t *contract.NamedType)
	add = func(t *contract.NamedType) {
		if done[t.Name] {
			return
		}
		done[t.Name] = true
		for _, ref := range refs(t.Base, nil) {
			if r := p.contract.Type(ref); r.Kind == contract.Alias {
				add(r)
			}
		}
		if p.onlyItself(t) {
			problems = append(problems, contract.Problem{
				Path: t.Name, Reason: "it stands for nothing but itself", Fix: "give it a type",
			})
			return
		}
		p.aliases = append(p.aliases, &aliasPlan{p.classes[t.Name], t, p.typ(t.Base, ""), p.reaches(t, t.Name, map[string]bool{})})
	}
	for i := range p.contract.Types {
		if t := &p.contract.Types[i]; t.Kind == contract.Alias {
			add(t)
		}
	}
	return problems
}

// refs are the named types that t mentions.
func refs(t *contract.Type, found []string) []string {
	if t == nil {
		return found
	}
	if t.Kind == contract.Ref {
		found = append(found, t.Ref)
	}
	return refs(t.Elem, refs(t.Key, found))
}

// reaches reports whether alias t mentions the alias goal, through aliases only:
// a struct in between is resolved late anyway.
func (p *plan) reaches(t *contract.NamedType, goal string, seen map[string]bool) bool {
	for _, ref := range refs(t.Base, nil) {
		r := p.contract.Type(ref)
		if ref == goal {
			return true
		}
		if r.Kind == contract.Alias && !seen[ref] {
			seen[ref] = true
			if p.reaches(r, goal, seen) {
				return true
			}
		}
	}
	return false
}

// onlyItself reports whether following t's alias ends where it began.
func (p *plan) onlyItself(t *contract.NamedType) bool {
	seen := map[string]bool{}
	for t.Kind == contract.Alias && t.Base.Kind == contract.Ref {
		if seen[t.Name] {
			return true
		}
		seen[t.Name] = true
		t = p.contract.Type(t.Base.Ref)
	}
	return false
}

// nullable reports whether null is a value of t.
func (p *plan) nullable(t *contract.Type, seen map[string]bool) bool {
	if t.Nullable || t.Kind == contract.Any {
		return true
	}
	if t.Kind != contract.Ref || seen[t.Ref] {
		return false
	}
	seen[t.Ref] = true
	r := p.contract.Type(t.Ref)
	return r.Kind == contract.Alias && p.nullable(r.Base, seen)
}

func (p *plan) addMethods() contract.Problems {
	n := newNames("method", "")
	for word := range clientMembers {
		n.seen[word] = ""
	}
	for word := range keywords {
		n.seen[word] = ""
	}
	// A method named like a built-in type hides it in the class body.
	prefix := ""
	for i := range p.contract.Methods {
		if builtins[methodName(p.contract.Methods[i].Name)] {
			prefix = "_builtins."
		}
	}
	for i := range p.contract.Methods {
		m := &p.contract.Methods[i]
		planned := &methodPlan{name: methodName(m.Name), source: m}
		n.add(m.Name, planned.name)
		if m.Params != nil {
			planned.params = p.classes[m.Params.Ref]
		}
		if m.Result != nil {
			planned.result = p.typ(m.Result, prefix)
			r := p.contract.Type(m.Result.Ref)
			planned.model = m.Result.Kind == contract.Ref && !m.Result.Nullable && r.Kind == contract.Struct
		}
		for _, ref := range append(refs(m.Params, nil), refs(m.Result, nil)...) {
			planned.imports = append(planned.imports, p.classes[ref])
		}
		p.methods = append(p.methods, planned)
	}
	return n.problems
}

// typ is a type as an annotation; prefix stands before built-in types.
func (p *plan) typ(t *contract.Type, prefix string) string {
	typ := p.value(t, prefix)
	if t.Nullable && t.Kind != contract.Any {
		typ += " | None"
	}
	return typ
}

func (p *plan) value(t *contract.Type, prefix string) string {
	switch t.Kind {
	case contract.Bool:
		return prefix + "bool"
	case contract.Integer:
		name := fmt.Sprintf("Int%d", t.Bits)
		if t.Unsigned {
			name = "U" + strings.ToLower(name[:1]) + name[1:]
		}
		return p.scalar(name)
	case contract.Float:
		return p.scalar("Float")
	case contract.String:
		if t.Format == contract.DateTime {
			return p.scalar("DateTime")
		}
		return prefix + "str"
	case contract.Bytes:
		return p.scalar("Base64")
	case contract.List:
		return prefix + "list[" + p.typ(t.Elem, prefix) + "]"
	case contract.Map:
		return prefix + "dict[" + p.typ(t.Key, prefix) + ", " + p.typ(t.Elem, prefix) + "]"
	case contract.Ref:
		return p.classes[t.Ref]
	default: // Any; Check admits no other
		return "_typing.Any"
	}
}

// scalar marks a scalar alias of the models' module as used.
func (p *plan) scalar(name string) string {
	p.scalars[name] = true
	return "_" + name
}

// usedBy are the scalar aliases that the client's module needs, sorted.
func (p *plan) usedBy(methods []*methodPlan) []string {
	var used []string
	for name := range p.scalars {
		if slices.ContainsFunc(methods, func(m *methodPlan) bool { return mentions(m.result, "_"+name) }) {
			used = append(used, "_"+name)
		}
	}
	slices.Sort(used)
	return used
}

// mentions reports whether an annotation holds a name.
func mentions(annotation, name string) bool {
	return slices.Contains(strings.FieldsFunc(annotation, func(r rune) bool {
		return strings.ContainsRune("[]|, ", r)
	}), name)
}
