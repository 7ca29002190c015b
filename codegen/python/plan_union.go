package python

import (
	"encoding/json"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// unionPlan is a tagged union: an alias for its variants' classes.
type unionPlan struct {
	plan     *plan
	class    string
	source   *contract.NamedType
	name     string // the tag's attribute in every variant
	variants []*variantPlan
	// unknown is the class of what a newer server may send; empty if servers send
	// none.
	unknown string
}

// variantPlan is one of a tagged union's structs. If that does not hold the tag, a
// class of the union's own adds it.
type variantPlan struct {
	class  string
	source *contract.NamedType
	values []string
	holds  bool
}

func (p *plan) newUnion(t *contract.NamedType) *unionPlan {
	u := &unionPlan{plan: p, class: p.classes[t.Name], source: t, unknown: "Unknown" + p.classes[t.Name]}
	byName := map[string]*variantPlan{}
	for _, v := range t.Variants {
		if same := byName[v.Ref]; same != nil {
			same.values = append(same.values, v.Values...)
			continue
		}
		s := p.types[v.Ref]
		planned := &variantPlan{
			source: s, values: slices.Clone(v.Values),
			holds: slices.ContainsFunc(s.Fields, func(f contract.Field) bool { return f.Name == t.Tag }),
		}
		planned.class = p.classes[v.Ref]
		if !planned.holds {
			planned.class = u.class + planned.class
		}
		byName[v.Ref] = planned
		u.variants = append(u.variants, planned)
	}
	return u
}

// finishUnion names the tag.
func (p *plan) finishUnion(u *unionPlan) contract.Problems {
	u.name = fieldName(u.source.Tag, p.taken)
	if u.name == "" {
		n := newNames("field", u.source.Name+".")
		n.add(u.source.Tag, "")
		return n.problems
	}
	var problems contract.Problems
	for _, v := range u.variants {
		if v.holds {
			continue
		}
		n := newNames("field", v.source.Name+".")
		for _, f := range p.byStruct[v.source.Name].fields {
			if f.name == u.name {
				n.add(f.source.Name, f.name)
			}
		}
		n.owner = ""
		n.add("the tag "+u.source.Tag+" of "+u.source.Name, u.name)
		problems = append(problems, n.problems...)
	}
	return problems
}

// planTag makes f, which tells s apart in tagged unions, a field that is always
// sent, with its value given if it has but one.
func (p *plan) planTag(s *structPlan, f *fieldPlan) {
	a := &annotator{plan: p, closed: true}
	t := f.source.Type
	f.typ = a.typ(&t)
	values := slices.Compact(slices.Sorted(slices.Values(p.use.tags[s.source.Name][f.source.Name])))
	value := ""
	if len(values) == 1 {
		value = values[0]
	} else if err := json.Unmarshal(f.source.Default, &value); err != nil || !slices.Contains(values, value) {
		value = ""
	}
	base := p.base(&t)
	switch {
	case value == "":
	case base.Kind == contract.String && stringFormats[base.Format] == "" && !base.Quoted:
		f.value = quote(value)
	case base.Kind == contract.Ref && p.byEnum[base.Ref] != nil:
		for i, v := range p.types[base.Ref].Values {
			if v.String != nil && *v.String == value {
				f.value = p.byEnum[base.Ref].class + "." + p.byEnum[base.Ref].members[i]
			}
		}
	}
	switch {
	case f.value != "":
		s.sent = append(s.sent, f.name)
	case !f.source.Required:
		f.value = "None"
		if f.absentNone = !p.nullable(&t, map[string]bool{}); f.absentNone {
			f.typ += " | None"
		}
	}
}
