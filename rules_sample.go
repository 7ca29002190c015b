package centrirpc

import (
	"reflect"
	"time"
)

var sampleTime = reflect.ValueOf(time.Unix(1_000_000_000, 0))

// anyJSON are values of each kind that a client may send for an any.
var anyJSON = []any{
	true, 1.0, "x", []any{"x"}, map[string]any{"x": "x"},
	false, 0.0, "", []any{}, map[string]any{}, nil,
}

// sampler makes values to try rules on. What an interface holds changes from round
// to round.
type sampler struct {
	round int
	open  map[reflect.Type]bool // structs that are being made
}

// samples are values of type t that show between them all that its interfaces may
// hold; they are addressable.
func samples(t reflect.Type) []reflect.Value {
	made := make([]reflect.Value, rounds(t, map[reflect.Type]bool{}))
	for i := range made {
		made[i] = (&sampler{i, map[reflect.Type]bool{}}).filled(t)
	}
	return made
}

// rounds is how many samples a type takes.
func rounds(t reflect.Type, seen map[reflect.Type]bool) int {
	if seen[t] {
		return 1
	}
	seen[t] = true
	most := 1
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		most = rounds(t.Elem(), seen)
	case reflect.Interface:
		u := unionOf(t)
		if u == nil {
			return len(anyJSON)
		}
		most = len(u.variants)
		for _, v := range u.variants {
			most = max(most, rounds(v.typ, seen))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if isSent(t.Field(i)) {
				most = max(most, rounds(t.Field(i).Type, seen))
			}
		}
	}
	return most
}

// isSent reports whether a client can set the field.
func isSent(f reflect.StructField) bool { return f.IsExported() && f.Tag.Get("json") != "-" }

// filled is an addressable value of type t in which nothing is nil or zero, as far
// as that can be without an end, but for what clients cannot set.
func (s *sampler) filled(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	case reflect.String:
		v.SetString("x")
	case reflect.Pointer:
		if !s.open[t.Elem()] {
			v.Set(s.filled(t.Elem()).Addr())
		}
	case reflect.Interface:
		s.fillInterface(v)
	case reflect.Slice:
		v.Set(reflect.Append(v, s.filled(t.Elem())))
	case reflect.Array:
		for i := range t.Len() {
			v.Index(i).Set(s.filled(t.Elem()))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(s.filled(t.Key()), s.filled(t.Elem()))
	case reflect.Struct:
		s.fillStruct(v)
	}
	return v
}

func (s *sampler) fillInterface(v reflect.Value) {
	u := unionOf(v.Type())
	if u == nil {
		if held := anyJSON[s.round%len(anyJSON)]; held != nil && v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(held))
		}
		return
	}
	of := u.variants[s.round%len(u.variants)]
	if value := s.filled(of.typ); of.pointer {
		v.Set(value.Addr())
	} else {
		v.Set(value)
	}
}

func (s *sampler) fillStruct(v reflect.Value) {
	t := v.Type()
	if t == sampleTime.Type() {
		v.Set(sampleTime)
		return
	}
	if s.open[t] {
		return
	}
	s.open[t] = true
	defer delete(s.open, t)
	for i := range t.NumField() {
		if isSent(t.Field(i)) {
			v.Field(i).Set(s.filled(t.Field(i).Type))
		}
	}
}
