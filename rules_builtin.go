package centrirpc

import (
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// conditional are the validator's rules that compare other fields with values, in
// pairs: "required_if=Kind card".
var conditional = words("required_if required_unless excluded_if excluded_unless skip_unless")

// presence are those that look at whether other fields are there.
var presence = words("required_with required_with_all required_without required_without_all " +
	"excluded_with excluded_with_all excluded_without excluded_without_all")

// comparing are those that compare with another field.
var comparing = words("eqfield nefield gtfield gtefield ltfield ltefield " +
	"eqcsfield necsfield gtcsfield gtecsfield ltcsfield ltecsfield " +
	"fieldcontains fieldexcludes postcode_iso3166_alpha2_field")

// kindless are the rules that can judge a value of any kind, by whether it is there.
var kindless = words("required isdefault omitempty omitnil omitzero structonly nostructlevel")

// sizing are the rules that can judge a list by how many items it has.
var sizing = words("len min max eq ne lt lte gt gte")

// ending are the rules behind which no nil comes.
var ending = words("required omitempty omitnil omitzero")

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// namesFields reports whether the parameter of a rule of the validator's names
// fields.
func namesFields(rule string) bool {
	return conditional[rule] || presence[rule] || comparing[rule]
}

// comparesPairs reports whether the parameter of a rule is pairs of a field and a
// value.
func comparesPairs(rule string) bool { return conditional[rule] }

// runsOnNil reports whether the validator runs the rule on nil, and goes on behind
// it.
func runsOnNil(rule string) bool { return conditional[rule] || presence[rule] }

// judgesAnyKind reports whether the rule has an answer for each kind of JSON.
func judgesAnyKind(rule string) bool {
	return kindless[rule] || conditional[rule] || presence[rule]
}

var plainValidator = sync.OnceValue(func() *validator.Validate { return validator.New() })

// isBuiltIn reports whether the validator brings the rule, or alias, along.
func isBuiltIn(rule string) (known bool) {
	defer func() { known = recover() == nil }()
	_ = plainValidator().Var(nil, rule)
	return
}
