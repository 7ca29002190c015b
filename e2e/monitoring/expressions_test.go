package monitoring

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// open are the labels whose values the application and the scraping choose.
var open = []string{"job", "instance", "method", "channel"}

// checker looks for what an expression asks for that is not served.
type checker struct {
	served vocabulary
	faults []string
}

func (c *checker) fault(parts ...string) { c.faults = append(c.faults, strings.Join(parts, "")) }

// check finds the labels of what the expression results in, and reports metrics,
// labels and values that no server serves.
func check(t *testing.T, served vocabulary, where, expression string) []string {
	t.Helper()
	c := &checker{served: served}
	result := c.expression(expression)
	for _, fault := range c.faults {
		t.Errorf("%s: %s", where, fault)
	}
	return result
}

func (c *checker) expression(text string) []string {
	parsed, err := promql.ParseExpr(text)
	if err != nil {
		c.fault(text, ": ", err.Error())
		return nil
	}
	return c.labelsOf(parsed)
}

// labelsOf are the labels of an expression's result.
func (c *checker) labelsOf(node parser.Expr) []string {
	switch n := node.(type) {
	case *parser.ParenExpr:
		return c.labelsOf(n.Expr)
	case *parser.MatrixSelector:
		return c.labelsOf(n.VectorSelector)
	case *parser.VectorSelector:
		return c.selector(n)
	case *parser.NumberLiteral:
		return nil
	case *parser.AggregateExpr:
		of := c.labelsOf(n.Expr)
		if n.Without {
			c.fault(n.String(), " is without labels; say which there are")
		}
		c.among(n.Grouping, of, n.String())
		return n.Grouping
	case *parser.Call:
		var of []string
		for _, arg := range n.Args {
			of = append(of, c.labelsOf(arg)...)
		}
		if n.Func.Name == "histogram_quantile" {
			c.among([]string{"le"}, of, n.String())
			of = slices.DeleteFunc(of, func(label string) bool { return label == "le" })
		}
		return of
	case *parser.BinaryExpr:
		left, right := c.labelsOf(n.LHS), c.labelsOf(n.RHS)
		switch {
		case n.VectorMatching == nil: // with a number
			return slices.Concat(left, right)
		case n.VectorMatching.On:
			c.among(n.VectorMatching.MatchingLabels, left, n.String())
			c.among(n.VectorMatching.MatchingLabels, right, n.String())
		case !slices.Equal(slices.Sorted(slices.Values(left)), slices.Sorted(slices.Values(right))):
			c.fault(n.String(), " never matches: there are ", strings.Join(left, ", "), " and ", strings.Join(right, ", "))
		}
		return left
	default:
		c.fault(n.String(), " is what this test does not know")
		return nil
	}
}

func (c *checker) selector(n *parser.VectorSelector) []string {
	found, ok := c.served[n.Name]
	if !ok {
		c.fault(n.Name, " is what no server serves")
		return nil
	}
	for _, m := range n.LabelMatchers {
		if m.Name == labels.MetricName {
			continue
		}
		values, ok := found[m.Name]
		if !ok {
			c.fault(n.Name, " has no label ", m.Name)
		}
		if !ok || slices.Contains(open, m.Name) {
			continue
		}
		for value := range strings.SplitSeq(m.Value, "|") { // of a regular expression, too: they are no more than lists
			if !values[value] {
				c.fault(n.Name, " is never served with ", m.Name, "=", value)
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

func (c *checker) among(asked, of []string, where string) {
	for _, label := range asked {
		if !slices.Contains(of, label) {
			c.fault(where, " asks for the label ", label, "; there are ", strings.Join(of, ", "))
		}
	}
}

// fields are what a text fills in of a result's labels.
var fields = regexp.MustCompile(`\{\{ *(?:\$labels\.)?(\w+) *\}\}`)

// fills tells of labels that a text has and the result lacks.
func fills(t *testing.T, where, text string, result []string) {
	t.Helper()
	for _, m := range fields.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(result, m[1]) {
			t.Errorf("%s: %q fills in %s; there are %v", where, text, m[1], result)
		}
	}
}

// The check finds each kind of fault.
func TestTheCheckFindsFaults(t *testing.T) {
	of := served(t)
	for expression, want := range map[string]string{
		`centrirpc_calls`:                               "no server serves",
		`centrirpc_calls_total{status="ok"}`:            "has no label status",
		`centrirpc_calls_total{code="intern"}`:          "never served with code=intern",
		`centrirpc_calls_total{code=~"internal|gone"}`:  "never served with code=gone",
		`centrirpc_calls_lost_total{cause!="overtook"}`: "never served with cause=overtook",
		`sum by (reason) (centrirpc_calls_total)`:       "asks for the label reason",
		`histogram_quantile(0.9, sum by (method) (rate(centrirpc_call_duration_seconds_sum[1m])))`: "asks for the label le",
		`centrirpc_ready unless on (method) centrirpc_draining`:                                    "asks for the label method",
		`centrirpc_calls_in_flight / centrirpc_handlers_in_flight`:                                 "never matches",
	} {
		c := &checker{served: of}
		c.expression(expression)
		if !strings.Contains(strings.Join(c.faults, "\n"), want) {
			t.Errorf("of %s it says %q; want %q", expression, c.faults, want)
		}
	}
}
