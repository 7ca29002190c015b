package centrirpc

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// sent are the params as they came, for what the decoded struct does not tell: which
// keys were there. They are read when a rule is broken, and once.
type sent struct {
	raw  json.RawMessage
	root any
	read bool
}

// step is one on the way from the params to a value: a key, or an index in a list.
type step struct {
	name  string
	index int // of a list, or -1
}

// at is the value at the end of the way. It is not there if a key on the way is
// missing.
func (s *sent) at(way []step) (value any, there bool) {
	if !s.read {
		s.read = true
		_ = json.Unmarshal(s.raw, &s.root) // which was well-formed
	}
	value = s.root
	for _, to := range way {
		switch within := value.(type) {
		case map[string]any:
			if value, there = within[to.name]; !there {
				return nil, false
			}
		case []any:
			if to.index < 0 || to.index >= len(within) {
				return nil, false
			}
			value = within[to.index]
		default:
			return nil, false
		}
	}
	return value, true
}

// refusedEmpty says what is wrong with a required value that was sent all the same.
func refusedEmpty(value any) string {
	switch v := value.(type) {
	case nil:
		return "must not be null"
	case bool:
		return "must not be " + strconv.FormatBool(v)
	case float64:
		return "must not be 0"
	}
	return "must not be empty"
}

// isKeyOf reports whether a broken rule is one of a map's key, and not of the value
// below it: the validator gives both the same path.
func isKeyOf(judged any, key, elem reflect.Value) bool {
	if !key.IsValid() || judged == nil || reflect.TypeOf(judged) != key.Type() || !key.Comparable() || judged != key.Interface() {
		return false
	}
	for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface {
		elem = elem.Elem()
	}
	return !elem.IsValid() || elem.Type() != key.Type() || !elem.Comparable() || elem.Interface() != judged
}
