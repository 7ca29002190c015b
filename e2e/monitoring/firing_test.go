package monitoring

import (
	"testing"
	"time"

	prometheus "github.com/prometheus/prometheus/promql"
)

// node is where series come from.
const node = `job="centrirpc",instance="a"`

// Each alert fires on the first series, of 20 minutes, and on none of the second.
var firing = map[string]struct{ fires, quiet string }{
	"CentrirpcNodeDown": {
		`up{` + node + `} 0x20`,
		`up{` + node + `} 1x20
		 up{job="other",instance="a"} 0x20`,
	},
	"CentrirpcCallsLost": {
		`centrirpc_calls_lost_total{method="m",cause="owner_gone",` + node + `} 0x15 1x5`,
		`centrirpc_calls_lost_total{method="m",cause="owner_gone",` + node + `} 3x20
		 centrirpc_calls_lost_total{method="m",cause="overtaken",` + node + `} 0x15 1x5`,
	},
	"CentrirpcErrors": {
		`centrirpc_calls_total{method="m",code="ok",` + node + `} 0+90x20
		 centrirpc_calls_total{method="m",code="internal",` + node + `} 0+10x20`,
		`centrirpc_calls_total{method="m",code="ok",` + node + `} 0+98x20
		 centrirpc_calls_total{method="m",code="internal",` + node + `} 0+2x20
		 centrirpc_calls_total{method="m",code="not_found",` + node + `} 0+500x20
		 centrirpc_calls_total{method="idle",code="internal",` + node + `} 3x20`,
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
	},
	"CentrirpcRequestsRefused": {
		`centrirpc_calls_refused_total{reason="too_many_requests",` + node + `} 0+120x20`,
		`centrirpc_calls_refused_total{reason="too_many_requests",` + node + `} 0+6x20
		 centrirpc_calls_refused_total{reason="bad_request",` + node + `} 0+600x20`,
	},
	"CentrirpcStoreOutOfReach": {
		`centrirpc_store_errors_total{operation="claim",` + node + `} 0x15 1+1x5`,
		`centrirpc_store_errors_total{operation="claim",` + node + `} 7x20
		 centrirpc_store_errors_total{operation="complete",` + node + `} 0x15 1x5`, // once, minutes ago
	},
	"CentrirpcNotReady": {
		`centrirpc_ready{` + node + `} 1x10 0x10
		 centrirpc_draining{` + node + `} 0x20`,
		`centrirpc_ready{` + node + `} 0x20
		 centrirpc_draining{` + node + `} 1x20
		 centrirpc_ready{job="centrirpc",instance="b"} 0x10 1x10
		 centrirpc_draining{job="centrirpc",instance="b"} 0x20`,
	},
	"CentrirpcPublishingFails": {
		`centrirpc_publish_errors_total{` + node + `} 0x15 1+1x5`,
		`centrirpc_publish_errors_total{` + node + `} 7x20
		 centrirpc_publish_errors_total{job="centrirpc",instance="b"} 0x15 1x5`, // once, minutes ago
	},
	"CentrirpcNodeSaturated": {
		`centrirpc_calls_in_flight{` + node + `} 900x20
		 centrirpc_calls_in_flight_limit{` + node + `} 1000x20`,
		`centrirpc_calls_in_flight{` + node + `} 700x20
		 centrirpc_calls_in_flight_limit{` + node + `} 1000x20`,
	},
	"CentrirpcIncompatibleClients": {
		`centrirpc_client_contracts_total{state="incompatible",` + node + `} 0x15 1x5`,
		`centrirpc_client_contracts_total{state="incompatible",` + node + `} 4x20
		 centrirpc_client_contracts_total{state="compatible",` + node + `} 0+4x20`,
	},
	"CentrirpcDrainsForLong": {
		`centrirpc_draining{` + node + `} 1x20`,
		`centrirpc_draining{` + node + `} 0x20`,
	},
}

func TestWhenAlertsFire(t *testing.T) {
	engine := prometheus.NewEngine(prometheus.EngineOpts{MaxSamples: 10_000, Timeout: time.Minute, EnableDelayedNameRemoval: true, Parser: promql})
	defer func() { _ = engine.Close() }()
	rules := alerts(t)
	for _, rule := range rules {
		series, ok := firing[rule.Alert]
		if !ok {
			t.Errorf("nothing says when %s fires", rule.Alert)
			continue
		}
		for _, c := range []struct {
			series string
			fires  bool
		}{{series.fires, true}, {series.quiet, false}} {
			query, err := engine.NewInstantQuery(t.Context(), load(t, c.series), nil, rule.Expr, time.Unix(0, 0).Add(19*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			result := query.Exec(t.Context())
			found, err := result.Vector()
			if err != nil {
				t.Fatalf("%s: %v", rule.Alert, err)
			}
			if fires := len(found) > 0; fires != c.fires {
				t.Errorf("%s fires: %v; want %v: %v", rule.Alert, fires, c.fires, found)
			}
			query.Close()
		}
	}
	if len(rules) != len(firing) {
		t.Errorf("%d alerts, and series for %d", len(rules), len(firing))
	}
}
