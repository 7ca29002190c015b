package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// What a call sends to Redis is as little as it is meant to be, in every shape: to
// claim it, to complete it and to drop its received reply one script each, and one
// publication where there are several nodes. Volatile calls send no script.
func TestStoreCommandsOfACall(t *testing.T) {
	if !redisInstalled() {
		process.Missing(t, "redis-server")
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-only", "store", "-store", "1", "-window", "250ms", "-warm", "20ms", "-format", "json"}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Calls != nil || got.Idle != nil || got.Generation != nil {
		t.Error("-only store measured something else")
	}
	if want := len(storeSystems) * len(storeShapes); got.Store == nil || len(got.Store.Rows) != want || got.Store.NoRedis != "" {
		t.Fatalf("%+v; want %d rows, with Redis", got.Store, want)
	}
	type bounds struct{ scripts, publishes, within [2]float64 }
	want := map[string]bounds{
		"redis":          {scripts: [2]float64{2, 3}, within: [2]float64{10, 24}},
		"volatile-nodes": {publishes: [2]float64{1, 1}},
		"redis-nodes":    {scripts: [2]float64{2, 3}, publishes: [2]float64{1, 1}, within: [2]float64{10, 24}},
	}
	for _, r := range got.Store.Rows {
		if r.PerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.ServerCPU <= 0 || r.ClientCPU <= 0 || r.ServerAllocs <= 0 {
			t.Errorf("%s, %s: %+v", r.System, r.Shape, r)
		}
		if (r.ToVolatile != nil) != (r.System != "volatile") {
			t.Errorf("%s, %s: ratio %v", r.System, r.Shape, r.ToVolatile)
		}
		b, ok := want[r.System]
		if (r.Redis != nil) != ok {
			t.Errorf("%s, %s: Redis %+v", r.System, r.Shape, r.Redis)
			continue
		}
		if !ok {
			continue
		}
		// Leases, epochs and nodes' notices go on beside the calls.
		const beside = 0.2
		for name, v := range map[string]struct {
			value float64
			of    [2]float64
		}{
			"scripts": {r.Redis.Scripts, b.scripts}, "publishes": {r.Redis.Publishes, b.publishes},
			"commands in scripts": {r.Redis.Within, b.within}, "other commands": {value: r.Redis.Others},
		} {
			if v.value < v.of[0]-0.001 || v.value > v.of[1]+beside {
				t.Errorf("%s, %s: %.3f %s a call; want between %v and %v", r.System, r.Shape, v.value, name, v.of[0], v.of[1])
			}
		}
		if r.Redis.CPU <= 0 || r.Redis.Received <= 0 || r.Redis.Sent <= 0 {
			t.Errorf("%s, %s: Redis %+v", r.System, r.Shape, r.Redis)
		}
	}
}

// Without a redis-server the rest is measured, and the reader is told.
func TestStoreWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-only", "store", "-store", "1", "-window", "10ms", "-warm", "0s"}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, says := range []string{stdout.String(), stderr.String()} {
		if !strings.Contains(says, "redis-server is missing: on Debian, apt-get install redis-server") {
			t.Errorf("it says %s", says)
		}
	}
	for call, want := range map[string]int{"| volatile |": len(storeShapes), "| remembered in memory |": len(storeShapes), "in Redis |": 0} {
		if n := strings.Count(stdout.String(), call); n != want {
			t.Errorf("%d rows with %q; want %d:\n%s", n, call, want, &stdout)
		}
	}
}

func TestStoreMarkdown(t *testing.T) {
	c := &storeCost{Rounds: 7, Rows: []storeRow{
		{Title: "volatile", Shape: shape{16, 4}, PerSecond: 100, P50: 10, P99: 20, ServerCPU: 1, ClientCPU: 2, ServerAllocs: 3},
		{Title: "remembered", Shape: shape{16, 4}, PerSecond: 50, ToVolatile: &ratio{0.5, 0.4, 0.6}, P50: 10, P99: 20, ServerCPU: 1, ClientCPU: 2, ServerAllocs: 3,
			Redis: &redisUse{CPU: 4.25, Scripts: 2.5, Publishes: 1, Within: 15.04}},
	}}
	got := string(c.markdown(300))
	for _, want := range []string{
		"\n### Remembering\n\nWhat remembering a call costs; medians of 7 rounds of 300 ms.\n\n| connections",
		"\n| 16 × 4 | volatile | 100 |  |  | 10 | 20 | 1.0 | 2.0 |  |  |  |  | 3.0 |\n",
		"\n| 16 × 4 | remembered | 50 | 0.50 (0.40 to 0.60) |  | 10 | 20 | 1.0 | 2.0 | 4.2 | 2.50 | 1.00 | 15.0 | 3.0 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	columns := strings.Count(strings.Split(got, "\n")[5], "|")
	for line := range strings.Lines(got) {
		if n := strings.Count(line, "|"); n != 0 && n != columns {
			t.Errorf("%d columns, not %d: %s", n, columns, line)
		}
	}
}
