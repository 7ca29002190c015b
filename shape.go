package centrirpc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/go-json-experiment/json/jsontext"
)

// shape is a contract type made ready for checking values: references are
// followed, fields are found by name.
type shape struct {
	kind     contract.Kind
	bits     int
	unsigned bool
	format   string
	elem     *place // of a list or map
	keyBits  int    // of a map with integer keys; 0 with string keys
	keySign  bool
	key      *shape // of a map whose keys are an enum's; else nil
	fields   map[string]*fieldShape
	ordered  []*fieldShape // as declared
	strings  []string      // of an enum
	ints     []int64
	strict   bool
	quoted   bool              // it travels within a string
	length   int               // of a list that has a fixed one; else -1
	tag      string            // of a union; its values are in strings
	variants map[string]*shape // of a union, by the tag's value
	extra    *place            // of a struct's other members, if they have a type
	items    []place           // of a tuple, or what a choice may be
	nullable bool              // its name stands for what may be null
	limits   *limits           // or nil
}

// place is a shape where it is used: with or without null, within limits or not.
type place struct {
	shape    *shape
	nullable bool
	limits   *limits // or nil
}

// null reports whether the value may be null.
func (p place) null() bool { return p.nullable || p.shape.nullable || p.shape.kind == contract.Any }

type fieldShape struct {
	name     string
	index    int // in ordered
	required bool
	place    place
}

// shapes makes and keeps the shapes of one contract.
type shapes struct {
	contract *contract.Contract
	strict   bool
	limited  bool // the contract's constraints are checked, too
	named    map[string]*shape
	aliases  map[*shape]*alias // whose shapes are not made yet
	choices  []*shape          // of which it is not told yet whether they may be null
}

func newShapes(c *contract.Contract, strict bool) *shapes {
	return &shapes{contract: c, strict: strict, named: map[string]*shape{}, aliases: map[*shape]*alias{}}
}

// newLimitedShapes are shapes that hold the contract's constraints: those of methods
// without a Go type, whose rules nobody else here checks.
func newLimitedShapes(c *contract.Contract, strict bool) *shapes {
	s := newShapes(c, strict)
	s.limited = true
	return s
}

// of is the shape of a method's params, or nil if it takes none.
func (s *shapes) of(params *contract.Type) *shape {
	if params == nil {
		return nil
	}
	return s.whole(params).shape
}

// whole is a place whose shape is made to its end.
func (s *shapes) whole(t *contract.Type) place {
	p := s.place(t)
	s.finish()
	return p
}

// place is a place whose shape may be half-made until finish has run.
func (s *shapes) place(t *contract.Type) place {
	p := place{nullable: t.Nullable}
	if s.limited {
		p.limits = newLimits(t)
	}
	if t.Kind == contract.Ref {
		p.shape = s.byName(t.Ref)
		return p
	}
	p.shape = &shape{kind: t.Kind, bits: t.Bits, unsigned: t.Unsigned, format: t.Format, quoted: t.Quoted, length: -1}
	if t.Kind == contract.Tuple || t.Kind == contract.Union {
		s.addItems(p.shape, t)
	}
	if c := t.Constraints; c != nil && !c.Unique && t.Kind == contract.List && c.MinItems != nil && c.MaxItems != nil && *c.MinItems == *c.MaxItems {
		p.shape.length = *c.MinItems
	}
	if t.Elem != nil {
		elem := s.place(t.Elem)
		p.shape.elem = &elem
	}
	if t.Key != nil {
		key := s.place(t.Key).shape
		s.settle(key)
		if key.kind == contract.Integer {
			p.shape.keyBits, p.shape.keySign = key.bits, !key.unsigned
		}
		if key.strings != nil || key.ints != nil {
			p.shape.key = key
		}
	}
	return p
}

// byName makes the shape of a named type once; a type that refers to itself
// finds the shape that is being made.
func (s *shapes) byName(name string) *shape {
	if known := s.named[name]; known != nil {
		return known
	}
	made := &shape{strict: s.strict}
	s.named[name] = made
	t := s.contract.Type(name)
	switch t.Kind {
	case contract.Struct:
		made.kind = contract.Struct
		made.fields = make(map[string]*fieldShape, len(t.Fields))
		for i := range t.Fields {
			s.addField(made, &t.Fields[i])
		}
		if t.Extra != nil {
			extra := s.place(t.Extra)
			made.extra = &extra
		}
	case contract.Union:
		made.kind, made.tag, made.variants = contract.Union, t.Tag, map[string]*shape{}
		for _, v := range t.Variants {
			of := s.byName(v.Ref)
			for _, value := range v.Values {
				made.strings = append(made.strings, value)
				made.variants[value] = of
			}
		}
	case contract.Enum:
		s.alias(made, t.Base)
		for _, v := range t.Values {
			if v.String != nil {
				made.strings = append(made.strings, *v.String)
			} else {
				made.ints = append(made.ints, *v.Int)
			}
		}
	default:
		s.alias(made, t.Base)
	}
	return made
}

func (s *shapes) addField(of *shape, f *contract.Field) {
	field := &fieldShape{name: f.Name, index: len(of.ordered), required: f.Required, place: s.place(&f.Type)}
	if !f.Required {
		// An optional field that is null is as good as absent.
		field.place.nullable = true
	}
	of.ordered = append(of.ordered, field)
	of.fields[f.Name] = field
}

func (s *shape) enumOf() string {
	if s.strings != nil {
		quoted := make([]string, len(s.strings))
		for i, v := range s.strings {
			quoted[i] = `"` + v + `"`
		}
		return strings.Join(quoted, ", ")
	}
	printed := make([]string, len(s.ints))
	for i, v := range s.ints {
		printed[i] = formatInt(v)
	}
	return strings.Join(printed, ", ")
}

// lists reports whether an enum has the value that is written as text.
func (s *shape) lists(text string) bool {
	if s.strings != nil {
		return s.hasString(text)
	}
	v, err := strconv.ParseInt(text, 10, 64)
	return err == nil && slices.Contains(s.ints, v)
}

func (s *shape) hasString(v string) bool { return s.strings == nil || slices.Contains(s.strings, v) }

// path turns a JSON pointer (RFC 6901) to a value of this shape into a fault's
// path. Below what the shape knows, names are taken for fields.
func (s *shape) path(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		kind := contract.Struct
		if s != nil {
			kind = s.kind
		}
		var next *shape
		switch {
		case kind == contract.Map || kind == contract.List:
			path.WriteString("[" + token + "]")
			if s.elem != nil {
				next = s.elem.shape
			}
		default:
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.WriteString(token)
			next = s.field(token)
		}
		s = next
	}
	return path.String()
}

// field is the shape of a struct's field, or of one that a union's variants have:
// that of the first variant with such a field. It is nil if there is none.
func (s *shape) field(name string) *shape {
	if s == nil {
		return nil
	}
	if f := s.fields[name]; f != nil {
		return f.place.shape
	}
	for _, value := range s.strings {
		if v := s.variants[value]; v != nil && v.fields[name] != nil {
			return v.fields[name].place.shape
		}
	}
	return nil
}
