package contract

import (
	"cmp"
	"math/big"
	"slices"
)

// Shape is a type as it shows on the wire: references and aliases are followed,
// what they say of null and constraints is gathered, widths and bounds of numbers
// are one range, unions within unions are one union. Names, texts and the order
// of fields are gone.
type Shape struct {
	// Kind is none of Ref, Alias and Enum: an enum is a String or Integer with
	// Allowed values. A Union has Items if it is untagged, else Named.
	Kind Kind
	// Nullable means that the value may be null. Any is always nullable.
	Nullable bool
	Bits     int // of a Float
	Quoted   bool
	Format   string
	// Lower and Upper bound a number. An Integer's are whole and closed, and
	// hold its width.
	Lower, Upper Bound
	MultipleOf   *big.Rat // or nil
	Length       Span     // of a string, in characters
	Count        Span     // of a list's items or a map's entries
	Patterns     []string // sorted; all of them must match
	Unique       bool
	// Allowed are the only values there are, as canonical JSON, sorted; nil
	// means all.
	Allowed []string
	Rules   []string // sorted
	Key     *Type    // of a Map
	Elem    *Type    // of a List or Map
	// Items are those of a Tuple or an untagged Union. A union's are not
	// nullable, whatever their Types say: its own Nullable tells.
	Items []*Type
	Named *NamedType // a Struct, or a tagged Union
	// Type is where references and aliases end, but for Named: types that go
	// round in a circle come by it again.
	Type *Type
}

// Shapes finds the shapes of one contract's types. The contract must not change
// meanwhile.
type Shapes struct {
	types map[string]*NamedType
}

// NewShapes prepares for c, which has passed Check. The shape of what Check
// refuses (a reference to nothing, an alias of itself) is that of Any.
func NewShapes(c *Contract) *Shapes {
	s := &Shapes{types: make(map[string]*NamedType, len(c.Types))}
	for i := range c.Types {
		s.types[c.Types[i].Name] = &c.Types[i]
	}
	return s
}

// Named is the named type of that name, or nil.
func (s *Shapes) Named(name string) *NamedType { return s.types[name] }

// Fields are the struct's that params refer to: none if params are nil, since a
// method without params takes {}.
func (s *Shapes) Fields(params *Type) *NamedType {
	if params != nil {
		if shape := s.Of(params); shape.Kind == Struct {
			return shape.Named
		}
	}
	return &NamedType{Kind: Struct}
}

// Of is the shape of t.
func (s *Shapes) Of(t *Type) Shape {
	shape := s.follow(t, nil)
	if shape.Kind == circle || shape.Kind == Union && shape.Named == nil && shape.Items == nil {
		shape.Kind, shape.Nullable = Any, true
	}
	return shape
}

// circle is the kind of what stands for itself.
const circle Kind = "circle"

// follow takes the names of the types that it is within, so that it ends where
// these go round in a circle.
func (s *Shapes) follow(t *Type, within []string) Shape {
	shape := Shape{Length: Span{Max: -1}, Count: Span{Max: -1}}
	for t.Kind == Ref {
		shape.Nullable, shape.Quoted = shape.Nullable || t.Nullable, shape.Quoted || t.Quoted
		shape.narrow(t.Constraints)
		named := s.types[t.Ref]
		if slices.Contains(within, t.Ref) {
			return Shape{Kind: circle}
		}
		within = append(slices.Clip(within), t.Ref)
		switch {
		case named == nil:
			t = &Type{Kind: Any}
		case named.Kind == Struct, named.Kind == Union:
			shape.Kind, shape.Named, shape.Quoted = named.Kind, named, false
			return shape
		case named.Base == nil:
			t = &Type{Kind: Any}
		default:
			if named.Kind == Enum {
				shape.allow(enumValues(named))
			}
			t = named.Base
		}
	}
	shape.Kind, shape.Type = t.Kind, t
	shape.Nullable = shape.Nullable || t.Nullable || t.Kind == Any
	shape.Key, shape.Elem = t.Key, t.Elem
	shape.narrow(t.Constraints)
	switch t.Kind {
	case Bool, Integer, Float, String, Bytes:
		shape.Quoted, shape.Format = shape.Quoted || t.Quoted, t.Format
	default:
		shape.Quoted = false
	}
	switch t.Kind {
	case Integer:
		shape.width(t.Bits, t.Unsigned)
	case Float:
		shape.Bits = t.Bits
	case Tuple:
		for i := range t.Items {
			shape.Items = append(shape.Items, &t.Items[i])
		}
	case Union:
		s.flatten(&shape, t, within)
	}
	return shape
}

