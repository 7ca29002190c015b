package diff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
)

// with is a contract whose method m takes and returns the struct S, and whose
// types are written as JSON.
func with(t *testing.T, fields string, types ...string) (params, result *contract.Contract) {
	t.Helper()
	const head = `{"centrirpc":1,"name":"x","methods":[{"name":"m","kind":"call",%q:{"kind":"ref","ref":"S"}}],"types":[{"name":"S","kind":"struct"%s}%s]}`
	read := func(place string) *contract.Contract {
		if !strings.HasPrefix(fields, ",") {
			fields = `,"fields":[` + fields + `]`
		}
		more := ""
		if len(types) > 0 {
			more = "," + strings.Join(types, ",")
		}
		c, err := contract.Decode(fmt.Appendf(nil, head, place, fields, more))
		if err != nil {
			t.Fatalf("%s: %v", fields, err)
		}
		return c
	}
	return read("params"), read("result")
}

// lines are the changes as text, with + before compatible ones, ! before
// breaking ones and # before documentation, and P for params or result.
func lines(changes []diff.Change) []string {
	var lines []string
	for _, c := range changes {
		mark := map[diff.Class]string{diff.Breaking: "!", diff.Compatible: "+", diff.Documentation: "#"}[c.Class]
		text := strings.TrimPrefix(c.String(), "m ")
		text = strings.Replace(strings.Replace(text, "params", "P", 1), "result", "P", 1)
		lines = append(lines, mark+text)
	}
	return lines
}

// rule is a change in a type: from one list of fields to another, with what it
// means where clients send it and where they read it. There and back are tested.
type rule struct {
	name       string
	old, new   string
	types      []string
	sent, read []string
	backSent   []string
	backRead   []string
	newTypes   []string // instead of types
}

func f(rest string) string { return `{"name":"a","required":true,"type":{` + rest + `}}` }

func limited(kind, constraints string) string {
	return f(`"kind":"` + kind + `","constraints":{` + constraints + `}`)
}

const (
	circle = `{"name":"Circle","kind":"struct","fields":[{"name":"r","type":{"kind":"bool"},"required":true}]}`
	square = `{"name":"Square","kind":"struct","fields":[{"name":"kind","type":{"kind":"string"},"required":true}]}`
	ref    = `"kind":"ref","ref":"T"`
)

func tagged(tag, variants string) []string {
	return []string{circle, square, `{"name":"T","kind":"union","tag":"` + tag + `","variants":[` + variants + `]}`}
}

func enum(values ...string) []string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprintf(`{"name":%q,"string":%q}`, v, v))
	}
	return []string{`{"name":"T","kind":"enum","base":{"kind":"string"},"values":[` + strings.Join(list, ",") + `]}`}
}

func alias(of string) []string { return []string{`{"name":"T","kind":"alias","base":{` + of + `}}`} }

func one(line string) []string { return []string{line} }

