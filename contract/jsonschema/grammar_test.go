package jsonschema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract/jsonschema"
)

// The grammar makes both contracts and refusals, else it would try little.
func TestGrammar(t *testing.T) {
	contracts, refusals := 0, 0
	for i := range 120 {
		data := grammarFile([]byte(fmt.Sprint("seed ", i)))
		check(t, data)
		if c, _, _ := jsonschema.Convert(data); c != nil {
			contracts++
		} else {
			refusals++
		}
	}
	if contracts < 20 || refusals < 20 {
		t.Errorf("%d contracts and %d refusals: the grammar is one-sided", contracts, refusals)
	}
}

// FuzzGrammar makes schemas out of JSON Schema's own words, so that most of them
// mean something.
func FuzzGrammar(f *testing.F) {
	for i := range 40 {
		f.Add([]byte(fmt.Sprint("seed ", i)))
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		check(t, grammarFile(seed))
	})
}

// grammarFile is the source contract file that a seed makes.
func grammarFile(seed []byte) []byte {
	g := &grammar{seed: seed}
	g.wrong = g.pick(4) == 0
	var sides [2]string
	for i := range sides {
		var defs []string
		for _, name := range defNames {
			if i == 1 && g.wrong && g.pick(4) == 0 {
				continue
			}
			defs = append(defs, fmt.Sprintf("%q:%s", name, g.def(3)))
		}
		sides[i] = `{"$defs":{` + strings.Join(defs, ",") + `}}`
	}
	var methods []string
	for i := range 3 {
		methods = append(methods, fmt.Sprintf(`{"name":"m.n%d","kind":"call","params":%s,"result":%s}`, i, g.object(1, ""), g.schema(2)))
	}
	return []byte(`{"centrirpc_source":1,"name":"x","methods":[` + strings.Join(methods, ",") +
		`],"channels":[{"name":"c","event":` + g.schema(2) + `}],"errors":[{"code":1000,"reason":"r","details":` + g.ref() +
		`}],"validation":` + sides[0] + `,"serialization":` + sides[1] + `}`)
}

var (
	defNames  = []string{"A", "B", "Page_A_", "x__y__A", "x__z__A", "AInput", "BOrA"}
	fieldKeys = []string{"a", "b", "a_b", "aB", "kind", "x-y", "_"}
)

// grammar writes schemas as its seed says, and when that is used up, as numbers
// say that follow from it.
type grammar struct {
	seed  []byte
	state uint32
	wrong bool // whether schemas may be such that they are refused
}

func (g *grammar) pick(n int) int {
	var b byte
	if len(g.seed) > 0 {
		b, g.seed = g.seed[0], g.seed[1:]
	}
	g.state = (g.state+uint32(b))*1664525 + 1013904223
	return int(g.state>>16) % n
}

func (g *grammar) of(choices ...string) string { return choices[g.pick(len(choices))] }

func (g *grammar) ref() string {
	return fmt.Sprintf(`{"$ref":"#/$defs/%s"}`, defNames[g.pick(len(defNames))])
}

func (g *grammar) list(depth int) string {
	var items []string
	for range 1 + g.pick(3) {
		items = append(items, g.schema(depth-1))
	}
	return strings.Join(items, ",")
}

// def is mostly an object, as definitions are.
func (g *grammar) def(depth int) string {
	if g.pick(3) > 0 {
		return g.object(depth, g.of(`"title":"A",`, `"title":"Page[A]",`, `"description":"d",`, ``))
	}
	return g.schema(depth)
}

func (g *grammar) object(depth int, more string) string {
	var fields, required []string
	for i, key := range fieldKeys {
		if g.pick(3) == 0 {
			continue
		}
		if i%2 == 0 {
			required = append(required, fmt.Sprintf("%q", key))
		}
		s := g.schema(depth - 1)
		if key == "kind" {
			s = g.of(`{"const":"a"}`, `{"enum":["b","c"]}`, `{"const":1}`, s)
		}
		fields = append(fields, fmt.Sprintf("%q:%s", key, s))
	}
	return fmt.Sprintf(`{%s%s"type":"object","properties":{%s},"required":[%s]}`, more,
		g.of("", "", `"additionalProperties":true,`, `"additionalProperties":`+g.schema(depth-1)+`,`), strings.Join(fields, ","), strings.Join(required, ","))
}

func (g *grammar) schema(depth int) string {
	if depth <= 0 {
		return g.of(`{"type":"integer"}`, `{"type":"string"}`, `{"type":"null"}`, `{}`, `true`, g.ref())
	}
	switch g.pick(16) {
	case 0, 1:
		return g.ref()
	case 2:
		return `{"anyOf":[` + g.list(depth) + `]` + g.of("", `,"minLength":2`, `,"default":null`) + `}`
	case 3:
		return g.union()
	case 4:
		return `{"type":"array","items":` + g.schema(depth-1) + g.of("", `,"uniqueItems":true`, `,"minItems":2`) + `}`
	case 5:
		least, most := g.pick(3), 1+g.pick(3)
		items := g.schema(depth - 1)
		for range most - 1 {
			items += "," + g.schema(depth-1)
		}
		if !g.wrong {
			least = min(least, most)
		}
		return fmt.Sprintf(`{"type":"array","prefixItems":[%s],"minItems":%d,"maxItems":%d}`, items, least, most)
	case 6:
		return `{"type":"object","additionalProperties":` + g.schema(depth-1) + g.of("", `,"propertyNames":`+g.of(`{"format":"uuid"}`, `{"enum":["a"]}`, `{"minLength":1}`), `,"minProperties":1`) + `}`
	case 7:
		values := g.of(`"a","b"`, `"a",1,null`, `"-","_","a","A"`, `1,2,-1`, `true`, `1.5`, `[]`, ``)
		if !g.wrong && (values == "" || values == "[]") {
			values = "2"
		}
		return `{"enum":[` + values + `]` + g.of("", `,"title":"E"`) + `}`
	case 8:
		return `{"const":` + g.of(`"a"`, `1`, `null`, `true`, `null`) + `}`
	case 9:
		return `{"allOf":[` + g.schema(depth-1) + `]` + g.of("", `,"description":"d"`, `,"minimum":1`) + `}`
	case 10:
		return g.object(depth, "")
	case 11:
		return `{"type":"string","format":` + g.of(`"date-time"`, `"binary"`, `"base64url"`, `"uuid4"`, `"else"`) + g.of("", `,"maxLength":3`, `,"pattern":"^a"`) + `}`
	case 12:
		return `{"type":["string","null"` + g.of("", `,"object","array"`, `,"integer"`) + `],"properties":{"a":` + g.schema(depth-1) + `}}`
	case 13:
		if !g.wrong {
			return `{"type":"boolean","default":true}`
		}
		return g.of(`false`, `{"not":{}}`, `{"type":"string","default":NaN}`, `{"$ref":"#/$defs/None"}`, `{"type":"integer","minimum":"1"}`)
	}
	return g.of(`{"type":"integer","minimum":1}`, `{"type":"number"}`, `{"type":"boolean"}`, `{"type":"string"}`)
}

func (g *grammar) union() string {
	var members, mapping []string
	for i := range 1 + g.pick(3) {
		name := defNames[g.pick(len(defNames))]
		members = append(members, fmt.Sprintf(`{"$ref":"#/$defs/%s"}`, name))
		mapping = append(mapping, fmt.Sprintf(`"%c":"#/$defs/%s"`, 'a'+i, name))
	}
	return `{"oneOf":[` + strings.Join(members, ",") + `],"discriminator":{"propertyName":"kind","mapping":{` + strings.Join(mapping, ",") + `}}}`
}
