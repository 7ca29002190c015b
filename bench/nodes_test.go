package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// What a call sends to Redis does not grow with the nodes: to claim it, to complete
// it and to drop its received reply one script each, and one publication; a
// volatile call is one publication. And all nodes do their part.
func TestCommandsOfACallDoNotGrowWithNodes(t *testing.T) {
	if !redisInstalled() {
		process.Missing(t, "redis-server")
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-only", "nodes", "-nodes", "1", "-window", "250ms", "-warm", "20ms", "-format", "json"}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Calls != nil || got.Idle != nil || got.Store != nil || got.Generation != nil {
		t.Error("-only nodes measured something else")
	}
	if want := len(nodesSystems) * len(nodesShapes); got.Nodes == nil || len(got.Nodes.Rows) != want {
		t.Fatalf("%+v; want %d rows", got.Nodes, want)
	}
	one := map[cell]redisUse{} // of the systems of one node
	for _, r := range got.Nodes.Rows {
		s := named(nodesSystems, r.System)
		if r.Nodes != s.nodes || r.PerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.NodesCPU <= 0 || r.ClientCPU <= 0 || r.Redis.CPU <= 0 {
			t.Errorf("%s, %s: %+v", r.System, r.Shape, r)
		}
		if alone := s.against == r.System; (r.ToOne == nil) != alone || (r.ToOneByCPU == nil) != alone {
			t.Errorf("%s, %s: ratios %v and %v", r.System, r.Shape, r.ToOne, r.ToOneByCPU)
		}
		if r.LeastShare < 0.5 || r.LeastShare > 1 {
			t.Errorf("%s, %s: the least busy node has %.2f of its share of the work", r.System, r.Shape, r.LeastShare)
		}
		checkCommands(t, r)
		if s.nodes == 1 {
			one[cell{r.System, r.Shape}] = r.Redis
			continue
		}
		// With calls one after another the counts do not depend on what is batched.
		if base := one[cell{s.against, r.Shape}]; r.Shape.InFlight == 1 {
			for name, v := range map[string][3]float64{
				"scripts":   {r.Redis.Scripts, base.Scripts, 0.2},
				"publishes": {r.Redis.Publishes, base.Publishes, 0.2},
				"bytes in":  {r.Redis.Received, base.Received, 0.1 * base.Received},
				"bytes out": {r.Redis.Sent, base.Sent, 0.1 * base.Sent},
			} {
				if math.Abs(v[0]-v[1]) > v[2] {
					t.Errorf("%s, %s: %.2f %s a call; with one node %.2f", r.System, r.Shape, v[0], name, v[1])
				}
			}
		}
	}
}

// checkCommands bounds what Redis does for a call.
func checkCommands(t *testing.T, r nodesRow) {
	t.Helper()
	// Leases, epochs and nodes' notices go on beside the calls.
	const beside = 0.2
	type bounds struct{ least, most float64 }
	scripts, within, in := bounds{0, beside}, bounds{0, beside}, bounds{100, 400}
	if r.Title == "remembered" {
		scripts, within, in = bounds{2, 3 + beside}, bounds{10, 24}, bounds{800, 1600}
	}
	for name, v := range map[string]struct {
		value float64
		bounds
	}{
		"scripts":             {r.Redis.Scripts, scripts},
		"commands in scripts": {r.Redis.Within, within},
		"publishes":           {r.Redis.Publishes, bounds{1, 1 + beside}},
		"other commands":      {r.Redis.Others + r.Redis.Infos, bounds{0, beside}},
		"bytes in":            {r.Redis.Received, in},
		"bytes out":           {r.Redis.Sent, bounds{100, 500}},
		"bytes from a client": {r.ClientIn, bounds{100, 600}},
		"bytes to a client":   {r.ClientOut, bounds{100, 600}},
	} {
		if v.value < v.least-0.001 || v.value > v.most {
			t.Errorf("%s, %s: %.3f %s a call; want between %v and %v", r.System, r.Shape, v.value, name, v.least, v.most)
		}
	}
}

// Without a redis-server the reader is told.
func TestNodesWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-only", "nodes", "-nodes", "1"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, says := range []string{stdout.String(), stderr.String()} {
		if !strings.Contains(says, "redis-server is missing: on Debian, apt-get install redis-server") {
			t.Errorf("it says %s", says)
		}
	}
}

func TestNodesMarkdown(t *testing.T) {
	c := &nodesCost{Rounds: 7, Rows: []nodesRow{
		{Title: "remembered", Shape: shape{24, 4}, Nodes: 3, Shards: 1, PerSecond: 50, ToOne: &ratio{0.5, 0.4, 0.6}, ToOneByCPU: &ratio{1, 0.9, 1.1},
			P50: 10, P99: 20, NodesCPU: 1, ClientCPU: 2, ClientIn: 300, ClientOut: 400,
			Redis: redisUse{CPU: 4.25, Scripts: 2.5, Publishes: 1, Within: 15.04, Others: 0.01, Infos: 0.01, Received: 1000, Sent: 200, ScriptsTook: 40, PublishesTook: 0.5}},
	}}
	got := string(c.markdown(300))
	for _, want := range []string{
		"\n### Several nodes\n\nSeveral nodes that share Redis; medians of 7 rounds of 300 ms.\n\n| connections",
		"\n| 24 × 4 | remembered | 3 | 1 | 50 | 0.50 (0.40 to 0.60) | 1.00 (0.90 to 1.10) | 10 | 20 | 1.0 | 2.0 | 4.2 | 300 | 400 |\n",
		"\n| 24 × 4 | remembered | 3 | 1 | 2.50 | 15.0 | 1.00 | 0.02 | 1000 | 200 | 40.0 | 0.5 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for i, line := range strings.Split(got, "\n") {
		want := 15
		if i > 8 {
			want = 13
		}
		if n := strings.Count(line, "|"); n != 0 && n != want {
			t.Errorf("line %d has %d columns: %s", i, n, line)
		}
	}
}

// Every shape can be spread evenly over every number of nodes.
func TestNodesShapesAreEven(t *testing.T) {
	for _, s := range nodesSystems {
		for _, sh := range nodesShapes {
			if sh.Connections%s.nodes != 0 {
				t.Errorf("%d connections over %d nodes", sh.Connections, s.nodes)
			}
		}
		if named(nodesSystems, s.against) == nil {
			t.Errorf("%s is compared with %s, which is not measured", s.name, s.against)
		}
	}
}
