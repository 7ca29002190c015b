package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/centrirpc/centrirpc/server"
)

// idle is what a server with idle connections takes.
type idle struct {
	Connections int `json:"connections"`
	// Before and after, resident bytes of the server's process: once settled, and
	// Peak as it was before garbage was collected.
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	Peak   int64 `json:"peak"`
	// Parts are bytes a connection by kind, settled; "goroutines" is their number.
	Parts map[string]float64 `json:"parts"`
	// ConnectCPU is the server's CPU for a connection until it is there, and PingCPU
	// for each ping and its answer, in microseconds.
	ConnectCPU float64 `json:"connect_cpu_us"`
	PingCPU    float64 `json:"ping_cpu_us"`
	// Redis is what they take of it; nil where the server has none.
	Redis *idleRedis `json:"redis,omitempty"`
}

func (i *idle) perConnection(after int64) float64 {
	return float64(after-i.Before) / float64(i.Connections)
}

// idlePing is shorter than a server's usual interval, so that every connection
// has been pinged before it is measured: that is part of being idle.
const idlePing = 5 * time.Second

// idleServer is a child that serves idle connections, as one of several nodes if it
// is given a Redis. Its orders: "start", "usage", "settle" (the answer is a memory).
type idleServer struct{}

// memory is what an idleServer says of itself.
type memory struct {
	Resident int64             `json:"resident"`
	Parts    map[string]uint64 `json:"parts"`
}

func (s *idleServer) do(o order) (any, error) {
	switch o.Do {
	case "start":
		if err := raiseFileLimit(uint64(o.Shape.Connections) + 100); err != nil {
			return nil, err
		}
		cfg := server.Config{PingInterval: idlePing}
		if len(o.Redis) > 0 {
			return startNode(cfg, o.Redis)
		}
		return startCentrirpc(cfg)
	case "usage":
		return usageNow()
	case "settle":
		resident, err := settledBytes()
		return memory{resident, memoryParts()}, err
	}
	return nil, fmt.Errorf("the server of idle connections cannot %q", o.Do)
}

// idling is a server whose idle connections are measured, with their client and,
// if it has one, its Redis.
type idling struct {
	connections    int
	settle         time.Duration
	server, client *child
	redis          *redisProcess
	address        string
}

// measureIdle measures idle connections, of one of several nodes if withRedis.
func measureIdle(ctx context.Context, opts *options, withRedis bool) (*idle, error) {
	i := &idling{connections: opts.idle, settle: opts.settle}
	defer i.stop()
	if err := i.start(ctx, opts.profile, withRedis); err != nil {
		return nil, err
	}
	return i.measure(ctx)
}

func (i *idling) start(ctx context.Context, profiles string, withRedis bool) (err error) {
	begin := order{Do: "start", Shape: shape{i.connections, 1}}
	role := "idle-server"
	if withRedis {
		if i.redis, err = startRedis(ctx); err != nil {
			return err
		}
		begin.Redis = []string{i.redis.address}
		role += " redis"
	}
	if i.server, err = startChild(role, profiles); err != nil {
		return err
	}
	if err = i.server.do(ctx, begin, &i.address); err != nil {
		return err
	}
	if i.client, err = startChild("client correlated", ""); err != nil {
		return err
	}
	// What a first connection and call bring in once is not counted.
	for _, first := range []order{{Do: "open", Addresses: []string{i.address}, Shape: shape{1, 1}}, {Do: "alive"}, {Do: "close"}} {
		if err = i.client.do(ctx, first, nil); err != nil {
			return err
		}
	}
	return nil
}

func (i *idling) stop() {
	for _, c := range []*child{i.client, i.server} {
		if c != nil {
			c.stop()
		}
	}
	if i.redis != nil {
		i.redis.stop()
	}
}

