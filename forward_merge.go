package centrirpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// mergeForwarded adds all that is forwarded to the contract c.
func (r *Router) mergeForwarded(c *contract.Contract) (problems contract.Problems) {
	for i, f := range r.forwards {
		found := f.merge(c)
		for _, earlier := range r.forwards[:i] {
			if len(found) == 0 {
				found = f.compare(earlier)
			}
		}
		problems = append(problems, found...)
	}
	if len(problems) == 0 && len(r.forwards) > 0 {
		if err := c.Check(); err != nil {
			problems = contract.Problems{{Reason: err.Error()}}
		}
	}
	return problems
}

// merge adds what is forwarded to the contract c, of which it returns what does not
// go together. The types that both have stay as they are in c.
func (f *forwarding) merge(c *contract.Contract) (problems contract.Problems) {
	ours, theirs := loosened(c, true), loosened(f.contract, true)
	same := sameIn(ours, theirs)
	refuse := func(path, position, reason, fix string) {
		problems = append(problems, contract.Problem{
			Path: path, Position: position, Fix: fix,
			Reason: reason + fmt.Sprintf(" (its contract is given to Forward at %s)", f.where),
		})
	}
	for _, t := range f.contract.Types {
		first := c.Type(t.Name)
		if first == nil {
			c.Types = append(c.Types, t)
			continue
		}
		ref := &contract.Type{Kind: contract.Ref, Ref: t.Name}
		if !same(ref, ref) {
			refuse("type "+t.Name, first.Origin, "the endpoint means something else by it: "+difference(ours.Type(t.Name), theirs.Type(t.Name), same),
				`make both the same, or keep both under names of their own: give Forward an option such as centrirpc.TypePrefix("Remote")`)
		}
	}
	for _, e := range f.contract.Errors {
		path := fmt.Sprintf("errors.%d", e.Code)
		first := c.Error(e.Code)
		named := slices.IndexFunc(c.Errors, func(other contract.ErrorType) bool { return other.Reason == e.Reason && other.Code != e.Code })
		switch {
		case named >= 0:
			refuse(path, "", fmt.Sprintf("the reason %s is that of the error %d, too", e.Reason, c.Errors[named].Code), "give one of them another reason, or both the same code")
		case first == nil:
			c.Errors = append(c.Errors, e)
		case first.Reason != e.Reason:
			refuse(path, "", fmt.Sprintf("the code means %s, and %s at the endpoint", first.Reason, e.Reason), "give each application error a code of its own")
		case !same(ours.Error(e.Code).Details, theirs.Error(e.Code).Details):
			refuse(path+".details", "", fmt.Sprintf("the details of %s are of another type at the endpoint", e.Reason), "give both the same type of details, or codes and reasons of their own")
		}
	}
	c.Methods = append(c.Methods, f.contract.Methods...)
	c.Sort()
	return problems
}

// compare returns what f and an earlier forwarding mean differently by one name.
// Neither comes from reflection, so that nothing is overlooked for its sake: enums
// have the same values, and fields the same defaults.
func (f *forwarding) compare(earlier *forwarding) (problems contract.Problems) {
	ours, theirs := loosened(earlier.contract, false), loosened(f.contract, false)
	same := sameIn(ours, theirs)
	refuse := func(path, reason, fix string) {
		problems = append(problems, contract.Problem{
			Path: path, Fix: fix,
			Reason: reason + fmt.Sprintf(" (the contracts are given to Forward at %s and at %s)", earlier.where, f.where),
		})
	}
	for i := range theirs.Types {
		other := &theirs.Types[i]
		first := ours.Type(other.Name)
		ref := &contract.Type{Kind: contract.Ref, Ref: other.Name}
		if first != nil && !same(ref, ref) {
			refuse("type "+other.Name, "two endpoints mean different things by it: "+difference(first, other, same),
				`make both the same, or keep both under names of their own: give one Forward an option such as centrirpc.TypePrefix("Remote")`)
		}
	}
	for _, e := range theirs.Errors {
		if first := ours.Error(e.Code); first != nil && !same(first.Details, e.Details) {
			refuse(fmt.Sprintf("errors.%d.details", e.Code), fmt.Sprintf("the details of %s are of different types at two endpoints", e.Reason),
				"give both the same type of details, or codes and reasons of their own")
		}
	}
	return problems
}

// sameIn tells whether a type of a and one of b are the same on the wire.
func sameIn(a, b *contract.Contract) func(ofA, ofB *contract.Type) bool {
	forms := contract.NewForms(a, b)
	return func(ofA, ofB *contract.Type) bool {
		if ofA == nil || ofB == nil {
			return ofA == ofB
		}
		return ofA.Nullable == ofB.Nullable && forms.Of(0, ofA) == forms.Of(1, ofB)
	}
}

