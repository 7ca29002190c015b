package centrirpc

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
	"github.com/go-json-experiment/json/jsontext"
)

// checker walks a JSON value once along its shape and notes everything that does
// not fit, with the path to it.
type checker struct {
	dec    jsontext.Decoder
	source bytes.Reader
	path   []byte
	// counted is how many items or entries the list or map had that was read last.
	counted int
	progress
}

// progress is what checkers of parts of a value go on with.
type progress struct {
	faults []wire.Fault
	// unions is how many tagged unions the value is within, depth how deep the
	// decoder's input is within the params.
	unions, depth int
	listed        int  // bytes of the faults
	dropped       bool // there are more faults than are listed
	// visited is how long the paths of all values are together, and mayVisit its bound.
	visited, mayVisit int
	// mayReread is how many bytes may be read again, or written into faults, to find
	// which of its types a value has.
	mayReread int
	// trusting holds for what a service sends: it may be as deep as it likes, and
	// have values of enums and unions that are not known here.
	trusting bool
	subject  string // what a value without a path is called
}

// maxDepth bounds how deep params may be nested: the validator's work grows with its square.
const maxDepth = 256

var errDepth = fmt.Errorf("they are nested more than %d deep", maxDepth)

// The paths of all values may take maxPathsPerByte bytes for each of the params,
// and minPaths more: the decoder writes the path of each value that does not fit,
// the validator that of each element of a list or map that it judges, so that a few
// long keys around many values would take far more memory than the params
// themselves.
const (
	maxPathsPerByte = 64
	minPaths        = 64 << 10
)

var errPaths = errors.New("the keys around the params' values are too long, or too many, for the number of values; shorten the keys, or send fewer values at once")

var checkers = sync.Pool{New: func() any { return new(checker) }}

// checkShape lists what of data does not fit the shape: keys that are missing or
// unknown, values of another type or out of range. Data that is not JSON at all
// is one fault. complete is false if there are
// more faults than are listed.
func checkShape(data []byte, s *shape) (faults []wire.Fault, complete bool) {
	return checkPlace(data, place{shape: s}, progress{subject: "the params"})
}

// checkResult is checkShape for what a service sends.
func checkResult(data []byte, p place) (faults []wire.Fault) {
	faults, _ = checkPlace(data, p, progress{subject: "the value", trusting: true})
	return faults
}

