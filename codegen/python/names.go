package python

import (
	"strings"
	"unicode"

	"github.com/centrirpc/centrirpc/contract"
)

// keywords are the words that Python 3.11 to 3.14 allow as no name.
var keywords = set(`False None True and as assert async await break class continue def del elif
	else except finally for from global if import in is lambda nonlocal not or pass raise return
	try while with yield`)

// modelMembers are the public names of pydantic.BaseModel, which a field would
// hide.
var modelMembers = set(`construct copy dict from_orm json model_computed_fields model_config
	model_construct model_copy model_dump model_dump_json model_extra model_fields
	model_fields_set model_json_schema model_parametrized_name model_post_init model_rebuild
	model_validate model_validate_json model_validate_strings parse_file parse_obj parse_raw
	schema schema_json update_forward_refs validate`)

// builtins are the built-in types that annotations use. A field or method of such
// a name would hide the type from its neighbours.
var builtins = set(`bool bytes dict float int list str tuple`)

// raised are built-in exceptions that the models' module raises or catches.
var raised = set(`TypeError ValueError`)

// exported are the names that the package exports besides the models.
var exported = append([]string{"APIClient", "CONTRACT_HASH", "CentrifugoRPCClient", "ContractCheck"}, errorClasses...)

// errorClasses are the base client's errors, which the package exports too.
var errorClasses = strings.Fields(`CallTimeoutError CancelledError ClientClosedError ClientError
	ConflictError ConnectError ConnectionLostError DeadlineExceededError FailedPreconditionError
	InternalError InvalidParamsError InvalidReplyError MethodNotFoundError NotConnectedError
	NotFoundError OutcomeUnknownError PayloadTooLargeError PermissionDeniedError RPCError
	RequestTooLargeError ResourceExhaustedError ServerError UnauthenticatedError UnavailableError`)

// clientMembers are the typed client's own members.
var clientMembers = set("check_contract rpc")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// stable are the ranges of letters beyond ASCII that Python takes in a name as
// they are. Python normalises names (NFKC), so that two that differ in the source
// could be one to Python; in these ranges it changes nothing.
var stable = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00c0, Hi: 0x00d6, Stride: 1}, {Lo: 0x00d8, Hi: 0x00f6, Stride: 1},
		{Lo: 0x00f8, Hi: 0x0131, Stride: 1}, {Lo: 0x0134, Hi: 0x013e, Stride: 1},
		{Lo: 0x0141, Hi: 0x0148, Stride: 1}, {Lo: 0x014a, Hi: 0x017e, Stride: 1},
		{Lo: 0x0388, Hi: 0x038a, Stride: 1}, {Lo: 0x038e, Hi: 0x03a1, Stride: 1},
		{Lo: 0x03a3, Hi: 0x03ce, Stride: 1}, {Lo: 0x0400, Hi: 0x0481, Stride: 1},
		{Lo: 0x05d0, Hi: 0x05ea, Stride: 1}, {Lo: 0x0620, Hi: 0x064a, Stride: 1},
		{Lo: 0x3041, Hi: 0x3096, Stride: 1}, {Lo: 0x30a1, Hi: 0x30fa, Stride: 1},
		{Lo: 0x4e00, Hi: 0x9fff, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
	},
}

func nameRune(r rune) bool {
	if r < unicode.MaxASCII {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.Is(stable, r) && unicode.IsLetter(r)
}

// identifier makes a name of s: each run of what a name cannot hold becomes one
// "_", without any at the ends. It is empty if nothing is left.
func identifier(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		if !nameRune(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('_')
		}
		gap = false
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "_")
}

// fieldName is the attribute for a JSON key. Keys that are names stay as they
// are; what Python, Pydantic or the module needs itself gets a "_" behind, and so
// does a key that begins with "_", which Pydantic keeps to itself. A key without
// any letter or digit becomes "field", and the sign of a number is a word: "+1"
// becomes "plus_1".
func fieldName(key string, taken map[string]bool) string {
	name := identifier(key)
	switch {
	case key == "":
		return ""
	case name == "": // such as "-"
		name = "field"
	}
	if unicode.IsDigit(rune(name[0])) {
		switch {
		case key[0] == '+' && key[1] == name[0]:
			name = "plus_" + name
		case key[0] == '-' && key[1] == name[0]:
			name = "minus_" + name
		default:
			name = "field_" + name
		}
	}
	switch {
	case strings.HasPrefix(key, "_"):
		name += "_"
	case identifierOf(key):
		name = key // with a "_" behind, if it has one
	}
	for keywords[name] || modelMembers[name] || builtins[name] || taken[name] {
		name += "_"
	}
	return name
}

// identifierOf reports whether key is a name as it stands.
func identifierOf(key string) bool {
	for _, r := range key {
		if !nameRune(r) {
			return false
		}
	}
	return key != "" && !unicode.IsDigit(rune(key[0]))
}

// className is the class for a named type: its name with a capital first, so
// that it is no built-in type, keyword or field.
func className(name string) string {
	name = identifier(name)
	if name == "" {
		return ""
	}
	runes := []rune(name)
	if unicode.IsDigit(runes[0]) {
		return "Type" + name
	}
	runes[0] = unicode.ToUpper(runes[0])
	name = string(runes)
	if keywords[name] || raised[name] {
		name += "_"
	}
	return name
}

// memberName is the constant of an enum's value.
func memberName(name string) string {
	word := identifier(strings.ToUpper(strings.Join(contract.Tokens(name), "_")))
	if word != "" && unicode.IsDigit(rune(word[0])) {
		word = "VALUE_" + word
	}
	return word
}

// errorName is the class of an error with that reason; a reason that ends with the
// word error gets no second one.
func errorName(reason string) string {
	tokens := contract.Tokens(reason)
	if len(tokens) == 0 {
		return ""
	}
	if tokens[len(tokens)-1] != "error" {
		tokens = append(tokens, "error")
	}
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(capital(token))
	}
	return className(b.String())
}

func capital(word string) string {
	runes := []rune(word)
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes)
}

// subscribeName is the typed client's method that subscribes to a channel: the
// words of its name, without its parameters.
func subscribeName(pattern string) string {
	var words []string
	for rest := pattern; rest != ""; {
		literal, after, _ := strings.Cut(rest, "{")
		words = append(words, contract.Tokens(literal)...)
		_, rest, _ = strings.Cut(after, "}")
	}
	name := identifier(strings.Join(words, "_"))
	if name == "" {
		return ""
	}
	return "subscribe_" + name
}

// argumentName is the keyword argument for a channel's parameter.
func argumentName(parameter string) string {
	for keywords[parameter] || parameter == "self" || parameter == "handler" || parameter == "timeout" {
		parameter += "_"
	}
	return parameter
}

// methodName is the typed client's method.
func methodName(name string) string {
	return identifier(strings.Join(contract.Tokens(name), "_"))
}
