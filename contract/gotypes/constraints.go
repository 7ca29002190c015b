package gotypes

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// constrain adds to a field's type what its tag `validate` says, in the words of
// JSON Schema. The server runs the tags themselves; a rule that has no keyword
// here is listed as it is written.
func constrain(t *contract.Type, goType reflect.Type, tag string, names func(string) string) {
	c := &constrainer{names: names}
	c.apply(t, goType, splitRules(tag))
}

type constrainer struct {
	names func(string) string // a Go field's key in JSON
}

// splitRules splits a tag at its commas; "0x2C" stands for one within a rule.
func splitRules(tag string) []string {
	var rules []string
	for _, rule := range strings.Split(tag, ",") {
		if rule = strings.TrimSpace(rule); rule != "" && rule != "-" {
			rules = append(rules, strings.ReplaceAll(rule, "0x2C", ","))
		}
	}
	return rules
}

func (c *constrainer) apply(t *contract.Type, goType reflect.Type, rules []string) {
	pointer := false
	for goType.Kind() == reflect.Pointer {
		goType, pointer = goType.Elem(), true
	}
	var own contract.Constraints
	emptyAllowed := false
	for i, rule := range rules {
		switch rule {
		case "omitempty", "omitzero":
			// A pointer to an empty value is not empty.
			emptyAllowed = !pointer
			continue
		case "omitnil", "structonly", "nostructlevel":
			continue
		case "dive":
			c.dive(t, goType, rules[i+1:])
			rules = nil
		}
		if rules == nil {
			break
		}
		before := own
		if rule == "required" && pointer { // not null, and not absent
			own.Rules = append(own.Rules, rule)
			continue
		}
		known := c.rule(&own, t, goType, rule)
		if known && emptyAllowed && breaksEmpty(&own, goType) {
			known = t.Kind != contract.Ref && orEmpty(&own, &before, goType) // an enum's values are not known here
		}
		if !known {
			own = before
			own.Rules = append(own.Rules, c.written(rule))
		}
	}
	if !reflect.DeepEqual(own, contract.Constraints{}) {
		t.Constraints = merged(t.Constraints, own)
	}
}

// asksForValue reports whether a tag has the rule "required" for the field itself.
func asksForValue(tag string) bool {
	for _, rule := range splitRules(tag) {
		switch rule {
		case "required":
			return true
		case "omitempty", "omitnil", "omitzero", "dive":
			return false
		}
	}
	return false
}

// dive applies the rules behind "dive" to the elements, and those between "keys"
// and "endkeys" to a map's keys.
func (c *constrainer) dive(t *contract.Type, goType reflect.Type, rules []string) {
	if len(rules) > 0 && rules[0] == "keys" {
		end := 1
		for end < len(rules) && rules[end] != "endkeys" {
			end++
		}
		if t.Key != nil && goType.Kind() == reflect.Map {
			c.apply(t.Key, goType.Key(), rules[1:end])
		}
		rules = rules[min(end+1, len(rules)):]
	}
	switch goType.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		if t.Elem != nil { // not where the list has a name of its own
			c.apply(t.Elem, goType.Elem(), rules)
		}
	}
}

// rule adds one rule, and reports false if no keyword says it.
func (c *constrainer) rule(own *contract.Constraints, t *contract.Type, goType reflect.Type, rule string) bool {
	name, param, _ := strings.Cut(rule, "=")
	if strings.Contains(rule, "|") || t.Quoted {
		return false
	}
	switch {
	case t.Format == contract.DateTime, t.Format == contract.Nanoseconds, t.Kind == contract.Any:
		return false
	case goType.Kind() == reflect.String:
		return textRule(own, name, param)
	case isNumber(goType.Kind()):
		return numberRule(own, name, param)
	case goType.Kind() == reflect.Slice && t.Kind == contract.Bytes:
		return false // lengths are of bytes, not of the text that travels
	case goType.Kind() == reflect.Slice, goType.Kind() == reflect.Map, goType.Kind() == reflect.Array:
		return itemsRule(own, name, param)
	case goType.Kind() == reflect.Bool && name == "required":
		own.OneOf = []json.RawMessage{json.RawMessage("true")}
		return true
	case goType.Kind() == reflect.Struct && name == "required":
		return true // what is there is there
	}
	return false
}

