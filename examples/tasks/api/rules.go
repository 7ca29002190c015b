package api

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-playground/validator/v10"
)

// newValidator knows the board's own rules beside the usual ones.
func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	rules := map[string]validator.Func{
		"one_line":     func(f validator.FieldLevel) bool { return oneLine(f.Field().String()) },
		"1970_to_9999": func(f validator.FieldLevel) bool { return inRange(f.Field().Interface().(time.Time)) },
	}
	for name, rule := range rules {
		if err := v.RegisterValidation(name, rule); err != nil {
			panic(err)
		}
	}
	return v
}

// oneLine reports whether there is something to read in the text, and no line
// break or other control character.
func oneLine(text string) bool {
	return strings.TrimSpace(text) != "" && !strings.ContainsFunc(text, unicode.IsControl)
}

// inRange reports whether JSON can write the time in UTC.
func inRange(t time.Time) bool {
	year := t.UTC().Year()
	return 1970 <= year && year <= 9999
}
