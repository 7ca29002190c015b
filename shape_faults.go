package centrirpc

import (
	"errors"
	"fmt"

	"github.com/centrirpc/centrirpc/wire"
	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults bounds how many faults one reply lists, so that hostile params
// cannot make a large one.
const maxFaults = 64

// maxFaultBytes bounds those faults, paths and messages of all together, but for the
// first: hostile keys can be long, and stand in the path of all that is below them.
const maxFaultBytes = 32 << 10

// syntaxFault is the one fault of params that are not JSON, or JSON that readers
// disagree about: a key that is there twice (RFC 8259 section 4).
func (c *checker) syntaxFault(s *shape, err error) wire.Fault {
	for _, bound := range []error{errTooDeep, errPaths} {
		if errors.Is(err, bound) {
			return wire.Fault{Rule: "json", Message: bound.Error()}
		}
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName) {
		field := s.path(syntactic.JSONPointer)
		return wire.Fault{Field: field, Rule: "json", Message: field + " is there twice"}
	}
	verb := "are"
	if c.trusting {
		verb = "is"
	}
	return wire.Fault{Rule: "json", Message: fmt.Sprintf("%s %s not valid JSON: %s", c.subject, verb, syntaxMessage(err))}
}

func syntaxMessage(err error) string {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Sprintf("%v at byte %d", syntactic.Err, syntactic.ByteOffset)
	}
	return err.Error()
}

// fault notes a fault of the value that the path leads to, if there is room.
func (c *checker) fault(rule, format string, args ...any) {
	if c.full() { // before anything is copied: there may be thousands
		c.dropped = true
		return
	}
	field := string(c.path)
	name := field
	if name == "" {
		name = c.subject
	}
	fault := wire.Fault{Field: field, Rule: rule, Message: name + " " + fmt.Sprintf(format, args...)}
	c.listed += sizeOf(fault)
	c.faults = append(c.faults, fault)
}

func (c *checker) enumFault(s *shape) {
	if c.trusting {
		return // enums are open where they are read
	}
	if c.full() {
		c.dropped = true
		return
	}
	c.fault("enum", "must be one of %s", s.enumOf())
}

func (c *checker) keyFault(s *shape) {
	if c.trusting {
		return
	}
	if c.full() {
		c.dropped = true
		return
	}
	c.fault("enum", "must have one of %s for its key", s.enumOf())
}

// full reports whether no fault of the path is listed any more.
func (c *checker) full() bool {
	return len(c.faults) >= maxFaults || len(c.faults) > 0 && c.listed+len(c.path) > maxFaultBytes
}

func sizeOf(f wire.Fault) int { return len(f.Field) + len(f.Message) }

// addFaults notes faults that were found elsewhere, as far as there is room.
func (c *checker) addFaults(faults []wire.Fault) {
	for _, fault := range faults {
		if c.full() {
			c.dropped = true
			return
		}
		c.listed += sizeOf(fault)
		c.faults = append(c.faults, fault)
	}
}