func (s *Shapes) flatten(shape *Shape, t *Type, within []string) {
	for i := range t.Items {
		item := &t.Items[i]
		inner := s.follow(item, within)
		if inner.Kind == circle {
			continue // a union holds itself anyway
		}
		shape.Nullable = shape.Nullable || inner.Nullable
		if inner.Kind == Union && inner.Named == nil && !inner.Narrowed() {
			shape.Items = append(shape.Items, inner.Items...)
		} else {
			shape.Items = append(shape.Items, item)
		}
	}
}

func enumValues(t *NamedType) []string {
	values := []string{}
	for _, v := range t.Values {
		switch {
		case v.String != nil:
			values = append(values, quote(*v.String))
		case v.Int != nil:
			values = append(values, big.NewInt(*v.Int).String())
		}
	}
	return values
}

// narrow adds constraints to those that are there; the stricter one counts.
func (s *Shape) narrow(c *Constraints) {
	if c == nil {
		return
	}
	s.Lower = s.Lower.stricter(parseBound(string(c.Minimum), false), 1).stricter(parseBound(string(c.ExclusiveMinimum), true), 1)
	s.Upper = s.Upper.stricter(parseBound(string(c.Maximum), false), -1).stricter(parseBound(string(c.ExclusiveMaximum), true), -1)
	if m := parseBound(string(c.MultipleOf), false).Value; m != nil {
		if m.Sign() > 0 && s.MultipleOf == nil {
			s.MultipleOf = m
		} else if m.Sign() > 0 {
			s.MultipleOf = commonMultiple(s.MultipleOf, m)
		}
	}
	s.Length.narrow(c.MinLength, c.MaxLength)
	s.Count.narrow(c.MinItems, c.MaxItems)
	if c.Pattern != "" {
		s.Patterns = inserted(s.Patterns, c.Pattern)
	}
	s.Unique = s.Unique || c.Unique
	if c.Format != "" {
		s.Rules = inserted(s.Rules, "format="+c.Format)
	}
	for _, rule := range c.Rules {
		s.Rules = inserted(s.Rules, rule)
	}
	if c.OneOf != nil {
		values := []string{}
		for _, value := range c.OneOf {
			values = append(values, CanonicalJSON(value))
		}
		s.allow(values)
	}
}

// Narrowed tells whether constraints, or an integer's width, limit the value.
func (s *Shape) Narrowed() bool {
	return s.Allowed != nil || s.Lower.Value != nil || s.Upper.Value != nil || s.MultipleOf != nil ||
		s.Length != (Span{Max: -1}) || s.Count != (Span{Max: -1}) || s.Patterns != nil || s.Unique || s.Rules != nil
}

func (s *Shape) allow(values []string) {
	slices.Sort(values)
	values = slices.Compact(values)
	if s.Allowed == nil {
		s.Allowed = values
		return
	}
	both := []string{}
	for _, v := range values {
		if slices.Contains(s.Allowed, v) {
			both = append(both, v)
		}
	}
	s.Allowed = both
}

// width makes the bounds of an integer whole and adds those of its width.
func (s *Shape) width(bits int, unsigned bool) {
	s.Lower, s.Upper = s.Lower.whole(1), s.Upper.whole(-1)
	if s.MultipleOf != nil && s.MultipleOf.Cmp(big.NewRat(1, 1)) == 0 {
		s.MultipleOf = nil
	}
	lower, upper := Width(bits, unsigned)
	s.Lower, s.Upper = s.Lower.stricter(lower, 1), s.Upper.stricter(upper, -1)
}

// inserted is the sorted set with the value in it.
func inserted(set []string, value string) []string {
	at, found := slices.BinarySearch(set, value)
	if found {
		return set
	}
	return slices.Insert(slices.Clip(set), at, value)
}

// Span is a range of sizes. Max below zero means without bound.
type Span struct{ Min, Max int }

func (s *Span) narrow(least, most *int) {
	if least != nil {
		s.Min = max(s.Min, *least)
	}
	if most != nil && (s.Max < 0 || *most < s.Max) {
		s.Max = *most
	}
}

// Holds tells whether all sizes of inner are within s.
func (s Span) Holds(inner Span) bool {
	return s.Min <= inner.Min && (s.Max < 0 || inner.Max >= 0 && inner.Max <= s.Max)
}

func compareOpen(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// stricter is the bound that leaves fewer values; side is 1 for lower bounds and
// -1 for upper ones.
func (b Bound) stricter(other Bound, side int) Bound {
	switch {
	case other.Value == nil:
		return b
	case b.Value == nil:
		return other
	}
	if cmp.Or(side*other.Value.Cmp(b.Value), compareOpen(other.Open, b.Open)) > 0 {
		return other
	}
	return b
}
