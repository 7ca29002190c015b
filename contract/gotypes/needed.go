package gotypes

import (
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// neededRule is the rule in the documentation of a field that is optional where it is
// read, and must be there where it is sent.
const neededRule = "required in params"

// reached are the ids of the types that params are made of, and of those that all
// else is made of.
func (b *Builder) reached() (sent, read map[string]bool) {
	sent, read = map[string]bool{}, map[string]bool{}
	for _, m := range b.methods {
		b.reach(m.Params, sent)
		b.reach(m.Result, read)
	}
	for _, ch := range b.channels {
		b.reach(ch.Params, sent)
		b.reach(&ch.Event, read)
	}
	for _, e := range b.errors {
		b.reach(e.Details, read)
	}
	return sent, read
}

func (b *Builder) reach(t *contract.Type, found map[string]bool) {
	if t == nil {
		return
	}
	b.reach(t.Key, found)
	b.reach(t.Elem, found)
	for i := range t.Items {
		b.reach(&t.Items[i], found)
	}
	n := b.types.nodes[t.Ref]
	if t.Kind != contract.Ref || n == nil || found[t.Ref] {
		return
	}
	found[t.Ref] = true
	b.reach(n.described.Base, found)
	b.reach(n.described.Extra, found)
	for i := range n.described.Fields {
		b.reach(&n.described.Fields[i].Type, found)
	}
	for _, v := range n.described.Variants {
		b.reach(&contract.Type{Kind: contract.Ref, Ref: v.Ref}, found)
	}
}

// asUsed is the type with the fields required that the server asks for in params: if
// it is a type of params only. Where it is read as well, they may be missing there,
// and the documentation says what params need.
func (n *node) asUsed(sent, read bool) contract.NamedType {
	t := n.described
	if !sent || len(n.needed) == 0 {
		return t
	}
	t.Fields = slices.Clone(t.Fields)
	for _, i := range n.needed {
		f := &t.Fields[i]
		if !read {
			f.Required = true
			continue
		}
		var c contract.Constraints
		if f.Type.Constraints != nil {
			c = *f.Type.Constraints
		}
		c.Rules = slices.DeleteFunc(slices.Clone(c.Rules), func(rule string) bool { return rule == "required" })
		c.Rules = append([]string{neededRule}, c.Rules...)
		f.Type.Constraints = &c
	}
	return t
}
