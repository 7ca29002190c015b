package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Check reports everything that does not hold together: names given twice or
// empty, references to types that are not there, kinds that are unknown or
// lack their parts. All faults are in the one error.
func (c *Contract) Check() error {
	k := checker{types: map[string]*NamedType{}}
	for i := range c.Types {
		t := &c.Types[i]
		if t.Name == "" {
			k.failf("types[%d] has no name", i)
		}
		if k.types[t.Name] != nil {
			k.failf("the type %s is there twice", t.Name)
		}
		k.types[t.Name] = t
	}
	for i := range c.Types {
		k.named(&c.Types[i])
	}
	k.circles(c)
	codes := map[int]bool{}
	for _, e := range c.Errors {
		if e.Code < 1000 || e.Code > 1999 || codes[e.Code] {
			k.failf("the error code %d is not in 1000..1999, or is there twice", e.Code)
		}
		codes[e.Code] = true
		if e.Details != nil {
			k.check(fmt.Sprintf("the details of error %d", e.Code), e.Details)
		}
	}
	channels := map[string]bool{}
	for i := range c.Channels {
		ch := &c.Channels[i]
		if channels[ch.Name] {
			k.failf("the channel %q is there twice", ch.Name)
		}
		channels[ch.Name] = true
		k.channel(ch)
	}
	methods := map[string]bool{}
	for _, m := range c.Methods {
		k.method(m, methods, codes)
	}
	return errors.Join(k.faults...)
}

type checker struct {
	types  map[string]*NamedType
	faults []error
}

func (k *checker) failf(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf("the contract is broken: "+format, args...))
}

func (k *checker) method(m Method, seen map[string]bool, codes map[int]bool) {
	if m.Name == "" || seen[m.Name] {
		k.failf("the method %q has no name, or is there twice", m.Name)
	}
	seen[m.Name] = true
	if m.Kind != Call && m.Kind != Notify && m.Kind != Stream {
		k.failf("method %s: unknown kind %q", m.Name, m.Kind)
	}
	if m.Params != nil {
		k.check("the params of "+m.Name, m.Params)
		if t := k.types[m.Params.Ref]; m.Params.Kind != Ref || t == nil || t.Kind != Struct {
			k.failf("the params of %s are no struct", m.Name)
		}
	}
	if m.Result != nil {
		k.check("the result of "+m.Name, m.Result)
		if m.Kind == Notify {
			k.failf("the notification %s has a result", m.Name)
		}
	}
	if m.Item != nil {
		k.check("the item of "+m.Name, m.Item)
	}
	if (m.Item != nil) != (m.Kind == Stream) {
		k.failf("method %s: a stream has an item, and nothing else has", m.Name)
	}
	for _, code := range m.Errors {
		if !codes[code] {
			k.failf("method %s declares the error %d, which is not described", m.Name, code)
		}
	}
}

func (k *checker) channel(ch *Channel) {
	where := fmt.Sprintf("channel %q", ch.Name)
	k.check("the event of "+where, &ch.Event)
	names, err := ChannelParams(ch.Name)
	if err != nil {
		k.failf("%s: %v", where, err)
		return
	}
	var fields []Field
	if ch.Params != nil {
		k.check("the params of "+where, ch.Params)
		t := k.types[ch.Params.Ref]
		if ch.Params.Kind != Ref || t == nil || t.Kind != Struct {
			k.failf("the params of %s are no struct", where)
			return
		}
		fields = t.Fields
	}
	given := map[string]bool{}
	for _, f := range fields {
		given[f.Name] = true
		if !slices.Contains(names, f.Name) || !f.Required || f.Type.Nullable {
			k.failf("%s: the parameter %q is not in its name, or not required", where, f.Name)
		}
	}
	for _, name := range names {
		if !given[name] {
			k.failf("%s: its params have no field %q", where, name)
		}
	}
}

func (k *checker) named(t *NamedType) {
	where := "type " + t.Name
	switch t.Kind {
	case Struct:
		seen := map[string]bool{}
		for i := range t.Fields {
			f := &t.Fields[i]
			if seen[f.Name] {
				k.failf("%s has the field %q twice", where, f.Name)
			}
			seen[f.Name] = true
			k.check(fmt.Sprintf("field %q of %s", f.Name, where), &f.Type)
			if f.Default != nil && !json.Valid(f.Default) {
				k.failf("field %q of %s: its default is no JSON", f.Name, where)
			}
		}
		if t.Extra != nil {
			k.check("the extra members of "+where, t.Extra)
		}
	case Enum:
		k.enum(where, t)
	case Alias:
		if t.Base == nil {
			k.failf("%s stands for nothing", where)
			return
		}
		k.check(where, t.Base)
	case Union:
		k.union(where, t)
	default:
		k.failf("%s: unknown kind %q", where, t.Kind)
	}
}

