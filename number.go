package centrirpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

var typeNumber = reflect.TypeFor[json.Number]()

// encodeNumber writes a json.Number as encoding/json does: the number that it
// holds, digit by digit, and 0 for an empty one. Its successor takes it for a
// string.
func encodeNumber(enc *jsontext.Encoder, n json.Number) error {
	if kind, length := enc.StackIndex(enc.StackDepth()); kind == '{' && length%2 == 0 {
		return errors.ErrUnsupported // a map's key is a string
	}
	if n == "" {
		n = "0"
	}
	value := jsontext.Value(n)
	if value.Kind() != '0' || !value.IsValid() {
		return fmt.Errorf("the json.Number %.64q is no number", string(n))
	}
	return enc.WriteValue(value)
}

// decodeNumber reads a number into a json.Number as it is written.
func decodeNumber(dec *jsontext.Decoder, n *json.Number) error {
	switch dec.PeekKind() {
	case '0':
		value, err := dec.ReadValue()
		*n = json.Number(value)
		return err
	case 'n':
		return dec.SkipValue()
	}
	return errors.ErrUnsupported
}
