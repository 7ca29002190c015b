package golang

import (
	"strings"
	"unicode"
)

// lines splits a text from a contract at everything that any reader takes for
// the end of a line, and drops what a Go source cannot hold or a person cannot
// see: control characters, byte order marks, and the characters that turn the
// direction of writing.
func lines(text string) []string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			return '\n'
		case r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)):
			return -1
		}
		return r
	}, text)
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = strings.TrimRight(line, " ")
	}
	for len(all) > 0 && all[0] == "" {
		all = all[1:]
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// comment prints paragraphs as a doc comment, an empty line between two.
// Paragraphs that are empty are left out.
func comment(indent string, paragraphs ...string) string {
	var b strings.Builder
	for _, p := range paragraphs {
		ls := lines(p)
		if len(ls) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(indent + "//\n")
		}
		for _, line := range ls {
			if line == "" {
				b.WriteString(indent + "//\n")
				continue
			}
			if strings.HasPrefix(strings.TrimLeft(line, " "), "+build") {
				line = "'" + strings.TrimLeft(line, " ") // else it would be a build constraint
			}
			b.WriteString(indent + "// " + line + "\n")
		}
	}
	return b.String()
}

// deprecated is the paragraph that godoc and linters know, or nothing.
func deprecated(instead string) string {
	if instead == "" {
		return ""
	}
	return "Deprecated: " + strings.Join(lines(instead), " ")
}
