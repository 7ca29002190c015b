package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestMain also is the main of the servers and clients that the tests start.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(runChild(role, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Every system answers right in every shape, from processes of their own, and
// everything that the table tells of it was measured.
func TestEverySystemInEveryShape(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-rounds", "1", "-window", "20ms", "-warm", "5ms", "-only", "calls", "-format", "json"}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if want := len(systems) * len(shapes); len(got.Calls) != want {
		t.Fatalf("%d rows; want %d", len(got.Calls), want)
	}
	for _, r := range got.Calls {
		for name, value := range map[string]float64{
			"calls/s": r.PerSecond, "p50": r.P50, "server CPU": r.ServerCPU, "client CPU": r.ClientCPU,
			"server allocs": r.ServerAllocs, "server bytes": r.ServerBytes, "client allocs": r.ClientAllocs,
		} {
			if value <= 0 {
				t.Errorf("%s, %s: %s is %v", r.System, r.Shape, name, value)
			}
		}
		if r.P99 < r.P50 {
			t.Errorf("%s, %s: p99 %v is less than p50 %v", r.System, r.Shape, r.P99, r.P50)
		}
		if (r.ToNative != nil) != (systemNamed(r.System).against != "") || (r.ToCorrelated == nil) != (r.System == "correlated") {
			t.Errorf("%s, %s: ratios %v and %v", r.System, r.Shape, r.ToNative, r.ToCorrelated)
		}
	}
}

// What goes wrong in another process ends the run and says where.
func TestFaultsAreReported(t *testing.T) {
	s := &system{name: "absent"}
	if _, err := startGroup(t.Context(), s, ""); err == nil || !strings.Contains(err.Error(), `server absent: start: there is no system "absent"`) {
		t.Errorf("error %v", err)
	}
	g, err := startGroup(t.Context(), systems[0], "")
	if err != nil {
		t.Fatal(err)
	}
	defer g.stop()
	g.addresses = []string{"127.0.0.1:1"}
	if _, err := g.measure(t.Context(), shape{1, 1}, 0, 0); err == nil || !strings.Contains(err.Error(), "client correlated: open: connecting to ws://127.0.0.1:1/") {
		t.Errorf("error %v", err)
	}
}

func TestFlags(t *testing.T) {
	for _, v := range []struct{ args, want string }{
		{"-systems smoke", `-systems: there is no "smoke"; there are correlated,native,`},
		{"-shapes 16", `-shapes: "16" is not connections x calls in flight`},
		{"-shapes 1x251", "at most 250 calls in flight"},
		{"-rounds -1", "must not be negative"},
		{"-window 1ms", "-window must be at least 10ms"},
		{"-format html", "neither markdown nor json"},
		{"-rounds 0 -idle 0 -store 0 -nodes 0 -django 0 -generate 0", "nothing to do"},
		{"-only store -store 0", "nothing to do"},
		{"-only smoke", `-only: there is no part "smoke"`},
		{"-nodes -1", "must not be negative"},
		{"-django -1", "must not be negative"},
		{"-store -1", "must not be negative"},
		{"-generate -1", "must not be negative"},
		{"-methods 9", "-methods must be at least 10"},
		{"-generate 0 -compile", "-compile is for what is generated"},
		{"extra", `unknown argument "extra"`},
		{"-nope", "flag provided but not defined: -nope"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(v.args), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), v.want) {
			t.Errorf("%s: exit code %d, %s; want 2 and %s", v.args, code, &stderr, v.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := &report{
		Machine: machine{CPU: "CPU", Cores: 2, System: "linux", Go: "go1", Load: "0.1 0.2 0.3"}, Rounds: 3, WindowMS: 800,
		Calls: []row{{Title: "gRPC", Shape: shape{16, 4}, PerSecond: 12345.6, ToCorrelated: &ratio{1.204, 1.1, 1.3}, P50: 10, P99: 20, ServerCPU: 1.25, ClientCPU: 2, ServerAllocs: 3, ServerBytes: 4, ClientAllocs: 5}},
		Idle:  &idle{Connections: 1024, Before: 1 << 20, After: 21 << 20, Peak: 31 << 20, Parts: map[string]float64{"stacks": 8192, "goroutines": 2}, ConnectCPU: 120.4, PingCPU: 9.6},
	}
	got := string(r.markdown())
	for _, want := range []string{
		"CPU, 2 cores, linux, go1; load average at the start 0.1 0.2 0.3; medians of 3 rounds of 800 ms\n",
		"\n| 16 × 4 | gRPC | 12346 |  |  | 1.20 (1.10 to 1.30) |  | 10 | 20 | 1.2 | 2.0 | 3.0 | 4 | 5.0 |\n",
		"Memory of 1024 idle connections: **20.0 KiB** resident each after a garbage collection (30.0 KiB before it; the server alone takes 1.0 MiB).\nOf that, each: stacks 8.0 KiB, goroutines 2.0.\nConnecting takes 120 µs of the server's CPU each, a ping and its answer 10 µs.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// Ratios are taken within rounds: a round in which everything was slow changes no
// ratio.
func TestRatiosAreTakenWithinRounds(t *testing.T) {
	sh := shape{1, 1}
	round := func(slower float64) results {
		return results{{"correlated", sh}: {perSecond: 80 / slower, serverCPU: 4000, clientCPU: 6000}, {"native", sh}: {perSecond: 100 / slower, serverCPU: 2000, clientCPU: 4000}}
	}
	r := newRow(systemNamed("correlated"), sh, []results{round(1), round(4), round(2), round(1)})
	if *r.ToNative != (ratio{0.8, 0.8, 0.8}) {
		t.Errorf("ratio %+v; want 0.8 in every round", *r.ToNative)
	}
	if *r.ToNativeByCPU != (ratio{0.6, 0.6, 0.6}) {
		t.Errorf("ratio by CPU %+v; want 0.6 in every round", *r.ToNativeByCPU)
	}
	if want := (80.0 + 40) / 2; r.PerSecond != want {
		t.Errorf("median %v; want %v", r.PerSecond, want)
	}
}
