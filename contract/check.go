package contract

import (
	"errors"
	"fmt"
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
	if m.Kind != Call && m.Kind != Notify {
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
	for _, code := range m.Errors {
		if !codes[code] {
			k.failf("method %s declares the error %d, which is not described", m.Name, code)
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
		}
	case Enum:
		k.enum(where, t)
	case Alias:
		if t.Base == nil {
			k.failf("%s stands for nothing", where)
			return
		}
		k.check(where, t.Base)
	default:
		k.failf("%s: unknown kind %q", where, t.Kind)
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
	switch t.Kind {
	case Bool, String, Bytes, Any:
	case Integer:
		if t.Bits != 8 && t.Bits != 16 && t.Bits != 32 && t.Bits != 64 {
			k.failf("%s: an integer of %d bits", where, t.Bits)
		}
	case Float:
		if t.Bits != 32 && t.Bits != 64 {
			k.failf("%s: a float of %d bits", where, t.Bits)
		}
	case List:
		k.elem(where, t.Elem)
	case Map:
		k.elem(where, t.Key)
		k.elem(where, t.Elem)
	case Ref:
		if k.types[t.Ref] == nil {
			k.failf("%s refers to the type %q, which is not there", where, t.Ref)
		}
	default:
		k.failf("%s: unknown kind %q", where, t.Kind)
	}
}

func (k *checker) elem(where string, t *Type) {
	if t == nil {
		k.failf("%s: the element's type is missing", where)
		return
	}
	k.check(where, t)
}
