package openrpc_test

import (
	"fmt"
	"strings"
	"testing"
)

// Values of each kind, and others that are none.
func TestInstances(t *testing.T) {
	schemas := newSchemas(t, document(t, read(t, contracts["kinds"])))
	properties := schemas.doc["components"].(map[string]any)["schemas"].(map[string]any)["Kinds"].(map[string]any)["properties"].(map[string]any)
	seen := map[string]bool{}
	for _, test := range []struct{ field, good, bad string }{
		{"bool", `true`, `1|null|"true"`},
		{"quoted_bool", `"true"`, `true|"x"`},
		{"int8", `-128|127|1.0`, `128|-129|1.5|"1"`},
		{"uint64", `0|18446744073709551615`, `-1|18446744073709551616`},
		{"big", `123456789012345678901234567890`, `0.5`},
		{"quoted_int", `"0"|"-12"`, `0|"01"|"1.5"|""`},
		{"nanoseconds", `1500000000`, `"1s"`},
		{"float32", `0.5|1`, `"1"|null`},
		{"number", `1e300`, `"1"`},
		{"quoted_float", `"1.5"|"-1e+3"`, `1.5|"x"|".5"`},
		{"string", `""`, `null|1`},
		{"quoted_string", `"\"x\""`, `"x"`},
		{"date_time", `"2024-01-02T03:04:05.6+01:00"`, `"2024-01-02T03:04:05"|"x"`},
		{"local_date_time", `"2024-01-02T03:04:05"|"2024-01-02T03:04:05Z"`, `"x"|"2024-01-02"`},
		{"date", `"2024-01-02"`, `"2024-13-02"`},
		{"time", `"03:04:05"|"03:04:05Z"`, `"x"`},
		{"duration", `"PT1H30M"|"-P1D"`, `"1h"`},
		{"uuid", `"123e4567-e89b-12d3-a456-426614174000"`, `"x"`},
		{"decimal", `"1.50"|"-3"|"1E+2"`, `"x"|1.5|"."`},
		{"email", `"a@example.org"`, `"x"`},
		{"uri", `"https://example.org/x"`, `"x"`},
		{"ipv4", `"127.0.0.1"`, `"::1"`},
		{"ipv6", `"::1"`, `"127.0.0.1"`},
		{"ip", `"127.0.0.1"|"::1"`, `"x"|1`},
		{"nullable_ip", `null|"::1"`, `"x"|1`},
		{"hostname", `"example.org"`, `"-x-"`},
		{"colour", `"anything"`, `1`},
		{"bytes", `""|"AQI="|"AQID"`, `"A"|"-_8="|1`},
		{"base64url", `"-_8="|"-_8"`, `"+/8="`},
		{"utf8", `"ä"`, `1`},
		{"any", `null|1|{}|"x"`, ``},
		{"list", `[]|["x",null]`, `null|[1]`},
		{"array", `[1,2]`, `[1]|[1,2,3]|["x","y"]`},
		{"tuple", `["x",1]`, `["x"]|["x",1,2]|[1,"x"]`},
		{"map", `{}|{"x":1}`, `{"x":"y"}|[]`},
		{"int_map", `{"-1":"x"}`, `{"x":"y"}|{"01":"x"}`},
		{"uint_map", `{"1":"x"}`, `{"-1":"x"}`},
		{"uuid_map", `{"123e4567-e89b-12d3-a456-426614174000":"x"}`, `{"x":"y"}`},
		{"enum_map", `{"red":"x"}`, `{"green":"x"}`},
		{"union", `1|"x"|["x"]`, `null|true|[1]`},
		{"nullable_union", `null|1|"x"`, `true`},
		{"shape", `{"kind":"circle","radius":1}|{"kind":"square","side":1}|{"kind":"box","side":2,"more":1}`, `{"radius":1}|{"kind":"circle"}|{"kind":"triangle","radius":1}|{"kind":"circle","side":1}|null`},
		{"nullable_shape", `null|{"kind":"circle","radius":1}`, `{}`},
		{"colour_enum", `"red"`, `"green"|null`},
		{"nullable_level", `null|-1|9007199254740993`, `0|9007199254740992|"x"`},
		{"literal", `"a"`, `"c"|null`},
		{"nullable_literal", `"a"|null`, `"c"`},
		{"title", `"x"`, `""|"12345678901"`},
		{"short_title", `"12345"`, `""|"123456"`},
		{"between", `1|9`, `0|10`},
		{"positive", `0.5`, `0|0.7`},
		{"quoted_between", `"1"`, `1`},
		{"pattern", `"ab"`, `"a"|"AB"`},
		{"foreign_pattern", `"b"`, `1`},
		{"unique", `["a","b"]`, `["a","a"]|[""]|["a","b","c","d"]`},
		{"small_map", `{"x":1}`, `{}`},
		{"rules", `"!"`, `1`},
		{"optional", `"x"`, `null`},
		{"optional_null", `"x"|null`, `1`},
		{"json", `null|1|[{"a":[null,"x"]}]`, ``},
		{"page", `{"items":[{"a|b` + "`" + `c\"d":"x"}],"next":{"items":[]}}`, `{"items":[{}]}|{"items":[],"next":null}`},
		{"open", `{"id":"x","more":1}`, `{"id":"x","more":"y"}|{"more":1}`},
		{"date_pattern", `"1.5"`, `"-1.5"|"."`},
	} {
		seen[test.field] = true
		schema, err := schemas.compiler.Compile(address + "#/components/schemas/Kinds/properties/" + test.field)
		if err != nil {
			t.Errorf("%s: %v", test.field, err)
			continue
		}
		for good := range strings.SplitSeq(test.good, "|") {
			if test.field == "page" {
				good = test.good
			}
			if err := schema.Validate(parse(t, []byte(good))); err != nil {
				t.Errorf("%s: %s is refused: %v", test.field, good, err)
			}
		}
		for bad := range strings.SplitSeq(test.bad, "|") {
			if bad != "" && schema.Validate(parse(t, []byte(bad))) == nil {
				t.Errorf("%s: %s is accepted by %v", test.field, bad, properties[test.field])
			}
		}
	}
	for name := range properties {
		if !seen[name] {
			t.Errorf("no value of %s is tried", name)
		}
	}
}

