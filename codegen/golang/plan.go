package golang

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/centrirpc/centrirpc/contract"
)

// plan is what is printed: all names are resolved.
type plan struct {
	contract *contract.Contract
	opts     Options
	types    []*typePlan // in the contract's order
	errors   []errorPlan
	methods  []methodPlan
	usesNull bool
	fillers  fillers

	byName map[string]*typePlan // by the contract's name
}

// typePlan is one named type. Which of the parts are set depends on the kind.
type typePlan struct {
	source *contract.NamedType
	name   string
	doc    string

	fields []fieldPlan // a struct's
	input  bool        // a struct that is sent: it is part of some method's params

	base     string // what an enum's values are or an alias stands for
	isAlias  bool   // "type A = B": B's methods are needed
	constant []constPlan
	wide     bool // an 8-bit unsigned type that lists hold: see elem
}

type fieldPlan struct {
	source   *contract.Field
	name     string
	typ      string
	options  string // of the tag: ",omitempty"
	codec    bool   // encoding/json cannot take the name from a tag
	fill     string // the statement that fills it before it is sent, or nothing
	optional bool
}

type constPlan struct {
	name, value, doc string
}

type errorPlan struct {
	name, reason string
	code         int
	doc, details string
}

type methodPlan struct {
	source *contract.Method
	name   string
	params string // type, or empty
	result string // type, or empty
	errors []string
}

// reserved are the names at package level that the generator itself prints.
var reserved = []string{"APIClient", "NewAPIClient", "Null", "NullOf"}

func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	p := &plan{contract: c, byName: map[string]*typePlan{}, fillers: fillers{}}
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
	p.markInputs()
	p.markWide()
	for _, t := range p.types {
		switch t.source.Kind {
		case contract.Struct:
			problems = append(problems, p.planFields(t)...)
		case contract.Enum:
			problems = append(problems, p.planEnum(t, names)...)
		case contract.Alias:
			t.base = p.expr(withoutNull(t.source.Base))
			t.isAlias = p.needsAlias(t.source.Base)
			if t.wide {
				t.base = "uint16"
			}
		}
	}
	for _, e := range c.Errors {
		name := "Code" + exported(e.Reason)
		names.add(name, fmt.Sprintf("error %d %s", e.Code, e.Reason))
		ep := errorPlan{name: name, code: e.Code, reason: e.Reason, doc: e.Doc}
		if e.Details != nil {
			ep.details = "ServerError.DecodeDetails gives its details, of type " + p.value(e.Details) + "."
		}
		p.errors = append(p.errors, ep)
	}
	problems = append(problems, p.planMethods()...)
	return p, append(problems, names.problems...)
}

func (p *plan) planMethods() contract.Problems {
	names := newScope("APIClient")
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
		for _, code := range m.Errors {
			for _, e := range p.errors {
				if e.code == code {
					mp.errors = append(mp.errors, e.name)
				}
			}
		}
		p.methods = append(p.methods, mp)
	}
	return names.problems
}

func (p *plan) planFields(t *typePlan) contract.Problems {
	names := newScope("type " + t.source.Name)
	for i := range t.source.Fields {
		f := &t.source.Fields[i]
		fp := fieldPlan{source: f, name: exported(f.Name), optional: !f.Required, codec: !taggable(f.Name)}
		names.add(fp.name, fmt.Sprintf("field %q", f.Name))
		ft := &f.Type
		nilable := p.nilable(ft)
		switch null := p.nullable(ft); {
		case f.Required && !null:
			fp.typ = p.expr(ft)
			if p.containsByValue(ft, t) {
				fp.typ = "*" + fp.typ
			}
		case f.Required:
			fp.typ = p.value(ft)
		case !null && nilable:
			fp.typ, fp.options = p.expr(ft), ",omitzero"
		case !null:
			fp.typ, fp.options = "*"+p.expr(ft), ",omitempty"
		default:
			p.usesNull = true
			fp.typ, fp.options = "Null["+p.expr(ft)+"]", ",omitzero"
		}
		if t.input {
			fp.fill = p.fillField(&fp)
		}
		t.fields = append(t.fields, fp)
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
	for _, f := range t.fields {
		marshals = marshals || f.codec || f.fill != ""
		unmarshals = unmarshals || f.codec
	}
	return marshals, unmarshals
}

func (p *plan) planEnum(t *typePlan, names *scope) contract.Problems {
	var problems contract.Problems
	base := *t.source.Base
	t.base = p.expr(withoutNull(&base))
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
	if t.Unsigned {
		return v >= 0 && (t.Bits == 64 || uint64(v) <= math.MaxUint64>>(64-t.Bits))
	}
	return t.Bits == 64 || v >= -1<<(t.Bits-1) && v < 1<<(t.Bits-1)
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
	s.problems = append(s.problems, contract.Problem{
		Path:   fmt.Sprintf("%s and %s, in %s", other, source, s.where),
		Reason: fmt.Sprintf("both are called %s in Go", name),
		Fix:    "rename one",
	})
}