var rules = []rule{
	{name: "a required field", old: ``, new: f(`"kind":"bool"`),
		sent: one("!P.a: new, required"), read: one("+P.a: new, required"),
		backSent: one("!P.a: removed"), backRead: one("!P.a: removed")},
	{name: "an optional field", old: ``, new: `{"name":"a","type":{"kind":"bool"}}`,
		sent: one("+P.a: new, optional"), read: one("+P.a: new, optional"),
		backSent: one("!P.a: removed"), backRead: one("!P.a: removed")},
	{name: "presence", old: `{"name":"a","type":{"kind":"bool"}}`, new: f(`"kind":"bool"`),
		sent: one("!P.a: required now"), read: one("+P.a: required now"),
		backSent: one("+P.a: optional now"), backRead: one("!P.a: optional now")},
	{name: "null", old: f(`"kind":"bool"`), new: f(`"kind":"bool","nullable":true`),
		sent: one("+P.a: nullable now"), read: one("!P.a: nullable now"),
		backSent: one("!P.a: not nullable any more"), backRead: one("+P.a: not nullable any more")},
	{name: "another kind", old: f(`"kind":"bool"`), new: f(`"kind":"string"`),
		sent: one("!P.a: string now, was bool"), read: one("!P.a: string now, was bool"),
		backSent: one("!P.a: bool now, was string"), backRead: one("!P.a: bool now, was string")},
	{name: "any", old: f(`"kind":"bool"`), new: f(`"kind":"any"`),
		sent: one("+P.a: any now, was bool"), read: one("!P.a: any now, was bool"),
		backSent: one("!P.a: bool now, was any"), backRead: one("+P.a: bool now, was any")},
	{name: "any in place of a union", old: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`), new: f(`"kind":"any"`),
		sent: one("+P.a: any now, was union"), read: one("!P.a: any now, was union"),
		backSent: one("!P.a: union now, was any"), backRead: one("+P.a: union now, was any")},
	{name: "a wider integer", old: f(`"kind":"integer","bits":32`), new: f(`"kind":"integer","bits":64`),
		sent: one("+P.a: int64 now, was int32"), read: one("!P.a: int64 now, was int32"),
		backSent: one("!P.a: int32 now, was int64"), backRead: one("+P.a: int32 now, was int64")},
	{name: "unsigned", old: f(`"kind":"integer","bits":32`), new: f(`"kind":"integer","bits":32,"unsigned":true`),
		sent: one("!P.a: uint32 now, was int32"), read: one("!P.a: uint32 now, was int32"),
		backSent: one("!P.a: int32 now, was uint32"), backRead: one("!P.a: int32 now, was uint32")},
	{name: "a bound of an integer with a width", old: f(`"kind":"integer","bits":64,"constraints":{"maximum":5}`), new: f(`"kind":"integer","bits":64,"constraints":{"maximum":9}`),
		sent: one("+P.a: at most 9 now, was at most 5"), read: one("!P.a: at most 9 now, was at most 5"),
		backSent: one("!P.a: at most 5 now, was at most 9"), backRead: one("+P.a: at most 5 now, was at most 9")},
	{name: "a bound that came", old: f(`"kind":"integer","bits":64`), new: f(`"kind":"integer","bits":64,"constraints":{"minimum":1}`),
		sent: one("!P.a: at least 1 now, was int64"), read: one("+P.a: at least 1 now, was int64"),
		backSent: one("+P.a: int64 now, was at least 1"), backRead: one("!P.a: int64 now, was at least 1")},
	{name: "another width of the same bound", old: f(`"kind":"integer","bits":8,"constraints":{"maximum":5}`), new: f(`"kind":"integer","bits":16,"constraints":{"maximum":5}`),
		sent: one("+P.a: at least -32768 and at most 5 now, was at least -128 and at most 5"), read: one("!P.a: at least -32768 and at most 5 now, was at least -128 and at most 5"),
		backSent: one("!P.a: at least -128 and at most 5 now, was at least -32768 and at most 5"), backRead: one("+P.a: at least -128 and at most 5 now, was at least -32768 and at most 5")},
	{name: "a wider float", old: f(`"kind":"float","bits":32`), new: f(`"kind":"float","bits":64`),
		sent: one("+P.a: float64 now, was float32"), read: one("!P.a: float64 now, was float32"),
		backSent: one("!P.a: float32 now, was float64"), backRead: one("+P.a: float32 now, was float64")},
	{name: "a number of any precision", old: f(`"kind":"float","bits":64`), new: f(`"kind":"float"`),
		sent: one("+P.a: number now, was float64"), read: one("!P.a: number now, was float64"),
		backSent: one("!P.a: float64 now, was number"), backRead: one("+P.a: float64 now, was number")},
	{name: "a float for a small integer", old: f(`"kind":"integer","bits":32`), new: f(`"kind":"float","bits":64`),
		sent: one("+P.a: float64 now, was int32"), read: one("!P.a: float64 now, was int32"),
		backSent: one("!P.a: int32 now, was float64"), backRead: one("+P.a: int32 now, was float64")},
	{name: "a float for a large integer", old: f(`"kind":"integer","bits":64`), new: f(`"kind":"float","bits":64`),
		sent: one("!P.a: float64 now, was int64"), read: one("!P.a: float64 now, was int64"),
		backSent: one("!P.a: int64 now, was float64"), backRead: one("!P.a: int64 now, was float64")},
	{name: "quoted", old: f(`"kind":"integer","bits":64`), new: f(`"kind":"integer","bits":64,"quoted":true`),
		sent: one("!P.a: quoted int64 now, was int64"), read: one("!P.a: quoted int64 now, was int64"),
		backSent: one("!P.a: int64 now, was quoted int64"), backRead: one("!P.a: int64 now, was quoted int64")},
	{name: "what an integer counts", old: f(`"kind":"integer","bits":64`), new: f(`"kind":"integer","bits":64,"format":"nanoseconds"`),
		sent: one("!P.a: int64 nanoseconds now, was int64"), read: one("!P.a: int64 nanoseconds now, was int64"),
		backSent: one("!P.a: int64 now, was int64 nanoseconds"), backRead: one("!P.a: int64 now, was int64 nanoseconds")},
	{name: "a format", old: f(`"kind":"string"`), new: f(`"kind":"string","format":"uuid"`),
		sent: one("!P.a: string uuid now, was string"), read: one("+P.a: string uuid now, was string"),
		backSent: one("+P.a: string now, was string uuid"), backRead: one("!P.a: string now, was string uuid")},
	{name: "a wider format", old: f(`"kind":"string","format":"date-time"`), new: f(`"kind":"string","format":"local-date-time"`),
		sent: one("+P.a: string local-date-time now, was string date-time"), read: one("!P.a: string local-date-time now, was string date-time"),
		backSent: one("!P.a: string date-time now, was string local-date-time"), backRead: one("+P.a: string date-time now, was string local-date-time")},
	{name: "how bytes are written", old: f(`"kind":"bytes"`), new: f(`"kind":"bytes","format":"base64url"`),
		sent: one("!P.a: bytes base64url now, was bytes"), read: one("!P.a: bytes base64url now, was bytes"),
		backSent: one("!P.a: bytes now, was bytes base64url"), backRead: one("!P.a: bytes now, was bytes base64url")},

	{name: "minimum", old: limited("integer", `"minimum":1`), new: limited("integer", `"exclusive_minimum":5`),
		sent: one("!P.a: at least 6 now, was at least 1"), read: one("+P.a: at least 6 now, was at least 1"),
		backSent: one("+P.a: at least 1 now, was at least 6"), backRead: one("!P.a: at least 1 now, was at least 6")},
	{name: "maximum", old: limited("float", `"maximum":1`), new: limited("float", `"exclusive_maximum":1.0`),
		sent: one("!P.a: less than 1 now, was at most 1"), read: one("+P.a: less than 1 now, was at most 1"),
		backSent: one("+P.a: at most 1 now, was less than 1"), backRead: one("!P.a: at most 1 now, was less than 1")},
	{name: "a range moved", old: limited("float", `"minimum":0,"maximum":1`), new: limited("float", `"minimum":0.5,"maximum":2`),
		sent: one("!P.a: at least 0.5 and at most 2 now, was at least 0 and at most 1"), read: one("!P.a: at least 0.5 and at most 2 now, was at least 0 and at most 1"),
		backSent: one("!P.a: at least 0 and at most 1 now, was at least 0.5 and at most 2"), backRead: one("!P.a: at least 0 and at most 1 now, was at least 0.5 and at most 2")},
	{name: "multiples", old: limited("integer", `"multiple_of":2`), new: limited("integer", `"multiple_of":6`),
		sent: one("!P.a: a multiple of 6 now, was of 2"), read: one("+P.a: a multiple of 6 now, was of 2"),
		backSent: one("+P.a: a multiple of 2 now, was of 6"), backRead: one("!P.a: a multiple of 2 now, was of 6")},
	{name: "length", old: limited("string", `"max_length":5`), new: limited("string", `"min_length":1,"max_length":5`),
		sent: one("!P.a: 1 to 5 characters now, was at most 5 characters"), read: one("+P.a: 1 to 5 characters now, was at most 5 characters"),
		backSent: one("+P.a: at most 5 characters now, was 1 to 5 characters"), backRead: one("!P.a: at most 5 characters now, was 1 to 5 characters")},
	{name: "items", old: f(`"kind":"list","elem":{"kind":"bool"}`), new: f(`"kind":"list","elem":{"kind":"bool"},"constraints":{"min_items":3,"max_items":3}`),
		sent: one("!P.a: 3 items now, was any number of items"), read: one("+P.a: 3 items now, was any number of items"),
		backSent: one("+P.a: any number of items now, was 3 items"), backRead: one("!P.a: any number of items now, was 3 items")},
	{name: "a pattern", old: f(`"kind":"string"`), new: limited("string", `"pattern":"x"`),
		sent: one(`!P.a: must match the pattern "x" now`), read: one(`+P.a: must match the pattern "x" now`),
		backSent: one(`+P.a: need not match the pattern "x" any more`), backRead: one(`!P.a: need not match the pattern "x" any more`)},
	{name: "unique", old: f(`"kind":"list","elem":{"kind":"bool"}`), new: f(`"kind":"list","elem":{"kind":"bool"},"constraints":{"unique":true}`),
		sent: one("!P.a: its items are unique now"), read: one("+P.a: its items are unique now"),
		backSent: one("+P.a: its items need not be unique any more"), backRead: one("!P.a: its items need not be unique any more")},
	{name: "a server's rule", old: f(`"kind":"string"`), new: limited("string", `"rules":["excludes=!"]`),
		sent: one(`!P.a: the rule "excludes=!" holds now`), read: one(`+P.a: the rule "excludes=!" holds now`),
		backSent: one(`+P.a: the rule "excludes=!" does not hold any more`), backRead: one(`+P.a: the rule "excludes=!" does not hold any more`)},
	{name: "inline values", old: limited("string", `"one_of":["x"]`), new: limited("string", `"one_of":["y","x"]`),
		sent: one(`+P.a: the value "y" is new`), read: one(`+P.a: the value "y" is new`),
		backSent: one(`!P.a: the value "y" is removed`), backRead: one(`+P.a: the value "y" is removed`)},
	{name: "an enum's values", old: f(ref), types: enum("x"), new: f(ref), newTypes: enum("x", "y"),
		sent: one(`+P.a: the value "y" is new`), read: one(`+P.a: the value "y" is new`),
		backSent: one(`!P.a: the value "y" is removed`), backRead: one(`+P.a: the value "y" is removed`)},
	{name: "an enum for a string", old: f(`"kind":"string"`), new: f(ref), types: enum("x"),
		sent: one(`!P.a: one of "x" now, was any`), read: one(`+P.a: one of "x" now, was any`),
		backSent: one(`+P.a: any value now, was one of "x"`), backRead: one(`!P.a: any value now, was one of "x"`)},
	{name: "a default", old: `{"name":"a","type":{"kind":"integer"}}`, new: `{"name":"a","type":{"kind":"integer"},"default":5}`,
		sent: one("+P.a: the default is 5 now, was none"), read: one("+P.a: the default is 5 now, was none"),
		backSent: one("+P.a: the default is none now, was 5"), backRead: one("+P.a: the default is none now, was 5")},

	{name: "within lists and maps", old: f(`"kind":"list","elem":{"kind":"map","key":{"kind":"string"},"elem":{"kind":"bool"}}`), new: f(`"kind":"list","elem":{"kind":"map","key":{"kind":"string"},"elem":{"kind":"bool","nullable":true}}`),
		sent: one("+P.a[]{}: nullable now"), read: one("!P.a[]{}: nullable now"),
		backSent: one("!P.a[]{}: not nullable any more"), backRead: one("+P.a[]{}: not nullable any more")},
	{name: "a map's keys", old: f(`"kind":"map","key":{"kind":"integer","bits":64},"elem":{"kind":"bool"}`), new: f(`"kind":"map","key":{"kind":"string"},"elem":{"kind":"bool"}`),
		sent: one("+P.a{key}: string now, was int64"), read: one("!P.a{key}: string now, was int64"),
		backSent: one("!P.a{key}: int64 now, was string"), backRead: one("+P.a{key}: int64 now, was string")},
	{name: "a tuple's item", old: f(`"kind":"tuple","items":[{"kind":"bool"},{"kind":"integer","bits":8}]`), new: f(`"kind":"tuple","items":[{"kind":"bool"},{"kind":"integer","bits":16}]`),
		sent: one("+P.a[1]: int16 now, was int8"), read: one("!P.a[1]: int16 now, was int8"),
		backSent: one("!P.a[1]: int8 now, was int16"), backRead: one("+P.a[1]: int8 now, was int16")},
	{name: "a tuple's length", old: f(`"kind":"tuple","items":[{"kind":"bool"}]`), new: f(`"kind":"tuple","items":[{"kind":"bool"},{"kind":"bool"}]`),
		sent: one("!P.a: 2 items now, were 1"), read: one("!P.a: 2 items now, were 1"),
		backSent: one("!P.a: 1 items now, were 2"), backRead: one("!P.a: 1 items now, were 2")},
	{name: "extra members", old: `,"fields":[]`, new: `,"extra":{"kind":"bool"}`,
		sent: one("+P{extra}: new"), read: one("+P{extra}: new"),
		backSent: one("!P{extra}: removed"), backRead: one("!P{extra}: removed")},
	{name: "a field out of extra members of another type", old: `,"extra":{"kind":"bool"}`, new: `,"extra":{"kind":"bool"},"fields":[{"name":"a","type":{"kind":"string"}}]`,
		sent: one("!P.a: new, optional, of another type than the extra members that it was among"), read: one("!P.a: new, optional, of another type than the extra members that it was among"),
		backSent: one("!P.a: removed"), backRead: one("!P.a: removed")},
	{name: "a field out of extra members", old: `,"extra":{"kind":"any"}`, new: `,"extra":{"kind":"any"},"fields":[{"name":"a","type":{"kind":"string"}}]`,
		sent: one("!P.a: new, optional, of another type than the extra members that it was among"), read: one("+P.a: new, optional"),
		backSent: one("!P.a: removed"), backRead: one("!P.a: removed")},

	{name: "an untagged union's variant", old: f(`"kind":"union","items":[{"kind":"bool"}]`), new: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`),
		sent: one("+P.a(string): new"), read: one("!P.a(string): new"),
		backSent: one("!P.a(string): removed"), backRead: one("+P.a(string): removed")},
	{name: "a union for a type", old: f(`"kind":"bool"`), new: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`),
		sent: one("+P.a(string): new"), read: one("!P.a(string): new"),
		backSent: one("!P.a(string): removed"), backRead: one("+P.a(string): removed")},
	{name: "within an untagged variant", old: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"list","elem":{"kind":"bool"}}]`), new: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"list","elem":{"kind":"any"}}]`),
		sent: one("+P.a(list)[]: any now, was bool"), read: one("!P.a(list)[]: any now, was bool"),
		backSent: one("!P.a(list)[]: bool now, was any"), backRead: one("+P.a(list)[]: bool now, was any")},
	{name: "the order of variants", old: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`), new: f(`"kind":"union","items":[{"kind":"string"},{"kind":"bool"}]`),
		sent: one("+P.a: its variants are tried in another order"), read: one("+P.a: its variants are tried in another order"),
		backSent: one("+P.a: its variants are tried in another order"), backRead: one("+P.a: its variants are tried in another order")},
	{name: "null in a union", old: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`), new: f(`"kind":"union","items":[{"kind":"bool","nullable":true},{"kind":"string"}]`),
		sent: one("+P.a: nullable now"), read: one("!P.a: nullable now"),
		backSent: one("!P.a: not nullable any more"), backRead: one("+P.a: not nullable any more")},
	{name: "a tagged union's variant", old: f(ref), new: f(ref), types: tagged("kind", `{"values":["c"],"ref":"Circle"}`), newTypes: tagged("kind", `{"values":["c","o"],"ref":"Circle"},{"values":["s"],"ref":"Square"}`),
		sent: []string{"+P.a(o): new", "+P.a(s): new"}, read: []string{"!P.a(o): new", "!P.a(s): new"},
		backSent: []string{"!P.a(o): removed", "!P.a(s): removed"}, backRead: []string{"+P.a(o): removed", "+P.a(s): removed"}},
	{name: "a tag", old: f(ref), new: f(ref), types: tagged("kind", `{"values":["c"],"ref":"Circle"}`), newTypes: tagged("type", `{"values":["c"],"ref":"Circle"}`),
		sent: one(`!P.a: the tag is "type" now, was "kind"`), read: one(`!P.a: the tag is "type" now, was "kind"`),
		backSent: one(`!P.a: the tag is "kind" now, was "type"`), backRead: one(`!P.a: the tag is "kind" now, was "type"`)},
	{name: "within a tagged variant", old: f(ref), new: f(ref), types: tagged("kind", `{"values":["c"],"ref":"Circle"}`), newTypes: tagged("kind", `{"values":["c"],"ref":"Square"}`),
		sent: []string{"!P.a(c).r: removed", "#type Circle: called Square now"}, read: []string{"!P.a(c).r: removed", "#type Circle: called Square now"},
		backSent: []string{"!P.a(c).r: new, required", "#type Square: called Circle now"}, backRead: []string{"+P.a(c).r: new, required", "#type Square: called Circle now"}},
	{name: "a tagged union for a struct", old: f(`"kind":"ref","ref":"Circle"`), new: f(ref), types: tagged("kind", `{"values":["c"],"ref":"Circle"}`),
		sent: one("!P.a: tagged union now, was struct"), read: one("!P.a: tagged union now, was struct"),
		backSent: one("!P.a: struct now, was tagged union"), backRead: one("!P.a: struct now, was tagged union")},
	{name: "a recursive type", old: `{"name":"next","type":{"kind":"ref","ref":"S"}},{"name":"a","type":{"kind":"bool"}}`, new: `{"name":"next","type":{"kind":"ref","ref":"S"}},` + f(`"kind":"bool"`),
		sent: one("!P.a: required now"), read: one("+P.a: required now"),
		backSent: one("+P.a: optional now"), backRead: one("!P.a: optional now")},
	{name: "a recursive alias", old: f(ref), types: alias(`"kind":"list","elem":{` + ref + `}`), new: f(ref), newTypes: alias(`"kind":"list","elem":{` + ref + `,"nullable":true}`),
		sent: one("+P.a[]: nullable now"), read: one("!P.a[]: nullable now"),
		backSent: one("!P.a[]: not nullable any more"), backRead: one("+P.a[]: not nullable any more")},
	{name: "a field's name that needs quotes", old: ``, new: `{"name":"a b: c","type":{"kind":"bool"}}`,
		sent: one(`+P."a b: c": new, optional`), read: one(`+P."a b: c": new, optional`),
		backSent: one(`!P."a b: c": removed`), backRead: one(`!P."a b: c": removed`)},

	// No change on the wire.
	{name: "an alias", old: f(`"kind":"string","nullable":true`), new: f(ref), types: alias(`"kind":"string","nullable":true`)},
	{name: "an alias with constraints", old: limited("string", `"min_length":2`), new: f(ref + `,"constraints":{"min_length":1}`), types: alias(`"kind":"string","constraints":{"min_length":2}`)},
	{name: "a minimum that the width has anyway", old: f(`"kind":"integer","bits":8,"unsigned":true`), new: f(`"kind":"integer","bits":8,"unsigned":true,"constraints":{"minimum":0,"maximum":1e3,"multiple_of":1}`)},
	{name: "the same number otherwise", old: limited("float", `"minimum":1,"multiple_of":0.5`), new: limited("float", `"minimum":1.0e0,"multiple_of":5e-1`)},
	{name: "bounds that bound nothing", old: f(`"kind":"string"`), new: limited("string", `"min_length":0`)},
	{name: "an enum for inline values", old: limited("string", `"one_of":["y","x"]`), new: f(ref), types: enum("x", "y")},
	{name: "the order of fields", old: f(`"kind":"bool"`) + `,{"name":"b","type":{"kind":"bool"}}`, new: `{"name":"b","type":{"kind":"bool"}},` + f(`"kind":"bool"`)},
	{name: "any is nullable", old: f(`"kind":"any"`), new: f(`"kind":"any","nullable":true`)},
	{name: "a union in a union", old: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"union","items":[{"kind":"string"},{"kind":"bool"}]}]`), new: f(`"kind":"union","items":[{"kind":"bool"},{"kind":"string"}]`)},
	{name: "a type unrolled", old: `{"name":"next","type":{"kind":"ref","ref":"S"}}`, new: `{"name":"next","type":{"kind":"ref","ref":"T"}}`,
		newTypes: []string{`{"name":"T","kind":"struct","fields":[{"name":"next","type":{"kind":"ref","ref":"S"}}]}`},
		sent:     one("#type S: called T now"), read: one("#type S: called T now"), backSent: one("#type S: called T now"), backRead: one("#type S: called T now")},

	// Documentation.
	{name: "a field's texts", old: f(`"kind":"bool"`), new: `{"name":"a","required":true,"type":{"kind":"bool"},"doc":"x","deprecated":"use\nb"}`,
		sent: []string{"#type S a: deprecated now: use b", "#type S a: documented now"}, read: []string{"#type S a: deprecated now: use b", "#type S a: documented now"},
		backSent: []string{"#type S a: not deprecated any more", "#type S a: not documented any more"}, backRead: []string{"#type S a: not deprecated any more", "#type S a: not documented any more"}},
	{name: "an enum's texts", old: f(ref), new: f(ref), types: enum("x"), newTypes: []string{`{"name":"T","kind":"enum","base":{"kind":"string"},"doc":"t","values":[{"name":"Y","string":"x","doc":"d"}]}`},
		sent: []string{"#type T: documented now", `#type T ("x"): called Y now, was x`, `#type T ("x"): documented now`}, read: []string{"#type T: documented now", `#type T ("x"): called Y now, was x`, `#type T ("x"): documented now`},
		backSent: []string{"#type T: not documented any more", `#type T ("x"): called x now, was Y`, `#type T ("x"): not documented any more`}, backRead: []string{"#type T: not documented any more", `#type T ("x"): called x now, was Y`, `#type T ("x"): not documented any more`}},
}

