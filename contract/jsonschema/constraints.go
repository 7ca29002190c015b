package jsonschema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/centrirpc/centrirpc/contract"
)

var (
	numberConstraints = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
	stringConstraints = []string{"minLength", "maxLength", "pattern"}
	listConstraints   = []string{"minItems", "maxItems", "uniqueItems"}
	mapConstraints    = []string{"minProperties", "maxProperties"}
	everyConstraint   = concat(numberConstraints, stringConstraints, listConstraints, mapConstraints)
)

func concat(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// constraints reads the keywords given; those of other types say nothing about
// a value of this one. The result is nil if there are none.
func (v *converter) constraints(o *object, at place, keys []string) (*contract.Constraints, bool) {
	var c contract.Constraints
	found, fine := false, true
	for _, key := range keys {
		if !o.has(key) {
			continue
		}
		var said, ok bool
		switch value := o.get(key); key {
		case "pattern":
			c.Pattern, ok = value.(string)
			said = c.Pattern != ""
		case "uniqueItems":
			c.Unique, ok = value.(bool)
			said = c.Unique
		default:
			said, ok = bound(&c, key, value)
		}
		if !ok {
			v.refuse(at, fmt.Sprintf("the value of %q is not what JSON Schema wants there", key), "give it the value that JSON Schema describes")
			fine = false
		}
		found = found || said
	}
	if !found || !fine {
		return nil, fine
	}
	return &c, true
}

func bound(c *contract.Constraints, key string, value any) (said, ok bool) {
	number, ok := value.(json.Number)
	if !ok {
		return false, false
	}
	switch key {
	case "minimum":
		c.Minimum = number
	case "maximum":
		c.Maximum = number
	case "exclusiveMinimum":
		c.ExclusiveMinimum = number
	case "exclusiveMaximum":
		c.ExclusiveMaximum = number
	case "multipleOf":
		c.MultipleOf = number
	default:
		n, ok := count(number)
		if !ok {
			return false, false
		}
		switch key {
		case "minLength":
			c.MinLength = &n
		case "maxLength":
			c.MaxLength = &n
		case "minItems", "minProperties":
			c.MinItems = &n
		case "maxItems", "maxProperties":
			c.MaxItems = &n
		}
	}
	return true, true
}

// count is a number that counts: whole and not negative, also as "5.0".
func count(number json.Number) (int, bool) {
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// rules are constraints that the clients cannot check, as text for people.
func rules(o *object, keys ...string) *contract.Constraints {
	var c contract.Constraints
	for _, key := range keys {
		if encoded, ok := encode(o.get(key)); ok && o.has(key) {
			c.Rules = append(c.Rules, key+"="+string(encoded))
		}
	}
	if len(c.Rules) == 0 {
		return nil
	}
	return &c
}
