package source

import (
	"go/constant"
	"go/token"
	"go/types"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// enumerate makes an enum of an alias whose package declares constants of the
// type. It stays an alias without any, if a value does not fit (an unsigned
// integer beyond the signed 64 bits), and if the constants are bits to be
// combined, written with <<: then other values are allowed.
func (c *code) enumerate(t *contract.NamedType, typeName string) {
	if t.Base.Nullable || t.Base.Kind != contract.String && t.Base.Kind != contract.Integer {
		return
	}
	declared := c.constantsOf(typeName)
	seen := map[string]bool{}
	var values []contract.EnumValue
	for _, d := range declared {
		if d.shifts {
			return
		}
		value := d.object.Val()
		if seen[value.ExactString()] {
			continue // a second name for the same value
		}
		seen[value.ExactString()] = true
		v := contract.EnumValue{Name: d.object.Name(), Doc: d.doc}
		if t.Base.Kind == contract.String {
			text := constant.StringVal(value)
			v.String = &text
		} else {
			number, exact := constant.Int64Val(value)
			if !exact {
				return
			}
			v.Int = &number
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return
	}
	shorten(values, typeName)
	t.Kind, t.Values = contract.Enum, values
}

// constantsOf are the type's constants: those that are exported if any is, else
// all of them.
func (c *code) constantsOf(typeName string) []constDecl {
	object, ok := c.Types.Scope().Lookup(typeName).(*types.TypeName)
	if !ok {
		return nil
	}
	var all, exported []constDecl
	for _, d := range c.consts {
		if d.object.Name() == "_" || !types.Identical(d.object.Type(), object.Type()) {
			continue
		}
		all = append(all, d)
		if d.object.Exported() {
			exported = append(exported, d)
		}
	}
	if len(exported) > 0 {
		return exported
	}
	return all
}

// shorten takes the type's name off the constants' names, where that leaves
// names that are still different.
func shorten(values []contract.EnumValue, typeName string) {
	count := map[string]int{}
	short := make([]string, len(values))
	for i, v := range values {
		short[i] = withoutPrefix(v.Name, typeName)
		count[short[i]]++
	}
	for i := range values {
		if count[short[i]] == 1 {
			values[i].Name = short[i]
		}
	}
}

func withoutPrefix(name, typeName string) string {
	if len(name) < len(typeName) || !strings.EqualFold(name[:len(typeName)], typeName) {
		return name
	}
	rest := strings.TrimLeft(name[len(typeName):], "_")
	first, _ := utf8.DecodeRuneInString(rest)
	cut := len(typeName)+len(rest) < len(name) // at an underscore
	if !token.IsIdentifier(rest) || !cut && !unicode.IsUpper(first) {
		return name
	}
	return rest
}