func TestRulesForTypes(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			newTypes := r.newTypes
			if newTypes == nil {
				newTypes = r.types
			}
			oldParams, oldResult := with(t, r.old, r.types...)
			newParams, newResult := with(t, r.new, newTypes...)
			for _, test := range []struct {
				what     string
				old, new *contract.Contract
				want     []string
			}{
				{"sent", oldParams, newParams, r.sent}, {"read", oldResult, newResult, r.read},
				{"back, sent", newParams, oldParams, r.backSent}, {"back, read", newResult, oldResult, r.backRead},
			} {
				got := lines(diff.Compare(test.old, test.new))
				if r.name == "a type unrolled" {
					for i := range got { // which of S and T comes first depends on the direction
						got[i] = "#type S: called T now"
					}
					got = slices.Compact(got)
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("%s: %q; want %q", test.what, got, test.want)
				}
				checkExact(t, test.what, test.old, test.new)
			}
		})
	}
}

func TestRulesForMethodsChannelsAndErrors(t *testing.T) {
	const base = `{"centrirpc":1,"name":"x","methods":[{"name":"m","kind":"call"}],"types":[
		{"name":"P","kind":"struct","fields":[{"name":"id","type":{"kind":"string"},"required":true}]},
		{"name":"Q","kind":"struct","fields":[{"name":"key","type":{"kind":"string"},"required":true}]},
		{"name":"N","kind":"struct","fields":[{"name":"id","type":{"kind":"integer","bits":64},"required":true}]},
		{"name":"O","kind":"struct","fields":[{"name":"id","type":{"kind":"string"}}]},
		{"name":"E","kind":"struct"}]}`
	refTo := func(name string) *contract.Type { return &contract.Type{Kind: contract.Ref, Ref: name} }
	boolean := contract.Type{Kind: contract.Bool}
	failure := func(e contract.ErrorType) func(*contract.Contract) {
		return func(c *contract.Contract) { c.Errors = []contract.ErrorType{e} }
	}
	channel := func(name, params string, event contract.Type) func(*contract.Contract) {
		return func(c *contract.Contract) {
			c.Channels = []contract.Channel{{Name: name, Event: event}}
			if params != "" {
				c.Channels[0].Params = refTo(params)
			}
		}
	}
	method := func(change func(*contract.Method)) func(*contract.Contract) {
		return func(c *contract.Contract) { change(&c.Methods[0]) }
	}
	nothing := func(*contract.Contract) {}
	for name, test := range map[string]struct {
		old, new    func(*contract.Contract)
		there, back []string
	}{
		"a method": {func(c *contract.Contract) { c.Methods = nil }, nothing, one("+m: new"), one("!m: removed")},
		"a kind":   {nothing, method(func(m *contract.Method) { m.Kind = contract.Notify }), one("!m: a notify now, was a call"), one("!m: a call now, was a notify")},
		"required params": {nothing, method(func(m *contract.Method) { m.Params = refTo("P") }),
			one("!P.id: new, required"), one("!P.id: removed")},
		"optional params": {nothing, method(func(m *contract.Method) { m.Params = refTo("O") }),
			one("+P.id: new, optional"), one("!P.id: removed")},
		"empty params": {nothing, method(func(m *contract.Method) { m.Params = refTo("E") }), nil, nil},
		"a result": {nothing, method(func(m *contract.Method) { m.Result = &boolean }),
			one("+P: new"), one("!P: removed")},
		"a timeout": {nothing, method(func(m *contract.Method) { m.TimeoutMS = 500 }),
			one("+m: the timeout is 500 ms now, was the server's"), one("+m: the timeout is the server's now, was 500 ms")},
		"idempotence": {nothing, method(func(m *contract.Method) { m.Idempotent = true }),
			one("+m: idempotent now"), one("!m: not idempotent any more")},
		"a declared error": {failure(contract.ErrorType{Code: 1001, Reason: "full"}), func(c *contract.Contract) {
			failure(contract.ErrorType{Code: 1001, Reason: "full"})(c)
			c.Methods[0].Errors = []int{1001}
		}, one("+m: declares the error 1001 now"), one("+m: does not declare the error 1001 any more")},
		"a method's texts": {nothing, method(func(m *contract.Method) { m.Doc, m.Deprecated, m.Source = "x", "y", "z" }),
			[]string{"#m: deprecated now: y", "#m: documented now"}, []string{"#m: not deprecated any more", "#m: not documented any more"}},
		"the api's texts": {nothing, func(c *contract.Contract) { c.Name, c.Doc = "y", "d" },
			[]string{`#api: called "y" now, was "x"`, "#api: documented now"}, []string{`#api: called "x" now, was "y"`, "#api: not documented any more"}},
		"an error": {nothing, failure(contract.ErrorType{Code: 1001, Reason: "full"}), one("+error 1001: new"), one("+error 1001: removed")},
		"a reason": {failure(contract.ErrorType{Code: 1001, Reason: "full"}), failure(contract.ErrorType{Code: 1001, Reason: "empty", Doc: "x"}),
			[]string{`!error 1001: the reason is "empty" now, was "full"`, "#error 1001: documented now"}, []string{`!error 1001: the reason is "full" now, was "empty"`, "#error 1001: not documented any more"}},
		"details": {failure(contract.ErrorType{Code: 1001, Reason: "full"}), failure(contract.ErrorType{Code: 1001, Reason: "full", Details: refTo("P")}),
			one("+error 1001 details: new"), one("!error 1001 details: removed")},
		"within details": {failure(contract.ErrorType{Code: 1001, Reason: "full", Details: refTo("O")}), failure(contract.ErrorType{Code: 1001, Reason: "full", Details: refTo("P")}),
			[]string{"+error 1001 details.id: required now", "#type O: called P now"}, []string{"!error 1001 details.id: optional now", "#type P: called O now"}},
		"a channel":      {nothing, channel("news", "", boolean), one("+channel news: new"), one("!channel news: removed")},
		"a pattern":      {channel("a:{id}", "P", boolean), channel("b:{id}", "P", boolean), []string{"!channel a:{id}: removed", "+channel b:{id}: new"}, []string{"!channel b:{id}: removed", "+channel a:{id}: new"}},
		"an event":       {channel("news", "", boolean), channel("news", "", contract.Type{Kind: contract.Any}), one("!channel news event: any now, was bool"), one("+channel news event: bool now, was any")},
		"a parameter":    {channel("a:{id}", "P", boolean), channel("a:{id}", "N", boolean), []string{"!channel a:{id} P.id: int64 now, was string", "#type P: called N now"}, []string{"!channel a:{id} P.id: string now, was int64", "#type N: called P now"}},
		"its name":       {channel("a:{id}", "P", boolean), channel("a:{key}", "Q", boolean), []string{"#channel a:{id}: called a:{key} now", "#type P: called Q now"}, []string{"#channel a:{key}: called a:{id} now", "#type Q: called P now"}},
		"an unused type": {nothing, func(c *contract.Contract) { c.Types = c.Types[:3] }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(change func(*contract.Contract)) *contract.Contract {
				c, err := contract.Decode([]byte(base))
				if err != nil {
					t.Fatal(err)
				}
				change(c)
				if err := c.Check(); err != nil {
					t.Fatal(err)
				}
				return c
			}
			old, new := read(test.old), read(test.new)
			if got := lines(diff.Compare(old, new)); !slices.Equal(got, test.there) {
				t.Errorf("%q; want %q", got, test.there)
			}
			if got := lines(diff.Compare(new, old)); !slices.Equal(got, test.back) {
				t.Errorf("back: %q; want %q", got, test.back)
			}
			checkExact(t, name, old, new)
		})
	}
}

func TestHostileNumbersTakeNoTime(t *testing.T) {
	old, _ := with(t, limited("float", `"minimum":1`))
	new, _ := with(t, limited("float", `"minimum":-1e999999999999999999999,"maximum":1e999999999`)+`,{"name":"b","type":{"kind":"float"},"default":1e-999999999}`)
	if got := diff.Compare(old, new); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if _, err := json.Marshal(diff.Compare(old, new)); err != nil {
		t.Error(err)
	}
}
