package python

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// Constraints are checked by Pydantic on types that are only sent. A type that
// the server sends too is read without them, or else a client would not read
// what a newer server allows; the server checks what it gets in any case. What
// Pydantic cannot check is in the documentation only.

// base is what t is behind its aliases.
func (p *plan) base(t *contract.Type) *contract.Type {
	for t.Kind == contract.Ref {
		r := p.types[t.Ref]
		if r.Kind != contract.Alias || p.onlyItself(r) {
			return t
		}
		t = r.Base
	}
	return t
}

// literal is the annotation of a value that is one of those listed, or "".
func (a *annotator) literal(t *contract.Type) string {
	if t.Constraints == nil || len(t.Constraints.OneOf) == 0 {
		return ""
	}
	base, open := a.plan.base(t), ""
	switch {
	case base.Quoted:
		return ""
	case base.Kind == contract.String && stringFormats[base.Format] == "":
		open = "_OpenStr"
	case base.Kind == contract.Integer && base.Format == "":
		open = "_OpenInt"
	case base.Kind == contract.Bool:
	default:
		return ""
	}
	var values []string
	for _, raw := range t.Constraints.OneOf {
		value := literalValue(raw, base.Kind)
		if value == "" {
			return ""
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	literal := "_typing.Literal[" + strings.Join(values, ", ") + "]"
	if a.checked || a.closed || open == "" || len(values) == 1 {
		return literal
	}
	return annotated(literal, a.name(open))
}

// literalValue is a JSON value of that kind in Python, or "".
func literalValue(raw json.RawMessage, kind contract.Kind) string {
	switch kind {
	case contract.String:
		var s *string
		if json.Unmarshal(raw, &s) == nil && s != nil {
			return quote(*s)
		}
	case contract.Bool:
		switch string(bytes.TrimSpace(raw)) {
		case "true":
			return "True"
		case "false":
			return "False"
		}
	case contract.Integer:
		if n := integral(json.Number(bytes.TrimSpace(raw))); n != nil && n.IsInt64() { // mypy takes no larger one
			return n.String()
		}
	}
	return ""
}

// maxDigits bounds what is written out: 1e999999999 is a JSON number too.
const maxDigits = 400

// integral is a JSON number that is whole, or nil.
func integral(n json.Number) *big.Int {
	if n == "" || len(n) > maxDigits {
		return nil
	}
	if f, err := strconv.ParseFloat(string(n), 64); err != nil || math.IsInf(f, 0) {
		return nil
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok || !r.IsInt() {
		return nil
	}
	return r.Num()
}

// metadata are the constraints of t as an annotation's metadata.
func (a *annotator) metadata(t *contract.Type) []string {
	c := t.Constraints
	if c == nil {
		return nil
	}
	base := a.plan.base(t)
	if !a.checked {
		// A fixed length is the list's shape, as a tuple's is.
		if base.Kind == contract.List && c.MinItems != nil && c.MaxItems != nil && *c.MinItems == *c.MaxItems {
			return []string{field(lengths(c.MinItems, c.MaxItems))}
		}
		return nil
	}
	switch base.Kind {
	case contract.Integer, contract.Float:
		if base.Format == "" {
			return nonempty(field(bounds(c, base)))
		}
	case contract.String:
		switch {
		case base.Format == contract.Decimal && !base.Quoted:
			return nonempty(field(bounds(c, base)))
		case stringFormats[base.Format] == "":
			found := nonempty(field(lengths(c.MinLength, c.MaxLength)))
			if c.Pattern != "" {
				found = append(found, a.name("_pattern")+"("+quote(c.Pattern)+")")
			}
			return found
		}
	case contract.List:
		found := nonempty(field(lengths(c.MinItems, c.MaxItems)))
		if c.Unique {
			found = append(found, a.name("_unique"))
		}
		return found
	case contract.Map:
		return nonempty(field(lengths(c.MinItems, c.MaxItems)))
	case contract.Union:
		if decimalOrNumber(base) {
			return nonempty(field(bounds(c, &contract.Type{Kind: contract.String, Format: contract.Decimal})))
		}
	}
	return nil
}

func nonempty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func field(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return "_pydantic.Field(" + strings.Join(args, ", ") + ")"
}

func lengths(low, high *int) []string {
	var args []string
	if low != nil && *low > 0 {
		args = append(args, fmt.Sprintf("min_length=%d", *low))
	}
	if high != nil {
		args = append(args, fmt.Sprintf("max_length=%d", *high))
	}
	return args
}

func bounds(c *contract.Constraints, t *contract.Type) []string {
	var args []string
	add := func(name string, n json.Number) {
		if number := boundValue(n, t); number != "" {
			args = append(args, name+"="+number)
		}
	}
	add("ge", c.Minimum)
	add("gt", c.ExclusiveMinimum)
	add("le", c.Maximum)
	add("lt", c.ExclusiveMaximum)
	if f, err := c.MultipleOf.Float64(); err == nil && f > 0 {
		add("multiple_of", c.MultipleOf)
	}
	return args
}

// boundValue is a bound of t as Pydantic takes it, or "".
func boundValue(n json.Number, t *contract.Type) string {
	f, err := strconv.ParseFloat(string(n), 64)
	if n == "" || len(n) > maxDigits || err != nil || math.IsInf(f, 0) {
		return ""
	}
	whole := integral(n)
	switch {
	case whole != nil && t.Kind != contract.String:
		return whole.String()
	case t.Kind == contract.Float:
		return strconv.FormatFloat(f, 'g', -1, 64)
	case t.Kind == contract.String:
		return "_decimal.Decimal(" + quote(string(n)) + ")"
	}
	return ""
}
