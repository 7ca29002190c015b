package monitoring

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"slices"
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

// panel is one of the dashboard's, with the fields that are used of Grafana's: another
// one is a slip.
type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Collapsed   bool   `json:"collapsed"` // of a row
	Panels      []any  `json:"panels"`    // of a row
	Datasource  source `json:"datasource"`
	GridPos     struct {
		X int `json:"x"`
		Y int `json:"y"`
		W int `json:"w"`
		H int `json:"h"`
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit   string `json:"unit"`
			Min    *int   `json:"min"`
			Max    *int   `json:"max"`
			Custom any    `json:"custom"`
		} `json:"defaults"`
		Overrides []any `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		Legend  any `json:"legend"`
		Tooltip any `json:"tooltip"`
	} `json:"options"`
	Targets []struct {
		RefID        string `json:"refId"`
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
		Datasource   source `json:"datasource"`
	} `json:"targets"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// variable is one that the dashboard's reader chooses.
type variable struct {
	Name       string `json:"name"`
	Label      string `json:"label"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	Datasource source `json:"datasource"`
	Query      any    `json:"query"`
	Refresh    int    `json:"refresh"`
	Sort       int    `json:"sort"`
	Multi      bool   `json:"multi"`
	IncludeAll bool   `json:"includeAll"`
	AllValue   string `json:"allValue"`
	Current    any    `json:"current"`
}

// dashboard is the whole file.
type dashboard struct {
	Title         string `json:"title"`
	UID           string `json:"uid"`
	Description   string `json:"description"`
	Tags          any    `json:"tags"`
	SchemaVersion int    `json:"schemaVersion"`
	Version       int    `json:"version"`
	Editable      bool   `json:"editable"`
	GraphTooltip  int    `json:"graphTooltip"`
	Refresh       string `json:"refresh"`
	Time          any    `json:"time"`
	Timezone      string `json:"timezone"`
	Annotations   any    `json:"annotations"`
	Links         []any  `json:"links"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

func TestTheDashboard(t *testing.T) {
	data, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&read); err != nil {
		t.Fatal(err)
	}
	of := served(t)
	chosen := source{"prometheus", "${datasource}"}
	variables := []string{"$__rate_interval", "5m"}
	asks := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, v := range read.Templating.List {
		variables = append(variables, "$"+v.Name, "x")
		if v.Type == "query" {
			m := asks.FindStringSubmatch(v.Definition)
			if m == nil {
				t.Fatalf("the variable %s is %q", v.Name, v.Definition)
			}
			result := check(t, of, "the variable "+v.Name, strings.ReplaceAll(m[1], "$job", "x"))
			if !slices.Contains(result, m[2]) || v.Datasource != chosen {
				t.Errorf("the variable %s asks for %s in %v of %v", v.Name, m[2], result, v.Datasource)
			}
		}
	}
	fill := strings.NewReplacer(variables...)
	ids, cells := map[int]bool{}, map[[2]int]string{}
	graphs := 0
	for _, p := range read.Panels {
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
			if target.Datasource != chosen || p.Datasource != chosen {
				t.Errorf("%q asks %v and %v, and not the chosen data source", p.Title, p.Datasource, target.Datasource)
			}
			fills(t, p.Title, target.LegendFormat, check(t, of, p.Title, expression))
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
	of := served(t)
	for _, rule := range alerts(t) {
		result := check(t, of, rule.Alert, rule.Expr)
		fills(t, rule.Alert, rule.Annotations["summary"], result)
		fills(t, rule.Alert, rule.Annotations["runbook"], result)
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["runbook"] == "" {
			t.Errorf("%s has no severity, no summary or no runbook", rule.Alert)
		}
	}
}
