package typescript_test

import (
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// breakouts try to leave the place where they are printed, or to be obeyed there.
var breakouts = []string{
	"*/ throw new Error('out'); /*",
	"/** nested **/ */*/ /*",
	"a\r\nb\rc\nd\u2028e\u2029f\u0085g\vh\fi",
	"\"; throw 1; \"",
	"'; throw 1; '",
	"`${process.exit(1)}`",
	"\\\"; throw 1; //",
	"ends with a backslash \\",
	"@ts-expect-error",
	"@ts-ignore",
	"@ts-nocheck",
	"@param {string} nothing",
	"@link {@link x",
	"nul\x00 bell\x07 escape\x1b delete\x7f",
	"right to left \u202e override \u2066 isolate",
	"invisible \U000E0001 \u200b \ufeff",
	"</script><!-- --> ]]>",
	"```\n```ts\nthrow 1;",
	"not UTF-8: \xff\xfe",
	"# heading\n\n| table | x |\n- [link](javascript:1)",
	"__proto__",
	"",
	" ",
	"//# sourceMappingURL=evil.map",
	"\U0001F600 é 中",
}

// hostile has a breakout in every place where a contract holds text that is not
// a name.
func hostile() *contract.Contract {
	all := ""
	for _, s := range breakouts {
		all += s + "\n"
	}
	text := contract.Type{Kind: contract.String}
	c := &contract.Contract{
		Name: "hostile",
		Doc:  all,
		Types: []contract.NamedType{
			{Name: "Doc", Kind: contract.Struct, Doc: all, Origin: all, Fields: []contract.Field{
				{Name: "plain", Type: text, Required: true, Doc: all, Deprecated: all},
			}},
			{Name: "Alias", Kind: contract.Alias, Doc: all, Base: &text},
		},
		Errors: []contract.ErrorType{{Code: 1000, Reason: "plain", Doc: all}},
	}
	fields := contract.NamedType{Name: "Fields", Kind: contract.Struct}
	values := contract.NamedType{Name: "Values", Kind: contract.Enum, Base: &text}
	for i, s := range breakouts {
		// A field's name has been through JSON, which knows no bytes that are not UTF-8.
		if s != "not UTF-8: \xff\xfe" {
			fields.Fields = append(fields.Fields, contract.Field{Name: s, Type: text, Required: i%2 == 0, Doc: s, Deprecated: s})
			values.Values = append(values.Values, contract.EnumValue{Name: "N" + s, String: &s, Doc: s})
			c.Errors = append(c.Errors, contract.ErrorType{Code: 1001 + i, Reason: fmt.Sprintf("r%c %s!", 'a'+i, s), Doc: s})
		}
	}
	values.Values = append(values.Values, contract.EnumValue{Name: "__proto__", String: &breakouts[0], Doc: all})
	c.Types = append(c.Types, fields, values)
	codes := []int{}
	for _, e := range c.Errors {
		codes = append(codes, e.Code)
	}
	params := contract.Type{Kind: contract.Ref, Ref: "Fields"}
	result := contract.Type{Kind: contract.Ref, Ref: "Values"}
	c.Methods = []contract.Method{
		{Name: "fields", Kind: contract.Call, Doc: all, Deprecated: all, Params: &params, Result: &result, Errors: codes, Source: all},
	}
	for i, s := range breakouts {
		c.Methods = append(c.Methods, contract.Method{
			Name: "doc" + string(rune('a'+i)), Kind: contract.Call, Doc: s, Deprecated: s,
		})
	}
	return c
}
