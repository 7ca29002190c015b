package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// inline is s as plain text within a line or a table's cell.
func inline(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		switch {
		case strings.ContainsRune("\\`*_{}[]#~!", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case strings.ContainsRune("<>&|$", r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return unlinked(b.String())
}

// title is a name as plain text. It is never empty.
func title(name string) string {
	if name = clean(name); strings.TrimSpace(name) == "" {
		name = `"` + name + `"`
	}
	return inline(strings.TrimSpace(name))
}

// wouldLink is what GitHub makes links of without being asked: addresses of the
// web and of mail. A comment within keeps it from that, and does not show.
var wouldLink = regexp.MustCompile(`(?i)://|www\.|@`)

func unlinked(s string) string {
	return wouldLink.ReplaceAllStringFunc(s, func(found string) string {
		switch found {
		case "://":
			return ":<!-- -->//"
		case "@":
			return "@<!-- -->" // behind it: at the beginning of a line a comment would be a block
		}
		return found[:3] + "<!-- -->."
	})
}

// cell is a text of several lines in a table's cell.
func cell(s string) string {
	var rows []string
	for _, l := range lines(s) {
		if l != "" || len(rows) > 0 {
			rows = append(rows, inline(l))
		}
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return strings.Join(rows, "<br>")
}

// startsBlock is what makes a line more than text at its beginning.
var startsBlock = regexp.MustCompile(`^([-+=:]|[0-9]+[.)])`)

// prose is a text with its lines and paragraphs, on lines of its own.
func prose(s string) string {
	var rows []string
	for _, l := range lines(s) {
		rows = append(rows, startsBlock.ReplaceAllStringFunc(inline(l), func(start string) string {
			return start[:len(start)-1] + `\` + start[len(start)-1:]
		}))
	}
	return strings.Trim(strings.Join(rows, "\n"), "\n")
}

// code is s as code within a line or a table's cell. It is never empty.
func code(s string) string {
	s = clean(s)
	if strings.TrimSpace(s) == "" {
		s = `"` + s + `"`
	}
	if !strings.ContainsAny(s, "`|") {
		return "`" + s + "`"
	}
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
		if r == '@' {
			b.WriteString("<!-- -->") // see wouldLink
		}
	}
	return "<code>" + b.String() + "</code>"
}

// anchor is the name as a part of an address within the page.
func anchor(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "-%x-", r)
		}
	}
	return b.String()
}

// lines are those of a text, without what is around them.
func lines(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\v", "\n", "\f", "\n").Replace(s)
	rows := strings.Split(s, "\n")
	for i := range rows {
		rows[i] = strings.TrimSpace(clean(rows[i]))
	}
	return rows
}

// clean is s without line breaks and what does not show: control characters, and
// those that turn the direction of writing round.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
