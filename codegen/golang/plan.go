package golang

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// plan is what is printed: all names are resolved.
type plan struct {
	contract *contract.Contract
	opts     Options
	types    []*typePlan // in the contract's order
	errors   []*errorPlan
	methods  []methodPlan
	channels []channelPlan
	fillers  fillers
	inline   map[string]*inlinePlan // by shape
	inOrder  []*inlinePlan          // those that no alias names

	byName    map[string]*typePlan // by the contract's name
	component map[string]int       // of the types that hold others; see findCycles
	endless   map[string]bool      // those that would hold themselves
}

// typePlan is one named type. Which of the parts are set depends on the kind.
type typePlan struct {
	source *contract.NamedType
	name   string
	doc    string

	fields []fieldPlan // a struct's
	input  bool        // a struct that is sent: it is part of some method's params
	extra  string      // the type of a struct's extra members, or nothing
	fill   string      // the statement that fills the extra members, or nothing

	base     string // what an enum's values are or an alias stands for
	isAlias  bool   // "type A = B": B's methods are needed
	constant []constPlan
	wide     bool // an 8-bit unsigned type that lists hold: see elem

	variants []variantPlan // a tagged union's
}

type fieldPlan struct {
	source   *contract.Field
	name     string
	typ      string
	doc      string // on what it may be
	options  string // of the tag: ",omitempty"
	codec    bool   // encoding/json cannot take the name from a tag
	fill     string // the statement that fills it before it is sent, or nothing
	optional bool
}

type constPlan struct {
	name, value, doc string
}

// variantPlan is one of the structs that a tagged union may be.
type variantPlan struct {
	name   string
	values []string
	strip  bool // the tag would be one of its extra members
}

type errorPlan struct {
	name    string // of the code's constant
	typ     string
	reason  string
	code    int
	doc     string
	details string // type, or empty
}

type methodPlan struct {
	source *contract.Method
	name   string
	params string // type, or empty
	result string // type, or empty
	item   string // a stream's: type
	errors []string
}

type channelPlan struct {
	source *contract.Channel
	name   string   // of the method
	params string   // type, or empty
	values []string // the fields of params, in the order of the pattern
	event  string
}

// reserved are the names at package level that the generator itself prints.
var reserved = []string{"APIClient", "ContractHash", "NewAPIClient"}

func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	p := &plan{contract: c, byName: map[string]*typePlan{}, fillers: fillers{}, inline: map[string]*inlinePlan{}, endless: map[string]bool{}}
	var problems contract.Problems
	p.opts, problems = opts.withDefaults(c.Name)
	names := newScope("the package")
	for _, name := range reserved {
		names.add(name, "the generated "+name)
	}
	for i := range c.Types {
		t := &typePlan{source: &c.Types[i], name: typeName(c.Types[i].Name), doc: c.Types[i].Doc}
		names.add(t.name, "type "+t.source.Name)
		p.types = append(p.types, t)
		p.byName[t.source.Name] = t
	}
	if loops := p.checkAliases(); len(loops) > 0 {
		return nil, slices.Concat(problems, names.problems, loops) // there is no describing those
	}
	p.findCycles()
	p.markInputs()
	p.markWide()
	p.nameInline(names)
	for _, t := range p.types {
		problems = append(problems, p.planType(t, names)...)
	}
	for _, in := range p.inOrder {
		problems = append(problems, p.planInline(in, names)...)
	}
	p.planErrors(names)
	problems = append(problems, p.planMethods()...)
	return p, append(problems, names.problems...)
}

func (p *plan) planType(t *typePlan, names *scope) contract.Problems {
	switch t.source.Kind {
	case contract.Struct:
		return p.planFields(t)
	case contract.Enum:
		return p.planEnum(t, names)
	case contract.Union:
		return p.planUnion(t, names)
	default:
		return p.planAlias(t, names)
	}
}

func (p *plan) planAlias(t *typePlan, names *scope) contract.Problems {
	base := withoutNull(t.source.Base)
	if in := p.inline[shape(base)]; in != nil && in.alias == t {
		return p.planInline(in, names)
	}
	t.base = p.expr(base)
	t.isAlias = needsAlias(base)
	if t.wide {
		t.base = "uint16"
	}
	return nil
}

