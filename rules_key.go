package centrirpc

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// writtenKeys are the keys of a map as the validator writes them, which is as fmt
// does.
type writtenKeys struct {
	lengths []int                    // each once, the longest first
	keys    map[string]reflect.Value // nil if they are plain strings: the map itself has them
}

// key finds the key that rest begins with, "[key].Name" or "[key]", and where its
// closing bracket is. Keys may hold brackets, too; of several that fit, it is the
// longest.
func (p *paths) key(m reflect.Value, rest string) (key reflect.Value, end int) {
	t := m.Type().Key()
	plain := isPlain(t)
	if end = closing(rest, 0); end < 0 {
		return reflect.Value{}, 0
	}
	if plain && closing(rest, end+1) < 0 {
		return plainKey(m, t, rest[1:end]), end
	}
	written := p.keysOf(m, plain)
	for _, length := range written.lengths {
		if end = 1 + length; closing(rest, end) != end {
			continue
		}
		if plain {
			key = plainKey(m, t, rest[1:end])
		} else {
			key = written.keys[rest[1:end]]
		}
		if key.IsValid() {
			return key, end
		}
	}
	return reflect.Value{}, 0
}

// closing is where, from a place on, the first bracket is that can end a key, or -1.
func closing(rest string, from int) int {
	for i := from; i < len(rest); i++ {
		if rest[i] == ']' && (i+1 == len(rest) || rest[i+1] == '.' || rest[i+1] == '[') {
			return i
		}
	}
	return -1
}

// keysOf looks at all keys of a map, the first time that it is asked for it.
func (p *paths) keysOf(m reflect.Value, plain bool) *writtenKeys {
	if known := p.maps[m.Pointer()]; known != nil {
		return known
	}
	made := &writtenKeys{}
	if !plain {
		made.keys = make(map[string]reflect.Value, m.Len())
	}
	for entries := m.MapRange(); entries.Next(); {
		key := entries.Key()
		if plain {
			made.lengths = append(made.lengths, key.Len())
			continue
		}
		written := fmt.Sprint(key.Interface())
		made.keys[written] = key
		made.lengths = append(made.lengths, len(written))
	}
	slices.Sort(made.lengths)
	made.lengths = slices.Compact(made.lengths)
	slices.Reverse(made.lengths)
	if p.maps == nil {
		p.maps = map[uintptr]*writtenKeys{}
	}
	p.maps[m.Pointer()] = made
	return made
}

// isPlain reports whether fmt writes keys of the type as the strings that they are.
func isPlain(t reflect.Type) bool {
	return t.Kind() == reflect.String && !t.Implements(typeStringer) && !t.Implements(typeFormatter) && !t.Implements(typeErrorValue)
}

var (
	typeStringer   = reflect.TypeFor[fmt.Stringer]()
	typeFormatter  = reflect.TypeFor[fmt.Formatter]()
	typeErrorValue = reflect.TypeFor[error]()
)

// plainKey is the key if the map has it, else the zero Value.
func plainKey(m reflect.Value, t reflect.Type, key string) reflect.Value {
	k := reflect.ValueOf(key).Convert(t)
	if !m.MapIndex(k).IsValid() {
		return reflect.Value{}
	}
	return k
}

// jsonKeyOf is a map's key as encoding/json writes it, whatever its String method
// says.
func jsonKeyOf(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return key.String()
	}
	if text, ok := key.Interface().(encoding.TextMarshaler); ok {
		if written, err := text.MarshalText(); err == nil {
			return string(written)
		}
	}
	switch {
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10)
	}
	return fmt.Sprint(key.Interface())
}
