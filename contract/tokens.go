package contract

import "unicode"

// Tokens splits a name into its words, in lower case: on every character that
// is neither letter nor digit, where lower case turns to upper case, and
// between letters and the digits before or behind them. A run of capitals stays
// together, but for its last before a lower-case letter.
//
//	users.get_user_by_id  users get user by id
//	InProgress            in progress
//	HTTPServer2           http server 2
//
// A sign in front of a number is a word, so that "+1" and "-1" are two names.
//
// Every language builds its names from these.
func Tokens(name string) []string {
	var (
		tokens []string
		word   []rune
	)
	flush := func() {
		if len(word) > 0 {
			tokens = append(tokens, string(word))
			word = nil
		}
	}
	runes := []rune(name)
	if len(runes) > 1 && unicode.IsDigit(runes[1]) {
		switch runes[0] {
		case '+':
			tokens = append(tokens, "plus")
		case '-':
			tokens = append(tokens, "minus")
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if i > 0 && startsWord(runes, i) {
			flush()
		}
		word = append(word, unicode.ToLower(r))
	}
	flush()
	return tokens
}

func startsWord(runes []rune, i int) bool {
	prev, r := runes[i-1], runes[i]
	switch {
	case unicode.IsDigit(prev) != unicode.IsDigit(r):
		return true
	case unicode.IsLower(prev) && unicode.IsUpper(r):
		return true
	case unicode.IsUpper(prev) && unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
		return true
	}
	return false
}
