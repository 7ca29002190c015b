package main

import (
	"context"
	"fmt"
	"io"

	"github.com/centrirpc/centrirpc"
)

// nodesSystems are one, two and three servers that share a Redis, or two of them,
// between which the clients' connections are spread evenly: with calls that are
// remembered, and with volatile ones, of which Redis sees the publication of the reply alone.
var nodesSystems = []*system{
	newNodes("nodes-1", 1),
	newNodes("nodes-2", 2),
	newNodes("nodes-3", 3),
	newSharded("nodes-3-shards-2", 3, 2),
	newVolatileNodes("volatile-1", 1),
	newVolatileNodes("volatile-2", 2),
	newVolatileNodes("volatile-3", 3),
}

func newNodes(name string, nodes int) *system {
	return &system{name: name, title: "remembered", against: "nodes-1", nodes: nodes, serveRedis: serveNodes(), dial: dialCentrirpc(false, correlated)}
}

// newSharded is newNodes with several Redis servers.
func newSharded(name string, nodes, shards int) *system {
	s := newNodes(name, nodes)
	s.shards = shards
	return s
}

func newVolatileNodes(name string, nodes int) *system {
	return &system{name: name, title: "volatile", against: "volatile-1", nodes: nodes, serveRedis: serveNodes(centrirpc.Volatile()), dial: dialCentrirpc(false, volatile)}
}

// nodesShapes can be spread evenly over one, two and three nodes: few callers, and
// many.
var nodesShapes = []shape{{6, 1}, {24, 4}}

// nodesCost is what several nodes cost.
type nodesCost struct {
	Rounds int        `json:"rounds"`
	Rows   []nodesRow `json:"rows,omitempty"`
	// NoRedis says why nothing was measured; empty if it was.
	NoRedis string `json:"no_redis,omitempty"`
}

// nodesRow is one of nodesSystems in one shape: medians over the rounds. What is a
// call's is that of all nodes together.
type nodesRow struct {
	System string `json:"system"`
	Title  string `json:"title"`
	Shape  shape  `json:"shape"`
	Nodes  int    `json:"nodes"`
	Shards int    `json:"redis_shards"`

	PerSecond float64  `json:"calls_per_second"`
	P50       float64  `json:"p50_us"`
	P99       float64  `json:"p99_us"`
	NodesCPU  float64  `json:"nodes_cpu_us"`
	ClientCPU float64  `json:"client_cpu_us"`
	Redis     redisUse `json:"redis"`
	// Bytes between the nodes and the clients.
	ClientIn  float64 `json:"client_bytes_in"`
	ClientOut float64 `json:"client_bytes_out"`
	// LeastShare is the part of the nodes' CPU that the least busy one used, times
	// their number: 1 where all do the same.
	LeastShare float64 `json:"least_share"`

	// ToOne is calls per second divided by those of the same calls with one node;
	// by CPU, of the nodes, the clients and Redis.
	ToOne      *ratio `json:"to_one,omitempty"`
	ToOneByCPU *ratio `json:"to_one_by_cpu,omitempty"`
}

func newNodesRow(s *system, sh shape, rounds []results) nodesRow {
	of := medianOf(s, sh, rounds)
	r := nodesRow{
		System: s.name, Title: s.title, Shape: sh, Nodes: s.nodes, Shards: max(s.shards, 1),
		PerSecond:  of(perSecond),
		P50:        of(func(s sample) float64 { return us(s.p50) }),
		P99:        of(func(s sample) float64 { return us(s.p99) }),
		NodesCPU:   of(func(s sample) float64 { return us(s.serverCPU) }),
		ClientCPU:  of(func(s sample) float64 { return us(s.clientCPU) }),
		LeastShare: of(func(s sample) float64 { return s.leastShare }),
		ClientIn:   of(func(s sample) float64 { return s.clientIn }),
		ClientOut:  of(func(s sample) float64 { return s.clientOut }),
		Redis:      *medianRedisUse(of),
	}
	r.Redis.Memory = 0 // what calls leave there depends on how many there were
	if s.name != s.against {
		r.ToOne = ratioTo(s.name, s.against, sh, rounds, perSecond)
		r.ToOneByCPU = ratioTo(s.name, s.against, sh, rounds, perCPU)
	}
	return r
}

// measureNodes measures one node and several; nothing where Redis is missing.
func measureNodes(ctx context.Context, opts *options, progress io.Writer) (*nodesCost, error) {
	cost := &nodesCost{Rounds: opts.nodes}
	if !redisInstalled() {
		cost.NoRedis = errNoRedis.Error()
		fmt.Fprintf(progress, "%s; several nodes are not measured\n", errNoRedis)
		return cost, nil
	}
	rounds, err := measureRounds(ctx, nodesSystems, nodesShapes, opts.nodes, opts, progress)
	if err != nil {
		return nil, err
	}
	for _, sh := range nodesShapes {
		for _, s := range nodesSystems {
			cost.Rows = append(cost.Rows, newNodesRow(s, sh, rounds))
		}
	}
	return cost, nil
}

func (c *nodesCost) markdown(windowMS int64) []byte {
	if c.NoRedis != "" {
		return fmt.Appendf(nil, "\n### Several nodes\n\nSeveral nodes were not measured: %s.\n", c.NoRedis)
	}
	b := fmt.Appendf(nil, "\n### Several nodes\n\nSeveral nodes that share Redis; medians of %d rounds of %d ms.\n\n", c.Rounds, windowMS)
	b = append(b, "| connections × in flight | call | nodes | Redis servers | calls/s | ÷ 1 node | by CPU | p50 µs | p99 µs | nodes' CPU µs/call | clients' CPU µs/call | Redis CPU µs/call | bytes from client | bytes to client |\n"...)
	b = append(b, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"...)
	for _, r := range c.Rows {
		b = fmt.Appendf(b, "| %d × %d | %s | %d | %d | %.0f | %s | %s | %.0f | %.0f | %.1f | %.1f | %.1f | %.0f | %.0f |\n",
			r.Shape.Connections, r.Shape.InFlight, r.Title, r.Nodes, r.Shards, r.PerSecond, r.ToOne, r.ToOneByCPU,
			r.P50, r.P99, r.NodesCPU, r.ClientCPU, r.Redis.CPU, r.ClientIn, r.ClientOut)
	}
	b = append(b, "\nWhat Redis does for each of these calls:\n\n"...)
	b = append(b, "| connections × in flight | call | nodes | Redis servers | scripts | commands in scripts | publishes | other commands | bytes in | bytes out | scripts took µs | publishes took µs |\n"...)
	b = append(b, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"...)
	for _, r := range c.Rows {
		u := r.Redis
		b = fmt.Appendf(b, "| %d × %d | %s | %d | %d | %.2f | %.1f | %.2f | %.2f | %.0f | %.0f | %.1f | %.1f |\n",
			r.Shape.Connections, r.Shape.InFlight, r.Title, r.Nodes, r.Shards,
			u.Scripts, u.Within, u.Publishes, u.Others+u.Infos, u.Received, u.Sent, u.ScriptsTook, u.PublishesTook)
	}
	return b
}
