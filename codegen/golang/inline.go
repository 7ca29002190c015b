package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// inlinePlan is a tuple or untagged union, which has a type of its own in Go: one
// for all places where the same one stands. Its name is that of the first alias
// that stands for it, or else of the first place.
type inlinePlan struct {
	source *contract.Type
	name   string
	place  string // where the name is from, for problems and the doc
	alias  *typePlan
	items  []itemPlan
}

// itemPlan is an item of a tuple, or a type of a union.
type itemPlan struct {
	name     string // the field's, or "Int64" of AsInt64
	typ      string
	fill     string   // the expression of v filled, or nothing
	kind     string   // of a union's: which JSON it is
	required []string // of a union's: the members that are always there
}

// shape tells types apart that are different types in Go, or different parts of a
// union. Whether the value may be null is not part of it.
func shape(t *contract.Type) string {
	var b strings.Builder
	writeShape(&b, t)
	return b.String()
}

func writeShape(b *strings.Builder, t *contract.Type) {
	b.WriteString(string(t.Kind))
	if t.Bits != 0 {
		b.WriteString(strconv.Itoa(t.Bits))
	}
	if t.Unsigned {
		b.WriteByte('u')
	}
	if t.Quoted {
		b.WriteByte('q')
	}
	if t.Format != "" || t.Ref != "" {
		b.WriteString(strconv.Quote(t.Format + t.Ref))
	}
	if n, fixed := fixedLength(t); fixed {
		fmt.Fprintf(b, "*%d", n)
	}
	for _, c := range children(t) {
		b.WriteByte('(')
		if c.Nullable {
			b.WriteByte('?')
		}
		writeShape(b, c)
		b.WriteByte(')')
	}
}

// nameInline names all tuples and untagged unions of the contract.
func (p *plan) nameInline(names *scope) {
	for _, t := range p.types {
		if b := t.source.Base; b != nil && (b.Kind == contract.Tuple || b.Kind == contract.Union) && p.inline[shape(b)] == nil {
			p.inline[shape(b)] = &inlinePlan{source: b, name: t.name, place: "type " + t.source.Name, alias: t}
		}
	}
	for _, t := range p.types {
		for i := range t.source.Fields {
			f := &t.source.Fields[i]
			p.nameIn(&f.Type, t.name+exported(f.Name), fmt.Sprintf("field %q of type %s", f.Name, t.source.Name), names)
		}
		where := "type " + t.source.Name
		if t.source.Extra != nil {
			p.nameIn(t.source.Extra, t.name+"Extra", "the extra members of "+where, names)
		}
		if b := t.source.Base; b != nil {
			if in := p.inline[shape(b)]; in == nil || in.alias != t {
				p.nameIn(b, t.name, where, names)
			} else {
				p.nameItems(in, names)
			}
		}
	}
	for i := range p.contract.Errors {
		if e := &p.contract.Errors[i]; e.Details != nil {
			p.nameIn(e.Details, exported(e.Reason)+"Details", fmt.Sprintf("the details of error %d %s", e.Code, e.Reason), names)
		}
	}
	for i := range p.contract.Channels {
		ch := &p.contract.Channels[i]
		p.nameIn(&ch.Event, channelName(ch.Name)+"Event", fmt.Sprintf("the event of channel %q", ch.Name), names)
	}
	for i := range p.contract.Methods {
		m := &p.contract.Methods[i]
		if m.Result != nil {
			p.nameIn(m.Result, exported(m.Name)+"Result", "the result of method "+m.Name, names)
		}
		if m.Item != nil {
			p.nameIn(m.Item, exported(m.Name)+"Item", "an item of method "+m.Name, names)
		}
	}
}

// nameIn names the tuples and unions in t, the first of which is called name.
func (p *plan) nameIn(t *contract.Type, name, place string, names *scope) {
	switch t.Kind {
	case contract.List:
		p.nameIn(t.Elem, name+"Item", place, names)
	case contract.Map:
		p.nameIn(t.Elem, name+"Value", place, names)
	case contract.Tuple, contract.Union:
		s := shape(t)
		if p.inline[s] != nil {
			return
		}
		in := &inlinePlan{source: t, name: name, place: place}
		p.inline[s] = in
		p.inOrder = append(p.inOrder, in)
		names.add(name, "the "+string(t.Kind)+" in "+place)
		p.nameItems(in, names)
	}
}

