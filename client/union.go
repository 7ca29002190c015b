package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Union is a value of one of several types, as JSON. Generated packages have a
// type of their own for each, with a method per type. Its zero value is none and
// cannot be written.
type Union struct {
	raw json.RawMessage
	err error // why raw is not there
}

// ErrNoVariant means that a union holds no value, and so cannot be written.
var ErrNoVariant = errors.New("a union that holds no value")

// UnionOf is a Union that holds v. If v cannot be written as JSON, writing the
// Union says so.
func UnionOf(v any) Union {
	raw, err := json.Marshal(v)
	return Union{raw: raw, err: err}
}

// Raw is the value's JSON, or nil if there is none.
func (u Union) Raw() json.RawMessage { return u.raw }

// MarshalJSON is the value's JSON.
func (u Union) MarshalJSON() ([]byte, error) {
	switch {
	case u.err != nil:
		return nil, u.err
	case u.raw == nil:
		return nil, ErrNoVariant
	}
	return u.raw, nil
}

// UnmarshalJSON keeps the JSON. Null is no value.
func (u *Union) UnmarshalJSON(data []byte) error {
	*u = Union{}
	if string(data) != "null" {
		u.raw = bytes.Clone(data)
	}
	return nil
}

// JSONKind is the kind of a JSON value.
type JSONKind byte

// The kinds of JSON value.
const (
	AnyJSON    JSONKind = 0
	JSONObject JSONKind = '{'
	JSONArray  JSONKind = '['
	JSONString JSONKind = '"'
	JSONNumber JSONKind = '0'
	JSONBool   JSONKind = 't'
)

func kindOf(raw json.RawMessage) JSONKind {
	switch raw = bytes.TrimLeft(raw, " \t\r\n"); {
	case len(raw) == 0 || raw[0] == 'n':
		return AnyJSON
	case raw[0] == 't' || raw[0] == 'f':
		return JSONBool
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return JSONNumber
	}
	return JSONKind(raw[0])
}

// UnionAs is the union's value as a T, and whether it is one: it is JSON of that
// kind, has the members that are required, and can be read. A value may be of
// several types.
func UnionAs[T any](u Union, kind JSONKind, required ...string) (T, bool) {
	var v T
	if u.raw == nil || kind != AnyJSON && kindOf(u.raw) != kind {
		return v, false
	}
	if len(required) > 0 {
		var members map[string]json.RawMessage
		if json.Unmarshal(u.raw, &members) != nil {
			return v, false
		}
		for _, name := range required {
			if members[name] == nil {
				return v, false
			}
		}
	}
	if json.Unmarshal(u.raw, &v) != nil {
		var none T
		return none, false
	}
	return v, true
}

// UnknownVariant is what a tagged union holds that this program does not know: one
// that a newer server sent. It is written as it came.
type UnknownVariant struct {
	Tag string
	Raw json.RawMessage // the whole object
}

// UnknownOf is an UnknownVariant of an object, which it copies.
func UnknownOf(tag string, object []byte) UnknownVariant {
	return UnknownVariant{Tag: tag, Raw: bytes.Clone(object)}
}

// MarshalJSON is Raw.
func (u UnknownVariant) MarshalJSON() ([]byte, error) {
	if u.Raw == nil {
		return nil, ErrNoVariant
	}
	return u.Raw, nil
}

// ReadTag is the string under key in a JSON object: the tag of a tagged union.
func ReadTag(object []byte, key string) (string, error) {
	start, end, err := findMember(object, key)
	if err != nil {
		return "", err
	}
	if start == end {
		return "", fmt.Errorf("the object has no %q, which says what it is", key)
	}
	var tag string
	if err := json.Unmarshal(object[start:end], &tag); err != nil {
		return "", fmt.Errorf("%q, which says what the object is: %w", key, err)
	}
	return tag, nil
}

// WithoutTag is a JSON object without the member of that name, for structs that
// would take it for an extra member.
func WithoutTag(object []byte, key string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return object
	}
	delete(members, key)
	if object, err := json.Marshal(members); err == nil {
		return object
	}
	return object
}

// MarshalVariant writes v, a struct, as an object that has one of the values under
// key: its own, or the first one where it has none.
func MarshalVariant(v any, key string, values ...string) ([]byte, error) {
	object, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if object[0] != '{' {
		return nil, ErrNoVariant
	}
	start, end, err := findMember(object, key)
	if err != nil {
		return nil, err
	}
	first, err := json.Marshal(values[0])
	if err != nil {
		return nil, err
	}
	switch own := string(object[start:end]); own {
	case "":
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		tagged := slices.Concat([]byte("{"), name, []byte(":"), first)
		if string(object) != "{}" {
			tagged = append(tagged, ',')
		}
		return append(tagged, object[1:]...), nil
	case `""`, "null":
		return slices.Concat(object[:start], first, object[end:]), nil
	default:
		tag, err := ReadTag(object, key)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(values, tag) {
			return nil, fmt.Errorf("%q of a %T cannot be %q: use one of %q", key, v, tag, values)
		}
		return object, nil
	}
}

// findMember is where the value under key lies in a JSON object: from start to
// end, which are equal if there is none. Of several it is the last.
func findMember(object []byte, key string) (start, end int, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	open, err := d.Token()
	if err != nil {
		return 0, 0, err
	}
	if open != json.Delim('{') {
		return 0, 0, errors.New("it is not an object")
	}
	var value json.RawMessage
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return 0, 0, err
		}
		if err := d.Decode(&value); err != nil {
			return 0, 0, err
		}
		if name == key {
			end = int(d.InputOffset())
			start = end - len(value)
		}
	}
	return start, end, nil
}
