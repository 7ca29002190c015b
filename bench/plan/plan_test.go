package main

import (
	"math"
	"strings"
	"testing"
)

// planned runs the command.
func planned(t *testing.T, args string) (stdout, stderr string, code int) {
	t.Helper()
	var out, said strings.Builder
	code = run(strings.Fields(args), &out, &said)
	return out.String(), said.String(), code
}

// Costs that are easy to reckon with: a call is 1 ms of a node and 100 µs of Redis, a
// connection 1 MiB and 1 KiB.
const simple = "-call-node-cpu 1ms -call-redis-cpu 100us -volatile-node-cpu 500us -volatile-redis-cpu 10us -connect-cpu 1ms -ping-cpu 1ms -ping-interval 10s " +
	"-process-memory 0B -connection-memory 1MiB -redis-connection-memory 1KiB -redis-user-memory 1KiB -redis-call-memory 1KiB -remembered 10s " +
	"-call-bytes 1000B -volatile-bytes 500B -call-redis-bytes 1000B -volatile-redis-bytes 500B " +
	"-use 0.5 -cores 4 -node-memory 8GiB -node-files 100000 -ports 20000 -network 1 -redis-memory 4GiB "

func TestPlan(t *testing.T) {
	for _, test := range []struct{ name, args, machines, first string }{
		// 2 cores of 4 are for 2000 calls: 4000 take 2, whatever there is to spare.
		{"CPU of nodes", "-connections 10 -calls-per-second 3990", "3 nodes, 2 for the load and 1 to spare, and 1 Redis server.", "the CPU, of each node. With these machines the load may grow to 1 times this"},
		{"none to spare", "-connections 10 -calls-per-second 3990 -spare 0", "2 nodes, 2 for the load and 0 to spare", "the CPU, of each node"},
		{"volatile calls are half as much", "-connections 10 -calls-per-second 0 -volatile-per-second 3990", "2 nodes, 1 for the load and 1 to spare, and 1 Redis server.", "the CPU, of each node"},
		// A ping every 10 s of 1 ms each: 20,000 connections take 2 cores.
		{"pings", "-connections 20000 -calls-per-second 0 -node-memory 1TiB -proxy-addresses 0 -spare 0", "1 node, 1 for the load", "the CPU, of each node. With these machines the load may grow to 1 times this"},
		// Half of 8 GiB is room for 4096 connections.
		{"memory of nodes", "-connections 8193 -calls-per-second 0", "4 nodes, 3 for the load and 1 to spare", "the memory, of each node. With these machines the load may grow to 1.49 times this"},
		{"files of nodes", "-connections 2000 -calls-per-second 0 -node-files 1100", "6 nodes, 5 for the load and 1 to spare", "the open files, of each node"},
		{"ports of the load balancer", "-connections 2000 -calls-per-second 0 -ports 1000", "5 nodes, 4 for the load and 1 to spare", "the ports of the load balancer, of each node"},
		{"more addresses", "-connections 2000 -calls-per-second 0 -ports 1000 -proxy-addresses 40", "2 nodes, 1 for the load and 1 to spare", "the memory, of each node"},
		// A core of Redis, half of it used, is for 5000 calls.
		{"CPU of Redis", "-connections 10 -calls-per-second 10000 -cores 100", "2 nodes, 1 for the load and 1 to spare, and 2 Redis servers.", "the CPU, of each Redis server. With these machines the load may grow to 1 times this"},
		// 4000 calls are remembered for 10 s, at 1 KiB: 39 MiB.
		{"memory of Redis", "-connections 10 -calls-per-second 4000 -cores 100 -redis-memory 50MiB", "2 nodes, 1 for the load and 1 to spare, and 2 Redis servers.", "the memory, of each Redis server"},
		// 4000 calls of 2000 bytes are 64 Mbit/s.
		{"network of nodes", "-connections 10 -calls-per-second 4000 -cores 100 -network 0.1 -redis 2", "3 nodes, 2 for the load and 1 to spare, and 2 Redis servers.", "the network, of each node"},
		{"as many as there are", "-connections 10 -calls-per-second 1000 -nodes 5 -redis 2", "5 nodes, 4 for the load and 1 to spare, and 2 Redis servers.", "the CPU, of each node. With these machines the load may grow to 7.99 times this"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, said, code := planned(t, simple+test.args)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, said)
			}
			if !strings.Contains(out, "\n"+test.machines) || !strings.Contains(out, "\nFirst to run out: "+test.first) {
				t.Errorf("%s; want %q and %q", out, test.machines, test.first)
			}
		})
	}
}

