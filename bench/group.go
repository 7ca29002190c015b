package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// group is all that runs for one system: its servers, the one client that calls
// them, and the Redis servers that they share if they need any.
type group struct {
	system    *system
	servers   []*child
	addresses []string // of the servers
	client    *child
	redis     []*redisProcess
	django    *djangoProcess // or nil
}

// startGroup starts a system's processes. What was started is stopped again if one
// of them fails.
func startGroup(ctx context.Context, s *system, profiles string) (g *group, err error) {
	g = &group{system: s}
	defer func() {
		if err != nil {
			g.stop()
		}
	}()
	start := order{Do: "start"}
	if s.serveRedis != nil {
		for range max(s.shards, 1) {
			r, err := startRedis(ctx)
			if err != nil {
				return g, err
			}
			g.redis = append(g.redis, r)
			start.Redis = append(start.Redis, r.address)
		}
	}
	servers := max(s.nodes, 1)
	if s.django {
		if g.django, err = startDjango(ctx); err != nil {
			return g, err
		}
		start.Django = &g.django.site
		if s.serveDjango == nil {
			servers, g.addresses = 0, []string{g.django.site.Address}
		}
	}
	for i := range servers {
		role := "server " + s.name
		if i > 0 {
			role = fmt.Sprintf("%s/%d", role, i+1)
		}
		server, err := startChild(role, profiles)
		if err != nil {
			return g, err
		}
		g.servers = append(g.servers, server)
		var address string
		if err := server.do(ctx, start, &address); err != nil {
			return g, err
		}
		g.addresses = append(g.addresses, address)
	}
	g.client, err = startChild("client "+s.name, profiles)
	return g, err
}

func (g *group) stop() {
	if g.client != nil {
		g.client.stop()
	}
	for _, s := range g.servers {
		s.stop()
	}
	for _, r := range g.redis {
		r.stop()
	}
	if g.django != nil {
		g.django.stop()
	}
}

// used is what the servers have used, each, Django at last, and their Redis servers together.
func (g *group) used(ctx context.Context) (servers []usage, redis redisUse, err error) {
	servers = make([]usage, len(g.servers))
	for i, s := range g.servers {
		if err := s.do(ctx, order{Do: "usage"}, &servers[i]); err != nil {
			return nil, redis, err
		}
	}
	if g.django != nil {
		u, err := g.django.used()
		if err != nil {
			return nil, redis, err
		}
		servers = append(servers, u)
	}
	for _, r := range g.redis {
		u, err := r.used(ctx)
		if err != nil {
			return nil, redis, err
		}
		redis = redis.plus(u)
	}
	return servers, redis, nil
}

// sample is one measurement of one system in one shape. What is a call's is that of
// all servers together.
type sample struct {
	perSecond            float64
	p50, p99             time.Duration
	serverCPU, clientCPU time.Duration // a call
	allocs, bytes        float64       // a call, by the servers
	clientAllocs         float64       // a call
	resident             int64         // bytes of the largest server process, at the end
	redis                redisUse      // a call
	clientIn, clientOut  float64       // bytes a call, between the servers and the client
	// leastShare is the part of the servers' CPU that the least busy one used,
	// times their number: 1 where all do the same.
	leastShare float64
}

func (g *group) measure(ctx context.Context, sh shape, warm, length time.Duration) (sample, error) {
	var w window
	if err := g.client.do(ctx, order{Do: "open", Addresses: g.addresses, Shape: sh}, nil); err != nil {
		return sample{}, err
	}
	if err := g.client.do(ctx, order{Do: "load", For: warm}, &w); err != nil {
		return sample{}, err
	}
	before, redisBefore, err := g.used(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := g.client.do(ctx, order{Do: "load", For: length}, &w); err != nil {
		return sample{}, err
	}
	after, redisAfter, err := g.used(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := g.client.do(ctx, order{Do: "close"}, nil); err != nil {
		return sample{}, err
	}
	n := float64(w.Calls)
	if n == 0 {
		return sample{}, fmt.Errorf("%s, %s: no call within %s: give a longer -window", g.system.name, sh, length)
	}
	var all usage
	spent := make([]time.Duration, len(after))
	for i := range after {
		spent[i] = after[i].CPU - before[i].CPU
		all.CPU += spent[i]
		all.Allocs += after[i].Allocs - before[i].Allocs
		all.Bytes += after[i].Bytes - before[i].Bytes
		all.ClientIn += after[i].ClientIn - before[i].ClientIn
		all.ClientOut += after[i].ClientOut - before[i].ClientOut
	}
	largest := slices.MaxFunc(after, func(a, b usage) int { return cmp.Compare(a.Resident, b.Resident) })
	return sample{
		perSecond:    n / w.Elapsed.Seconds(),
		p50:          w.P50,
		p99:          w.P99,
		serverCPU:    time.Duration(float64(all.CPU) / n),
		clientCPU:    time.Duration(float64(w.Used.CPU) / n),
		allocs:       float64(all.Allocs) / n,
		bytes:        float64(all.Bytes) / n,
		clientAllocs: float64(w.Used.Allocs) / n,
		resident:     largest.Resident,
		redis:        redisAfter.perCall(redisBefore, n),
		clientIn:     float64(all.ClientIn) / n,
		clientOut:    float64(all.ClientOut) / n,
		leastShare:   float64(slices.Min(spent)) * float64(len(spent)) / float64(max(all.CPU, 1)),
	}, nil
}
