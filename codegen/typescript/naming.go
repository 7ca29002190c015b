package typescript

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// reserved are the names on the typed client that a method cannot have: its own,
// those of every object, and those that promises and JSON look for.
var reserved = map[string]string{
	"rpc":                  "the base client in APIClient",
	"constructor":          "the constructor of APIClient",
	"checkContract":        "the method of APIClient that asks about the contract",
	"then":                 "what makes an object a promise: await would call it",
	"toJSON":               "what JSON.stringify calls",
	"toString":             "a member of every object",
	"toLocaleString":       "a member of every object",
	"valueOf":              "a member of every object",
	"hasOwnProperty":       "a member of every object",
	"isPrototypeOf":        "a member of every object",
	"propertyIsEnumerable": "a member of every object",
	"prototype":            "a member of every class",
}

// words are the names that TypeScript keeps to itself, wholly or where a type is
// expected.
const words = `abstract any arguments as asserts async await bigint boolean break case catch class const constructor
continue debugger declare default delete do else enum eval export extends false finally for from function get global if
implements import in infer instanceof interface intrinsic is keyof let module namespace never new null number object of
out override package private protected public readonly require return satisfies set static string super switch symbol
this throw true try type typeof undefined unique unknown using var void while with yield`

// builtins are the types that generated code, or code beside it, means when it
// says their names.
const builtins = `Array BigInt Boolean Date Error Function Infinity NaN Number Object Promise Record String Symbol`

// builtinErrors are the classes of errors that JavaScript has itself.
const builtinErrors = `AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError`

// maxSafeInteger is the largest integer that a number holds exactly.
const maxSafeInteger = 1<<53 - 1

// camel is tasksGetStats for tasks, get, stats.
func camel(tokens []string) string {
	var b strings.Builder
	for i, token := range tokens {
		if i > 0 {
			token = capital(token)
		}
		b.WriteString(token)
	}
	return b.String()
}

func capital(token string) string {
	if token == "" {
		return ""
	}
	runes := []rune(token)
	return strings.ToUpper(string(runes[:1])) + string(runes[1:])
}

// methodName is tasksGetStats for tasks.get_stats.
func methodName(name string) string { return camel(contract.Tokens(name)) }

// channelMethod is subscribeTasks for tasks:{project_id}.
func channelMethod(pattern string) string {
	return camel(append([]string{"subscribe"}, contract.Tokens(literalParts(pattern))...))
}

var parameter = regexp.MustCompile(`\{[^{}]*\}`)

// literalParts are what a pattern says itself.
func literalParts(pattern string) string { return parameter.ReplaceAllString(pattern, " ") }

// errorClass is QuotaExceededError for quota_exceeded. A reason that ends with the
// word does not get it twice.
func errorClass(reason string) string {
	tokens := contract.Tokens(reason)
	if len(tokens) > 0 && tokens[len(tokens)-1] == "error" {
		tokens = tokens[:len(tokens)-1]
	}
	return camel(append(append([]string{""}, tokens...), "error"))
}

// naming finds the problems with a contract's names.
type naming struct {
	contract *contract.Contract
	named    lookup            // the contract's types
	taken    map[string]string // what else has a name in index.ts: whose it is
	members  map[string]member
	problems contract.Problems
}

func (n *naming) report(p contract.Problem) { n.problems = append(n.problems, p) }

func (n *naming) packageName(opts Options) string {
	name, fix := opts.Package, "choose another package name"
	if name == "" {
		name = strings.Join(append(contract.Tokens(n.contract.Name), "client"), "-")
		fix = "rename the contract, or give a package name"
		if len(contract.Tokens(n.contract.Name)) == 0 {
			name = ""
		}
	}
	if !npmName.MatchString(name) || len(name) > 214 {
		n.report(contract.Problem{
			Path:   "name",
			Reason: fmt.Sprintf("the package would be named %q, which npm does not allow", name),
			Fix:    fix,
		})
	}
	return name
}

func (n *naming) types() {
	taken := map[string]string{
		"APIClient":    "the typed client",
		"contractHash": "the constant that names the contract",
	}
	for name := range baseExports() {
		taken[name] = "a name that the base client exports"
	}
	for _, name := range strings.Fields(words) {
		taken[name] = "a word of the language"
	}
	for _, name := range strings.Fields(builtins) {
		taken[name] = "a built-in type"
	}
	if len(n.contract.Errors) > 0 {
		taken["ErrorCode"] = "the object of the error codes"
		taken["errorClasses"] = "the object of the errors' classes"
	}
	n.taken, n.named = taken, lookupOf(n.contract)
	for i := range n.contract.Types {
		t := &n.contract.Types[i]
		if owner, ok := taken[t.Name]; ok {
			n.report(contract.Problem{
				Path:   "type " + t.Name,
				Type:   t.Origin,
				Reason: fmt.Sprintf("%s is %s", t.Name, owner),
				Fix:    "rename the type",
			})
		} else if !isIdentifier(t.Name) {
			n.report(contract.Problem{
				Path:   "type " + t.Name,
				Type:   t.Origin,
				Reason: fmt.Sprintf("%s is no name for a type", quote(t.Name)),
				Fix:    "rename the type: letters, digits and _, not beginning with a digit",
			})
		}
		switch t.Kind {
		case contract.Enum:
			n.enum(t)
		case contract.Alias:
			n.alias(t)
		}
	}
}

