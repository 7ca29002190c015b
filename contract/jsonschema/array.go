package jsonschema

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// optionalItems bounds how many last items of a tuple may be left out.
const optionalItems = 4

func (v *converter) array(o *object, at place) *contract.Type {
	if o.has("prefixItems") {
		return v.tuple(o, at)
	}
	elem := &contract.Type{Kind: contract.Any}
	switch items := o.get("items"); {
	case !o.has("items"), items == false && o.get("maxItems") != nil: // an empty tuple
	default:
		if elem = v.describe(items, at.at("[]", "Item")); elem == nil {
			return nil
		}
	}
	return v.narrowed(contract.Type{Kind: contract.List, Elem: elem}, o, at, listConstraints)
}

// tuple describes a list of a fixed length. One whose last items may be left
// out, as those of a NamedTuple with defaults, is a union of one tuple for each
// length.
func (v *converter) tuple(o *object, at place) *contract.Type {
	prefix, ok := o.get("prefixItems").([]any)
	if !ok {
		v.refuse(at, "prefixItems is not a list of schemas", "export the file again")
		return nil
	}
	constraints, ok := v.constraints(o, at, listConstraints)
	if !ok {
		return nil
	}
	if constraints == nil {
		constraints = &contract.Constraints{}
	}
	least, most := 0, -1
	if constraints.MinItems != nil {
		least = *constraints.MinItems
	}
	if constraints.MaxItems != nil {
		most = *constraints.MaxItems
	}
	if o.get("items") == false && (most < 0 || most > len(prefix)) {
		most = len(prefix)
	}
	const fix = "use a model with named fields, or a list"
	switch {
	case most != len(prefix) || least > most:
		v.refuse(at, "a tuple whose number of items is not fixed", fix)
		return nil
	case most-least > optionalItems:
		v.refuse(at, fmt.Sprintf("a tuple of which %d items may be left out", most-least), fix)
		return nil
	case constraints.Unique:
		v.refuse(at, "a tuple whose items must differ", fix)
		return nil
	}
	var items []contract.Type
	for i, s := range prefix {
		item := v.describe(s, at.at(fmt.Sprintf("[%d]", i), fmt.Sprintf("Item%d", i+1)))
		if item == nil {
			return nil
		}
		items = append(items, *item)
	}
	var lengths []*contract.Type
	for n := most; n >= least; n-- {
		lengths = append(lengths, tupleOf(items[:n]))
	}
	return unionOf(lengths)
}

func tupleOf(items []contract.Type) *contract.Type {
	if len(items) == 0 {
		none := 0
		return &contract.Type{Kind: contract.List, Elem: &contract.Type{Kind: contract.Any}, Constraints: &contract.Constraints{MaxItems: &none}}
	}
	return &contract.Type{Kind: contract.Tuple, Items: items}
}
