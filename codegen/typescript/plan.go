package typescript

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// plan is what will be printed, with every name decided.
type plan struct {
	contract *contract.Contract
	pkg      string // of npm
	doc      []string
	types    []typePlan
	methods  []methodPlan
	errors   []errorPlan
}

type typePlan struct {
	name   string
	doc    []string
	alias  string // what the type stands for; empty for an interface
	fields []fieldPlan
	values []valuePlan // of an enum: its object is printed too
}

type fieldPlan struct {
	key  string // with "?" if the field may be absent
	expr string
	doc  []string
}

type valuePlan struct {
	key  string
	expr string
	doc  []string
}

type methodPlan struct {
	source  contract.Method
	name    string // tasksGetStats
	notify  bool
	doc     []string
	params  string // the type's name; empty for none
	result  string // the type's expression; empty for none
	options string // the argument that carries the options
	example string // the arguments of a call
}

type errorPlan struct {
	source  contract.ErrorType
	details string // the type's expression; empty for none
}

var npmName = regexp.MustCompile(`^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)

// newPlan decides every name, and reports everything that stands in the way.
func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	n := &naming{contract: c}
	p := &plan{contract: c, pkg: n.packageName(opts), doc: docLines(c.Doc)}
	n.types()
	n.methods()
	n.errors()
	if len(n.problems) > 0 {
		return nil, n.problems
	}
	for i := range c.Types {
		p.types = append(p.types, planType(c, &c.Types[i]))
	}
	for _, m := range c.Methods {
		p.methods = append(p.methods, planMethod(c, m))
	}
	for _, e := range c.Errors {
		plan := errorPlan{source: e}
		if e.Details != nil {
			plan.details = expression(e.Details, printedInline)
		}
		p.errors = append(p.errors, plan)
	}
	slices.SortFunc(p.types, func(a, b typePlan) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(p.methods, func(a, b methodPlan) int { return strings.Compare(a.source.Name, b.source.Name) })
	slices.SortFunc(p.errors, func(a, b errorPlan) int { return a.source.Code - b.source.Code })
	return p, nil
}

func planType(c *contract.Contract, t *contract.NamedType) typePlan {
	plan := typePlan{name: t.Name, doc: docLines(t.Doc)}
	switch t.Kind {
	case contract.Alias:
		plan.alias = expression(t.Base, printedInAlias)
		plan.doc = paragraph(plan.doc, facts(t.Base)...)
	case contract.Enum:
		var union []string
		for _, v := range t.Values {
			value := valuePlan{key: literalKey(v.Name), expr: literal(v), doc: docLines(v.Doc)}
			plan.values = append(plan.values, value)
			if !slices.Contains(union, value.expr) {
				union = append(union, value.expr)
			}
		}
		plan.alias = strings.Join(union, " | ")
		plan.doc = paragraph(plan.doc, "A newer server may send other values.")
	default:
		for _, f := range t.Fields {
			field := fieldPlan{
				key:  key(f.Name),
				expr: expression(&f.Type, printedInline),
				doc:  deprecated(paragraph(docLines(f.Doc), facts(&f.Type)...), f.Deprecated),
			}
			if !f.Required {
				field.key += "?"
			}
			plan.fields = append(plan.fields, field)
		}
		if len(t.Fields) == 0 {
			// An empty interface would take anything.
			plan.alias = "Record<string, never>"
		}
	}
	return plan
}

func planMethod(c *contract.Contract, m contract.Method) methodPlan {
	plan := methodPlan{source: m, name: methodName(m.Name), notify: m.Kind == contract.Notify, doc: docLines(m.Doc), options: "options"}
	var defaults, more []string
	if m.TimeoutMS > 0 {
		defaults = append(defaults, fmt.Sprintf("timeout: options?.timeout ?? %d", m.TimeoutMS))
		more = append(more, fmt.Sprintf("Times out after %d ms, unless the options say otherwise.", m.TimeoutMS))
	}
	if m.Idempotent {
		defaults = append(defaults, "idempotent: options?.idempotent ?? true")
		more = append(more, "Idempotent: sent again if the connection drops before the reply.")
	}
	if len(defaults) > 0 {
		plan.options = "{ ...options, " + strings.Join(defaults, ", ") + " }"
	}
	if m.Params != nil {
		plan.params = expression(m.Params, printedInline)
		plan.example = example(c, m.Params, m.Name)
	}
	if m.Result != nil {
		plan.result = expression(m.Result, printedInline)
		for _, fact := range facts(m.Result) {
			more = append(more, "@returns "+fact)
		}
	}
	for _, code := range m.Errors {
		if e := c.Error(code); e != nil {
			more = append(more, strings.TrimSpace(fmt.Sprintf("@throws ServerError %d %s. %s", code, oneLine(e.Reason), oneLine(e.Doc))))
		}
	}
	plan.doc = deprecated(paragraph(plan.doc, more...), m.Deprecated)
	return plan
}

// paragraph sets lines of ours apart from the author's.
func paragraph(doc []string, lines ...string) []string {
	if len(doc) > 0 && len(lines) > 0 {
		doc = append(doc, "")
	}
	return append(doc, lines...)
}

func deprecated(doc []string, instead string) []string {
	if instead == "" {
		return doc
	}
	return append(doc, "@deprecated "+oneLine(instead))
}

// methodName is tasksGetStats for tasks.get_stats.
func methodName(name string) string {
	var b strings.Builder
	for i, token := range contract.Tokens(name) {
		if i > 0 {
			runes := []rune(token)
			token = strings.ToUpper(string(runes[:1])) + string(runes[1:])
		}
		b.WriteString(token)
	}
	return b.String()
}
