package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// text is an amount of a resource for people.
func (k kind) text(amount float64) string {
	switch k {
	case cores:
		if amount == 1 {
			return "1 core"
		}
		return number(amount) + " cores"
	case bytes:
		s := size(math.Round(amount))
		return s.String()
	case rate:
		return number(amount*8/1e6) + " Mbit/s"
	}
	return strconv.FormatFloat(math.Ceil(amount), 'f', 0, 64)
}

// number has two decimals where they matter.
func number(n float64) string {
	if n >= 100 || n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// text is the plan, ending in a line feed.
func (p *plan) text(o *options) []byte {
	var out strings.Builder
	n, spare, shards := p.nodes.machines, o.hosts.spare, p.redis.machines
	fmt.Fprintf(&out, "%s connections, %s remembered calls and %s volatile ones a second.\n\n",
		number(o.load.connections), number(o.load.calls), number(o.load.volatile))
	fmt.Fprintf(&out, "%s, %d for the load and %d to spare, and %s.\n\n", plural(n+spare, "node"), n, spare, plural(shards, "Redis server"))
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, t := range []struct {
		head string
		tier *tier
	}{
		{fmt.Sprintf("Each node, with %d to spare gone", spare), &p.nodes},
		{"Each Redis server", &p.redis},
	} {
		fmt.Fprintf(table, "%s\ttakes\tof\tused\n", t.head)
		for _, r := range t.tier.resources {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%.0f %%\n", r.name, r.kind.text(r.each(t.tier.machines)), r.kind.text(r.has), 100*r.part(t.tier.machines))
		}
	}
	_ = table.Flush() // a strings.Builder takes everything
	out.WriteByte('\n')
	p.runsOut(&out, o)
	p.comesBack(&out, o)
	out.WriteString("\nReckoned with, each of them a flag:\n\n")
	for _, c := range o.costs.origins {
		from := c.from
		if c.value() != c.standard {
			from = "given"
		}
		fmt.Fprintf(table, "  -%s %s\t%s\t(%s)\n", c.name, c.value(), c.what, from)
	}
	_ = table.Flush()
	return []byte(out.String())
}

// runsOut says which resource runs out first.
func (p *plan) runsOut(out *strings.Builder, o *options) {
	node, nodeGrowth := p.nodes.first(o.hosts.use)
	redis, redisGrowth := p.redis.first(o.hosts.use)
	first, growth, of := node, nodeGrowth, "each node"
	if redisGrowth < nodeGrowth {
		first, growth, of = redis, redisGrowth, "each Redis server"
	}
	fmt.Fprintf(out, "First to run out: the %s, of %s. With these machines the load may grow to %s this,\nuntil %.0f %% of it are used. Then: %s.\n",
		first.name, of, factor(growth), 100*o.hosts.use, first.advice)
}

// comesBack says what the loss of a node costs the others.
func (p *plan) comesBack(out *strings.Builder, o *options) {
	all := p.nodes.machines + o.hosts.spare
	if all < 2 {
		out.WriteString("There is one node: when it goes, nobody is served until it is back.\n")
		return
	}
	moved := o.load.connections / float64(all)
	seconds := moved / float64(all-1) * o.costs.connectCPU.Seconds() / o.hosts.cores
	fmt.Fprintf(out, "When a node goes, %s connect to the others, which keeps all cores of each busy for %s s.\n",
		plural(int(math.Ceil(moved)), "client"), number(seconds))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// factor is how many times, rounded down.
func factor(f float64) string { return number(math.Floor(100*f)/100) + " times" }
