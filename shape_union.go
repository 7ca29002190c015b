package centrirpc

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// maxUnions bounds how deep tagged unions are nested in params. Each is read once
// more than what is around it, to find its tag: without a bound, small params
// could take long.
const maxUnions = 64

var errTooDeep = fmt.Errorf("the params have tagged unions within one another, more than %d deep", maxUnions)

// union checks an object by the struct that its tag says.
func (c *checker) union(s *shape) error {
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	value, state := tagOf(raw, s.tag)
	variant := s.variants[value]
	if state == tagFound && variant == nil && c.trusting {
		return nil // unions are open where they are read, as enums are
	}
	if state != tagFound || variant == nil {
		at := len(c.path)
		c.push(s.tag)
		switch state {
		case tagFound:
			c.enumFault(s)
		case tagMissing:
			c.fault("required", "is required")
		default:
			c.fault("type", "must be a string")
		}
		c.path = c.path[:at]
		return nil
	}
	if c.unions == maxUnions && !c.trusting {
		return errTooDeep
	}
	c.unions++
	err = c.again(raw, func(inner *checker) error { return inner.object(variant, s.tag) })
	c.unions--
	return err
}

// again has another checker read what this one has read already, as a value where
// this one stands.
func (c *checker) again(raw jsontext.Value, read func(*checker) error) error {
	inner := checkers.Get().(*checker)
	defer checkers.Put(inner)
	own := inner.path
	inner.source.Reset(raw)
	inner.dec.Reset(&inner.source, jsontext.AllowDuplicateNames(false))
	inner.path, inner.progress = c.path, c.progress
	inner.depth += c.dec.StackDepth()
	err := read(inner)
	depth := c.depth
	c.path = inner.path[:len(c.path)] // the room that was made for it
	c.progress = inner.progress
	c.depth = depth
	inner.path, inner.progress = own, progress{}
	return err
}
