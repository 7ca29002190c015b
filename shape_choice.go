package centrirpc

import (
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// choice is the kind of an untagged union: one of its items. Go types have none.
const choice contract.Kind = "choice"

// addItems makes the shape of a tuple, or of an untagged union.
func (s *shapes) addItems(of *shape, t *contract.Type) {
	if t.Kind == contract.Union {
		of.kind = choice
		s.choices = append(s.choices, of)
	}
	for i := range t.Items {
		of.items = append(of.items, s.place(&t.Items[i]))
	}
}

func (c *checker) tuple(s *shape) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	i := 0
	for ; c.dec.PeekKind() != ']'; i++ {
		var err error
		if i < len(s.items) {
			at := len(c.path)
			c.path = append(append(append(c.path, '['), formatInt(int64(i))...), ']')
			err = c.value(s.items[i])
			c.path = c.path[:at]
		} else {
			err = c.dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if i != len(s.items) {
		c.fault("type", "must have exactly %d items", len(s.items))
	}
	_, err := c.dec.ReadToken()
	return err
}

// choice checks a value by each of the types that it may have. If it fits none, the
// faults are those by the type that it is closest to. A value that would have to be
// read again too often passes: whoever takes it apart judges it.
func (c *checker) choice(s *shape) error {
	kind := c.dec.PeekKind()
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	before := c.progress
	var closest *progress
	for _, item := range s.items {
		if want := item.shape.jsonKind(); want != 0 && want != kind && !(want == 't' && kind == 'f') {
			continue
		}
		if c.mayReread -= len(raw); c.mayReread < 0 {
			c.faults, c.listed, c.dropped = before.faults, before.listed, before.dropped
			return nil
		}
		c.faults, c.listed, c.dropped = nil, 0, false
		if err := c.again(raw, func(inner *checker) error { return inner.value(item) }); err != nil {
			return err
		}
		tried := c.progress
		c.mayReread -= tried.listed // written in vain, with the path in each
		c.faults, c.listed, c.dropped = before.faults, before.listed, before.dropped
		if len(tried.faults) == 0 {
			return nil
		}
		c.visited = before.visited // what is read in vain has a bound of its own
		if closest == nil || len(tried.faults) < len(closest.faults) {
			closest = &tried
		}
	}
	if closest == nil {
		c.fault("type", "must be %s", s.describeChoice())
		return nil
	}
	c.addFaults(closest.faults)
	return nil
}

// describeChoice says what the value may be, each once.
func (s *shape) describeChoice() string {
	var said []string
	seen := map[string]bool{}
	for _, item := range s.items {
		text := "one of several types"
		if item.shape.kind != choice {
			text = item.shape.describe()
		}
		if !seen[text] {
			seen[text] = true
			said = append(said, text)
		}
	}
	return strings.Join(said, ", or ")
}
