package centrirpc

import (
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// describe is the method as the contract has it, but for its types.
func (reg *registration) describe() contract.Method {
	m := contract.Method{
		Name: reg.method.Name, Kind: reg.method.Kind, Doc: reg.method.Doc, Deprecated: reg.method.Deprecated,
		TimeoutMS: reg.method.Timeout.Milliseconds(), Idempotent: reg.method.Idempotent, Volatile: reg.method.Volatile, Source: reg.symbol,
	}
	for _, declaration := range reg.errors {
		if declaration.number() != 0 && !slices.Contains(m.Errors, declaration.number()) {
			m.Errors = append(m.Errors, declaration.number())
		}
	}
	return m
}

// adopt is the reflected contract with what only source shows, as recorded in a
// generated file: descriptions, sources and enum constants. Types and methods
// that the file does not know stay as they are.
func adopt(reflected, recorded *contract.Contract) *contract.Contract {
	c := *reflected
	if c.Doc == "" {
		c.Doc = recorded.Doc
	}
	c.Methods = slices.Clone(reflected.Methods)
	for i := range c.Methods {
		m := &c.Methods[i]
		from := recorded.Method(m.Name)
		if from == nil {
			continue
		}
		m.Source = from.Source
		if m.Doc == "" {
			m.Doc = from.Doc
		}
		if m.Deprecated == "" {
			m.Deprecated = from.Deprecated
		}
	}
	c.Channels = slices.Clone(reflected.Channels)
	for i := range c.Channels {
		ch := &c.Channels[i]
		from := recorded.Channel(ch.Name)
		if from == nil {
			continue
		}
		ch.Source = from.Source
		if ch.Doc == "" {
			ch.Doc = from.Doc
		}
		if ch.Deprecated == "" {
			ch.Deprecated = from.Deprecated
		}
	}
	c.Types = slices.Clone(reflected.Types)
	for i := range c.Types {
		if from := recorded.Type(c.Types[i].Name); from != nil && from.Origin == c.Types[i].Origin {
			adoptType(&c.Types[i], from)
		}
	}
	return &c
}

func adoptType(t, from *contract.NamedType) {
	t.Doc = from.Doc
	if t.Kind == contract.Alias && from.Kind == contract.Enum && t.Base.Kind == from.Base.Kind {
		t.Kind, t.Values = contract.Enum, from.Values
	}
	if t.Kind != contract.Struct || from.Kind != contract.Struct {
		return
	}
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		for _, f := range from.Fields {
			if f.Name == t.Fields[i].Name {
				t.Fields[i].Doc, t.Fields[i].Deprecated = f.Doc, f.Deprecated
			}
		}
	}
}
