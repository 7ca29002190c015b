package python

import "github.com/centrirpc/centrirpc/contract"

// use is what becomes of the named types.
type use struct {
	sent, read map[string]bool
	// alternatives are the structs that an untagged union chooses from: what they
	// hold tells them apart.
	alternatives map[string]bool
	// tags are the fields, by struct and key, that tell variants of a tagged union
	// apart, with the values that mean the struct.
	tags map[string]map[string][]string
}

// onlySent reports whether no server ever sends the type.
func (u *use) onlySent(name string) bool { return u.sent[name] && !u.read[name] }

func findUse(p *plan) use {
	c := p.contract
	u := use{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]map[string][]string{}}
	for i := range c.Methods {
		p.reach(c.Methods[i].Params, u.sent)
		p.reach(c.Methods[i].Result, u.read)
		p.findAlternatives(c.Methods[i].Result, u.alternatives)
		p.reach(c.Methods[i].Item, u.read)
		p.findAlternatives(c.Methods[i].Item, u.alternatives)
	}
	for i := range c.Channels {
		p.reach(c.Channels[i].Params, u.sent)
		p.reach(&c.Channels[i].Event, u.read)
		p.findAlternatives(&c.Channels[i].Event, u.alternatives)
	}
	for i := range c.Errors {
		p.reach(c.Errors[i].Details, u.read)
		p.findAlternatives(c.Errors[i].Details, u.alternatives)
	}
	for i := range c.Types {
		eachType(&c.Types[i], func(t *contract.Type) { p.findAlternatives(t, u.alternatives) })
	}
	for _, union := range p.unions {
		for _, v := range union.variants {
			if !v.holds {
				continue
			}
			if u.tags[v.source.Name] == nil {
				u.tags[v.source.Name] = map[string][]string{}
			}
			tag := union.source.Tag
			u.tags[v.source.Name][tag] = append(u.tags[v.source.Name][tag], v.values...)
		}
	}
	return u
}

// eachType calls f with every type that t is made of.
func eachType(t *contract.NamedType, f func(*contract.Type)) {
	for i := range t.Fields {
		f(&t.Fields[i].Type)
	}
	f(t.Base)
	f(t.Extra)
	for _, v := range t.Variants {
		f(&contract.Type{Kind: contract.Ref, Ref: v.Ref})
	}
}

// reach notes every named type that values of t may hold.
func (p *plan) reach(t *contract.Type, found map[string]bool) {
	for _, ref := range refs(t, nil) {
		if !found[ref] {
			found[ref] = true
			eachType(p.types[ref], func(t *contract.Type) { p.reach(t, found) })
		}
	}
}

// findAlternatives notes the structs in every untagged union within t.
func (p *plan) findAlternatives(t *contract.Type, found map[string]bool) {
	if t == nil {
		return
	}
	if t.Kind == contract.Union {
		p.structsOf(t, map[string]bool{}, found)
	}
	for i := range t.Items {
		p.findAlternatives(&t.Items[i], found)
	}
	p.findAlternatives(t.Key, found)
	p.findAlternatives(t.Elem, found)
}

// structsOf notes the structs that t mentions, through aliases too.
func (p *plan) structsOf(t *contract.Type, seen, found map[string]bool) {
	for _, ref := range refs(t, nil) {
		if seen[ref] {
			continue
		}
		seen[ref] = true
		switch r := p.types[ref]; r.Kind {
		case contract.Struct:
			found[ref] = true
		case contract.Alias:
			p.structsOf(r.Base, seen, found)
		}
	}
}