func (p *plan) planErrors(names *scope) {
	for i := range p.contract.Errors {
		e := &p.contract.Errors[i]
		ep := &errorPlan{name: "Code" + exported(e.Reason), typ: strings.TrimSuffix(exported(e.Reason), "Error") + "Error", code: e.Code, reason: e.Reason, doc: e.Doc}
		source := fmt.Sprintf("error %d %s", e.Code, e.Reason)
		names.add(ep.name, source)
		names.add(ep.typ, source)
		if e.Details != nil {
			ep.details = p.value(e.Details)
		}
		p.errors = append(p.errors, ep)
	}
}

func (p *plan) planMethods() contract.Problems {
	names := newScope("APIClient")
	names.add("CheckContract", "the generated CheckContract")
	for i := range p.contract.Methods {
		m := &p.contract.Methods[i]
		mp := methodPlan{source: m, name: exported(m.Name)}
		names.add(mp.name, "method "+m.Name)
		if m.Params != nil {
			mp.params = p.expr(m.Params)
		}
		if m.Result != nil {
			mp.result = p.value(m.Result)
		}
		if m.Item != nil {
			mp.item = p.value(m.Item)
		}
		for _, code := range m.Errors {
			for _, e := range p.errors {
				if e.code == code {
					mp.errors = append(mp.errors, "*"+e.typ)
				}
			}
		}
		p.methods = append(p.methods, mp)
	}
	for i := range p.contract.Channels {
		ch := &p.contract.Channels[i]
		cp := channelPlan{source: ch, name: "Subscribe" + channelName(ch.Name), event: p.value(&ch.Event)}
		names.add(cp.name, fmt.Sprintf("channel %q", ch.Name))
		if ch.Params != nil {
			cp.params = p.expr(ch.Params)
			params, _ := contract.ChannelParams(ch.Name) // Contract.Check has read it
			for _, name := range params {
				for _, f := range p.byName[ch.Params.Ref].fields {
					if f.source.Name == name {
						cp.values = append(cp.values, "params."+f.name)
					}
				}
			}
		}
		p.channels = append(p.channels, cp)
	}
	return names.problems
}

// channelName is what a channel is called in Go: the words of its pattern that
// are not parameters.
func channelName(pattern string) string {
	var literal strings.Builder
	for rest := pattern; rest != ""; {
		text, after, _ := strings.Cut(rest, "{")
		literal.WriteString(text + " ")
		_, rest, _ = strings.Cut(after, "}")
	}
	if len(contract.Tokens(literal.String())) == 0 {
		return "" // a pattern of parameters alone
	}
	return exported(literal.String())
}

func (p *plan) planFields(t *typePlan) contract.Problems {
	names := newScope("type " + t.source.Name)
	owner := shape(&contract.Type{Kind: contract.Ref, Ref: t.source.Name})
	for i := range t.source.Fields {
		f := &t.source.Fields[i]
		fp := fieldPlan{source: f, name: exported(f.Name), doc: p.fieldWords(f), optional: !f.Required, codec: !taggable(f.Name)}
		names.add(fp.name, fmt.Sprintf("field %q", f.Name))
		ft := &f.Type
		nilable := p.nilable(ft)
		null := p.nullable(ft)
		typ, quoted := p.expr(ft), ""
		if ft.Quoted && p.quotable(ft) && !fp.codec && (f.Required || !null) {
			typ, quoted = p.unquoted(ft), ",string"
		}
		switch {
		case f.Required && !null:
			fp.typ = typ
			if p.holds(owner, ft) {
				fp.typ = "*" + fp.typ
			}
		case f.Required && !nilable:
			fp.typ = "*" + typ
		case f.Required:
			fp.typ = typ
		case !null && nilable:
			fp.typ, fp.options = typ, ",omitzero"
		case !null:
			fp.typ, fp.options = "*"+typ, ",omitempty"
		default:
			fp.typ, fp.options = "client.Null["+typ+"]", ",omitzero"
		}
		fp.options += quoted
		if t.input {
			fp.fill = p.fillField(&fp)
		}
		t.fields = append(t.fields, fp)
	}
	if t.source.Extra != nil {
		t.extra = p.value(t.source.Extra)
		names.add("Extra", "the generated Extra, for members that are not declared")
		all := &contract.Type{Kind: contract.Map, Key: &contract.Type{Kind: contract.String}, Elem: t.source.Extra}
		if t.input && p.needsFill(all, true) {
			t.fill = p.fillStatement(all, "v.Extra", true)
		}
	}
	marshals, unmarshals := t.codecs()
	if marshals {
		names.add("MarshalJSON", "the generated MarshalJSON")
	}
	if unmarshals {
		names.add("UnmarshalJSON", "the generated UnmarshalJSON")
	}
	return names.problems
}

