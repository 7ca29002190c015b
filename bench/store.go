package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/server"
)

// storeSystems are the ways to remember the same call: not at all, in the server's
// memory, and in Redis; the latter with publications in memory as before, and
// through the same Redis, as several nodes need it.
var storeSystems = []*system{
	{name: "volatile", title: "volatile", serve: serveVolatile, dial: dialCentrirpc(false, volatile)},
	{name: "memory", title: "remembered in memory", against: "volatile", serve: serveCentrirpc, dial: dialCentrirpc(false, correlated)},
	{name: "redis", title: "remembered in Redis", against: "volatile", serveRedis: serveStore, dial: dialCentrirpc(false, correlated)},
	{name: "volatile-nodes", title: "volatile, several nodes", against: "volatile", serveRedis: serveNodes(centrirpc.Volatile()), dial: dialCentrirpc(false, volatile)},
	{name: "redis-nodes", title: "remembered in Redis, several nodes", against: "volatile-nodes", serveRedis: serveNodes(), dial: dialCentrirpc(false, correlated)},
}

// storeShapes are one caller, and 64 on one connection and on sixteen.
var storeShapes = []shape{{1, 1}, {1, 64}, {16, 4}}

func serveVolatile() (string, error) { return startCentrirpc(server.Config{}, centrirpc.Volatile()) }

func redisURLs(addresses []string) []string {
	urls := make([]string, len(addresses))
	for i, address := range addresses {
		urls[i] = "redis://" + address
	}
	return urls
}

// serveStore is a server whose calls are remembered in Redis, and nothing else.
func serveStore(redis []string) (string, error) {
	store, err := openStore(redis)
	if err != nil {
		return "", err
	}
	return startCentrirpc(server.Config{Store: store})
}

// serveNodes is a server as it is one of several nodes.
func serveNodes(opts ...centrirpc.MethodOption) func([]string) (string, error) {
	return func(redis []string) (string, error) { return startNode(server.Config{}, redis, opts...) }
}

// startNode starts one of several nodes: its store and its publications are in
// Redis.
func startNode(cfg server.Config, redis []string, opts ...centrirpc.MethodOption) (address string, err error) {
	if cfg.Store, err = openStore(redis); err != nil {
		return "", err
	}
	cfg.Redis = redisURLs(redis)
	return startCentrirpc(cfg, opts...)
}

// openStore is a store that is bounded as one in memory is: a user here makes more
// calls than people do.
func openStore(redis []string) (*redisstore.Store, error) {
	return redisstore.New(redisstore.Config{URLs: redisURLs(redis), MaxCallsPerUser: 1_000_000})
}

// storeCost is what remembering costs.
type storeCost struct {
	Rounds int        `json:"rounds"`
	Rows   []storeRow `json:"rows"`
	// NoRedis says why Redis was not measured; empty if it was.
	NoRedis string `json:"no_redis,omitempty"`
}

// storeRow is one of storeSystems in one shape: medians over the rounds.
type storeRow struct {
	System string `json:"system"`
	Title  string `json:"title"`
	Shape  shape  `json:"shape"`

	PerSecond    float64 `json:"calls_per_second"`
	P50          float64 `json:"p50_us"`
	P99          float64 `json:"p99_us"`
	ServerCPU    float64 `json:"server_cpu_us"`
	ClientCPU    float64 `json:"client_cpu_us"`
	ServerAllocs float64 `json:"server_allocs"`
	// Redis is what Redis did for each call; nil where there was none.
	Redis *redisUse `json:"redis,omitempty"`

	// ToVolatile is calls per second divided by those of volatile calls whose
	// publications go the same way; for volatile calls through Redis, by those of
	// volatile calls in memory. By CPU, of Redis too.
	ToVolatile      *ratio `json:"to_volatile,omitempty"`
	ToVolatileByCPU *ratio `json:"to_volatile_by_cpu,omitempty"`
}

func newStoreRow(s *system, sh shape, rounds []results) storeRow {
	of := medianOf(s, sh, rounds)
	r := storeRow{
		System: s.name, Title: s.title, Shape: sh,
		PerSecond:    of(perSecond),
		P50:          of(func(s sample) float64 { return us(s.p50) }),
		P99:          of(func(s sample) float64 { return us(s.p99) }),
		ServerCPU:    of(func(s sample) float64 { return us(s.serverCPU) }),
		ClientCPU:    of(func(s sample) float64 { return us(s.clientCPU) }),
		ServerAllocs: of(func(s sample) float64 { return s.allocs }),
	}
	if s.serveRedis != nil {
		r.Redis = medianRedisUse(of)
	}
	if s.against != "" {
		r.ToVolatile = ratioTo(s.name, s.against, sh, rounds, perSecond)
		r.ToVolatileByCPU = ratioTo(s.name, s.against, sh, rounds, perCPU)
	}
	return r
}

// measureStore measures what remembering calls costs; without Redis where that is
// missing.
func measureStore(ctx context.Context, opts *options, progress io.Writer) (*storeCost, error) {
	cost := &storeCost{Rounds: opts.store}
	measured := slices.Clone(storeSystems)
	if !redisInstalled() {
		cost.NoRedis = errNoRedis.Error()
		fmt.Fprintf(progress, "%s; the call store is measured without it\n", errNoRedis)
		measured = slices.DeleteFunc(measured, func(s *system) bool { return s.serveRedis != nil })
	}
	rounds, err := measureRounds(ctx, measured, storeShapes, opts.store, opts, progress)
	if err != nil {
		return nil, err
	}
	for _, sh := range storeShapes {
		for _, s := range measured {
			cost.Rows = append(cost.Rows, newStoreRow(s, sh, rounds))
		}
	}
	return cost, nil
}

func (c *storeCost) markdown(windowMS int64) []byte {
	b := fmt.Appendf(nil, "\n### Remembering\n\nWhat remembering a call costs; medians of %d rounds of %d ms.", c.Rounds, windowMS)
	if c.NoRedis != "" {
		b = fmt.Appendf(b, " Redis was not measured: %s.", c.NoRedis)
	}
	b = append(b, "\n\n| connections × in flight | call | calls/s | ÷ volatile | by CPU | p50 µs | p99 µs | server CPU µs/call | client CPU µs/call | Redis CPU µs/call | scripts/call | publishes/call | commands in scripts/call | server allocs/call |\n"...)
	b = append(b, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"...)
	for _, r := range c.Rows {
		redis := " |  |  | "
		if u := r.Redis; u != nil {
			redis = fmt.Sprintf("%.1f | %.2f | %.2f | %.1f", u.CPU, u.Scripts, u.Publishes, u.Within)
		}
		b = fmt.Appendf(b, "| %d × %d | %s | %.0f | %s | %s | %.0f | %.0f | %.1f | %.1f | %s | %.1f |\n",
			r.Shape.Connections, r.Shape.InFlight, r.Title, r.PerSecond, r.ToVolatile, r.ToVolatileByCPU,
			r.P50, r.P99, r.ServerCPU, r.ClientCPU, redis, r.ServerAllocs)
	}
	return b
}
