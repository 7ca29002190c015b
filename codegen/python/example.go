package python

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// example writes values that fit the contract's types, as far as that can be
// known: what a pattern matches cannot.
type example struct {
	plan    *plan
	classes map[string]bool // of the package, that were written
	modules map[string]bool // of Python's
	path    []*contract.NamedType
}

func newExample(p *plan) *example {
	return &example{plan: p, classes: map[string]bool{}, modules: map[string]bool{}}
}

// imports prints what the values need.
func (e *example) imports(b *bytes.Buffer) {
	for _, module := range slices.Sorted(maps.Keys(e.modules)) {
		fmt.Fprintf(b, "import %s\n", module)
	}
	if len(e.modules) > 0 {
		b.WriteByte('\n')
	}
	if len(e.classes) > 0 {
		fmt.Fprintf(b, "from %s import %s\n\n", e.plan.pkg, strings.Join(slices.Sorted(maps.Keys(e.classes)), ", "))
	}
}

// structure constructs t with its required fields.
func (e *example) structure(t *contract.NamedType) string {
	return e.construct(e.plan.classes[t.Name], t)
}

func (e *example) construct(class string, t *contract.NamedType, args ...string) string {
	e.path = append(e.path, t)
	defer func() { e.path = e.path[:len(e.path)-1] }()
	e.classes[class] = true
	for _, f := range e.plan.byStruct[t.Name].fields {
		if f.source.Required && f.value == "" {
			value := ""
			if tags := e.plan.use.tags[t.Name][f.source.Name]; len(tags) > 0 && f.source.Type.Kind == contract.String {
				value = quote(tags[0])
			} else {
				value = e.value(&f.source.Type, f.source.Name)
			}
			args = append(args, f.name+"="+value)
		}
	}
	return class + "(" + strings.Join(args, ", ") + ")"
}

// variant constructs a tagged union's first variant that is not being written.
func (e *example) variant(t *contract.NamedType) string {
	for _, u := range e.plan.unions {
		if u.source != t {
			continue
		}
		chosen := u.variants[0]
		for _, v := range u.variants {
			if !slices.Contains(e.path, v.source) {
				chosen = v
				break
			}
		}
		if slices.Contains(e.path, chosen.source) {
			return "None"
		}
		if chosen.holds || len(chosen.values) == 1 {
			return e.construct(chosen.class, chosen.source)
		}
		return e.construct(chosen.class, chosen.source, u.name+"="+quote(chosen.values[0]))
	}
	return "None"
}

func (e *example) value(t *contract.Type, name string) string {
	if t.Nullable && t.Kind != contract.Ref {
		return "None"
	}
	probe := &annotator{plan: e.plan, closed: true}
	if probe.literal(t) != "" {
		return literalValue(t.Constraints.OneOf[0], e.plan.base(t).Kind)
	}
	c := t.Constraints
	if c == nil {
		c = &contract.Constraints{}
	}
	switch t.Kind {
	case contract.Bool:
		return "True"
	case contract.Integer:
		if t.Format == contract.Nanoseconds {
			return e.of("datetime", "timedelta(seconds=1)")
		}
		return strconv.FormatFloat(math.Ceil(within(c, 1, 1)), 'f', -1, 64)
	case contract.Float:
		return strconv.FormatFloat(within(c, 1.5, 0.25), 'f', -1, 64)
	case contract.String:
		return e.text(t, c, name)
	case contract.Bytes:
		return `b"bytes"`
	case contract.List:
		return "[" + e.items(t, c, name) + "]"
	case contract.Tuple:
		var items []string
		for i := range t.Items {
			items = append(items, e.value(&t.Items[i], name))
		}
		if len(items) == 1 {
			return "(" + items[0] + ",)"
		}
		return "(" + strings.Join(items, ", ") + ")"
	case contract.Map:
		if c.MinItems != nil && *c.MinItems > 0 {
			return "{" + e.value(t.Key, "key") + ": " + e.value(t.Elem, name) + "}"
		}
		return "{}"
	case contract.Union:
		if decimalOrNumber(t) {
			return e.of("decimal", `Decimal("1.5")`)
		}
		return e.value(&t.Items[0], name)
	case contract.Any:
		return "{}"
	}
	r := e.plan.types[t.Ref]
	switch {
	case t.Nullable || slices.Contains(e.path, r):
		// A struct that requires itself has no value at all.
		return "None"
	case r.Kind == contract.Struct:
		return e.structure(r)
	case r.Kind == contract.Union:
		return e.variant(r)
	case r.Kind == contract.Alias:
		e.path = append(e.path, r)
		defer func() { e.path = e.path[:len(e.path)-1] }()
		base := *r.Base
		if base.Constraints == nil {
			base.Constraints = t.Constraints
		}
		return e.value(&base, name)
	}
	enum := e.plan.byEnum[r.Name]
	e.classes[enum.class] = true
	return enum.class + "." + enum.members[0]
}

