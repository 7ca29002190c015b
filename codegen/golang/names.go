package golang

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// initialisms are the words that Go writes in capitals. Only whole words count:
// "id" in "user_id", not in "idle".
var initialisms = map[string]bool{
	"acl": true, "api": true, "ascii": true, "cpu": true, "css": true, "csv": true, "dns": true,
	"eof": true, "grpc": true, "guid": true, "html": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "jwt": true, "lhs": true, "pdf": true, "qps": true, "ram": true,
	"rhs": true, "rpc": true, "sla": true, "smtp": true, "sql": true, "ssh": true, "sse": true,
	"sso": true, "tcp": true, "tls": true, "ttl": true, "udp": true, "ui": true, "uid": true,
	"uri": true, "url": true, "utc": true, "utf": true, "uuid": true, "vm": true, "xml": true,
	"xss": true,
}

// exported is the Go name of anything that a contract names: its words, each
// with a capital. A name that would not start with one gets an X in front.
func exported(name string) string {
	var b strings.Builder
	for _, word := range contract.Tokens(name) {
		if initialisms[word] {
			b.WriteString(strings.ToUpper(word))
			continue
		}
		first, size := utf8.DecodeRuneInString(word)
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(word[size:])
	}
	s := b.String()
	if !token.IsIdentifier(s) || !token.IsExported(s) {
		s = "X" + s
	}
	return s
}

// typeName is the Go name of a named type. One that is a Go name already stays
// as it is.
func typeName(name string) string {
	if token.IsIdentifier(name) && token.IsExported(name) {
		return name
	}
	return exported(name)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// taggable reports whether encoding/json takes name from a struct tag. It
// ignores a tag with any other character and uses the field's name.
func taggable(name string) bool {
	if name == "" {
		return false
	}
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) {
			return false
		}
	}
	return true
}
