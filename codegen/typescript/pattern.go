package typescript

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What the classes mean in the sources' dialects, taken together: Go's are ASCII,
// Python's and Rust's are Unicode. A check must not refuse what the server takes.
var widened = map[rune]string{
	'd': `\p{Nd}`,
	'w': `\p{Alphabetic}\p{M}\p{N}\p{Pc}\u200c\u200d`,
	's': `\s\x1c-\x1f\x85`,
}

var (
	quantifier   = regexp.MustCompile(`^\{\d+(,\d*)?\}`)
	syntax       = `^$\.*+?()[]{}|/`
	alike        = "nrtfv" // escapes that mean the same everywhere
	setOperators = []string{"&&", "--", "~~"}
)

// portable is a pattern of the source's dialect as JavaScript has it with the flag
// u, or false if it may mean something else there, or nothing: then only the
// server checks it.
func portable(pattern string) (string, bool) {
	t := translation{rest: pattern}
	for t.rest != "" {
		if !t.next() {
			return "", false
		}
	}
	return t.out.String(), !t.inClass
}

type translation struct {
	rest             string
	out              strings.Builder
	inClass, negated bool
}

// take moves n bytes of the rest, which are printed as they are given.
func (t *translation) take(n int, as string) bool {
	t.rest = t.rest[n:]
	t.out.WriteString(as)
	return true
}

func (t *translation) next() bool {
	r, size := utf8.DecodeRuneInString(t.rest)
	if r == '\\' {
		return t.escape()
	}
	if t.inClass {
		return t.class(r, size)
	}
	switch r {
	case '.':
		return t.take(1, `[^\n]`)
	case '[':
		start := "["
		if strings.HasPrefix(t.rest, "[^") {
			start = "[^"
		}
		t.inClass, t.negated = true, start == "[^"
		// A ] that comes first is one of the characters in some dialects.
		return !strings.HasPrefix(t.rest, start+"]") && t.take(len(start), start)
	case '(':
		if strings.HasPrefix(t.rest, "(?") && !strings.HasPrefix(t.rest, "(?:") {
			return false
		}
	case '{':
		if times := quantifier.FindString(t.rest); times != "" {
			return t.take(len(times), times)
		}
		return t.take(1, `\{`)
	case '}', ']':
		return t.take(1, `\`+string(r))
	}
	return t.take(size, string(r))
}

func (t *translation) class(r rune, size int) bool {
	for _, operator := range setOperators {
		if strings.HasPrefix(t.rest, operator) {
			return false
		}
	}
	switch r {
	case '[':
		return false
	case ']':
		t.inClass = false
	}
	return t.take(size, string(r))
}

func (t *translation) escape() bool {
	if len(t.rest) < 2 {
		return false
	}
	r := rune(t.rest[1])
	wide, isClass := widened[r]
	switch {
	case isClass && t.inClass:
		return !t.negated && t.take(2, wide)
	case isClass:
		return t.take(2, "["+wide+"]")
	case strings.ContainsRune(alike, r):
		return t.take(2, `\`+string(r))
	case r == 'A' && !t.inClass:
		return t.take(2, "^")
	case (r == 'z' || r == 'Z') && !t.inClass:
		return t.take(2, "$")
	case strings.ContainsRune(syntax, r) || r == '-' && t.inClass:
		return t.take(2, `\`+string(r))
	case r > ' ' && r < 0x7f && !isWord(r):
		return t.take(2, string(r))
	}
	return false
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}
