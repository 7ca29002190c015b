package main

import (
	"fmt"
	"math"
)

// resource is something that a node, or a Redis, has so much of.
type resource struct {
	name   string
	kind   kind
	has    float64 // each
	own    float64 // what each takes without any load
	load   float64 // what the whole load takes, however it is spread
	advice string  // what to do when it runs out
}

// kind is how amounts of a resource are written.
type kind int

const (
	cores kind = iota
	bytes
	count
	rate // bytes a second
)

// each is what each of n takes when the load is spread evenly over them.
func (r resource) each(n int) float64 { return r.own + r.load/float64(n) }

// part is each, as a part of what there is.
func (r resource) part(n int) float64 { return r.each(n) / r.has }

// growth is by how much the load may grow until n are used as far as they may be.
func (r resource) growth(n int, use float64) float64 {
	return (use*r.has - r.own) * float64(n) / r.load
}

// least is how many it takes, each used as far as it may be; false if none is
// enough.
func (r resource) least(use float64) (int, bool) {
	room := use*r.has - r.own
	switch {
	case r.load == 0:
		return 1, room >= 0
	case room <= 0:
		return 0, false
	}
	n := math.Ceil(r.load/room - 1e-9)
	return max(int(n), 1), n <= most
}

// most is the number of machines beyond which a plan makes no sense.
const most = 100_000

// tier is the nodes, or the Redis servers.
type tier struct {
	machines  int // that carry the load
	resources []resource
}

// first is the resource that runs out first when the load grows, and how much it
// may grow until then.
func (t *tier) first(use float64) (resource, float64) {
	found, growth := t.resources[0], math.Inf(1)
	for _, r := range t.resources {
		if g := r.growth(t.machines, use); r.load > 0 && g < growth {
			found, growth = r, g
		}
	}
	return found, growth
}

// fit makes the tier as large as it has to be, or checks that so many machines
// suffice. named is the flag that says how many there are, one what one of them is.
func (t *tier) fit(there int, use float64, named, one string) error {
	for _, r := range t.resources {
		n, ok := r.least(use)
		if !ok {
			return fmt.Errorf("no number of machines is enough: %s of %s is %s, of which %.0f %% are used, and without any load it takes %s; %s",
				r.name, one, r.kind.text(r.has), 100*use, r.kind.text(r.own), r.advice)
		}
		if there > 0 && n > there {
			return fmt.Errorf("-%s is too few: %d must carry this load, for the %s of each; give %d more, or: %s", named, n, r.name, n-there, r.advice)
		}
		t.machines = max(t.machines, n)
	}
	if there > 0 {
		t.machines = there
	}
	return nil
}

// plan is how many machines it takes.
type plan struct {
	nodes, redis tier
}

func newPlan(o *options) (*plan, error) {
	p := &plan{nodes: tier{resources: nodeResources(o)}, redis: tier{resources: redisResources(o)}}
	there := 0
	if o.hosts.nodes > 0 {
		there = o.hosts.nodes - o.hosts.spare
	}
	if err := p.nodes.fit(there, o.hosts.use, fmt.Sprintf("nodes %d with -spare %d", o.hosts.nodes, o.hosts.spare), "a node"); err != nil {
		return nil, err
	}
	if err := p.redis.fit(o.hosts.shards, o.hosts.use, fmt.Sprintf("redis %d", o.hosts.shards), "a Redis"); err != nil {
		return nil, err
	}
	return p, nil
}

func nodeResources(o *options) []resource {
	l, h, c := o.load, o.hosts, o.costs
	pings := l.connections / l.pingInterval.Seconds()
	all := []resource{
		{
			name: "CPU", kind: cores, has: h.cores,
			load:   l.calls*c.callNodeCPU.Seconds() + l.volatile*c.volatileNodeCPU.Seconds() + pings*c.pingCPU.Seconds(),
			advice: "take nodes with more cores (-cores) or more of them, or declare cheap reads volatile",
		},
		{
			name: "memory", kind: bytes, has: float64(h.memory), own: float64(c.process), load: l.connections * float64(c.connection),
			advice: "take nodes with more memory (-node-memory) or more of them",
		},
		{
			name: "open files", kind: count, has: h.files, own: 100, load: l.connections,
			advice: "raise ulimit -n (-node-files)",
		},
		{
			name: "network", kind: rate, has: 1e9 / 8 * h.network,
			load:   l.calls*float64(c.callBytes+c.callRedisBytes) + l.volatile*float64(c.volatileBytes+c.volatileRedisBytes),
			advice: "take nodes with more network (-network) or more of them",
		},
	}
	if h.proxies > 0 {
		all = append(all, resource{
			name: "ports of the load balancer", kind: count, has: h.ports * h.proxies, load: l.connections,
			advice: "give the load balancer more addresses (-proxy-addresses) or a wider port range (-ports)",
		})
	}
	return all
}

func redisResources(o *options) []resource {
	l, h, c := o.load, o.hosts, o.costs
	memory := l.connections * float64(c.redisConnection)
	if l.calls > 0 {
		memory += l.connections*float64(c.redisUser) + l.calls*l.remembered.Seconds()*float64(c.redisCall)
	}
	return []resource{
		{
			name: "CPU", kind: cores, has: 1, // it runs commands on one
			load:   l.calls*c.callRedisCPU.Seconds() + l.volatile*c.volatileRedisCPU.Seconds(),
			advice: "give more Redis servers (-redis), or declare cheap reads volatile",
		},
		{
			name: "memory", kind: bytes, has: float64(h.redisMemory), own: 2 << 20, load: memory,
			advice: "take a Redis with more memory (-redis-memory) or more of them",
		},
		{
			name: "network", kind: rate, has: 1e9 / 8 * h.network,
			load:   l.calls*float64(c.callRedisBytes) + l.volatile*float64(c.volatileRedisBytes),
			advice: "take a Redis with more network (-network) or more of them",
		},
	}
}
