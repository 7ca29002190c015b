package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// headers are HTTP headers as a flag that may be given several times.
type headers http.Header

// String is empty: a flag's zero value is not printed.
func (h *headers) String() string { return "" }

// handshake are the headers that the WebSocket handshake is made of, and Host,
// which goes another way.
var handshake = []string{"Connection", "Host", "Upgrade", "Sec-Websocket-Extensions", "Sec-Websocket-Key", "Sec-Websocket-Protocol", "Sec-Websocket-Version"}

// Set adds a header written as "Name: value".
func (h *headers) Set(text string) error {
	name, value, ok := strings.Cut(text, ":")
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case !ok || name == "" || strings.ContainsFunc(name, notInName):
		return fmt.Errorf(`write it as "Name: value"`)
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }):
		return fmt.Errorf("the value of %s has control characters, such as a line's end", name)
	case slices.Contains(handshake, canonical):
		return fmt.Errorf("the header %s is the client's own to set", name)
	}
	if *h == nil {
		*h = headers{}
	}
	(*h)[canonical] = append((*h)[canonical], strings.TrimSpace(value))
	return nil
}

// notInName is true of what a header's name may not hold (RFC 9110 section 5.6.2).
func notInName(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
