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
	types    map[string]*contract.NamedType
	errorsOf map[int]*contract.ErrorType
	pkg      string // tasks_client
	dist     string // tasks-client

	structs  []*structPlan
	byStruct map[string]*structPlan // by the contract's name
	enums    []*enumPlan
	byEnum   map[string]*enumPlan
	unions   []*unionPlan
	aliases  []*aliasPlan // each behind those it refers to
	methods  []*methodPlan
	errors   []*errorPlan
	channels []*channelPlan

	classes map[string]string // contract type -> class
	models  []string          // all names that the models' module exports, sorted
	taken   map[string]bool   // the same
	scalars map[string]bool   // those in use
	client  map[string]bool   // names of the models' module that the client's mentions
	details map[string]bool   // and that the errors' module mentions
	use     use
}

type structPlan struct {
	class  string
	source *contract.NamedType
	fields []*fieldPlan
	extra  string // annotation of members beside the fields, or empty
	// late: extra names types that may stand behind the struct.
	late bool
	// sent are the fields that are sent even if they were not set: tags.
	sent []string
}

type fieldPlan struct {
	name   string
	source *contract.Field
	typ    string
	// value is what the field has unless another is given, or empty if one must be.
	value string
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
	model bool
	item  string // a stream's type of items, as result
	// itemModel is to item what model is to result.
	itemModel bool
}

// newPlan names everything, and reports all that cannot be named.
func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	p := &plan{
		contract: c, types: map[string]*contract.NamedType{}, errorsOf: map[int]*contract.ErrorType{},
		byStruct: map[string]*structPlan{}, byEnum: map[string]*enumPlan{}, classes: map[string]string{},
		taken: map[string]bool{}, scalars: map[string]bool{}, client: map[string]bool{}, details: map[string]bool{},
	}
	for i := range c.Types {
		p.types[c.Types[i].Name] = &c.Types[i]
	}
	for i := range c.Errors {
		p.errorsOf[c.Errors[i].Code] = &c.Errors[i]
	}
	var problems contract.Problems
	problems = append(problems, p.namePackage(opts)...)
	problems = append(problems, p.nameClasses()...)
	for i := range c.Types {
		if t := &c.Types[i]; t.Kind == contract.Enum {
			problems = append(problems, p.addEnum(t)...)
		}
	}
	for i := range c.Types {
		if t := &c.Types[i]; t.Kind == contract.Struct {
			problems = append(problems, p.addStruct(t)...)
		}
	}
	for _, u := range p.unions {
		problems = append(problems, p.finishUnion(u)...)
	}
	problems = append(problems, p.addAliases()...)
	p.addErrors()
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

// nameClasses names all that the package exports: types, the classes that unions
// need beside them, and errors.
func (p *plan) nameClasses() contract.Problems {
	for i := range p.contract.Types {
		t := &p.contract.Types[i]
		p.classes[t.Name] = className(t.Name)
	}
	for i := range p.contract.Types {
		if t := &p.contract.Types[i]; t.Kind == contract.Union {
			p.unions = append(p.unions, p.newUnion(t))
		}
	}
	p.use = findUse(p)
	n := newNames("class", "", exported...)
	model := func(source, class string) {
		n.add(source, class)
		p.models = append(p.models, class)
		p.taken[class] = true
	}
	for i := range p.contract.Types {
		model(p.contract.Types[i].Name, p.classes[p.contract.Types[i].Name])
	}
	for _, u := range p.unions {
		for _, v := range u.variants {
			if !v.holds {
				model(fmt.Sprintf("the variant %s of %s", v.source.Name, u.source.Name), v.class)
			}
		}
		if p.use.onlySent(u.source.Name) {
			u.unknown = ""
		} else {
			model("the unknown variant of "+u.source.Name, u.unknown)
		}
	}
	for i := range p.contract.Errors {
		e := &p.contract.Errors[i]
		planned := &errorPlan{class: errorName(e.Reason), source: e}
		n.add(fmt.Sprintf("error %d (%s)", e.Code, e.Reason), planned.class)
		p.errors = append(p.errors, planned)
	}
	slices.Sort(p.models)
	return n.problems
}

