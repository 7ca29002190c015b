package monitoring

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	prometheus "github.com/prometheus/prometheus/promql"
)

// evaluationInterval is that of deploy/prometheus/prometheus.yml.
const evaluationInterval = 15 * time.Second

// node is where series come from.
const node = `job="centrirpc",instance="a"`

// Each alert fires on the first series, of 20 minutes, and never on the second. The third
// is what it looks for, but for less time than its "for": it waits, and does not fire.
var firing = map[string]struct{ fires, quiet, brief string }{
	"CentrirpcNodeDown": {
		`up{` + node + `} 0x20`,
		`up{` + node + `} 1x20
		 up{job="other",instance="a"} 0x20`,
		`up{` + node + `} 1x5 0x1 1x13`,
	},
	"CentrirpcCallsLost": {
		`centrirpc_calls_lost_total{method="m",cause="owner_gone",` + node + `} 0x15 1x5`,
		`centrirpc_calls_lost_total{method="m",cause="owner_gone",` + node + `} 3x20
		 centrirpc_calls_lost_total{method="m",cause="overtaken",` + node + `} 0x15 1x5`,
		``,
	},
	"CentrirpcErrors": {
		`centrirpc_calls_total{method="m",code="ok",` + node + `} 0+90x20
		 centrirpc_calls_total{method="m",code="internal",` + node + `} 0+10x20`,
		`centrirpc_calls_total{method="m",code="ok",` + node + `} 0+98x20
		 centrirpc_calls_total{method="m",code="internal",` + node + `} 0+2x20
		 centrirpc_calls_total{method="m",code="not_found",` + node + `} 0+500x20
		 centrirpc_calls_total{method="idle",code="internal",` + node + `} 3x20`,
		`centrirpc_calls_total{method="m",code="ok",` + node + `} 0+90x20
		 centrirpc_calls_total{method="m",code="internal",` + node + `} 0x5 100x14`,
	},
	"CentrirpcSlowCalls": {
		`centrirpc_call_duration_seconds_bucket{method="m",le="5",` + node + `} 0+90x20
		 centrirpc_call_duration_seconds_bucket{method="m",le="10",` + node + `} 0+100x20
		 centrirpc_call_duration_seconds_bucket{method="m",le="+Inf",` + node + `} 0+100x20`,
		`centrirpc_call_duration_seconds_bucket{method="m",le="5",` + node + `} 0+100x20
		 centrirpc_call_duration_seconds_bucket{method="m",le="+Inf",` + node + `} 0+100x20
		 centrirpc_call_duration_seconds_bucket{method="s",le="5",` + node + `} 0+0x20
		 centrirpc_call_duration_seconds_bucket{method="s",le="60",` + node + `} 0+100x20
		 centrirpc_call_duration_seconds_bucket{method="s",le="+Inf",` + node + `} 0+100x20
		 centrirpc_method_info{method="s",kind="stream",` + node + `} 1x20
		 centrirpc_method_info{method="m",kind="call",` + node + `} 1x20`,
		`centrirpc_call_duration_seconds_bucket{method="m",le="5",` + node + `} 0x5 90x14
		 centrirpc_call_duration_seconds_bucket{method="m",le="10",` + node + `} 0x5 100x14
		 centrirpc_call_duration_seconds_bucket{method="m",le="+Inf",` + node + `} 0x5 100x14`,
	},
	"CentrirpcRequestsRefused": {
		`centrirpc_calls_refused_total{reason="too_many_requests",` + node + `} 0+120x20`,
		`centrirpc_calls_refused_total{reason="too_many_requests",` + node + `} 0+6x20
		 centrirpc_calls_refused_total{reason="bad_request",` + node + `} 0+600x20`,
		`centrirpc_calls_refused_total{reason="too_many_requests",` + node + `} 0x5 900x14`,
	},
	"CentrirpcStoreOutOfReach": {
		`centrirpc_store_errors_total{operation="claim",` + node + `} 0x15 1+1x5`,
		`centrirpc_store_errors_total{operation="claim",` + node + `} 7x20`,
		`centrirpc_store_errors_total{operation="complete",` + node + `} 0x5 1x14`,
	},
	"CentrirpcNotReady": {
		`centrirpc_ready{` + node + `} 1x10 0x10
		 centrirpc_draining{` + node + `} 0x20`,
		`centrirpc_ready{` + node + `} 0x20
		 centrirpc_draining{` + node + `} 1x20
		 centrirpc_ready{job="centrirpc",instance="b"} 1x20
		 centrirpc_draining{job="centrirpc",instance="b"} 0x20`,
		`centrirpc_ready{` + node + `} 1x5 0x1 1x13
		 centrirpc_draining{` + node + `} 0x20`,
	},
	"CentrirpcPublishingFails": {
		`centrirpc_publish_errors_total{` + node + `} 0x15 1+1x5`,
		`centrirpc_publish_errors_total{` + node + `} 7x20`,
		`centrirpc_publish_errors_total{` + node + `} 0x5 1x14`,
	},
	"CentrirpcPublishQueueFills": {
		`centrirpc_publish_queue_bytes{` + node + `} 600x20
		 centrirpc_publish_queue_bytes_limit{` + node + `} 1000x20`,
		`centrirpc_publish_queue_bytes{` + node + `} 400x20
		 centrirpc_publish_queue_bytes_limit{` + node + `} 1000x20`,
		`centrirpc_publish_queue_bytes{` + node + `} 0x5 900x1 0x13
		 centrirpc_publish_queue_bytes_limit{` + node + `} 1000x20`,
	},
	"CentrirpcNodeSaturated": {
		`centrirpc_calls_in_flight{` + node + `} 900x20
		 centrirpc_calls_in_flight_limit{` + node + `} 1000x20`,
		`centrirpc_calls_in_flight{` + node + `} 700x20
		 centrirpc_calls_in_flight_limit{` + node + `} 1000x20`,
		`centrirpc_calls_in_flight{` + node + `} 700x5 900x3 700x11
		 centrirpc_calls_in_flight_limit{` + node + `} 1000x20`,
	},
	"CentrirpcIncompatibleClients": {
		`centrirpc_client_contracts_total{state="incompatible",` + node + `} 0x15 1x5`,
		`centrirpc_client_contracts_total{state="incompatible",` + node + `} 4x20
		 centrirpc_client_contracts_total{state="compatible",` + node + `} 0+4x20`,
		``,
	},
	"CentrirpcDrainsForLong": {
		`centrirpc_draining{` + node + `} 1x20`,
		`centrirpc_draining{` + node + `} 0x20`,
		`centrirpc_draining{` + node + `} 0x5 1x3 0x11`,
	},
}