func isNumber(k reflect.Kind) bool {
	return k >= reflect.Int && k <= reflect.Uint64 || k == reflect.Float32 || k == reflect.Float64
}

// patterns are the rules that are regular expressions.
var patterns = map[string]string{
	"alpha":    "^[a-zA-Z]+$",
	"alphanum": "^[a-zA-Z0-9]+$",
	"number":   "^[0-9]+$",
	"numeric":  `^[-+]?[0-9]+(?:\.[0-9]+)?$`,
}

var formats = map[string]string{
	"email": contract.Email, "url": contract.URI, "uri": contract.URI, "hostname": contract.Hostname,
	"ip": contract.IP, "ipv4": contract.IPv4, "ipv6": contract.IPv6,
	"uuid": contract.UUID, "uuid3": contract.UUID, "uuid4": contract.UUID, "uuid5": contract.UUID,
	"uuid_rfc4122": contract.UUID, "uuid3_rfc4122": contract.UUID, "uuid4_rfc4122": contract.UUID, "uuid5_rfc4122": contract.UUID,
}

func textRule(own *contract.Constraints, name, param string) bool {
	switch name {
	case "required":
		own.MinLength = atLeast(own.MinLength, 1)
		return true
	case "oneof":
		return oneOf(own, param, func(word string) (json.RawMessage, bool) {
			quoted, err := json.Marshal(word)
			return quoted, err == nil
		})
	case "eq":
		quoted, err := json.Marshal(param)
		own.OneOf = []json.RawMessage{quoted}
		return err == nil
	}
	if pattern, ok := patterns[name]; ok && own.Pattern == "" {
		own.Pattern = pattern
		return true
	}
	if format, ok := formats[name]; ok && own.Format == "" {
		own.Format = format
		return true
	}
	return sized(&own.MinLength, &own.MaxLength, name, param)
}

func itemsRule(own *contract.Constraints, name, param string) bool {
	switch {
	case name == "unique" && param == "":
		own.Unique = true
		return true
	case name == "required":
		return true // an empty list is a list; null is not allowed here
	}
	return sized(&own.MinItems, &own.MaxItems, name, param)
}

// sized adds a rule about a length.
func sized(low, high **int, name, param string) bool {
	n, err := strconv.Atoi(param)
	if err != nil || n < 0 {
		return false
	}
	switch name {
	case "len":
		*low, *high = atLeast(*low, n), atMost(*high, n)
	case "min", "gte":
		*low = atLeast(*low, n)
	case "max", "lte":
		*high = atMost(*high, n)
	case "gt":
		*low = atLeast(*low, n+1)
	case "lt":
		if n == 0 {
			return false
		}
		*high = atMost(*high, n-1)
	default:
		return false
	}
	return true
}

func atLeast(have *int, n int) *int {
	if have != nil {
		n = max(n, *have)
	}
	return &n
}

func atMost(have *int, n int) *int {
	if have != nil {
		n = min(n, *have)
	}
	return &n
}

func numberRule(own *contract.Constraints, name, param string) bool {
	if name == "oneof" {
		return oneOf(own, param, func(word string) (json.RawMessage, bool) {
			n, ok := jsonNumber(word)
			return json.RawMessage(n), ok
		})
	}
	n, ok := jsonNumber(param)
	if !ok {
		return false
	}
	switch name {
	case "len", "eq":
		own.Minimum, own.Maximum = n, n
	case "min", "gte":
		own.Minimum = n
	case "max", "lte":
		own.Maximum = n
	case "gt":
		own.ExclusiveMinimum = n
	case "lt":
		own.ExclusiveMaximum = n
	default:
		return false
	}
	return true
}

