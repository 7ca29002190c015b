package centrirpc

import (
	"bytes"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/go-json-experiment/json/jsontext"
)

// limits are the constraints of a contract that mean the same to everybody. What
// else there is (patterns, whose dialect is the source's; items that are dropped
// when they are equal) is left to the service.
type limits struct {
	lower, upper         *big.Rat // of a number, or nil
	above, below         bool     // lower or upper itself is not allowed
	multiple             *big.Rat // of an integer, or nil
	minLength, maxLength *int     // of a string, in characters
	minItems, maxItems   *int     // of a list or map
	oneOf                []string // canonical JSON; nil means all
	named                string   // the values, for people
}

// newLimits are the constraints that the type has where it is used; nil if there are
// none.
func newLimits(t *contract.Type) *limits {
	c := t.Constraints
	if c == nil {
		return nil
	}
	l := &limits{}
	l.bound(&l.lower, &l.above, string(c.Minimum), string(c.ExclusiveMinimum))
	l.bound(&l.upper, &l.below, string(c.Maximum), string(c.ExclusiveMaximum))
	if m, ok := rational(string(c.MultipleOf)); ok && m.Sign() > 0 {
		l.multiple = m
	}
	l.minLength, l.maxLength = c.MinLength, c.MaxLength
	if !c.Unique { // of equal items one is kept, and only then they are counted
		l.minItems, l.maxItems = c.MinItems, c.MaxItems
	}
	var named []string
	for _, value := range c.OneOf {
		l.oneOf = append(l.oneOf, contract.CanonicalJSON(value))
		named = append(named, string(value))
	}
	l.named = strings.Join(named, ", ")
	return l
}

func (l *limits) bound(into **big.Rat, open *bool, closed, exclusive string) {
	if v, ok := rational(closed); ok {
		*into = v
	}
	if v, ok := rational(exclusive); ok {
		*into, *open = v, true
	}
}

// maxDigits bounds the numbers that are compared, so that hostile ones cost little.
const maxDigits = 400

// rational is the number that a contract or a value has. One with an exponent that
// no float64 has is none: it would take all memory.
func rational(text string) (*big.Rat, bool) {
	if text == "" || len(text) > maxDigits {
		return nil, false
	}
	if strings.ContainsAny(text, "eE") {
		if v, err := strconv.ParseFloat(text, 64); err != nil || v == 0 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// limited checks a value, and then its limits.
func (c *checker) limited(p place) error {
	if p.shape.kind == contract.List || p.shape.kind == contract.Map {
		if err := c.content(p.shape); err != nil {
			return err
		}
		n := c.counted
		for _, l := range []*limits{p.limits, p.shape.limits} {
			c.count(l, p.shape, n)
		}
		return nil
	}
	nested := composed(p.shape)
	if nested && !p.limits.listed() && !p.shape.limits.listed() {
		return c.content(p.shape) // no other limit is one of such values
	}
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	if nested {
		if c.mayReread -= len(raw); c.mayReread < 0 {
			return nil // as in choice
		}
	}
	known := len(c.faults)
	if err := c.again(raw, func(inner *checker) error { return inner.content(p.shape) }); err != nil {
		return err
	}
	for _, l := range []*limits{p.limits, p.shape.limits} {
		if l != nil && len(c.faults) == known {
			c.within(l, p.shape, raw)
		}
	}
	return nil
}

// composed reports whether the values of a shape may hold others of it, so that one
// that is read twice is read twice again within each that is around it.
func composed(s *shape) bool {
	kind := jsonKindOf(s.kind)
	return kind == 0 || kind == '[' || kind == '{'
}

// listed reports whether the limits name the values that are allowed.
func (l *limits) listed() bool { return l != nil && l.oneOf != nil }

// count checks how many items a list has, or entries a map.
func (c *checker) count(l *limits, s *shape, n int) {
	switch {
	case l == nil || s.length >= 0: // which was checked
	case s.kind == contract.Map:
		c.size(n, l.minItems, l.maxItems, "entries")
	default:
		c.size(n, l.minItems, l.maxItems, "items")
	}
}

// within checks a value that is no list and no map.
func (c *checker) within(l *limits, s *shape, raw jsontext.Value) {
	if l.oneOf != nil && len(raw) <= maxOneOf && !slices.Contains(l.oneOf, contract.CanonicalJSON([]byte(raw))) {
		c.fault("enum", "must be one of %s", l.named)
		return
	}
	switch s.kind {
	case contract.Integer, contract.Float:
		c.number(l, s, string(raw))
	case contract.String:
		if s.format == "" && (l.minLength != nil || l.maxLength != nil) {
			if text, err := jsontext.AppendUnquote(nil, raw); err == nil {
				c.length(l, text)
			}
		}
	}
}

// length checks how many characters a string has. The service may take white space
// off both ends before it counts (Pydantic's strip_whitespace), which the contract
// does not tell: what is too long without it only is too long for sure, and what has
// too few with it has too few without.
func (c *checker) length(l *limits, text []byte) {
	c.size(utf8.RuneCount(text), l.minLength, nil, "characters")
	c.size(utf8.RuneCount(bytes.TrimFunc(text, blank)), nil, l.maxLength, "characters")
}

// blank reports whether Python or Rust count r as white space.
func blank(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// maxOneOf is how long a value is at most, in bytes, that is compared with those
// that are allowed; the service judges others.
const maxOneOf = 64 << 10

func (c *checker) number(l *limits, s *shape, text string) {
	value, ok := rational(text)
	if !ok {
		return
	}
	if l.lower != nil {
		if order := value.Cmp(l.lower); order < 0 || order == 0 && l.above {
			if l.above {
				c.fault("gt", "must be greater than %s", decimal(l.lower))
			} else {
				c.fault("gte", "must be at least %s", decimal(l.lower))
			}
		}
	}
	if l.upper != nil {
		if order := value.Cmp(l.upper); order > 0 || order == 0 && l.below {
			if l.below {
				c.fault("lt", "must be less than %s", decimal(l.upper))
			} else {
				c.fault("lte", "must be at most %s", decimal(l.upper))
			}
		}
	}
	if l.multiple != nil && s.kind == contract.Integer && !new(big.Rat).Quo(value, l.multiple).IsInt() {
		c.fault("multiple_of", "must be a multiple of %s", decimal(l.multiple))
	}
}

func decimal(v *big.Rat) string {
	if v.IsInt() {
		return v.Num().String()
	}
	exact, _ := v.Float64()
	return strconv.FormatFloat(exact, 'g', -1, 64)
}

func (c *checker) size(n int, least, most *int, what string) {
	if least != nil && n < *least {
		c.fault("min", "must have at least %d %s", *least, what)
	}
	if most != nil && n > *most {
		c.fault("max", "must have at most %d %s", *most, what)
	}
}