func (p *plan) addStruct(t *contract.NamedType) contract.Problems {
	a := &annotator{plan: p, checked: p.use.onlySent(t.Name), closed: p.use.alternatives[t.Name]}
	s := &structPlan{class: p.classes[t.Name], source: t}
	n := newNames("field", t.Name+".")
	for i := range t.Fields {
		f := &t.Fields[i]
		planned := &fieldPlan{name: fieldName(f.Name, p.taken), source: f}
		n.add(f.Name, planned.name)
		if p.use.tags[t.Name][f.Name] != nil {
			p.planTag(s, planned)
		} else {
			nullable := p.nullable(&f.Type, map[string]bool{})
			planned.typ = a.typ(&f.Type)
			planned.absentNone = !f.Required && !nullable
			if planned.absentNone {
				planned.typ += " | None"
			}
			if !f.Required {
				planned.value = "None"
			}
		}
		s.fields = append(s.fields, planned)
	}
	if t.Extra != nil {
		s.extra = a.typ(t.Extra)
		s.late = len(refs(t.Extra, nil)) > 0
	}
	p.structs = append(p.structs, s)
	p.byStruct[t.Name] = s
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
	p.byEnum[t.Name] = e
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
			if r := p.types[ref]; r.Kind == contract.Alias {
				add(r)
			}
		}
		if p.onlyItself(t) {
			problems = append(problems, contract.Problem{
				Path: t.Name, Reason: "it stands for nothing but itself", Fix: "give it a type",
			})
			return
		}
		a := &annotator{plan: p, checked: p.use.onlySent(t.Name)}
		recursive, base := p.reaches(t, t.Name, map[string]bool{}), t.Base
		if recursive && !base.Nullable {
			// Pydantic before 2.14 crashes on a recursive alias of nothing but another.
			base = p.base(base)
		}
		p.aliases = append(p.aliases, &aliasPlan{p.classes[t.Name], t, a.typ(base), recursive})
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
	for i := range t.Items {
		found = refs(&t.Items[i], found)
	}
	return refs(t.Elem, refs(t.Key, found))
}

// reaches reports whether alias t mentions the alias goal, through aliases only:
// a struct in between is resolved late anyway.
func (p *plan) reaches(t *contract.NamedType, goal string, seen map[string]bool) bool {
	for _, ref := range refs(t.Base, nil) {
		r := p.types[ref]
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

// onlyItself reports whether following t's alias, or what it is one of, ends
// where it began.
func (p *plan) onlyItself(t *contract.NamedType) bool {
	var follow func(base *contract.Type, seen []string) bool
	follow = func(base *contract.Type, seen []string) bool {
		switch base.Kind {
		case contract.Ref:
			r := p.types[base.Ref]
			if r.Kind != contract.Alias {
				return false
			}
			return slices.Contains(seen, r.Name) || follow(r.Base, append(seen, r.Name))
		case contract.Union:
			return slices.ContainsFunc(base.Items, func(item contract.Type) bool { return follow(&item, seen) })
		}
		return false
	}
	return t.Kind == contract.Alias && follow(t.Base, []string{t.Name})
}

// nullable reports whether null is a value of t.
func (p *plan) nullable(t *contract.Type, seen map[string]bool) bool {
	if t.Nullable || t.Kind == contract.Any {
		return true
	}
	if t.Kind == contract.Union {
		return slices.ContainsFunc(t.Items, func(item contract.Type) bool { return p.nullable(&item, seen) })
	}
	if t.Kind != contract.Ref || seen[t.Ref] {
		return false
	}
	seen[t.Ref] = true
	r := p.types[t.Ref]
	return r.Kind == contract.Alias && p.nullable(r.Base, seen)
}

// addMethods names the typed client's members: methods and what subscribes to
// channels.
func (p *plan) addMethods() contract.Problems {
	n := newNames("method", "")
	for word := range clientMembers {
		n.seen[word] = ""
	}
	for word := range keywords {
		n.seen[word] = ""
	}
	a := &annotator{plan: p, used: p.client}
	// A method named like a built-in type hides it in the class body.
	if slices.ContainsFunc(p.contract.Methods, func(m contract.Method) bool { return builtins[methodName(m.Name)] }) {
		a.prefix = "_builtins."
	}
	for i := range p.contract.Methods {
		m := &p.contract.Methods[i]
		planned := &methodPlan{name: methodName(m.Name), source: m}
		n.add(m.Name, planned.name)
		if m.Params != nil {
			planned.params = a.typ(&contract.Type{Kind: contract.Ref, Ref: m.Params.Ref})
		}
		if m.Result != nil {
			planned.result = a.typ(m.Result)
			planned.model = p.isModel(m.Result)
		}
		if m.Item != nil {
			planned.item = a.typ(m.Item)
			planned.itemModel = p.isModel(m.Item)
		}
		p.methods = append(p.methods, planned)
	}
	for i := range p.contract.Channels {
		p.addChannel(&p.contract.Channels[i], a, n)
	}
	return n.problems
}

// isModel reports whether t is a model as it stands.
func (p *plan) isModel(t *contract.Type) bool {
	return t.Kind == contract.Ref && !t.Nullable && p.types[t.Ref].Kind == contract.Struct
}