func (n *naming) enum(t *contract.NamedType) {
	seen := map[string]string{}
	for _, v := range t.Values {
		path := fmt.Sprintf("%s.%s", t.Name, v.Name)
		if first, ok := seen[v.Name]; ok {
			n.report(contract.Problem{
				Path:   path,
				Type:   t.Origin,
				Reason: fmt.Sprintf("two values of the enum, %s and %s, have the same name", first, literal(v)),
				Fix:    "rename one of the constants",
			})
		}
		seen[v.Name] = literal(v)
		if v.Int != nil && (*v.Int > maxSafeInteger || *v.Int < -maxSafeInteger) {
			n.report(contract.Problem{
				Path:   path,
				Type:   t.Origin,
				Reason: fmt.Sprintf("the value %d is beyond what a number holds exactly (2^53 - 1)", *v.Int),
				Fix:    "choose a smaller value, or an enum of strings",
			})
		}
	}
}

// alias refuses a type that stands for itself without anything in between.
func (n *naming) alias(t *contract.NamedType) {
	way := n.wayBack(t, t.Base, []string{t.Name}, map[string]bool{})
	if way == nil {
		return
	}
	n.report(contract.Problem{
		Path:   "type " + t.Name,
		Type:   t.Origin,
		Reason: "the type stands for itself: " + strings.Join(way, " -> "),
		Fix:    "let one of them stand for another type",
	})
}

// wayBack leads from a type to t by names and unions alone, or is nil.
func (n *naming) wayBack(t *contract.NamedType, from *contract.Type, way []string, seen map[string]bool) []string {
	switch from.Kind {
	case contract.Union:
		for i := range from.Items {
			if found := n.wayBack(t, &from.Items[i], way, seen); found != nil {
				return found
			}
		}
	case contract.Ref:
		way = append(way[:len(way):len(way)], from.Ref)
		next := n.named[from.Ref]
		if next == t {
			return way
		}
		if next != nil && next.Kind == contract.Alias && !seen[from.Ref] {
			seen[from.Ref] = true
			return n.wayBack(t, next.Base, way, seen)
		}
	}
	return nil
}

// methods finds the methods of APIClient: those of the contract's methods, and
// those that subscribe to its channels.
func (n *naming) methods() {
	n.members = map[string]member{}
	for _, m := range n.contract.Methods {
		n.take(methodName(m.Name), member{"method", m.Name})
	}
}

func (n *naming) channels() {
	for _, ch := range n.contract.Channels {
		if len(contract.Tokens(literalParts(ch.Name))) == 0 {
			n.report(contract.Problem{
				Path:   "channel " + ch.Name,
				Reason: fmt.Sprintf("the channel %s has no word to name the method after that subscribes to it", quote(ch.Name)),
				Fix:    `put a word into the channel's name, as in "tasks:{id}"`,
			})
			continue
		}
		n.take(channelMethod(ch.Name), member{"channel", ch.Name})
	}
}

// member is a method of APIClient to be, and what it is made from.
type member struct {
	what   string // "method" or "channel"
	source string
}

// path is where the source is.
func (m member) path() string {
	if m.what == "channel" {
		return "channel " + m.source
	}
	return m.source
}

// take gives a name on APIClient to m.
func (n *naming) take(name string, m member) {
	problem := contract.Problem{Path: m.path(), Fix: "rename the " + m.what}
	if m.what == "method" {
		problem.Method = m.source
	}
	owner, reserved := reserved[name]
	other, taken := n.members[name]
	switch {
	case taken:
		both := fmt.Sprintf("the %s %s and the %s %s", other.what, other.source, m.what, m.source)
		if other.what == m.what {
			both = fmt.Sprintf("the %ss %s and %s", m.what, other.source, m.source)
		}
		problem.Path = other.path() + ", " + m.path()
		problem.Reason = fmt.Sprintf("%s would both be %s", both, name)
		problem.Fix = "rename one of them"
		n.report(problem)
		return
	case reserved:
		problem.Reason = fmt.Sprintf("the %s would be %s, which is %s", m.what, name, owner)
		n.report(problem)
	case !isIdentifier(name):
		problem.Reason = fmt.Sprintf("the %s would be %s, which is no name in TypeScript", m.what, quote(name))
		n.report(problem)
	}
	n.members[name] = m
}

// errors finds the classes of the application's errors. They stand next to the
// contract's types, and to what index.ts exports.
func (n *naming) errors() {
	reasons, classes := map[string]int{}, map[string]int{}
	for _, e := range n.contract.Errors {
		report := func(path, reason, fix string) {
			n.report(contract.Problem{Path: path, Reason: reason, Fix: fix})
		}
		class, path := errorClass(e.Reason), fmt.Sprintf("error %d", e.Code)
		if other, ok := reasons[e.Reason]; ok {
			report(fmt.Sprintf("errors %d, %d", other, e.Code),
				fmt.Sprintf("the errors %d and %d have the same reason %s", other, e.Code, quote(e.Reason)),
				"give one of them another reason")
			continue
		}
		reasons[e.Reason] = e.Code
		if other, ok := classes[class]; ok {
			report(fmt.Sprintf("errors %d, %d", other, e.Code),
				fmt.Sprintf("the errors %d and %d would both be the class %s", other, e.Code, class),
				"give one of them another reason")
			continue
		}
		classes[class] = e.Code
		owner, taken := n.taken[class]
		if slices.Contains(strings.Fields(builtinErrors), class) {
			owner, taken = "a built-in class", true
		}
		switch {
		case taken:
			report(path, fmt.Sprintf("the error %s would be the class %s, which is %s", quote(e.Reason), class, owner), "give the error another reason")
		case n.named[class] != nil:
			t := n.named[class]
			report(path+", type "+t.Name, fmt.Sprintf("the error %s would be the class %s, which is a type of the contract too", quote(e.Reason), class),
				"give the error another reason, or rename the type")
		case class == "Error" || !isIdentifier(class):
			report(path, fmt.Sprintf("the error %s would be the class %s, which is no name in TypeScript", quote(e.Reason), quote(class)),
				"give the error another reason: lower-case words joined by _")
		}
	}
}
