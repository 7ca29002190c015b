package monitoring

import (
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	dashboardFile = "../../deploy/grafana/centrirpc.json"
	alertsFile    = "../../deploy/prometheus/alerts.yml"
)

var promql = parser.NewParser(parser.Options{})

// metricsOf are the names of the metrics that an expression asks for.
func metricsOf(t *testing.T, expression string) []string {
	t.Helper()
	parsed, err := promql.ParseExpr(expression)
	if err != nil {
		t.Errorf("%s: %v", expression, err)
		return nil
	}
	var names []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, selector.Name)
		}
		return nil
	})
	if len(names) == 0 {
		t.Errorf("%s asks for no metric", expression)
	}
	return names
}

func check(t *testing.T, names map[string]bool, where, expression string) {
	t.Helper()
	for _, name := range metricsOf(t, expression) {
		if !names[name] {
			t.Errorf("%s asks for %s, which no server serves", where, name)
		}
	}
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

func TestTheDashboard(t *testing.T) {
	data, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels     []panel `json:"panels"`
		Templating struct {
			List []struct{ Name, Type, Definition string } `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	names := served(t)
	variables := []string{"$__rate_interval", "5m"}
	asks := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, v := range dashboard.Templating.List {
		variables = append(variables, "$"+v.Name, "x")
		if v.Type == "query" {
			m := asks.FindStringSubmatch(v.Definition)
			if m == nil {
				t.Fatalf("the variable %s is %q", v.Name, v.Definition)
			}
			check(t, names, "the variable "+v.Name, strings.ReplaceAll(m[1], "$job", "x"))
		}
	}
	fill := strings.NewReplacer(variables...)
	ids, cells := map[int]bool{}, map[[2]int]string{}
	graphs := 0
	for _, p := range dashboard.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		graphs++
		if p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("%q has no description, or asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			expression := fill.Replace(target.Expr)
			if strings.Contains(expression, "$") {
				t.Errorf("%q has a variable that is not there: %s", p.Title, target.Expr)
			}
			check(t, names, p.Title, expression)
		}
	}
	if graphs < 20 {
		t.Errorf("only %d graphs", graphs)
	}
}

func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertsFile, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

func TestTheAlerts(t *testing.T) {
	names := served(t)
	for _, rule := range alerts(t) {
		check(t, names, rule.Alert, rule.Expr)
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["runbook"] == "" {
			t.Errorf("%s has no severity, no summary or no runbook", rule.Alert)
		}
	}
}
