package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// Connections take memory of their server and of its Redis, two commands there
// to connect, and none while they are idle.
func TestIdleConnections(t *testing.T) {
	if !redisInstalled() {
		process.Missing(t, "redis-server")
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-only", "idle", "-idle", "200", "-settle", "1s", "-format", "json"}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Idle == nil || got.IdleRedis == nil || got.Idle.Redis != nil || got.IdleRedis.Redis == nil {
		t.Fatalf("measured %s", &stdout)
	}
	for _, i := range []*idle{got.Idle, got.IdleRedis} {
		if i.Connections != 200 || i.perConnection(i.After) <= 0 || i.ConnectCPU <= 0 || i.PingCPU <= 0 || i.Parts["goroutines"] < 1 {
			t.Errorf("%+v", i)
		}
	}
	r := got.IdleRedis.Redis
	for name, v := range map[string][3]float64{
		"bytes of Redis's memory":         {r.Memory, 50, 2000},
		"bytes of it for a user's call":   {r.UserMemory, 300, 4000},
		"bytes of it for a further call":  {r.CallMemory, 50, 1000},
		"commands to connect":             {r.Connect, 1.7, 2.5},
		"commands a second while idle":    {r.PerSecond, -0.1, 0.1},
		"commands a second of the node":   {r.Node, 1, 60},
		"bytes to Redis a second of it":   {r.NodeIn, 50, 5000},
		"bytes from Redis a second of it": {r.NodeOut, 50, 20000},
	} {
		if v[0] < v[1] || v[0] > v[2] {
			t.Errorf("%.3f %s; want between %v and %v", v[0], name, v[1], v[2])
		}
	}
}

// Without a redis-server the rest is measured, and the reader is told.
func TestIdleWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-only", "idle", "-idle", "100", "-settle", "100ms"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	if !strings.Contains(stdout.String(), "Memory of 100 idle connections: **") || !strings.Contains(stderr.String(), errNoRedis.Error()) {
		t.Errorf("printed %s and %s", &stdout, &stderr)
	}
}

// What a node does by itself is taken off what its connections do.
func TestRedisLoadOfConnections(t *testing.T) {
	start := time.Unix(0, 0)
	use := func(commands, memory float64) redisUse {
		return redisUse{Others: commands, Memory: memory, Received: 10 * commands, Sent: 20 * commands}
	}
	l := &redisLoad{
		process: &redisProcess{},
		at:      []time.Time{start, start.Add(10 * time.Second), start.Add(12 * time.Second), start.Add(22 * time.Second), start.Add(23 * time.Second), start.Add(24 * time.Second)},
		// 5 a second of the node; 100 connections with 2 to connect and one every
		// 10 s.
		use: []redisUse{use(7, 1000), use(57, 1000), use(267, 21000), use(417, 21000), use(500, 71000), use(900, 151000)},
	}
	want := idleRedis{Memory: 200, UserMemory: 500, CallMemory: 200, Connect: 2, PerSecond: 0.1, Node: 5, NodeIn: 50, NodeOut: 100}
	got := l.perConnection(100)
	if *got != want {
		t.Errorf("%+v; want %+v", *got, want)
	}
	const says = "Of Redis, each takes 200 bytes of memory, 2.00 commands to connect and 0.100 commands a second; " +
		"a node without connections takes 5.0 commands a second (50 bytes in, 100 out). A user's first remembered call takes 500 bytes, each further one 200.\n"
	if text := string((&idle{Connections: 100, Redis: got}).markdown()); !strings.HasSuffix(text, says) || !strings.Contains(text, "100 idle connections of a node with Redis: ") {
		t.Errorf("printed %s", text)
	}
}