// codecs says which methods of encoding/json a struct needs of its own.
func (t *typePlan) codecs() (marshals, unmarshals bool) {
	marshals, unmarshals = t.extra != "", t.extra != ""
	for _, f := range t.fields {
		marshals = marshals || f.codec || f.fill != ""
		unmarshals = unmarshals || f.codec
	}
	return marshals, unmarshals
}

// planUnion plans a tagged union. A struct that is several of its variants is one
// in Go.
func (p *plan) planUnion(t *typePlan, names *scope) contract.Problems {
	source := "the tagged union " + t.source.Name
	names.add(t.name+"Variant", "what is in "+source)
	names.add("Unknown"+t.name, "an unknown variant of "+source)
	var problems contract.Problems
	at := map[string]int{}
	for _, v := range t.source.Variants {
		if i, again := at[v.Ref]; again {
			t.variants[i].values = append(t.variants[i].values, v.Values...)
			continue
		}
		at[v.Ref] = len(t.variants)
		of := p.byName[v.Ref]
		plan := variantPlan{name: of.name, values: slices.Clone(v.Values), strip: of.source.Extra != nil}
		for _, f := range of.source.Fields {
			if f.Name != t.source.Tag {
				continue
			}
			plan.strip = false
			if !p.isText(&f.Type) {
				problems = append(problems, contract.Problem{
					Path:   fmt.Sprintf("field %q of type %s", f.Name, v.Ref),
					Type:   string(f.Type.Kind),
					Reason: fmt.Sprintf("it is the tag of the union %s and not a string", t.source.Name),
					Fix:    "make it a string",
				})
			}
		}
		t.variants = append(t.variants, plan)
	}
	return problems
}

// isText reports whether values of the type are strings that can be compared as
// they travel.
func (p *plan) isText(t *contract.Type) bool {
	r := p.resolve(t)
	if r.Kind == contract.Ref && p.byName[r.Ref].source.Kind == contract.Enum {
		r = p.byName[r.Ref].source.Base
	}
	return r.Kind == contract.String && !r.Quoted && !t.Quoted && stringTypes[r.Format] == ""
}

func (p *plan) planEnum(t *typePlan, names *scope) contract.Problems {
	var problems contract.Problems
	base := *t.source.Base
	t.base = "string"
	if base.Kind == contract.Integer {
		t.base = integer(&base)
	}
	if t.wide {
		t.base = "uint16"
	}
	for _, v := range t.source.Values {
		c := constPlan{name: t.name + exported(v.Name), doc: v.Doc}
		names.add(c.name, fmt.Sprintf("value %s of enum %s", v.Name, t.source.Name))
		if v.String != nil {
			c.value = strconv.Quote(*v.String)
		} else {
			c.value = fmt.Sprint(*v.Int)
			if !fits(*v.Int, &base) {
				problems = append(problems, contract.Problem{
					Path:   fmt.Sprintf("value %s of enum %s", v.Name, t.source.Name),
					Type:   t.base,
					Reason: c.value + " is out of its range",
					Fix:    "give the enum a wider base",
				})
			}
		}
		t.constant = append(t.constant, c)
	}
	return problems
}

func fits(v int64, t *contract.Type) bool {
	bits := t.Bits
	if bits == 0 {
		bits = 64
	}
	if t.Unsigned {
		return v >= 0 && (bits == 64 || uint64(v) <= math.MaxUint64>>(64-bits))
	}
	return bits == 64 || v >= -1<<(bits-1) && v < 1<<(bits-1)
}

// scope finds names that are given twice.
type scope struct {
	where    string
	sources  map[string]string
	problems contract.Problems
}

func newScope(where string) *scope { return &scope{where: where, sources: map[string]string{}} }

func (s *scope) add(name, source string) {
	other, taken := s.sources[name]
	if !taken {
		s.sources[name] = source
		return
	}
	fix := "rename one"
	if strings.HasPrefix(source, "the union in ") {
		fix = "rename the other, or give the union a name of its own"
	}
	s.problems = append(s.problems, contract.Problem{
		Path:   fmt.Sprintf("%s and %s, in %s", other, source, s.where),
		Reason: fmt.Sprintf("both are called %s in Go", name),
		Fix:    fix,
	})
}
