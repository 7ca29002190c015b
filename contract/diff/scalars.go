package diff

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// kind notes that a type is of another kind.
func (w *walker) kind(path string, was, is *contract.Shape, dir direction) {
	sender, reader := order(dir, was, is)
	fine := false
	switch {
	case reader.Kind == contract.Any:
		fine = !reader.Narrowed()
	case sender.Kind == contract.Integer && reader.Kind == contract.Float && sender.Quoted == reader.Quoted:
		fine = sender.Format == "" && exact(sender, reader.Bits) && w.fits(was, is, dir)
	}
	w.noteIf(fine, path, "%s now, was %s", describe(is), describe(was))
}

// exact tells whether a float of so many bits holds each of the integers.
func exact(s *contract.Shape, bits int) bool {
	if bits == 0 {
		return true
	}
	digits := uint(53)
	if bits == 32 {
		digits = 24
	}
	limit := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), digits))
	least, most := s.Lower.Value, s.Upper.Value
	return least != nil && most != nil && most.Cmp(limit) <= 0 && least.Cmp(limit.Neg(limit)) >= 0
}

// fits tells whether what narrows the values changed in no breaking way.
func (w *walker) fits(was, is *contract.Shape, dir direction) bool {
	trial := &walker{}
	trial.limits("", was, is, dir)
	return !slices.ContainsFunc(trial.changes, func(c Change) bool { return c.Class == Breaking })
}

// limits compares what narrows values of one kind.
func (w *walker) limits(path string, was, is *contract.Shape, dir direction) {
	sender, reader := order(dir, was, is)
	if was.Kind == contract.Float && is.Kind == contract.Float && was.Bits != is.Bits {
		w.noteIf(precision(reader.Bits) > precision(sender.Bits), path, "%s now, was %s", describe(is), describe(was))
	}
	if was.Format != is.Format && was.Kind == is.Kind {
		w.noteIf(reader.Kind == contract.String && formatFits(sender.Format, reader.Format), path, "%s now, was %s", describe(is), describe(was))
	}
	if !was.Lower.Equal(is.Lower) || !was.Upper.Equal(is.Upper) {
		fine := reader.Lower.AtMost(sender.Lower) && reader.Upper.AtLeast(sender.Upper)
		now, before := span(is, givenBounds(is)), span(was, givenBounds(was))
		if now == before { // the types' own bounds differ
			now, before = span(is, is), span(was, was)
		}
		w.noteIf(fine, path, "%s now, was %s", now, before)
	}
	if before, after := multiple(was), multiple(is); before != after {
		fine := reader.MultipleOf == nil || sender.MultipleOf != nil && new(big.Rat).Quo(sender.MultipleOf, reader.MultipleOf).IsInt()
		w.noteIf(fine, path, "a multiple of %s now, was of %s", cmp.Or(after, "anything"), cmp.Or(before, "anything"))
	}
	if was.Length != is.Length {
		w.noteIf(reader.Length.Holds(sender.Length), path, "%s now, was %s", size(is.Length, "characters"), size(was.Length, "characters"))
	}
	if was.Count != is.Count {
		w.noteIf(reader.Count.Holds(sender.Count), path, "%s now, was %s", size(is.Count, "items"), size(was.Count, "items"))
	}
	for _, p := range missing(was.Patterns, is.Patterns) {
		w.noteIf(dir == sent, path, "need not match the pattern %q any more", p)
	}
	for _, p := range missing(is.Patterns, was.Patterns) {
		w.noteIf(dir == read, path, "must match the pattern %q now", p)
	}
	if is.Unique && !was.Unique {
		w.noteIf(dir == read, path, "its items are unique now")
	} else if was.Unique && !is.Unique {
		w.noteIf(dir == sent, path, "its items need not be unique any more")
	}
	for _, rule := range missing(was.Rules, is.Rules) {
		w.addf(Compatible, path, "the rule %q does not hold any more", rule)
	}
	for _, rule := range missing(is.Rules, was.Rules) {
		w.noteIf(dir == read, path, "the rule %q holds now", rule)
	}
	w.allowed(path, was.Allowed, is.Allowed, dir)
}

// allowed compares the values of enums. A reader is ready for values that it
// does not know, but not for there being no list of them any more.
func (w *walker) allowed(path string, was, is []string, dir direction) {
	switch {
	case was == nil && is == nil:
	case was == nil:
		w.noteIf(dir == read, path, "one of %s now, was any", values(is))
	case is == nil:
		w.noteIf(dir == sent, path, "any value now, was one of %s", values(was))
	default:
		for _, value := range missing(was, is) {
			w.noteIf(dir == read, path, "the value %s is removed", printed(value))
		}
		for _, value := range missing(is, was) {
			w.addf(Compatible, path, "the value %s is new", printed(value))
		}
	}
}

