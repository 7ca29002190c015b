package typescript

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/centrirpc/centrirpc/contract"
)

// What the server's rules let through no schema refuses, and what they refuse for
// sure it refuses, too.
func TestFormatsOfRules(t *testing.T) {
	v := validator.New()
	for rule, test := range map[string]struct {
		format      string
		taken, left []string
	}{
		"email":         {contract.Email, []string{"a@b.co", `"a b@c"@d.org`, "ä@ö.de"}, []string{"a", "a@", "a@b c"}},
		"url":           {contract.URI, []string{"http://a", "mailto:a@b.c", "a+b.c-d://x"}, []string{"a", "", "1:2"}},
		"uri":           {contract.URI, []string{"/a/b", "http://a", "*"}, []string{"a", "", "a/b"}},
		"hostname":      {contract.Hostname, []string{"a.b", "A-1.b2"}, []string{"a b", "a_b", ""}},
		"ip":            {contract.IP, []string{"1.2.3.4", "::1", "::ffff:1.2.3.4"}, []string{"x", "1.2.3.4/8", ""}},
		"ipv4":          {contract.IPv4, []string{"1.2.3.4", "::ffff:1.2.3.4"}, []string{"x", ""}},
		"ipv6":          {contract.IPv6, []string{"::1", "2001:db8::8a2e:370:7334"}, []string{"x", ""}},
		"uuid":          {contract.UUID, []string{"a987fbc9-4bed-3078-cf07-9141ba07c9f3"}, []string{"a987fbc9", "", "{a987fbc9-4bed-3078-cf07-9141ba07c9f3}"}},
		"uuid4_rfc4122": {contract.UUID, []string{"A987FBC9-4BED-4078-8F07-9141BA07C9F3"}, []string{"x"}},
	} {
		pattern := regexp.MustCompile(rulePatterns[test.format])
		for _, text := range test.taken {
			if v.Var(text, rule) != nil || !pattern.MatchString(text) {
				t.Errorf("%s: %q is refused by the rule (%v) or the pattern", rule, text, v.Var(text, rule))
			}
		}
		for _, text := range test.left {
			if v.Var(text, rule) == nil || pattern.MatchString(text) {
				t.Errorf("%s: %q is let through by the rule (%v) or the pattern", rule, text, v.Var(text, rule))
			}
		}
	}
}

// A format that is a rule of the server's is told, and checked by validate.ts.
func TestFormatsOfConstraints(t *testing.T) {
	field := func(name, format string) contract.Field {
		return contract.Field{Name: name, Required: true, Type: contract.Type{Kind: contract.String, Constraints: &contract.Constraints{Format: format}}}
	}
	c := &contract.Contract{Version: contract.Version, Name: "formats",
		Methods: []contract.Method{{Name: "a", Kind: contract.Call, Params: &contract.Type{Kind: contract.Ref, Ref: "P"}}},
		Types: []contract.NamedType{{Name: "P", Kind: contract.Struct, Fields: []contract.Field{
			field("mail", contract.Email), field("id", contract.UUID), field("link", contract.URI), field("odd", "x-odd"),
		}}}}
	files, problems := Generate(c, Options{Validate: true})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for file, wants := range map[string][]string{
		"types.ts":    {"/** An e-mail address. */\n  mail: string;", "/** A UUID. */\n  id: string;", "/** A URI. */\n  link: string;", "/** Its format is x-odd. */"},
		"validate.ts": {`mail: v.pipe(v.string(), v.regex(/^[\s\S]+@[^@\s]+$/u)),`, `id: v.pipe(v.string(), v.regex(`, `link: v.pipe(v.string(), v.regex(/^(?:[A-Za-z][A-Za-z\d+.-]*:|\/|\*$)/u)),`, "odd: v.string(),"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[file]), want) {
				t.Errorf("%s lacks %s", file, want)
			}
		}
	}
}
