package contract

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Forms tells which types are the same on the wire, within a contract or
// between several, whatever they are called and however they go round in
// circles. It is made by refining: at first all structs and tagged unions count
// as one, then each round tells apart those whose parts were told apart, until a
// round finds nothing new.
type Forms struct {
	contracts []*terms
}

// NewForms reads the contracts, which have passed Check and stay as they are.
func NewForms(contracts ...*Contract) *Forms {
	f := &Forms{}
	var nodes []*node
	for _, c := range contracts {
		t := newTerms(c)
		t.all(c)
		f.contracts = append(f.contracts, t)
		nodes = append(nodes, t.nodes...)
	}
	refine(nodes)
	return f
}

// Of is the form of t, which belongs to the i-th contract, whether nullable or
// not: equal for types, and for types only, that are the same on the wire. It
// means nothing beyond this f.
func (f *Forms) Of(i int, t *Type) string {
	terms := f.contracts[i]
	s := terms.shapes.Of(t)
	var b strings.Builder
	terms.value(&s).write(&b)
	return b.String()
}

// node is a type that has parts, and so can come by itself again, with the form
// it has so far.
type node struct {
	made   term
	union  []term // of an untagged union, instead of made
	strict bool   // a union of one is a union still, since it has constraints
	colour string
}

// term is the text of a type in which those that are still to be told apart are
// open: a text, a node and parts, in this order.
type term struct {
	text  string
	node  *node
	parts []term
}

func (t term) write(b *strings.Builder) {
	b.WriteString(t.text)
	if t.node != nil {
		if only, ok := t.node.single(); ok {
			b.WriteString(only)
		} else {
			b.WriteString("#" + t.node.colour)
		}
	}
	for _, part := range t.parts {
		part.write(b)
	}
}

// variants are the forms of a union's, without repetition.
func (n *node) variants() []string {
	var forms []string
	for _, variant := range n.union {
		var b strings.Builder
		variant.write(&b)
		if !slices.Contains(forms, b.String()) {
			forms = append(forms, b.String())
		}
	}
	return forms
}

// single is the form of the only variant of a union, which is then as good as
// this.
func (n *node) single() (form string, ok bool) {
	if n.union == nil || n.strict {
		return "", false
	}
	variants := n.variants()
	if len(variants) != 1 {
		return "", false
	}
	return variants[0], true
}

func (n *node) form() string {
	var b strings.Builder
	if n.union != nil {
		b.WriteString("(" + strings.Join(n.variants(), "|") + ")")
	}
	n.made.write(&b)
	return b.String()
}

func (t *term) add(parts ...term) { t.parts = append(t.parts, parts...) }

func (t *term) addf(format string, args ...any) { t.add(term{text: fmt.Sprintf(format, args...)}) }