// jsonNumber is a rule's number as JSON writes it.
func jsonNumber(param string) (json.Number, bool) {
	if n, err := strconv.ParseInt(param, 0, 64); err == nil {
		return json.Number(strconv.FormatInt(n, 10)), true
	}
	if n, err := strconv.ParseUint(param, 0, 64); err == nil {
		return json.Number(strconv.FormatUint(n, 10)), true
	}
	f, err := strconv.ParseFloat(param, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	text, err := json.Marshal(f)
	return json.Number(text), err == nil
}

// oneOf reads the words of a oneof rule: separated by spaces, quoted by ' where
// they hold some.
func oneOf(own *contract.Constraints, param string, encode func(string) (json.RawMessage, bool)) bool {
	var values []json.RawMessage
	for rest := strings.TrimSpace(param); rest != ""; rest = strings.TrimSpace(rest) {
		var word string
		if quoted, ok := strings.CutPrefix(rest, "'"); ok {
			if word, rest, ok = strings.Cut(quoted, "'"); !ok {
				return false
			}
		} else {
			word, rest, _ = strings.Cut(rest, " ")
		}
		value, ok := encode(word)
		if !ok {
			return false
		}
		values = append(values, value)
	}
	own.OneOf = values
	return len(values) > 0
}

// breaksEmpty reports whether the empty value, which "omitempty" lets through,
// breaks the constraints: then they are not the whole truth.
func breaksEmpty(own *contract.Constraints, goType reflect.Type) bool {
	switch {
	case goType.Kind() == reflect.String:
		return own.MinLength != nil && *own.MinLength > 0 || own.Pattern != "" || own.Format != "" || own.OneOf != nil
	case isNumber(goType.Kind()):
		zero := func(n json.Number, breaks func(float64) bool) bool {
			f, err := n.Float64()
			return n != "" && (err != nil || breaks(f))
		}
		return own.OneOf != nil ||
			zero(own.Minimum, func(f float64) bool { return f > 0 }) || zero(own.Maximum, func(f float64) bool { return f < 0 }) ||
			zero(own.ExclusiveMinimum, func(f float64) bool { return f >= 0 }) || zero(own.ExclusiveMaximum, func(f float64) bool { return f <= 0 })
	case goType.Kind() == reflect.Slice, goType.Kind() == reflect.Map:
		// Only nil is let through, and an empty list is not nil.
		return false
	}
	return true
}

// orEmpty widens constraints by the empty value, which omitempty lets through. It
// reports false where that cannot be said: a gap would be left.
func orEmpty(own, before *contract.Constraints, goType reflect.Type) bool {
	zero, one := json.Number("0"), json.Number("1")
	whole := isNumber(goType.Kind()) && goType.Kind() != reflect.Float32 && goType.Kind() != reflect.Float64
	switch {
	case own.OneOf != nil && before.OneOf == nil:
		empty := json.RawMessage(`""`)
		if isNumber(goType.Kind()) {
			empty = json.RawMessage(zero)
		}
		own.OneOf = append(own.OneOf, empty)
		return true
	case goType.Kind() == reflect.String:
		if own.MinLength == nil || *own.MinLength != 1 || own.Pattern != before.Pattern || own.Format != before.Format {
			return false
		}
		own.MinLength = before.MinLength
		return true
	case !isNumber(goType.Kind()):
		return false
	case own.ExclusiveMinimum == zero && before.ExclusiveMinimum == "", whole && own.Minimum == one && before.Minimum == "":
		own.ExclusiveMinimum, own.Minimum = before.ExclusiveMinimum, zero
		return true
	case own.ExclusiveMaximum == zero && before.ExclusiveMaximum == "", whole && own.Maximum == "-1" && before.Maximum == "":
		own.ExclusiveMaximum, own.Maximum = before.ExclusiveMaximum, zero
		return true
	}
	return false
}

// written is a rule with the names of fields as JSON has them.
func (c *constrainer) written(rule string) string {
	name, param, found := strings.Cut(rule, "=")
	if !found {
		return rule
	}
	words := strings.Split(param, " ")
	for i, word := range words {
		words[i] = c.names(word)
	}
	return name + "=" + strings.Join(words, " ")
}

// merged adds constraints to those that the type itself brings, such as an
// array's length.
func merged(have *contract.Constraints, own contract.Constraints) *contract.Constraints {
	if have == nil {
		return &own
	}
	if have.MinItems != nil {
		own.MinItems = atLeast(own.MinItems, *have.MinItems)
	}
	if have.MaxItems != nil {
		own.MaxItems = atMost(own.MaxItems, *have.MaxItems)
	}
	return &own
}
