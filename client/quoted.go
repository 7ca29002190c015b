package client

import "encoding/json"

// Quoted is a value that travels within a JSON string, as encoding/json's option
// ",string" writes it, in the places that have no tag to say so: items of lists,
// values of maps.
type Quoted[T any] struct{ Value T }

// MarshalJSON is the value's JSON in a string.
func (q Quoted[T]) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(q.Value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(data))
}

// UnmarshalJSON reads what MarshalJSON writes. Null changes nothing.
func (q *Quoted[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), &q.Value)
}
