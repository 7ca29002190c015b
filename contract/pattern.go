package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxChannelName bounds a channel's name, in bytes: it is Centrifuge's bound.
const MaxChannelName = 255

// ChannelPattern is a channel's name or pattern, ready for making and reading
// names.
type ChannelPattern struct {
	text     string
	params   []string
	literals []string // around the parameters: one more than those
	reads    *regexp.Regexp
	elements []patternElement
}

// ParseChannelPattern reads a channel's name or pattern; see ChannelParams. What
// stands around the parameters must be printable ASCII without space and without
// "#", "$", "," and "*", which belong to the protocol.
func ParseChannelPattern(pattern string) (*ChannelPattern, error) {
	params, err := ChannelParams(pattern)
	if err != nil {
		return nil, err
	}
	if len(pattern) > MaxChannelName {
		return nil, fmt.Errorf("the name %.32q… is %d bytes long; at most %d are allowed", pattern, len(pattern), MaxChannelName)
	}
	p := &ChannelPattern{text: pattern, params: params}
	expression := "^"
	rest := pattern
	for i := range len(params) + 1 {
		literal := rest
		if i < len(params) {
			literal, rest, _ = strings.Cut(rest, "{"+params[i]+"}")
		}
		for at := 0; at < len(literal); at++ {
			if !nameByte(literal[at]) {
				return nil, fmt.Errorf("%q holds %q; it must be printable ASCII without space and without # $ , *", pattern, literal[at:at+1])
			}
			p.elements = append(p.elements, patternElement{literal: literal[at]})
		}
		p.literals = append(p.literals, literal)
		expression += regexp.QuoteMeta(literal)
		if i < len(params) {
			p.elements = append(p.elements, patternElement{class: valueBytes}, patternElement{class: valueBytes, repeated: true})
			expression += valueExpression
		}
	}
	p.reads = regexp.MustCompile(expression + "$")
	return p, nil
}

// String is the pattern as it was written.
func (p *ChannelPattern) String() string { return p.text }

// Params are the names of its parameters, in order.
func (p *ChannelPattern) Params() []string { return slices.Clone(p.params) }

// Name is the channel's name with these values, one for each parameter in order.
// Match gives the same values back: it refuses values that would be read
// otherwise, such as "a.b" and "c" for "{x}.{y}". The error names the parameter.
func (p *ChannelPattern) Name(values []string) (string, error) {
	if len(values) != len(p.params) {
		return "", fmt.Errorf("%q has %d parameters, not %d", p.text, len(p.params), len(values))
	}
	var b strings.Builder
	for i, literal := range p.literals {
		b.WriteString(literal)
		if i == len(values) {
			break
		}
		if err := CheckChannelValue(values[i]); err != nil {
			return "", fmt.Errorf("the channel %q: the parameter %q %w", p.text, p.params[i], err)
		}
		b.WriteString(values[i])
	}
	name := b.String()
	if len(name) > MaxChannelName {
		return "", fmt.Errorf("the channel %q: with these parameters its name is %d bytes long; at most %d are allowed", p.text, len(name), MaxChannelName)
	}
	if len(values) > 1 {
		read, _ := p.Match(name)
		for i := range values {
			if i >= len(read) || read[i] != values[i] {
				return "", fmt.Errorf("the channel %q: the parameter %q has the value %q, which holds what stands behind the parameter, %q: nothing would tell where it ends", p.text, p.params[i], values[i], p.literals[i+1])
			}
		}
	}
	return name, nil
}

// Match reads the values of the parameters out of a channel's name, or reports
// that the name is none of the pattern's. Where a name can be read in several
// ways, the first parameters are as short as can be.
func (p *ChannelPattern) Match(name string) (values []string, ok bool) {
	if len(name) > MaxChannelName {
		return nil, false
	}
	if len(p.params) == 0 {
		return nil, name == p.text
	}
	if !strings.HasPrefix(name, p.literals[0]) {
		return nil, false
	}
	found := p.reads.FindStringSubmatch(name)
	if found == nil {
		return nil, false
	}
	return found[1:], true
}

// CheckChannelValue reports what is wrong with the value of a channel's
// parameter: it must be printable ASCII, at least one character, without space
// and without ":" "," "#" "*" "$" "/" "{" "}".
func CheckChannelValue(value string) error {
	if value == "" {
		return fmt.Errorf("is empty")
	}
	for i := 0; i < len(value); i++ {
		if !valueByte(value[i]) {
			return fmt.Errorf("is %q, which holds %q: allowed is printable ASCII without space and without : , # * $ / { }", value, value[i:i+1])
		}
	}
	return nil
}

// valueExpression matches a value, the shortest that fits.
var valueExpression = func() string {
	class := ""
	for c := byte(' '); c < 0x7f; c++ {
		if valueByte(c) {
			class += fmt.Sprintf(`\x%02x`, c)
		}
	}
	return "([" + class + "]+?)"
}()

func nameByte(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("#$,*", c) < 0 }

func valueByte(c byte) bool { return nameByte(c) && strings.IndexByte(":/{}", c) < 0 }

// patternElement is one byte of a name: a certain one, or any of a class.
type patternElement struct {
	literal  byte
	class    byteClass
	repeated bool // none, one or many of the class
}

type byteClass int

const (
	oneByte byteClass = iota
	valueBytes
	nameBytes
)

func (e patternElement) takes(c byte) bool {
	switch e.class {
	case valueBytes:
		return valueByte(c)
	case nameBytes:
		return nameByte(c)
	}
	return e.literal == c
}

// meets reports whether a byte can be both.
func (e patternElement) meets(other patternElement) bool {
	switch {
	case e.class == oneByte:
		return other.takes(e.literal)
	case other.class == oneByte:
		return e.takes(other.literal)
	}
	return true // all bytes of values are bytes of names
}

// Overlaps reports whether there is a name that is both patterns', however it is
// read.
func (p *ChannelPattern) Overlaps(q *ChannelPattern) bool { return meet(p.elements, q.elements) }

// OverlapsPrefix reports whether a name of the pattern can begin so and go on
// behind it.
func (p *ChannelPattern) OverlapsPrefix(prefix string) bool {
	var elements []patternElement
	for i := 0; i < len(prefix); i++ {
		elements = append(elements, patternElement{literal: prefix[i]})
	}
	elements = append(elements, patternElement{class: nameBytes}, patternElement{class: nameBytes, repeated: true})
	return meet(p.elements, elements)
}

// meet walks both sequences at once, in all ways: as automata, whose product
// reaches the end exactly if they have a name in common.
func meet(a, b []patternElement) bool {
	seen := make([]bool, (len(a)+1)*(len(b)+1))
	var from func(i, j int) bool
	from = func(i, j int) bool {
		if i == len(a) && j == len(b) {
			return true
		}
		if at := i*(len(b)+1) + j; seen[at] {
			return false
		} else {
			seen[at] = true
		}
		if i < len(a) && a[i].repeated && from(i+1, j) || j < len(b) && b[j].repeated && from(i, j+1) {
			return true
		}
		if i == len(a) || j == len(b) || !a[i].meets(b[j]) {
			return false
		}
		nextI, nextJ := i+1, j+1
		if a[i].repeated {
			nextI = i
		}
		if b[j].repeated {
			nextJ = j
		}
		return from(nextI, nextJ)
	}
	return from(0, 0)
}
