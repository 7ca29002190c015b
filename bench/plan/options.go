package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"time"
)

// options are what the flags say.
type options struct {
	load  load
	hosts hosts
	costs costs
}

// load is what is asked of the system.
type load struct {
	connections  float64
	calls        float64       // that are remembered, a second
	volatile     float64       // that are not, and publications, a second
	remembered   time.Duration // how long a call is remembered
	pingInterval time.Duration
}

// hosts are the machines that there are, or of which there are to be as many as it
// takes.
type hosts struct {
	nodes  int // 0 means as many as it takes
	spare  int
	shards int // 0 means as many as it takes
	use    float64

	cores   float64
	memory  size // of a node
	files   float64
	ports   float64 // for connections from one address of the load balancer to a node
	proxies float64 // addresses of the load balancer; 0 means that there is none
	network float64 // Gbit/s of a node and of a Redis

	redisMemory size
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var numbers bounds

	numbers.float(flags, &o.load.connections, "connections", 10_000, 0, 1e9, "clients that are connected at the same time")
	numbers.float(flags, &o.load.calls, "calls-per-second", 1000, 0, 1e9, "calls a second that are remembered, of all clients together")
	numbers.float(flags, &o.load.volatile, "volatile-per-second", 0, 0, 1e9, "volatile calls a second, and publications, each counted once for each node that has a subscriber")
	numbers.duration(flags, &o.load.remembered, "remembered", 40*time.Second, time.Second, 24*time.Hour, "how long a call is remembered: its timeout and 10s more")
	numbers.duration(flags, &o.load.pingInterval, "ping-interval", 25*time.Second, time.Second, time.Hour, "server.Config.PingInterval")

	numbers.int(flags, &o.hosts.nodes, "nodes", 0, 0, 10_000, "nodes that there are, those to spare included; 0 for as many as it takes")
	numbers.int(flags, &o.hosts.spare, "spare", 1, 0, 1000, "nodes that may be missing at the same time, for a failure or a deployment")
	numbers.int(flags, &o.hosts.shards, "redis", 0, 0, 1000, "Redis servers that there are; 0 for as many as it takes")
	numbers.float(flags, &o.hosts.use, "use", 0.6, 0.01, 1, "how much of everything is to be used at most")
	numbers.float(flags, &o.hosts.cores, "cores", 2, 0.01, 1024, "cores of a node")
	numbers.size(flags, &o.hosts.memory, "node-memory", 4*gib, "memory of a node")
	numbers.float(flags, &o.hosts.files, "node-files", 65_536, 1, 1e9, "files that a node's process may have open: ulimit -n")
	numbers.float(flags, &o.hosts.ports, "ports", 28_232, 1, 65_535, "ports of each address of the load balancer: net.ipv4.ip_local_port_range")
	numbers.float(flags, &o.hosts.proxies, "proxy-addresses", 1, 0, 1e6, "addresses from which the load balancer connects to each node; 0 if there is none")
	numbers.float(flags, &o.hosts.network, "network", 1, 0.001, 1e4, "Gbit/s of a node, and of a Redis, in each direction")
	numbers.size(flags, &o.hosts.redisMemory, "redis-memory", 4*gib, "memory of a Redis")
	o.costs.flags(flags, &numbers)

	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q; there are flags only, see -h", flags.Arg(0))
	}
	if err := numbers.check(); err != nil {
		return nil, err
	}
	switch {
	case o.load.connections == 0:
		return nil, errors.New("-connections is 0; give the clients that are connected at the same time")
	case o.hosts.nodes > 0 && o.hosts.nodes <= o.hosts.spare:
		return nil, fmt.Errorf("-nodes %d leaves none for the load with -spare %d; give more nodes, or fewer to spare", o.hosts.nodes, o.hosts.spare)
	}
	return o, nil
}

// bounds are checks of flags' values, made once they are parsed.
type bounds []func() error

func (b *bounds) check() error {
	for _, fault := range *b {
		if err := fault(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bounds) float(flags *flag.FlagSet, value *float64, name string, standard, least, most float64, usage string) {
	flags.Float64Var(value, name, standard, usage)
	*b = append(*b, func() error {
		if math.IsNaN(*value) || *value < least || *value > most {
			return fmt.Errorf("-%s is %v; give a number from %v to %v", name, *value, least, most)
		}
		return nil
	})
}

func (b *bounds) int(flags *flag.FlagSet, value *int, name string, standard, least, most int, usage string) {
	flags.IntVar(value, name, standard, usage)
	*b = append(*b, func() error {
		if *value < least || *value > most {
			return fmt.Errorf("-%s is %d; give a whole number from %d to %d", name, *value, least, most)
		}
		return nil
	})
}

func (b *bounds) duration(flags *flag.FlagSet, value *time.Duration, name string, standard, least, most time.Duration, usage string) {
	flags.DurationVar(value, name, standard, usage)
	*b = append(*b, func() error {
		if *value < least || *value > most {
			return fmt.Errorf("-%s is %v; give a duration from %v to %v", name, *value, least, most)
		}
		return nil
	})
}

func (b *bounds) size(flags *flag.FlagSet, value *size, name string, standard size, usage string) {
	*value = standard
	flags.Var(value, name, usage)
	*b = append(*b, func() error {
		if largest := size(1 << 50); *value > largest {
			return fmt.Errorf("-%s is %v; give a size from 0B to %v", name, value, &largest)
		}
		return nil
	})
}