// What does not fit is said with the flag to change, and what else would help.
func TestPlanThatDoesNotFit(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-connections 10 -calls-per-second 10000 -nodes 3", "-nodes 3 with -spare 1 is too few: 6 must carry this load, for the CPU of each; give 4 more, or: take nodes with more cores (-cores)"},
		{"-connections 10 -calls-per-second 10000 -redis 1", "-redis 1 is too few: 2 must carry this load, for the CPU of each; give 1 more, or: "},
		{"-connections 10 -process-memory 8GiB", "no number of machines is enough: memory of a node is 8GiB, of which 50 % are used, and without any load it takes 8GiB; take nodes with more memory (-node-memory)"},
		{"-connections 10 -node-files 150", "open files of a node is 150, of which 50 % are used, and without any load it takes 100; raise ulimit -n (-node-files)"},
		{"-connections 1000000000 -cores 0.01", "no number of machines is enough: CPU of a node is 0.01 cores"},
	} {
		out, said, code := planned(t, simple+test.args)
		if code != 1 || out != "" || !strings.Contains(said, "plan: ") || !strings.Contains(said, test.want) {
			t.Errorf("%s: exit code %d, printed %q, said %q; want %q", test.args, code, out, said, test.want)
		}
	}
}

func TestPlanFlags(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-connections 0", "-connections is 0; give the clients"},
		{"-connections -1", "-connections is -1; give a number from 0 to"},
		{"-connections NaN", "-connections is NaN; give a number"},
		{"-calls-per-second Inf", "-calls-per-second is +Inf; give a number"},
		{"-use 0", "-use is 0; give a number from 0.01 to 1"},
		{"-use 60", "-use is 60; give a number from 0.01 to 1"},
		{"-cores 0", "-cores is 0; give a number"},
		{"-nodes -1", "-nodes is -1; give a whole number from 0"},
		{"-nodes 1", "-nodes 1 leaves none for the load with -spare 1; give more nodes, or fewer to spare"},
		{"-spare -1", "-spare is -1; give a whole number"},
		{"-node-memory 4G", `invalid value "4G" for flag -node-memory: give a size such as 4GiB`},
		{"-node-memory -4GiB", "give a size such as 4GiB"},
		{"-redis-memory 99999999TiB", "-redis-memory is 99999999TiB; give a size from 0B to 1024TiB"},
		{"-ping-interval 0s", "-ping-interval is 0s; give a duration from 1s"},
		{"-call-node-cpu 2s", "-call-node-cpu is 2s; give a duration from 0s to 1s"},
		{"100000", `unknown argument "100000"; there are flags only`},
		{"-clients 5", "flag provided but not defined: -clients"},
	} {
		if out, said, code := planned(t, test.args); code != 2 || out != "" || !strings.Contains(said, test.want) {
			t.Errorf("%s: exit code %d, printed %q, said %q; want %q", test.args, code, out, said, test.want)
		}
	}
	if _, said, code := planned(t, "-h"); code != 0 || !strings.Contains(said, "-connections") {
		t.Errorf("-h: exit code %d, said %s", code, said)
	}
}

// Each number that is reckoned with is listed once, with where it is from, or that it
// was given.
func TestPlanSaysWhatItReckonsWith(t *testing.T) {
	o, err := parseOptions(nil, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	out, _, _ := planned(t, "-ping-cpu 7us")
	for _, c := range o.costs.origins {
		if n := strings.Count(out, "  -"+c.name+" "); n != 1 {
			t.Errorf("-%s is there %d times", c.name, n)
		}
	}
	if !strings.Contains(out, "-ping-cpu 7µs ") || strings.Count(out, "(given)") != 1 {
		t.Errorf("printed %s", out)
	}
}

// The loss of a node is one for its clients where there is no other.
func TestPlanSaysWhatALossCosts(t *testing.T) {
	out, _, _ := planned(t, simple+"-connections 4000 -calls-per-second 0 -spare 0")
	if !strings.Contains(out, "There is one node: when it goes, nobody is served until it is back.") {
		t.Errorf("printed %s", out)
	}
	// 4 nodes: 1000 clients move, of 1 ms each, to 3 with 4 cores each.
	out, _, _ = planned(t, simple+"-connections 4000 -calls-per-second 0 -nodes 4")
	if !strings.Contains(out, "When a node goes, 1000 clients connect to the others, which keeps all cores of each busy for 0.08 s.") {
		t.Errorf("printed %s", out)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"4GiB": 4 * gib, "18.4KiB": size(18.4 * 1024), "250B": 250, "1024KiB": mib, "0B": 0} {
		var s size
		if err := s.Set(text); err != nil || math.Abs(float64(s-want)) > 1e-6 {
			t.Errorf("%s is %v, error %v", text, s, err)
		}
	}
	for want, s := range map[string]size{"4GiB": 4 * gib, "18.4KiB": size(18.4 * 1024), "1177B": 1177, "1MiB": mib, "0B": 0, "2560.5MiB": 2.5*gib + mib/2, "15.3B": 15.3} {
		if got := s.String(); got != want {
			t.Errorf("%f is %s; want %s", float64(s), got, want)
		}
	}
	for _, text := range []string{"", "GiB", "4", "4 GiB", "-1B", "NaNB", "InfKiB", "1e99B"} {
		if err := new(size).Set(text); err == nil {
			t.Errorf("%q is a size", text)
		}
	}
}