// loosened is a copy of c for comparing types of two languages: Python's int has no
// bound, but its generated clients have that of int64, and both count as the same.
// Where one of the two is reflected, what reflection does not see does not count
// either: the constants of enums, and defaults.
func loosened(c *contract.Contract, reflected bool) *contract.Contract {
	copied := *c
	itself := func(name string) string { return name }
	copied.Types = make([]contract.NamedType, len(c.Types))
	for i := range c.Types {
		t := c.Types[i].WithRefs(itself)
		if reflected && t.Kind == contract.Enum {
			t.Kind, t.Values = contract.Alias, nil
		}
		loosen(t.Base)
		loosen(t.Extra)
		for j := range t.Fields {
			loosen(&t.Fields[j].Type)
			if reflected {
				t.Fields[j].Default = nil
			}
		}
		copied.Types[i] = t
	}
	copied.Errors = slices.Clone(c.Errors)
	for i := range copied.Errors {
		copied.Errors[i].Details = copied.Errors[i].Details.WithRefs(itself)
		loosen(copied.Errors[i].Details)
	}
	return &copied
}

func loosen(t *contract.Type) {
	if t == nil {
		return
	}
	if t.Kind == contract.Integer && t.Bits == 0 && !t.Unsigned {
		t.Bits = 64
	}
	loosen(t.Key)
	loosen(t.Elem)
	for i := range t.Items {
		loosen(&t.Items[i])
	}
}

// difference says where two types of one name differ first.
func difference(ours, theirs *contract.NamedType, same func(a, b *contract.Type) bool) string {
	if ours.Kind != theirs.Kind {
		return fmt.Sprintf("it is of the kind %s, and %s there", ours.Kind, theirs.Kind)
	}
	switch ours.Kind {
	case contract.Struct:
		return fieldDifference(ours, theirs, same)
	case contract.Enum:
		return fmt.Sprintf("its values are %s, and %s there", strings.Join(enumValues(ours), ", "), strings.Join(enumValues(theirs), ", "))
	case contract.Alias:
		return fmt.Sprintf("it is %s, and %s there", written(ours.Base), written(theirs.Base))
	}
	return "they have other tags or variants"
}

func fieldDifference(ours, theirs *contract.NamedType, same func(a, b *contract.Type) bool) string {
	for i := range ours.Fields {
		f := &ours.Fields[i]
		at := slices.IndexFunc(theirs.Fields, func(other contract.Field) bool { return other.Name == f.Name })
		if at < 0 {
			return fmt.Sprintf("its field %q is not there", f.Name)
		}
		other := &theirs.Fields[at]
		switch {
		case f.Required && !other.Required:
			return fmt.Sprintf("its field %q is required, and optional there", f.Name)
		case !f.Required && other.Required:
			return fmt.Sprintf("its field %q is optional, and required there", f.Name)
		case !same(&f.Type, &other.Type):
			return fmt.Sprintf("its field %q is %s, and %s there", f.Name, written(&f.Type), written(&other.Type))
		case contract.CanonicalJSON(f.Default) != contract.CanonicalJSON(other.Default):
			return fmt.Sprintf("its field %q has the default %s, and %s there", f.Name, defaultOf(f), defaultOf(other))
		}
	}
	for _, f := range theirs.Fields {
		if !slices.ContainsFunc(ours.Fields, func(other contract.Field) bool { return other.Name == f.Name }) {
			return fmt.Sprintf("it has the field %q there", f.Name)
		}
	}
	return "they differ in members beyond their fields"
}

func defaultOf(f *contract.Field) string {
	if f.Default == nil {
		return "none"
	}
	return string(f.Default)
}

// written is a type as the contract writes it.
func written(t *contract.Type) string {
	if encoded, err := json.Marshal(t); err == nil {
		return string(encoded)
	}
	return "another type"
}

// warnOfEnums logs the enums whose constants are known here, and are others at an
// endpoint: reflection alone could not tell when the contracts were merged.
func (r *Router) warnOfEnums(c *contract.Contract) {
	for _, f := range r.forwards {
		for _, theirs := range f.contract.Types {
			ours := c.Type(theirs.Name)
			if theirs.Kind == contract.Enum && ours != nil && ours.Kind == contract.Enum && !reflect.DeepEqual(enumValues(ours), enumValues(&theirs)) {
				r.logger.Warn("an enum has other constants in Go than at the endpoint: clients are told Go's; make them the same", "type", ours.Name, "forwarded", f.where)
			}
		}
	}
}

// enumValues are the values without their names, sorted.
func enumValues(t *contract.NamedType) []string {
	var values []string
	for _, v := range t.Values {
		if v.String != nil {
			values = append(values, *v.String)
		} else {
			values = append(values, formatInt(*v.Int))
		}
	}
	slices.Sort(values)
	return values
}