func (k *checker) union(where string, t *NamedType) {
	if t.Tag == "" || len(t.Variants) == 0 {
		k.failf("%s: a union needs a tag and variants", where)
	}
	seen := map[string]bool{}
	for _, v := range t.Variants {
		if s := k.types[v.Ref]; s == nil || s.Kind != Struct {
			k.failf("%s: the variant %q is no struct", where, v.Ref)
		}
		if len(v.Values) == 0 {
			k.failf("%s: the variant %s has no value of the tag", where, v.Ref)
		}
		for _, value := range v.Values {
			if seen[value] {
				k.failf("%s: the tag's value %q is there twice", where, value)
			}
			seen[value] = true
		}
	}
}

func (k *checker) enum(where string, t *NamedType) {
	if t.Base == nil || t.Base.Kind != String && t.Base.Kind != Integer || len(t.Values) == 0 {
		k.failf("%s: an enum needs values that are strings or integers", where)
		return
	}
	k.check(where, t.Base)
	for _, v := range t.Values {
		if v.Name == "" || (v.String != nil) != (t.Base.Kind == String) || (v.Int != nil) != (t.Base.Kind == Integer) {
			k.failf("%s: the value %q is not a named %s", where, v.Name, t.Base.Kind)
		}
	}
}

func (k *checker) check(where string, t *Type) {
	if t.Constraints != nil {
		k.constraints(where, t.Constraints)
	}
	switch t.Kind {
	case Bool, String, Bytes, Any:
	case Integer:
		if t.Bits != 0 && t.Bits != 8 && t.Bits != 16 && t.Bits != 32 && t.Bits != 64 {
			k.failf("%s: an integer of %d bits", where, t.Bits)
		}
	case Float:
		if t.Bits != 0 && t.Bits != 32 && t.Bits != 64 {
			k.failf("%s: a float of %d bits", where, t.Bits)
		}
	case List:
		k.elem(where, t.Elem)
	case Map:
		k.elem(where, t.Key)
		k.key(where, t.Key)
		k.elem(where, t.Elem)
	case Tuple, Union:
		if len(t.Items) == 0 {
			k.failf("%s: a %s of nothing", where, t.Kind)
		}
		for i := range t.Items {
			k.check(where, &t.Items[i])
		}
	case Ref:
		if k.types[t.Ref] == nil {
			k.failf("%s refers to the type %q, which is not there", where, t.Ref)
		}
	default:
		k.failf("%s: unknown kind %q", where, t.Kind)
	}
}

func (k *checker) constraints(where string, c *Constraints) {
	for _, n := range []json.Number{c.Minimum, c.Maximum, c.ExclusiveMinimum, c.ExclusiveMaximum, c.MultipleOf} {
		if n != "" && (!json.Valid([]byte(n)) || n[0] == '"') {
			k.failf("%s: the bound %q is no number", where, n)
		}
	}
	for _, n := range []*int{c.MinLength, c.MaxLength, c.MinItems, c.MaxItems} {
		if n != nil && *n < 0 {
			k.failf("%s: the bound %d is negative", where, *n)
		}
	}
	for _, value := range c.OneOf {
		if !json.Valid(value) {
			k.failf("%s: an allowed value is no JSON", where)
		}
	}
}

// key wants a map's key to be a string or an integer at the end of its names.
func (k *checker) key(where string, t *Type) {
	for range len(k.types) + 1 {
		if t == nil || t.Kind != Ref {
			break
		}
		named := k.types[t.Ref]
		if named == nil {
			return // reported already
		}
		t = named.Base
	}
	if t == nil || t.Kind != String && t.Kind != Integer {
		k.failf("%s: a map's key is neither a string nor an integer", where)
	}
}

func (k *checker) elem(where string, t *Type) {
	if t == nil {
		k.failf("%s: the element's type is missing", where)
		return
	}
	k.check(where, t)
}
