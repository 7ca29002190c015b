package api

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-playground/validator/v10"
)

// oneLine reports whether there is something to read in a text, and no line break
// or other control character.
func oneLine(f validator.FieldLevel) bool {
	text := f.Field().String()
	return strings.TrimSpace(text) != "" && !strings.ContainsFunc(text, unicode.IsControl)
}

// inRange reports whether JSON can write a time in UTC.
func inRange(f validator.FieldLevel) bool {
	t, ok := f.Field().Interface().(time.Time)
	year := t.UTC().Year()
	return ok && 1970 <= year && year <= 9999
}
