package source

import (
	"fmt"
	"go/ast"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

// Doubts are what Enrich came by that is valid Go and surely not meant: keys of
// fields' tags that look like json or validate misspelt, and gin's binding where
// there are no rules. They are those of the main module only, for others are not the
// reader's to mend.
func (s *Source) Doubts() contract.Problems { return s.doubts }

// otherKeys are tags of other libraries that are one letter away from ours.
var otherKeys = []string{"bson", "json5", "jsonb", "jsonc", "hjson", "cson", "ejson"}

func (s *Source) doubt(in *code, field *ast.Field) {
	if field.Tag == nil || in.Module == nil || !in.Module.Main {
		return
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return
	}
	_, named := reflect.StructTag(tag).Lookup("json")
	_, ruled := reflect.StructTag(tag).Lookup("validate")
	for _, key := range tagKeys(tag) {
		reason, fix := "", ""
		switch lower := strings.ToLower(key); {
		case !ruled && key == "binding":
			reason, fix = "its tag has the key binding, whose rules nothing checks here", "write validate, with the rules of github.com/go-playground/validator"
		case !named && key != "json" && !slices.Contains(otherKeys, lower) && gotypes.Distance(lower, "json") <= 1:
			reason, fix = fmt.Sprintf("its tag has the key %s, which encoding/json does not read", key), "write json"
		case !ruled && key != "validate" && gotypes.Distance(lower, "validate") <= 2:
			reason, fix = fmt.Sprintf("its tag has the key %s, whose rules nothing checks", key), "write validate"
		}
		if reason == "" {
			continue
		}
		found := contract.Problem{Position: s.at(in, field.Pos()), Path: strings.Join(keysOf(field, ""), ", "), Reason: reason, Fix: fix}
		if !slices.Contains(s.doubts, found) {
			s.doubts = append(s.doubts, found)
		}
	}
}

// tagKeys are the keys of a well-formed tag.
func tagKeys(tag string) (keys []string) {
	for {
		key, rest, ok := strings.Cut(strings.TrimLeft(tag, " "), ":")
		if !ok {
			return keys
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return keys
		}
		keys, tag = append(keys, key), rest[len(quoted):]
	}
}
