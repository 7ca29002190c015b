package typescript

import (
	"fmt"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// members are the names on the typed client that a method cannot have: its own,
// those of every object, and those that promises and JSON look for.
var members = map[string]string{
	"rpc":                  "the base client in APIClient",
	"constructor":          "the constructor of APIClient",
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

// maxSafeInteger is the largest integer that a number holds exactly.
const maxSafeInteger = 1<<53 - 1

// naming finds the problems with a contract's names.
type naming struct {
	contract *contract.Contract
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
		"APIClient": "the typed client",
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
		taken["ErrorDetails"] = "the type of the errors' details"
	}
	for i := range n.contract.Types {
		t := &n.contract.Types[i]
		if owner, ok := taken[t.Name]; ok {
			n.report(contract.Problem{
				Path:   "type " + t.Name,
				Type:   t.Origin,
				Reason: fmt.Sprintf("the type %s has the name of %s", t.Name, owner),
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
	way := []string{t.Name}
	for next := t; next != nil && next.Kind == contract.Alias && next.Base.Kind == contract.Ref; {
		next = n.contract.Type(next.Base.Ref)
		if next == nil {
			return
		}
		way = append(way, next.Name)
		if next == t {
			n.report(contract.Problem{
				Path:   "type " + t.Name,
				Type:   t.Origin,
				Reason: "the type stands for itself: " + strings.Join(way, " -> "),
				Fix:    "let one of them stand for another type",
			})
			return
		}
		if len(way) > len(n.contract.Types) {
			return // A circle that t leads to and is no part of: reported there.
		}
	}
}

func (n *naming) methods() {
	first := map[string]string{}
	for _, m := range n.contract.Methods {
		name := methodName(m.Name)
		if other, ok := first[name]; ok {
			n.report(contract.Problem{
				Method: m.Name,
				Path:   other + ", " + m.Name,
				Reason: fmt.Sprintf("the methods %s and %s would both be %s", other, m.Name, name),
				Fix:    "rename one of them",
			})
			continue
		}
		first[name] = m.Name
		if owner, ok := members[name]; ok {
			n.report(contract.Problem{
				Method: m.Name,
				Path:   m.Name,
				Reason: fmt.Sprintf("the method would be %s, which is %s", name, owner),
				Fix:    "rename the method",
			})
		} else if !isIdentifier(name) {
			n.report(contract.Problem{
				Method: m.Name,
				Path:   m.Name,
				Reason: fmt.Sprintf("the method would be %s, which is no name in TypeScript", quote(name)),
				Fix:    "rename the method",
			})
		}
	}
}

func (n *naming) errors() {
	first := map[string]int{}
	for _, e := range n.contract.Errors {
		if other, ok := first[e.Reason]; ok {
			n.report(contract.Problem{
				Path:   fmt.Sprintf("errors %d, %d", other, e.Code),
				Reason: fmt.Sprintf("the errors %d and %d have the same reason %s", other, e.Code, quote(e.Reason)),
				Fix:    "give one of them another reason",
			})
			continue
		}
		first[e.Reason] = e.Code
	}
}