func (p *plan) nameItems(in *inlinePlan, names *scope) {
	for i := range in.source.Items {
		suffix := "V"
		if in.source.Kind == contract.Union {
			suffix = "Option"
		}
		p.nameIn(&in.source.Items[i], fmt.Sprintf("%s%s%d", in.name, suffix, i), in.place, names)
	}
}

// planInline finds the items of a tuple or union, once all types have names.
func (p *plan) planInline(in *inlinePlan, names *scope) contract.Problems {
	if in.source.Kind == contract.Tuple {
		for i := range in.source.Items {
			t := &in.source.Items[i]
			item := itemPlan{name: fmt.Sprintf("V%d", i), typ: p.value(t)}
			if p.holds(shape(in.source), t) {
				item.typ = "*" + item.typ
			} else if nullable := p.nullable(t); p.needsFill(t, nullable) {
				item.fill = p.fillStatement(t, "v."+item.name, nullable)
			}
			in.items = append(in.items, item)
		}
		return nil
	}
	methods := newScope("the union " + in.name)
	for i := range in.source.Items {
		t := withoutNull(&in.source.Items[i])
		item := itemPlan{name: p.optionName(t), typ: p.expr(t)}
		if in.has(item) {
			continue // it differs in what it means only
		}
		item.kind, item.required = p.jsonKind(t)
		if p.needsFill(t, false) {
			item.fill = p.fillStatement(t, "v", false)
		}
		methods.add("As"+item.name, fmt.Sprintf("its item %d", i))
		names.add(in.name+"From"+item.name, fmt.Sprintf("item %d of the union in %s", i, in.place))
		in.items = append(in.items, item)
	}
	return methods.problems
}

func (in *inlinePlan) has(item itemPlan) bool {
	for _, other := range in.items {
		if other.name == item.name && other.typ == item.typ {
			return true
		}
	}
	return false
}

// optionName is what a type is called among those of a union: "Int64", "Cat",
// "StringList".
func (p *plan) optionName(t *contract.Type) string {
	name := ""
	switch t.Kind {
	case contract.Integer, contract.Bool:
		name = exported(p.unquoted(withoutFormat(t)))
		if t.Format != "" {
			name = exported(t.Format)
		}
	case contract.Float:
		name = "Number"
		if t.Bits != 0 {
			name = fmt.Sprintf("Float%d", t.Bits)
		}
	case contract.String:
		name = "String"
		if t.Format != "" {
			name = exported(t.Format)
		}
	case contract.Bytes:
		name = "Bytes"
		if t.Format != "" {
			name = exported(t.Format) + "Bytes"
		}
	case contract.Any:
		name = "Any"
	case contract.List:
		name = p.partName(t.Elem) + "List"
		if n, array := p.arrayLength(t); array {
			name = fmt.Sprintf("%sArray%d", p.partName(t.Elem), n)
		}
	case contract.Map:
		name = p.partName(t.Elem) + "Map"
	default:
		name = p.unquoted(t)
	}
	if t.Quoted {
		name = "Quoted" + name
	}
	return name
}

func withoutFormat(t *contract.Type) *contract.Type {
	u := *t
	u.Format, u.Quoted = "", false
	return &u
}

func (p *plan) partName(t *contract.Type) string {
	if t.Nullable {
		return "Nullable" + p.optionName(withoutNull(t))
	}
	return p.optionName(t)
}

// jsonKind is the kind of JSON that a value of type t is, and which members it
// always has.
func (p *plan) jsonKind(t *contract.Type) (kind string, required []string) {
	r := p.resolve(t)
	if r.Quoted || t.Quoted {
		return "client.JSONString", nil
	}
	switch r.Kind {
	case contract.Bool:
		return "client.JSONBool", nil
	case contract.Integer, contract.Float:
		return "client.JSONNumber", nil
	case contract.String, contract.Bytes:
		return "client.JSONString", nil
	case contract.List, contract.Tuple:
		return "client.JSONArray", nil
	case contract.Map:
		return "client.JSONObject", nil
	case contract.Ref:
		named := p.byName[r.Ref].source
		switch named.Kind {
		case contract.Enum:
			return p.jsonKind(named.Base)
		case contract.Union:
			return "client.JSONObject", []string{named.Tag}
		}
		for _, f := range named.Fields {
			if f.Required {
				required = append(required, f.Name)
			}
		}
		return "client.JSONObject", required
	}
	return "client.AnyJSON", nil // any, or another union
}
