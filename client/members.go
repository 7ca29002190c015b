package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// MarshalTuple writes the values as one JSON array.
func MarshalTuple(values ...any) ([]byte, error) { return json.Marshal(values) }

// UnmarshalTuple reads a JSON array into as many pointers as it has items. Null
// changes nothing.
func UnmarshalTuple(data []byte, items ...any) error {
	if string(data) == "null" {
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if len(raw) != len(items) {
		return fmt.Errorf("an array of %d items where there are to be %d", len(raw), len(items))
	}
	for i, item := range raw {
		if err := json.Unmarshal(item, items[i]); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

// MarshalExtra adds extra members to a JSON object. It is an error if one of them
// has the name of a declared one.
func MarshalExtra[T any](object []byte, extra map[string]T, declared ...string) ([]byte, error) {
	if len(extra) == 0 {
		return object, nil
	}
	for _, name := range declared {
		if _, there := extra[name]; there {
			return nil, fmt.Errorf("the extra member %q is a field: set that", name)
		}
	}
	more, err := json.Marshal(extra)
	if err != nil {
		return nil, err
	}
	if string(object) == "{}" {
		return more, nil
	}
	return slices.Concat(object[:len(object)-1], []byte(","), more[1:]), nil
}

// UnmarshalExtra reads those members of a JSON object that are not declared into
// extra, which is nil if there are none, and returns an object of the others.
func UnmarshalExtra[T any](object []byte, extra *map[string]T, declared ...string) (others []byte, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range declared {
		value, there := members[name]
		if !there {
			continue
		}
		delete(members, name)
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	*extra = nil
	for name, value := range members {
		if *extra == nil {
			*extra = make(map[string]T, len(members))
		}
		var v T
		if err := json.Unmarshal(value, &v); err != nil {
			return nil, fmt.Errorf("the extra member %q: %w", name, err)
		}
		(*extra)[name] = v
	}
	return b.Bytes(), nil
}
