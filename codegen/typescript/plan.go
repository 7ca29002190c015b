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
	channels []channelPlan
	errors   []errorPlan
	// validate says whether the params can be checked; schemas are what for.
	validate bool
	schemas  []schemaPlan
}

type typePlan struct {
	name   string
	doc    []string
	alias  string // what the type stands for; empty for an interface
	fields []fieldPlan
	values []valuePlan // of an enum: its object is printed too
	either []string    // the variants of a tagged union
	extra  *fieldPlan  // the members that no field is for
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
	item    string // of a stream: the type's expression
	result  string // the type's expression; empty for none
	options string // the argument that carries the options
	example string // the arguments of a call
}

type errorPlan struct {
	source  contract.ErrorType
	class   string // QuotaExceededError
	doc     []string
	details string // the type's expression; empty for none
}

type channelPlan struct {
	source  contract.Channel
	name    string // subscribeTasks
	doc     []string
	params  string // the type's name; empty for none
	event   string // the type's expression
	example string // the params of a subscription
}

var npmName = regexp.MustCompile(`^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)

// newPlan decides every name, and reports everything that stands in the way.
func newPlan(c *contract.Contract, opts Options) (*plan, contract.Problems) {
	n := &naming{contract: c}
	p := &plan{contract: c, pkg: n.packageName(opts), doc: docLines(c.Doc)}
	n.types()
	n.methods()
	n.channels()
	n.errors()
	if len(n.problems) > 0 {
		return nil, n.problems
	}
	c = withPlainKeys(c)
	types, tags := lookupOf(c), addedTags(c)
	for i := range c.Types {
		p.types = append(p.types, planType(types, tags, &c.Types[i]))
	}
	errors := map[int]errorPlan{}
	for _, e := range c.Errors {
		plan := planError(e)
		errors[e.Code] = plan
		p.errors = append(p.errors, plan)
	}
	for _, m := range c.Methods {
		p.methods = append(p.methods, planMethod(types, errors, m))
	}
	for _, ch := range c.Channels {
		p.channels = append(p.channels, planChannel(types, ch))
	}
	if opts.Validate {
		p.validate = true
		p.schemas = planSchemas(types, c)
	}
	slices.SortFunc(p.types, func(a, b typePlan) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(p.methods, func(a, b methodPlan) int { return strings.Compare(a.source.Name, b.source.Name) })
	slices.SortFunc(p.channels, func(a, b channelPlan) int { return strings.Compare(a.source.Name, b.source.Name) })
	slices.SortFunc(p.errors, func(a, b errorPlan) int { return a.source.Code - b.source.Code })
	return p, nil
}

// addedTags are the values of the tags that unions add to structs which have none,
// by the struct's name.
func addedTags(c *contract.Contract) map[string][]string {
	types, tags := lookupOf(c), map[string][]string{}
	for _, t := range c.Types {
		for _, v := range t.Variants {
			if !holdsTag(types, t.Tag, v) {
				for _, value := range v.Values {
					tags[v.Ref] = append(tags[v.Ref], quote(value))
				}
			}
		}
	}
	return tags
}

func planType(types lookup, tags map[string][]string, t *contract.NamedType) typePlan {
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
	case contract.Union:
		for _, v := range t.Variants {
			plan.either = append(plan.either, variant(types, t.Tag, v))
		}
		plan.either = union(plan.either)
		plan.doc = paragraph(plan.doc, oneLine("Told apart by "+key(t.Tag)+". A newer server may send others."))
	default:
		for i := range t.Fields {
			f := &t.Fields[i]
			field := fieldPlan{key: key(f.Name), expr: expression(&f.Type, printedInline), doc: fieldDoc(f)}
			if !f.Required {
				field.key += "?"
			}
			plan.fields = append(plan.fields, field)
		}
		if t.Extra != nil {
			plan.extra = planExtra(t, tags[t.Name])
		} else if len(t.Fields) == 0 {
			// An empty interface would take anything.
			plan.alias = "Record<string, never>"
		}
	}
	return plan
}

// planExtra is the index signature of the members that no field is for. What it
// says must hold for the fields as well, and for tags.
func planExtra(t *contract.NamedType, tags []string) *fieldPlan {
	expr := expression(t.Extra, printedInline)
	list := append(members(t.Extra, printedInline), tags...)
	for i := range t.Fields {
		list = append(list, members(&t.Fields[i].Type, printedInline)...)
		if !t.Fields[i].Required {
			list = append(list, "undefined")
		}
	}
	others := "Other members are " + expr + "."
	if expr == "unknown" {
		others = "Other members may be anything."
	}
	return &fieldPlan{
		key:  "[key: string]",
		expr: strings.Join(union(list), " | "),
		doc:  append([]string{oneLine(others)}, facts(t.Extra)...),
	}
}

func planError(e contract.ErrorType) errorPlan {
	plan := errorPlan{source: e, class: errorClass(e.Reason), doc: docLines(e.Doc)}
	plan.doc = paragraph(plan.doc, fmt.Sprintf("The error %d, %s.", e.Code, oneLine(e.Reason)))
	if e.Details != nil {
		plan.details = expression(e.Details, printedInline)
	}
	return plan
}

func planChannel(types lookup, ch contract.Channel) channelPlan {
	plan := channelPlan{source: ch, name: channelMethod(ch.Name), doc: docLines(ch.Doc), event: expression(&ch.Event, printedInline)}
	more := []string{oneLine("Subscribes to " + ch.Name + ": resolves when events arrive.")}
	more = append(more, within("Event", facts(&ch.Event))...)
	if ch.Params != nil {
		plan.params = expression(ch.Params, printedInline)
		plan.example = example(types, ch.Params, ch.Name)
		more = append(more, "@throws {ClientError} if a parameter cannot be part of a channel's name.")
	}
	plan.doc = deprecated(paragraph(plan.doc, more...), ch.Deprecated)
	return plan
}

func planMethod(types lookup, errors map[int]errorPlan, m contract.Method) methodPlan {
	plan := methodPlan{source: m, name: methodName(m.Name), notify: m.Kind == contract.Notify, doc: docLines(m.Doc), options: "options"}
	var defaults, more []string
	if m.TimeoutMS > 0 {
		defaults = append(defaults, fmt.Sprintf("timeout: options?.timeout ?? %d", m.TimeoutMS))
		more = append(more, fmt.Sprintf("Times out after %d ms, unless the options say otherwise.", m.TimeoutMS))
	}
	if m.Idempotent {
		defaults = append(defaults, "idempotent: options?.idempotent ?? true")
		more = append(more, "Idempotent: it may run twice, and is sent again where nobody knows whether it ran.")
	}
	if m.Volatile {
		defaults = append(defaults, "volatile: options?.volatile ?? true")
		more = append(more, volatileDoc(m.Idempotent))
	}
	if len(errors) > 0 && !plan.notify {
		defaults = append(defaults, "errors: errorClasses")
	}
	if len(defaults) > 0 {
		plan.options = "{ ...options, " + strings.Join(defaults, ", ") + " }"
	}
	if m.Params != nil {
		plan.params = expression(m.Params, printedInline)
		plan.example = example(types, m.Params, m.Name)
	}
	if m.Item != nil {
		plan.item = expression(m.Item, printedInline)
		more = append(more, within("Item", facts(m.Item))...)
	}
	if m.Result != nil {
		plan.result = expression(m.Result, printedInline)
		if list := facts(m.Result); m.Item != nil {
			more = append(more, within("Result", list)...)
		} else if len(list) > 0 {
			more = append(more, "@returns "+strings.Join(list, " "))
		}
	}
	for _, code := range m.Errors {
		// A notification is not answered: no error of it arrives.
		if e, ok := errors[code]; ok && !plan.notify {
			more = append(more, strings.TrimSpace(fmt.Sprintf("@throws {%s} %d %s. %s", e.class, code, oneLine(e.source.Reason), oneLine(e.source.Doc))))
		}
	}
	plan.doc = deprecated(paragraph(plan.doc, more...), m.Deprecated)
	return plan
}

func volatileDoc(idempotent bool) string {
	if idempotent {
		return "Volatile: the server does not remember its calls."
	}
	return "Volatile: the server does not remember its calls, so it fails if the connection drops meanwhile."
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
