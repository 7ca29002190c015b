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
	if c.unions == maxUnions {
		return errTooDeep
	}
	inner := checkers.Get().(*checker)
	defer checkers.Put(inner)
	own := inner.path
	inner.source.Reset(raw)
	inner.dec.Reset(&inner.source, jsontext.AllowDuplicateNames(false))
	inner.dropped, inner.visited, inner.mayVisit = c.dropped, c.visited, c.mayVisit
	inner.path, inner.faults, inner.unions, inner.depth, inner.listed = c.path, c.faults, c.unions+1, c.depth+c.dec.StackDepth(), c.listed
	err = inner.object(variant, s.tag)
	c.faults, c.listed, c.dropped, c.visited = inner.faults, inner.listed, inner.dropped, inner.visited
	inner.path, inner.faults = own, nil
	return err
}