func TestWhenAlertsFire(t *testing.T) {
	engine := prometheus.NewEngine(prometheus.EngineOpts{MaxSamples: 100_000, Timeout: time.Minute, EnableDelayedNameRemoval: true, Parser: promql})
	defer func() { _ = engine.Close() }()
	of := served(t)
	rules := alerts(t)
	for _, rule := range rules {
		series, ok := firing[rule.Alert]
		if !ok {
			t.Errorf("nothing says when %s fires", rule.Alert)
			continue
		}
		for _, text := range []string{series.fires, series.quiet, series.brief} {
			theirs(t, of, rule.Alert, text)
		}
		if _, fires := evaluate(t, engine, rule, series.fires); !fires {
			t.Errorf("%s does not fire", rule.Alert)
		}
		if _, fires := evaluate(t, engine, rule, series.quiet); fires {
			t.Errorf("%s fires where all is well", rule.Alert)
		}
		if (rule.For > 0) != (series.brief != "") {
			t.Errorf("%s is for %v, and what is brief is %q", rule.Alert, rule.For, series.brief)
		}
		if series.brief == "" {
			continue
		}
		if waits, fires := evaluate(t, engine, rule, series.brief); !waits || fires {
			t.Errorf("%s on something brief: it waits: %v, and fires: %v", rule.Alert, waits, fires)
		}
	}
	if len(rules) != len(firing) {
		t.Errorf("%d alerts, and series for %d", len(rules), len(firing))
	}
}

// evaluate goes through a rule's 20 minutes as Prometheus does, every 15 seconds. The
// alert waits from the moment that the expression has a result, and fires when it
// has had that, with the same labels and each time, for as long as the rule says.
func evaluate(t *testing.T, engine *prometheus.Engine, rule rulefmt.Rule, series string) (waits, fires bool) {
	t.Helper()
	const interval = evaluationInterval
	query, err := engine.NewRangeQuery(t.Context(), load(t, series), nil, rule.Expr, time.Unix(0, 0), time.Unix(0, 0).Add(20*time.Minute), interval)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	found, err := query.Exec(t.Context()).Matrix()
	if err != nil {
		t.Fatalf("%s: %v", rule.Alert, err)
	}
	for _, result := range found {
		since := int64(0)
		for i, point := range result.Floats {
			if i == 0 || point.T-result.Floats[i-1].T > interval.Milliseconds() {
				since = point.T
			}
			waits = true
			fires = fires || time.Duration(point.T-since)*time.Millisecond >= time.Duration(rule.For)
		}
	}
	return waits, fires
}

// theirs reports series that no server serves.
func theirs(t *testing.T, of vocabulary, where, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		metric, _, err := promql.ParseSeriesDesc(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		for label, value := range metric.Map() {
			if label == "__name__" || slices.Contains(open, label) {
				continue
			}
			if !of[metric.Get("__name__")][label][value] {
				t.Errorf("%s is tried with %s, which no server serves with that %s", where, strings.TrimSpace(line), label)
			}
		}
		for label := range of[metric.Get("__name__")] {
			if metric.Get(label) == "" {
				t.Errorf("%s is tried with %s; a server's has the label %s too", where, strings.TrimSpace(line), label)
			}
		}
	}
}