func checkPlace(data []byte, p place, begin progress) (faults []wire.Fault, complete bool) {
	c := checkers.Get().(*checker)
	defer checkers.Put(c)
	c.source.Reset(data)
	c.dec.Reset(&c.source, jsontext.AllowDuplicateNames(false))
	c.path, c.progress = c.path[:0], begin
	c.mayVisit, c.mayReread = maxPathsPerByte*len(data)+minPaths, maxPathsPerByte*len(data)+minPaths
	err := c.value(p)
	if err == nil {
		if _, end := c.dec.ReadToken(); !errors.Is(end, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return []wire.Fault{c.syntaxFault(p.shape, err)}, true
	}
	return c.faults, !c.dropped
}

// value reads the next value whole. Its error is one of JSON's syntax; what does
// not fit is noted and passed over.
func (c *checker) value(p place) error {
	if err := c.visit(len(c.path)); err != nil {
		return err
	}
	kind := c.dec.PeekKind()
	s := p.shape
	if kind == 'n' {
		if !p.null() {
			c.fault("type", "must not be null")
		}
		return c.dec.SkipValue()
	}
	if want := s.jsonKind(); want != 0 && want != kind && !(want == 't' && kind == 'f') {
		if kind != 0 {
			c.fault("type", "must be %s", s.describe())
		}
		return c.dec.SkipValue()
	}
	if s.quoted {
		token, err := c.dec.ReadToken()
		if err == nil {
			c.quoted(s, token.String())
		}
		return err
	}
	if p.limits != nil || s.limits != nil {
		return c.limited(p)
	}
	return c.content(s)
}

// content reads a value of the shape's kind.
func (c *checker) content(s *shape) error {
	if c.tooDeep() {
		return errDepth
	}
	switch s.kind {
	case contract.Struct:
		return c.object(s, "")
	case contract.Union:
		return c.union(s)
	case contract.Map:
		return c.entries(s)
	case contract.List:
		return c.list(s)
	case contract.String, contract.Bytes, contract.Integer, contract.Float:
		token, err := c.dec.ReadToken()
		if err != nil {
			return err
		}
		c.scalar(s, token.String())
		return nil
	case contract.Any:
		return c.anything(len(c.path))
	case contract.Tuple:
		return c.tuple(s)
	case choice:
		return c.choice(s)
	}
	return c.dec.SkipValue()
}

func (c *checker) tooDeep() bool { return c.depth+c.dec.StackDepth() > maxDepth && !c.trusting }

// visit counts the path of a value.
func (c *checker) visit(length int) error {
	if c.visited += length; c.visited > c.mayVisit && !c.trusting {
		return errPaths
	}
	return nil
}

// anything passes over a value of any kind and counts the paths within it; length
// is that of its own.
func (c *checker) anything(length int) error {
	kind := c.dec.PeekKind()
	if kind != '{' && kind != '[' {
		return c.dec.SkipValue()
	}
	if c.tooDeep() {
		return errDepth
	}
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	for c.dec.PeekKind() != '}' && c.dec.PeekKind() != ']' {
		inner := length + len("[0]")
		if kind == '{' {
			name, err := c.dec.ReadValue()
			if err != nil {
				return err
			}
			inner = length + len(name)
		}
		if err := c.visit(inner); err != nil {
			return err
		}
		if err := c.anything(inner); err != nil {
			return err
		}
	}
	_, err := c.dec.ReadToken()
	return err
}

// object checks a struct's object, which has the tag beside its fields if it is a
// union's.
func (c *checker) object(s *shape, tag string) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	var seen fieldSet
	for c.dec.PeekKind() != '}' {
		token, err := c.dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		at := len(c.path)
		c.push(name)
		if f := s.fields[name]; f == nil && s.extra != nil && name != tag {
			err = c.value(*s.extra)
		} else if f == nil {
			if s.strict && (name != tag || tag == "") {
				c.fault("unknown", "is not known to the method")
			}
			err = c.dec.SkipValue()
		} else {
			seen.add(f.index)
			err = c.value(f.place)
		}
		c.path = c.path[:at]
		if err != nil {
			return err
		}
	}
	for _, f := range s.ordered {
		if f.required && !seen.has(f.index) {
			at := len(c.path)
			c.push(f.name)
			c.fault("required", "is required")
			c.path = c.path[:at]
		}
	}
	_, err := c.dec.ReadToken()
	return err
}

// fieldSet is the set of a struct's fields that were there.
type fieldSet struct {
	first uint64 // the first 64 fields
	more  map[int]bool
}

func (s *fieldSet) add(index int) {
	if index < 64 {
		s.first |= 1 << index
		return
	}
	if s.more == nil {
		s.more = map[int]bool{}
	}
	s.more[index] = true
}

func (s *fieldSet) has(index int) bool {
	if index < 64 {
		return s.first&(1<<index) != 0
	}
	return s.more[index]
}

func (c *checker) entries(s *shape) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	n := 0
	for ; c.dec.PeekKind() != '}'; n++ {
		token, err := c.dec.ReadToken()
		if err != nil {
			return err
		}
		key := token.String()
		at := len(c.path)
		c.path = append(append(append(c.path, '['), key...), ']')
		if s.keyBits > 0 && !integerKey(key, s.keyBits, !s.keySign) {
			c.fault("type", "must have an integer for its key, written in the shortest way")
		} else if s.key != nil && !s.key.lists(key) {
			c.keyFault(s.key)
		}
		err = c.value(*s.elem)
		c.path = c.path[:at]
		if err != nil {
			return err
		}
	}
	c.counted = n
	_, err := c.dec.ReadToken()
	return err
}

func (c *checker) list(s *shape) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	i := 0
	for ; c.dec.PeekKind() != ']'; i++ {
		at := len(c.path)
		c.path = append(strconv.AppendInt(append(c.path, '['), int64(i), 10), ']')
		err := c.value(*s.elem)
		c.path = c.path[:at]
		if err != nil {
			return err
		}
	}
	if s.length >= 0 && i != s.length {
		c.fault("type", "must have exactly %d items", s.length)
	}
	c.counted = i
	_, err := c.dec.ReadToken()
	return err
}

