package contract

import "slices"

// WithRefs is t with other names in its references, those within it too: name
// gives the new one. What it changes is its own, t stays as it is. Of nil it is
// nil.
func (t *Type) WithRefs(name func(ref string) string) *Type {
	if t == nil {
		return nil
	}
	copied := *t
	copied.Key, copied.Elem = t.Key.WithRefs(name), t.Elem.WithRefs(name)
	copied.Items = slices.Clone(t.Items)
	for i := range copied.Items {
		copied.Items[i] = *t.Items[i].WithRefs(name)
	}
	if t.Kind == Ref {
		copied.Ref = name(t.Ref)
	}
	return &copied
}

// WithRefs is t with other names in all its references; its own name stays. What
// it changes is its own.
func (t NamedType) WithRefs(name func(ref string) string) NamedType {
	t.Base, t.Extra = t.Base.WithRefs(name), t.Extra.WithRefs(name)
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		t.Fields[i].Type = *t.Fields[i].Type.WithRefs(name)
	}
	t.Variants = slices.Clone(t.Variants)
	for i := range t.Variants {
		t.Variants[i].Ref = name(t.Variants[i].Ref)
	}
	return t
}