func (i *idling) measure(ctx context.Context) (*idle, error) {
	load := &redisLoad{process: i.redis}
	result := &idle{Connections: i.connections, Parts: map[string]float64{}}
	var before, after memory
	var start, open, peak usage
	n := float64(i.connections)
	patience := time.Duration(i.connections) * 10 * time.Millisecond
	if err := i.server.do(ctx, order{Do: "settle"}, &before); err != nil {
		return nil, err
	}
	// With no connection there is what the node itself asks of Redis.
	if err := load.alone(ctx, i.settle); err != nil {
		return nil, err
	}
	if err := i.server.do(ctx, order{Do: "usage"}, &start); err != nil {
		return nil, err
	}
	if err := i.client.do(ctx, order{Do: "open", Addresses: []string{i.address}, Shape: shape{i.connections, 1}, For: patience}, nil); err != nil {
		return nil, err
	}
	if err := i.server.do(ctx, order{Do: "usage"}, &open); err != nil {
		return nil, err
	}
	if err := load.opened(ctx); err != nil {
		return nil, err
	}
	opened := time.Now()
	if err := wait(ctx, i.settle); err != nil {
		return nil, err
	}
	if err := i.server.do(ctx, order{Do: "usage"}, &peak); err != nil {
		return nil, err
	}
	pings := time.Since(opened).Seconds() / idlePing.Seconds()
	if err := load.idled(ctx); err != nil {
		return nil, err
	}
	if err := i.server.do(ctx, order{Do: "settle"}, &after); err != nil {
		return nil, err
	}
	// They were all there, and still are.
	if err := i.client.do(ctx, order{Do: "alive", For: patience}, nil); err != nil {
		return nil, err
	}
	if err := i.callAgain(ctx, load, patience); err != nil {
		return nil, err
	}
	result.Before, result.After, result.Peak = before.Resident, after.Resident, peak.Resident
	for name, value := range after.Parts {
		result.Parts[name] = (float64(value) - float64(before.Parts[name])) / n
	}
	result.ConnectCPU = us(open.CPU-start.CPU) / n
	result.PingCPU = us(peak.CPU-open.CPU) / n / pings
	result.Redis = load.perConnection(n)
	return result, nil
}

// callAgain makes more calls on every connection, for what Redis holds of them.
func (i *idling) callAgain(ctx context.Context, load *redisLoad, patience time.Duration) error {
	if i.redis == nil {
		return nil
	}
	if err := load.called(ctx); err != nil {
		return err
	}
	for range furtherCalls {
		if err := i.client.do(ctx, order{Do: "alive", For: patience}, nil); err != nil {
			return err
		}
	}
	return load.again(ctx)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *idle) markdown() []byte {
	of := ""
	if i.Redis != nil {
		of = " of a node with Redis"
	}
	b := fmt.Appendf(nil, "\nMemory of %d idle connections%s: **%.1f KiB** resident each after a garbage collection (%.1f KiB before it; the server alone takes %.1f MiB).\n",
		i.Connections, of, i.perConnection(i.After)/1024, i.perConnection(i.Peak)/1024, float64(i.Before)/(1<<20))
	b = append(b, "Of that, each:"...)
	names := slices.SortedFunc(maps.Keys(i.Parts), func(a, b string) int { return cmp.Compare(i.Parts[b], i.Parts[a]) })
	for n, name := range names {
		separator := ","
		if n == 0 {
			separator = ""
		}
		value := strconv.FormatFloat(i.Parts[name]/1024, 'f', 1, 64) + " KiB"
		if name == "goroutines" {
			value = strconv.FormatFloat(i.Parts[name], 'f', 1, 64)
		}
		b = fmt.Appendf(b, "%s %s %s", separator, name, value)
	}
	b = fmt.Appendf(b, ".\nConnecting takes %.0f µs of the server's CPU each, a ping and its answer %.0f µs.\n", i.ConnectCPU, i.PingCPU)
	if i.Redis != nil {
		b = append(b, i.Redis.markdown()...)
	}
	return b
}
