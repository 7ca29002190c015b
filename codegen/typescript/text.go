package typescript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// quote is s as a TypeScript string. JSON's escapes are TypeScript's, and Go's
// encoder escapes the line separators too. Characters that cannot be seen are
// escaped as well, the ones that turn the direction of text among them.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("centrirpc: a string is always JSON: " + err.Error())
	}
	var escaped strings.Builder
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		switch {
		case !unicode.Is(unicode.Cf, r) && !unicode.IsControl(r):
			escaped.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&escaped, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	return escaped.String()
}

// key is s as the name of a property in a type.
func key(s string) string {
	if isASCIIIdentifier(s) {
		return s
	}
	return quote(s)
}

// literalKey is s as the name of a property in an object literal, where a plain
// __proto__ would set the prototype.
func literalKey(s string) string {
	if s == "__proto__" {
		return `["__proto__"]`
	}
	return key(s)
}

func isASCIIIdentifier(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '$'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// isIdentifier is isASCIIIdentifier for names that may hold letters of other
// scripts, as Go's may.
func isIdentifier(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '_' && r != '$' && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// docLines are the lines of a description, fit to stand in a comment: without
// control characters, without the ones that turn the direction of text (which
// can make code look like a comment), and unable to end the comment.
func docLines(text string) []string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\v' || r == '\f':
			return '\n'
		case unicode.IsControl(r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n"))
	text = strings.ReplaceAll(text, "*/", `*\/`)
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// oneLine is a description on one line.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Join(docLines(text), " ")), " ")
}

// comment prints lines as a JSDoc comment, or nothing if there are none. The
// short form is not for directives: the compiler obeys "@ts-" there.
func comment(indent string, lines []string) string {
	switch {
	case len(lines) == 0:
		return ""
	case len(lines) == 1 && !strings.Contains(lines[0], "@ts-"):
		return indent + "/** " + lines[0] + " */\n"
	}
	var b strings.Builder
	b.WriteString(indent + "/**\n")
	for _, line := range lines {
		b.WriteString(strings.TrimRight(indent+" * "+line, " ") + "\n")
	}
	b.WriteString(indent + " */\n")
	return b.String()
}

// markdown is a description as plain text on one line of Markdown.
func markdown(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(docLines(text), " "), `*\/`, "*/")), " ")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_{}[]#|~!", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
