package centrirpc

import (
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// alias is a name that stands for another type, or for some of its values: an enum.
// Its shape becomes that of its base when all shapes of a contract are made, since
// types that refer to one another in a circle find half of the base before.
type alias struct {
	base    place
	settled bool
}

func (s *shapes) alias(made *shape, base *contract.Type) {
	s.aliases[made] = &alias{base: s.place(base)}
}

// settle gives a shape what its base has, if it is that of an alias.
func (s *shapes) settle(made *shape) {
	a := s.aliases[made]
	if a == nil || a.settled {
		return
	}
	a.settled = true
	s.settle(a.base.shape)
	strings, ints := made.strings, made.ints
	*made = *a.base.shape
	if strings != nil || ints != nil {
		made.strings, made.ints = strings, ints
	}
	if a.base.limits != nil {
		made.limits = a.base.limits
	}
}

// finish makes the shapes that are half-made.
func (s *shapes) finish() {
	for made := range s.aliases {
		s.settle(made)
	}
	for found := true; found; { // each round follows null by one name or choice more
		found = false
		for _, of := range s.choices {
			if !of.nullable && slices.ContainsFunc(of.items, place.null) {
				of.nullable, found = true, true
			}
		}
		for made, a := range s.aliases {
			if !made.nullable && a.base.null() {
				made.nullable, found = true, true
			}
		}
	}
	clear(s.aliases)
	s.choices = nil
}
