package gotypes

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// tagFault is what makes a field's tag mean something else than it says, without a
// word of encoding/json: keys that are not where it looks, and options that it does
// not know.
func tagFault(sf reflect.StructField, name, options string) (reason, fix string) {
	if rest := unreadable(string(sf.Tag)); rest != "" {
		return fmt.Sprintf("its tag cannot be read from %s on", rest), "write key:\"value\" pairs with a space between two, and none around the colon, such as `json:\"name\" validate:\"min=1\"`"
	}
	if options == "" {
		return "", ""
	}
	for _, option := range strings.Split(options, ",") {
		switch {
		case option == "", slices.Contains(jsonOptions, option):
		case option == "inline" && sf.Anonymous && name == "":
			// Other libraries want it where encoding/json does so anyway.
		case strings.HasPrefix(option, "format:"):
			return "the tag's option \"format\" is not one of encoding/json, and its values could not be written", "remove the option"
		default:
			fix := "remove it, or write omitempty, omitzero or string"
			for _, known := range jsonOptions {
				if Distance(strings.ToLower(strings.TrimSpace(option)), known) <= 2 {
					fix = "write " + known
				}
			}
			return fmt.Sprintf("its tag's option %q is none of encoding/json, which passes over it", option), fix
		}
	}
	return "", ""
}

var jsonOptions = []string{"omitempty", "omitzero", "string"}

var (
	tagPair = regexp.MustCompile(`^ *([^\x00-\x1f\x7f ":]+):"(?:[^"\\]|\\.)*"`)
	ourKey  = regexp.MustCompile(`(?i)\b(?:json|validate)\b`)
)

// unreadable is the rest of a tag from where reflect.StructTag stops reading it, if
// that speaks of keys of ours, or a key of ours with something before it.
func unreadable(tag string) string {
	for {
		pair := tagPair.FindStringSubmatch(tag)
		if pair == nil {
			break
		}
		if key := pair[1]; key != "json" && key != "validate" {
			if bare := strings.Trim(key, ",;|&"); bare == "json" || bare == "validate" {
				return strings.TrimSpace(tag)
			}
		}
		tag = tag[len(pair[0]):]
	}
	if rest := strings.TrimSpace(tag); ourKey.MatchString(rest) {
		return rest
	}
	return ""
}

// Distance is in how many steps one word becomes the other: a letter more, less,
// changed, or two beside each other swapped.
func Distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