// refine gives equal colours to nodes of the same form and different ones to
// others, and returns all colours, sorted. Nodes of two calls have the same
// colours if these are the same altogether: see Hash.
func refine(nodes []*node) []string {
	classes := 0
	for {
		next := make([]string, len(nodes))
		var all []string
		for i, n := range nodes {
			sum := sha256.Sum256([]byte(n.form()))
			next[i] = hex.EncodeToString(sum[:])
		}
		for i, n := range nodes {
			n.colour = next[i]
		}
		for _, n := range nodes {
			if _, ok := n.single(); !ok {
				all = append(all, n.colour)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if len(all) == classes {
			return all
		}
		classes = len(all)
	}
}

// terms makes the terms of one contract's types.
type terms struct {
	shapes *Shapes
	named  map[*NamedType]*node
	typed  map[inline]*node
	nodes  []*node
}

// inline is a type without a name. With constraints where it is used, a union is
// another than without.
type inline struct {
	of     *Type
	strict bool
}

func newTerms(c *Contract) *terms {
	return &terms{shapes: NewShapes(c), named: map[*NamedType]*node{}, typed: map[inline]*node{}}
}

// all makes nodes of all that has parts.
func (t *terms) all(c *Contract) {
	for i := range c.Types {
		named := &c.Types[i]
		if named.Kind == Struct {
			t.fields(named, "") // even where it is only a variant, without its tag
		}
		t.of(&Type{Kind: Ref, Ref: named.Name})
	}
	for _, m := range c.Methods {
		if m.Result != nil {
			t.of(m.Result)
		}
		if m.Item != nil {
			t.of(m.Item)
		}
	}
	for i := range c.Channels {
		t.of(&c.Channels[i].Event)
	}
	for _, e := range c.Errors {
		if e.Details != nil {
			t.of(e.Details)
		}
	}
}

// node is that of a shape which has parts, or nil.
func (t *terms) node(s *Shape) *node {
	n := &node{strict: s.Narrowed()}
	switch {
	case s.Named != nil:
		if known := t.named[s.Named]; known != nil {
			return known
		}
		t.named[s.Named] = n
	case s.Kind == List, s.Kind == Map, s.Kind == Tuple, s.Kind == Union:
		key := inline{s.Type, s.Kind == Union && n.strict}
		if known := t.typed[key]; known != nil {
			return known
		}
		t.typed[key] = n
	default:
		return nil
	}
	t.nodes = append(t.nodes, n)
	switch {
	case s.Kind == Struct:
		n.made = t.fields(s.Named, "")
	case s.Named != nil:
		n.made = t.variants(s.Named)
	case s.Kind == Union:
		for _, item := range s.Items {
			inner := t.shapes.Of(item)
			n.union = append(n.union, t.value(&inner))
		}
	default:
		n.made = t.composed(s)
	}
	return n
}

// fields leaves out the key that tells the variants of a union apart.
func (t *terms) fields(of *NamedType, tag string) term {
	made := term{text: "struct{"}
	fields := make([]*Field, len(of.Fields))
	for i := range of.Fields {
		fields[i] = &of.Fields[i]
	}
	slices.SortFunc(fields, func(a, b *Field) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range fields {
		if f.Name == tag && tag != "" {
			continue
		}
		made.addf("%s %t ", quote(f.Name), f.Required)
		made.add(t.of(&f.Type))
		if f.Default != nil {
			made.addf("=%s", CanonicalJSON(f.Default))
		}
		made.addf(",")
	}
	if of.Extra != nil {
		made.addf("...")
		made.add(t.of(of.Extra))
	}
	made.addf("}")
	return made
}

func (t *terms) variants(of *NamedType) term {
	type variant struct {
		value string
		made  term
	}
	var all []variant
	for _, v := range of.Variants {
		made := term{text: "?"}
		if s := t.shapes.Named(v.Ref); s != nil {
			made = t.fields(s, of.Tag)
		}
		for _, value := range v.Values {
			all = append(all, variant{value, made})
		}
	}
	slices.SortFunc(all, func(a, b variant) int { return cmp.Compare(a.value, b.value) })
	made := term{text: "union " + quote(of.Tag) + "{"}
	for _, v := range all {
		made.addf("%s ", quote(v.value))
		made.add(v.made)
	}
	made.addf("}")
	return made
}

func (t *terms) of(typ *Type) term {
	s := t.shapes.Of(typ)
	if s.Nullable {
		return term{text: "null|", parts: []term{t.value(&s)}}
	}
	return t.value(&s)
}

// value is the term of a shape but for null.
func (t *terms) value(s *Shape) term {
	made := term{node: t.node(s)}
	if made.node == nil {
		made.addf("%s %d %t %s", s.Kind, s.Bits, s.Quoted, quote(s.Format))
	}
	if s.Narrowed() {
		made.addf("%s", s.limits())
	}
	return made
}

// composed is the term of a list, map or tuple.
func (t *terms) composed(s *Shape) term {
	made := term{text: string(s.Kind)}
	parts := s.Items
	if s.Key != nil {
		parts = append(parts, s.Key)
	}
	if s.Elem != nil {
		parts = append(parts, s.Elem)
	}
	for _, part := range parts {
		made.addf("<")
		made.add(t.of(part))
		made.addf(">")
	}
	return made
}

// limits is the text of what narrows the shape.
func (s *Shape) limits() string {
	var b strings.Builder
	b.WriteByte('{')
	bound := func(name string, of Bound) {
		if of.Value != nil {
			fmt.Fprintf(&b, "%s %t %s;", name, of.Open, of)
		}
	}
	bound("from", s.Lower)
	bound("to", s.Upper)
	bound("times", Bound{Value: s.MultipleOf})
	if s.Length != (Span{Max: -1}) {
		fmt.Fprintf(&b, "length %d %d;", s.Length.Min, s.Length.Max)
	}
	if s.Count != (Span{Max: -1}) {
		fmt.Fprintf(&b, "count %d %d;", s.Count.Min, s.Count.Max)
	}
	for _, p := range s.Patterns {
		b.WriteString("pattern " + quote(p) + ";")
	}
	if s.Unique {
		b.WriteString("unique;")
	}
	if s.Allowed != nil {
		b.WriteString("allowed " + strconv.Itoa(len(s.Allowed)) + " " + strings.Join(s.Allowed, " ") + ";")
	}
	for _, r := range s.Rules {
		b.WriteString("rule " + quote(r) + ";")
	}
	b.WriteByte('}')
	return b.String()
}
