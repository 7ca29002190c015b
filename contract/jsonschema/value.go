package jsonschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// object is a JSON object that keeps the order of its keys: fields are described
// in the order they were declared.
type object struct {
	keys   []string
	values map[string]any
}

// nonFinite is NaN, Infinity or -Infinity, which Python writes although JSON has
// no such numbers.
type nonFinite string

// marker begins the strings that stand for numbers that are not finite while
// the file is parsed.
const marker = "\x00centrirpc number: "

// maxDepth bounds how deeply objects and lists may lie within one another.
const maxDepth = 200

func (o *object) get(key string) any {
	if o == nil {
		return nil
	}
	return o.values[key]
}

func (o *object) has(key string) bool {
	if o == nil {
		return false
	}
	_, ok := o.values[key]
	return ok
}

func (o *object) text(key string) string {
	s, _ := o.get(key).(string)
	return s
}

func (o *object) set(key string, value any) {
	if !o.has(key) {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// without is a copy that lacks some keys.
func (o *object) without(keys ...string) *object {
	copied := newObject()
next:
	for _, key := range o.keys {
		for _, left := range keys {
			if key == left {
				continue next
			}
		}
		copied.set(key, o.values[key])
	}
	return copied
}

func newObject() *object { return &object{values: map[string]any{}} }

// parse reads JSON whose numbers that are not finite have been marked.
func parse(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return parseValue(d, 0)
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels of nesting", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		if text, ok := strings.CutPrefix(token, marker); ok {
			return nonFinite(text), nil
		}
		return token, nil
	case json.Delim:
		if token == '{' {
			return parseObject(d, depth)
		}
		list := []any{}
		for d.More() {
			value, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

func parseObject(d *json.Decoder, depth int) (any, error) {
	o := newObject()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.set(key.(string), value)
	}
	_, err := d.Token()
	return o, err
}

// encode is the compact JSON of a value; ok is false if it holds a number that
// is not finite.
func encode(value any) (encoded json.RawMessage, ok bool) {
	var b bytes.Buffer
	ok = write(&b, value)
	return b.Bytes(), ok
}

func write(b *bytes.Buffer, value any) bool {
	ok := true
	switch value := value.(type) {
	case nonFinite:
		b.WriteString("null")
		return false
	case *object:
		b.WriteByte('{')
		for i, key := range value.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			writeScalar(b, key)
			b.WriteByte(':')
			ok = write(b, value.values[key]) && ok
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range value {
			if i > 0 {
				b.WriteByte(',')
			}
			ok = write(b, item) && ok
		}
		b.WriteByte(']')
	default:
		writeScalar(b, value)
	}
	return ok
}

func writeScalar(b *bytes.Buffer, value any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic("centrirpc: a scalar read from JSON can be written: " + err.Error())
	}
	b.Truncate(b.Len() - 1) // the newline
}

// equal compares without regard to the order of keys.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *object:
		other, ok := b.(*object)
		if !ok || len(a.keys) != len(other.keys) {
			return false
		}
		for key, value := range a.values {
			if !other.has(key) || !equal(value, other.values[key]) {
				return false
			}
		}
		return true
	case []any:
		other, ok := b.([]any)
		if !ok || len(a) != len(other) {
			return false
		}
		for i := range a {
			if !equal(a[i], other[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// markNonFinite puts marked strings in the place of NaN, Infinity and -Infinity.
func markNonFinite(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	var b bytes.Buffer
	inString := false
next:
	for i := 0; i < len(data); i++ {
		switch {
		case inString && data[i] == '\\' && i+1 < len(data):
			b.WriteByte(data[i])
			i++
		case data[i] == '"':
			inString = !inString
		case !inString:
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					writeScalar(&b, marker+word)
					i += len(word) - 1
					continue next
				}
			}
		}
		b.WriteByte(data[i])
	}
	return b.Bytes()
}
