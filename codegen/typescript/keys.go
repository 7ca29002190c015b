package typescript

import (
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// withPlainKeys is the contract such that a map's key is a reference to an enum if
// its keys are an enum's, and no reference otherwise: an alias of a string says
// nothing of an object's keys to TypeScript, which has strings there anyway.
func withPlainKeys(c *contract.Contract) *contract.Contract {
	k := keyResolver(lookupOf(c))
	copied := *c
	copied.Methods = slices.Clone(c.Methods)
	for i := range copied.Methods {
		m := &copied.Methods[i]
		m.Params, m.Result = k.resolved(m.Params), k.resolved(m.Result)
	}
	copied.Channels = slices.Clone(c.Channels)
	for i := range copied.Channels {
		ch := &copied.Channels[i]
		ch.Params, ch.Event = k.resolved(ch.Params), *k.resolved(&ch.Event)
	}
	copied.Errors = slices.Clone(c.Errors)
	for i := range copied.Errors {
		copied.Errors[i].Details = k.resolved(copied.Errors[i].Details)
	}
	copied.Types = slices.Clone(c.Types)
	for i := range copied.Types {
		t := &copied.Types[i]
		t.Base, t.Extra = k.resolved(t.Base), k.resolved(t.Extra)
		t.Fields = slices.Clone(t.Fields)
		for j := range t.Fields {
			t.Fields[j].Type = *k.resolved(&t.Fields[j].Type)
		}
	}
	return &copied
}

type keyResolver lookup

func (k keyResolver) resolved(t *contract.Type) *contract.Type {
	if t == nil {
		return nil
	}
	copied := *t
	copied.Elem = k.resolved(t.Elem)
	copied.Items = slices.Clone(t.Items)
	for i := range copied.Items {
		copied.Items[i] = *k.resolved(&copied.Items[i])
	}
	for range len(k) {
		if copied.Key == nil || copied.Key.Kind != contract.Ref || k[copied.Key.Ref].Kind != contract.Alias {
			break
		}
		base := *k[copied.Key.Ref].Base
		if copied.Key.Constraints != nil {
			base.Constraints = copied.Key.Constraints // narrower than those of the alias
		}
		copied.Key = &base
	}
	return &copied
}
