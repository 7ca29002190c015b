package contract

import "slices"

// circles reports aliases that stand for themselves, with nothing but aliases and
// untagged unions between: they describe no value.
func (k *checker) circles(c *Contract) {
	for i := range c.Types {
		t := &c.Types[i]
		if t.Kind == Alias && t.Base != nil && k.standsFor(t.Base, t.Name, nil) {
			k.failf("type %s stands for itself", t.Name)
		}
	}
}

func (k *checker) standsFor(t *Type, name string, within []string) bool {
	switch t.Kind {
	case Union:
		for i := range t.Items {
			if k.standsFor(&t.Items[i], name, within) {
				return true
			}
		}
	case Ref:
		named := k.types[t.Ref]
		switch {
		case t.Ref == name:
			return true
		case named == nil, named.Kind != Alias, named.Base == nil, slices.Contains(within, t.Ref):
			return false
		}
		return k.standsFor(named.Base, name, append(slices.Clip(within), t.Ref))
	}
	return false
}
