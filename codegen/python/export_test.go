package python

// What the tests compare with the real Python.

func Keyword(word string) bool     { return keywords[word] }
func ModelMember(word string) bool { return modelMembers[word] }
func NameRune(r rune) bool         { return nameRune(r) }
