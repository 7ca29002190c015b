package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Base64URL are bytes that travel as URL-safe base64 (RFC 4648 section 5) in a
// string. Nil is null.
type Base64URL []byte

// MarshalJSON writes the bytes with padding.
func (b Base64URL) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return json.Marshal(base64.URLEncoding.EncodeToString(b))
}

var toURLAlphabet = strings.NewReplacer("+", "-", "/", "_")

// UnmarshalJSON reads the bytes with or without padding, in the standard alphabet
// too.
func (b *Base64URL) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil || text == nil {
		*b = nil
		return err
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(toURLAlphabet.Replace(*text), "="))
	*b = decoded
	return err
}

// UTF8Bytes are bytes that travel as the text that they are in UTF-8. Nil is null.
type UTF8Bytes []byte

// MarshalJSON is the text. It is an error if the bytes are not valid UTF-8.
func (b UTF8Bytes) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	if !utf8.Valid(b) {
		return nil, errors.New("the bytes are not UTF-8 text")
	}
	return json.Marshal(string(b))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *UTF8Bytes) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil || text == nil {
		*b = nil
		return err
	}
	*b = []byte(*text)
	return nil
}