// missing are the values of the first that the second lacks.
func missing(from, in []string) []string {
	var rest []string
	for _, s := range from {
		if !slices.Contains(in, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

func precision(bits int) int {
	if bits == 0 {
		return 1 << 16
	}
	return bits
}

// formatFits tells whether strings of the one format are strings of the other.
func formatFits(sender, reader string) bool {
	switch reader {
	case "":
		return true
	case contract.LocalDateTime:
		return sender == contract.DateTime
	case contract.IP:
		return sender == contract.IPv4 || sender == contract.IPv6
	}
	return false
}

// describe names the kind of a shape in a few words.
func describe(s *contract.Shape) string {
	var text string
	switch {
	case s.Named != nil && s.Kind == contract.Union:
		text = "tagged union"
	case s.Kind == contract.Float && s.Bits == 0:
		text = "number"
	case s.Kind == contract.Float:
		text = fmt.Sprintf("float%d", s.Bits)
	default:
		text = string(s.Kind)
	}
	if s.Kind == contract.Integer {
		if width := width(s); width != "" {
			text = width
		}
	}
	if s.Format != "" {
		text += " " + name(s.Format)
	}
	if s.Allowed != nil {
		text = "enum of " + text
	}
	if s.Quoted {
		text = "quoted " + text
	}
	return text
}

// width is the integer's type, if its range is that of one.
func width(s *contract.Shape) string {
	for _, bits := range []int{0, 8, 16, 32, 64} {
		for _, unsigned := range []bool{false, true} {
			lower, upper := contract.Width(bits, unsigned)
			if !s.Lower.Equal(lower) || !s.Upper.Equal(upper) {
				continue
			}
			text := "int"
			if unsigned {
				text = "uint"
			}
			if bits == 0 {
				return text + " of any size"
			}
			return fmt.Sprintf("%s%d", text, bits)
		}
	}
	return ""
}

// span is the range of a number in words.
func span(s, within *contract.Shape) string {
	if s.Kind == contract.Integer {
		if width := width(s); width != "" {
			return width
		}
	}
	end := func(word, open string, b contract.Bound) string {
		if b.Open {
			return open + " " + b.String()
		}
		return word + " " + b.String()
	}
	switch {
	case within.Lower.Value == nil && within.Upper.Value == nil:
		return "without bounds"
	case within.Upper.Value == nil:
		return end("at least", "more than", within.Lower)
	case within.Lower.Value == nil:
		return end("at most", "less than", within.Upper)
	}
	return end("at least", "more than", within.Lower) + " and " + end("at most", "less than", within.Upper)
}

// givenBounds is the shape without the bounds that an integer has by its width, but
// for 0: nobody wrote them.
func givenBounds(s *contract.Shape) *contract.Shape {
	if s.Kind != contract.Integer || s.Type == nil || s.Type.Bits == 0 {
		return s
	}
	given := *s
	bits := uint(s.Type.Bits)
	if !s.Type.Unsigned {
		bits--
		least := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), bits))
		if s.Lower.Value != nil && s.Lower.Value.Cmp(new(big.Rat).SetInt(least)) == 0 {
			given.Lower = contract.Bound{}
		}
	}
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
	if s.Upper.Value != nil && s.Upper.Value.Cmp(new(big.Rat).SetInt(most)) == 0 {
		given.Upper = contract.Bound{}
	}
	return &given
}

func size(s contract.Span, of string) string {
	switch {
	case s.Max < 0 && s.Min == 0:
		return "any number of " + of
	case s.Max < 0:
		return fmt.Sprintf("at least %d %s", s.Min, of)
	case s.Min == 0:
		return fmt.Sprintf("at most %d %s", s.Max, of)
	case s.Min == s.Max:
		return fmt.Sprintf("%d %s", s.Min, of)
	}
	return fmt.Sprintf("%d to %d %s", s.Min, s.Max, of)
}

func multiple(s *contract.Shape) string { return contract.Bound{Value: s.MultipleOf}.String() }

// maxValues bounds how many values of an enum a line lists.
const maxValues = 8

func values(list []string) string {
	var texts []string
	for _, v := range list[:min(len(list), maxValues)] {
		texts = append(texts, printed(v))
	}
	if rest := len(list) - maxValues; rest > 0 {
		texts = append(texts, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(texts, ", ")
}