func (c *checker) push(name string) {
	if len(c.path) > 0 {
		c.path = append(c.path, '.')
	}
	c.path = append(c.path, name...)
}

// quoted checks what stands within a string in place of the value itself.
func (c *checker) quoted(s *shape, text string) {
	inner := jsontext.Value(text)
	want := jsonKindOf(s.kind)
	if got := inner.Kind(); !inner.IsValid() || strings.TrimSpace(text) != text || got != want && !(want == 't' && got == 'f') {
		c.fault("type", "must be %s", s.describe())
		return
	}
	if s.kind == contract.String {
		return
	}
	c.scalar(s, text)
}

func (c *checker) scalar(s *shape, text string) {
	switch s.kind {
	case contract.String:
		if s.format == contract.DateTime {
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				c.fault("type", "must be a time as RFC 3339 writes it, such as 2006-01-02T15:04:05Z")
			}
		}
		if !s.hasString(text) {
			c.enumFault(s)
		}
	case contract.Bytes:
		if s.format != "" {
			return // another encoding: who decodes it judges it
		}
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			c.fault("type", "must be bytes in standard base64 (RFC 4648)")
		}
	case contract.Integer:
		if !integerFits(text, s.bits, s.unsigned) {
			c.fault("type", "must be %s", s.describe())
			return
		}
		if v, err := strconv.ParseInt(text, 10, 64); s.ints != nil && (err != nil || !slices.Contains(s.ints, v)) {
			c.enumFault(s)
		}
	case contract.Float:
		if s.bits == 0 {
			return // a number of any precision
		}
		if v, err := strconv.ParseFloat(text, s.bits); err != nil || math.IsInf(v, 0) {
			c.fault("type", "must be %s", s.describe())
		}
	}
}

func integerFits(text string, bits int, unsigned bool) bool {
	if bits == 0 { // without bound
		return !strings.ContainsAny(text, ".eE") && !(unsigned && strings.HasPrefix(text, "-"))
	}
	var err error
	if unsigned {
		_, err = strconv.ParseUint(text, 10, bits)
	} else {
		_, err = strconv.ParseInt(text, 10, bits)
	}
	return err == nil
}

// integerKey reports whether a map's key is an integer as encoding/json writes it:
// there is one way only, so that no two keys mean the same.
func integerKey(key string, bits int, unsigned bool) bool {
	digits := key
	if !unsigned && len(key) > 1 && key[0] == '-' {
		digits = key[1:]
		if digits[0] == '0' {
			return false
		}
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' {
		return false
	}
	return integerFits(key, bits, unsigned)
}

// jsonKind is the kind of JSON value the shape wants, 0 for any.
func (s *shape) jsonKind() jsontext.Kind {
	if s.quoted {
		return '"'
	}
	return jsonKindOf(s.kind)
}

func jsonKindOf(kind contract.Kind) jsontext.Kind {
	switch kind {
	case contract.Bool:
		return 't'
	case contract.String, contract.Bytes:
		return '"'
	case contract.Integer, contract.Float:
		return '0'
	case contract.List, contract.Tuple:
		return '['
	case contract.Map, contract.Struct, contract.Union:
		return '{'
	}
	return 0
}

func (s *shape) describe() string {
	if s.quoted {
		bare := *s
		bare.quoted = false
		return bare.describe() + " within a string"
	}
	switch s.kind {
	case contract.Bool:
		return "true or false"
	case contract.String:
		return "a string"
	case contract.Bytes:
		if s.format != "" {
			return "a string of bytes"
		}
		return "a string of standard base64"
	case contract.Float:
		if s.bits == 0 {
			return "a number"
		}
		return fmt.Sprintf("a number of %d bits", s.bits)
	case contract.List, contract.Tuple:
		return "a list"
	case choice:
		return s.describeChoice()
	case contract.Integer:
		if s.bits == 0 || s.bits == 64 && !s.unsigned {
			return "an integer"
		}
		if s.unsigned {
			return fmt.Sprintf("an integer from 0 to %d", uint64(math.MaxUint64)>>(64-s.bits))
		}
		return fmt.Sprintf("an integer from %d to %d", int64(math.MinInt64)>>(64-s.bits), int64(math.MaxInt64)>>(64-s.bits))
	}
	return "an object"
}

func formatInt(v int64) string { return strconv.FormatInt(v, 10) }
