package client

import "encoding/json"

// Null is a value that may be left out, null, or set: the form of a field that
// has all three, with the tag option omitzero. Its zero value is left out;
// Null[T]{Set: true} is null; NullOf(v) is v.
type Null[T any] struct {
	Set   bool // it is there, if only as null
	Value *T   // nil means null, or left out
}

// NullOf is a Null that holds v.
func NullOf[T any](v T) Null[T] { return Null[T]{Set: true, Value: &v} }

// IsZero reports whether the value is left out.
func (n Null[T]) IsZero() bool { return !n.Set && n.Value == nil }

// MarshalJSON is the value, or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.Value) }

// UnmarshalJSON sets the value, to null too.
func (n *Null[T]) UnmarshalJSON(data []byte) error {
	*n = Null[T]{Set: true}
	if string(data) == "null" {
		return nil
	}
	n.Value = new(T)
	return json.Unmarshal(data, n.Value)
}
