package python

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// quote is s as a Python string literal, on one line. Go's escapes are Python's.
func quote(s string) string { return strconv.Quote(strings.ToValidUTF8(s, "\ufffd")) }

// docstring is text as a docstring, with indent before each line, or nothing if
// there is no text. Nothing in the text can end it early or escape.
func docstring(indent, text string) string {
	lines := docLines(text)
	if len(lines) == 0 {
		return ""
	}
	for i, line := range lines {
		lines[i] = escape(line)
	}
	last := len(lines) - 1
	if last == 0 {
		return indent + `"""` + lines[0] + "\"\"\"\n"
	}
	var b strings.Builder
	b.WriteString(indent + `"""` + lines[0] + "\n")
	for _, line := range lines[1:] {
		if line != "" {
			b.WriteString(indent + line)
		}
		b.WriteByte('\n')
	}
	b.WriteString(indent + "\"\"\"\n")
	return b.String()
}

// docLines are the lines of a text, whatever ends them, without blank ones at the
// ends or space behind.
func docLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").
		Replace(strings.ToValidUTF8(text, "\ufffd"))
	lines := strings.Split(strings.Trim(text, "\n \t"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines
}

// escape escapes what could end a docstring (a quote before a quote or at the
// line's end), backslashes, and what cannot be seen: control characters, which
// the parser may refuse, and marks that change the direction of text.
func escape(line string) string {
	var b strings.Builder
	for i, r := range line {
		switch {
		case r == '\\' || r == '"' && (i+1 == len(line) || line[i+1] == '"'):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// markdown is text as one paragraph of plain Markdown.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.Join(docLines(text), " ")), " ") {
		if strings.ContainsRune("\\`*_{}[]<>#|!~&$", r) {
			b.WriteByte('\\')
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}
