package typescript

import "testing"

// A pattern is checked by the client only where it means the same everywhere, or
// more in JavaScript.
func TestPortable(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                      "",
		`^[a-z]+$`:              `^[a-z]+$`,
		`^(?:a|b){2,3}.?$`:      `^(?:a|b){2,3}[^\n]?$`,
		`\A\d+\Z`:               `^[\p{Nd}]+$`,
		`[\d_.-]`:               `[\p{Nd}_.-]`,
		`\w\s`:                  `[\p{Alphabetic}\p{M}\p{N}\p{Pc}\u200c\u200d][\s\x1c-\x1f\x85]`,
		`a\-b\"\/\.\\`:          `a-b"\/\.\\`,
		`[\-\]\^]`:              `[\-\]\^]`,
		`a{,3}{x}]`:             `a\{,3\}\{x\}\]`,
		`[^/@]+`:                `[^/@]+`,
		"é\u2028\U0001F600\xff": "é\u2028\U0001F600\uFFFD",
		`\n\t`:                  `\n\t`,
	} {
		if got, ok := portable(pattern); !ok || got != want {
			t.Errorf("%q became %q, %v; want %q", pattern, got, ok, want)
		}
	}
	for _, pattern := range []string{
		`(?i)a`, `(?P<name>a)`, `(?!x)`, `(?<=x)`, `\bword`, `\D`, `\W`, `\S`, `[^\d]`, `\1`, `\p{L}`, `[[:alpha:]]`, `[a-z&&[^b]]`,
		`[a--b]`, `[]a]`, `[^]a]`, `[`, `a\`, `\é`, `[\b]`, `\Qa\E`, `\x41`,
	} {
		if got, ok := portable(pattern); ok {
			t.Errorf("%q became %q, want it left to the server", pattern, got)
		}
	}
}