// of is an expression of one of Python's modules.
func (e *example) of(module, expression string) string {
	e.modules[module] = true
	return module + "." + expression
}

func (e *example) text(t *contract.Type, c *contract.Constraints, name string) string {
	if t.Quoted {
		return quote(identifier(name))
	}
	switch t.Format {
	case contract.DateTime:
		e.modules["datetime"] = true
		return "datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc)"
	case contract.LocalDateTime:
		return e.of("datetime", "datetime(2026, 1, 31, 12, 0)")
	case contract.Date:
		return e.of("datetime", "date(2026, 1, 31)")
	case contract.Time:
		return e.of("datetime", "time(12, 0)")
	case contract.Duration:
		return e.of("datetime", "timedelta(seconds=1)")
	case contract.UUID:
		return e.of("uuid", `UUID("0b5ad2f1-8f3c-4d0a-9c1e-2f7f4d6f0a11")`)
	case contract.Decimal:
		return e.of("decimal", `Decimal("1.5")`)
	}
	return quote(fitting(identifier(name), c))
}

// fitting is text, or a short one of another kind, of the length and pattern that
// c asks for; text if there is none.
func fitting(text string, c *contract.Constraints) string {
	pattern, err := regexp.Compile(c.Pattern)
	for _, start := range []string{text, strings.ToUpper(text), "a", "A", "1", ""} {
		candidate := start
		for c.MinLength != nil && start != "" && *c.MinLength <= 1000 && len([]rune(candidate)) < *c.MinLength {
			candidate += string([]rune(start)[0])
		}
		if runes := []rune(candidate); c.MaxLength != nil && len(runes) > *c.MaxLength {
			candidate = string(runes[:*c.MaxLength])
		}
		if err != nil || pattern.MatchString(candidate) {
			return candidate
		}
	}
	return text
}

// items are as many as there must be, a hundred at most.
func (e *example) items(t *contract.Type, c *contract.Constraints, name string) string {
	count := 0
	if c.MinItems != nil {
		count = min(*c.MinItems, 100)
	}
	items := make([]string, count)
	for i := range items {
		items[i] = e.value(t.Elem, name)
		if c.Unique && i > 0 {
			items[i] = another(t.Elem, items[i], i)
		}
	}
	return strings.Join(items, ", ")
}

// another is a value of t other than value and the i-1 before, if that is easy.
func another(t *contract.Type, value string, i int) string {
	c := t.Constraints
	switch {
	case c != nil && len(c.OneOf) > 0:
		if i < len(c.OneOf) && literalValue(c.OneOf[i], t.Kind) != "" {
			return literalValue(c.OneOf[i], t.Kind)
		}
	case t.Kind == contract.String && strings.HasPrefix(value, `"`):
		return strings.TrimSuffix(value, `"`) + strconv.Itoa(i+1) + `"`
	case t.Kind == contract.Integer:
		if n, err := strconv.Atoi(value); err == nil {
			return strconv.Itoa(n + i)
		}
	}
	return value
}

// within is a number that c allows, near start where that is possible.
func within(c *contract.Constraints, start, step float64) float64 {
	low, high := math.Inf(-1), math.Inf(1)
	if f, err := c.Minimum.Float64(); err == nil {
		low = f
	}
	if f, err := c.ExclusiveMinimum.Float64(); err == nil {
		low = max(low, f+step)
	}
	if f, err := c.Maximum.Float64(); err == nil {
		high = f
	}
	if f, err := c.ExclusiveMaximum.Float64(); err == nil {
		high = min(high, f-step)
	}
	value := min(max(start, low), high)
	if f, err := c.MultipleOf.Float64(); err == nil && f > 0 {
		value = math.Floor(value/f) * f
		if value < low {
			value += f
		}
	}
	return value
}
