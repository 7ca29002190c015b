package centrirpc

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// sent are the params as they came, for what the decoded struct does not tell: which
// keys were there. They are read when a rule is broken, and once.
type sent struct {
	raw  json.RawMessage
	root any
	read bool
}

// step is one on the way from the params to a value: a key, or an index in a list.
type step struct {
	name  string
	index int  // of a list, or -1
	entry bool // it is a map's key, which may be written otherwise
	// opaque: what came need not have the keys of the Go type that it is in.
	opaque bool
}

// absence says whether a value was sent.
type absence int

const (
	present absence = iota
	unknown         // it is of a type that reads its JSON by itself
	absent          // its key is missing, or null where it may be missing
	outside         // something around it is
)

// at is the value at the end of the way, nil if it was not sent.
func (s *sent) at(at brokenPlace) (value any, is absence) {
	if !s.read {
		s.read = true
		_ = json.Unmarshal(s.raw, &s.root) // which was well-formed
	}
	if at.lost {
		return nil, unknown
	}
	value = s.root
	for i, to := range at.way {
		switch within := value.(type) {
		case nil:
			return nil, outside
		case map[string]any:
			inner, there := within[to.name]
			switch {
			case there:
				value = inner
			case to.entry || to.opaque:
				return nil, unknown
			case i < len(at.way)-1:
				return nil, outside
			default:
				return nil, absent
			}
		case []any:
			if to.index < 0 || to.index >= len(within) {
				return nil, unknown
			}
			value = within[to.index]
		default:
			return nil, unknown
		}
	}
	if value == nil && at.mayBeMissing() {
		return nil, absent
	}
	return value, present
}

// mayBeMissing reports whether the place is a field that encoding/json may leave out.
func (at brokenPlace) mayBeMissing() bool {
	_, options, _ := strings.Cut(at.field.Tag.Get("json"), ",")
	return !at.key.IsValid() && at.lastIsField() && slices.ContainsFunc(strings.Split(options, ","), func(o string) bool {
		return o == "omitempty" || o == "omitzero"
	})
}

func (at brokenPlace) lastIsField() bool {
	if len(at.way) == 0 {
		return false
	}
	last := at.way[len(at.way)-1]
	return last.index < 0 && !last.entry && !last.opaque
}

// asksForPresence reports whether a rule is about a value being there at all.
func asksForPresence(rule string) bool {
	return strings.HasPrefix(rule, "required") || rule == "skip_unless"
}

// missing is the first rule of an absent field that asks for it, nil if none does.
func (r *rules) missing(ctx context.Context, at brokenPlace) validator.FieldError {
	for _, rule := range strings.Split(at.field.Tag.Get("validate"), ",") {
		if rule == "dive" {
			break
		}
		if !asksForPresence(ruleName(rule)) {
			continue
		}
		var broken validator.ValidationErrors
		value := at.within.FieldByIndex(at.field.Index).Interface()
		if errors.As(r.validate.VarWithValueCtx(ctx, value, at.within.Interface(), rule), &broken) && len(broken) > 0 {
			return broken[0]
		}
	}
	return nil
}

// refusedEmpty says what is wrong with a required value that was sent all the same.
func refusedEmpty(value any) string {
	switch v := value.(type) {
	case nil:
		return "must not be null"
	case bool:
		return "must not be " + strconv.FormatBool(v)
	case float64:
		return "must not be 0"
	}
	return "must not be empty"
}

// isKeyOf reports whether a broken rule is one of a map's key, and not of the value
// below it: the validator gives both the same path.
func isKeyOf(judged any, key, elem reflect.Value) bool {
	if !key.IsValid() || judged == nil || reflect.TypeOf(judged) != key.Type() || !key.Comparable() || judged != key.Interface() {
		return false
	}
	for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Interface {
		elem = elem.Elem()
	}
	return !elem.IsValid() || elem.Type() != key.Type() || !elem.Comparable() || elem.Interface() != judged
}