// What the demo's clients send and read.
func TestInstancesOfTheDemo(t *testing.T) {
	const task = `{"id":1,"title":"x","status":"open","tags":[],"created_by":"u","created_at":"2024-01-02T03:04:05Z","version":1%s}`
	schemas := newSchemas(t, document(t, read(t, "../../examples/tasks/api/contract.json")))
	for _, test := range []struct {
		name, value string
		good        bool
	}{
		{"TaskCreateParams", `{"title":"x"}`, true},
		{"TaskCreateParams", `{"title":"x","status":"done","tags":["a"],"assignee":{"name":"Ada"},"due":"2024-01-02T03:04:05Z"}`, true},
		{"TaskCreateParams", `{}`, false},
		{"TaskCreateParams", `{"title":"x","status":"lost"}`, false},
		{"Task", fmt.Sprintf(task, ``), true},
		{"Task", fmt.Sprintf(task, `,"new_in_a_later_version":1`), true},
		{"Task", fmt.Sprintf(task, `,"due":"soon"`), false},
		{"TaskListResult", `{"tasks":[` + fmt.Sprintf(task, `,"assignee":{"name":"Ada"}`) + `],"more":false}`, true},
		{"TaskListResult", `{"tasks":[{}]}`, false},
		{"BoardFull", `{"limit":5}`, true},
	} {
		err := schemas.named(t, test.name).Validate(parse(t, []byte(test.value)))
		if (err == nil) != test.good {
			t.Errorf("%s %s: %v", test.name, test.value, err)
		}
	}
}
