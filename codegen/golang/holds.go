package golang

import "github.com/centrirpc/centrirpc/contract"

// Go has no struct that holds itself by value, be it through others, through
// tuples or arrays. What holds what is a graph, and what would be endless are its
// cycles: the types of one strongly connected component.

// graph finds components in the order of Tarjan's algorithm.
type graph struct {
	p         *plan
	index     map[string]int
	low       map[string]int
	component map[string]int
	stack     []string
	edges     map[string][]*contract.Type // what a node holds by value, if not null
	loops     map[string]bool             // nodes that hold themselves at once
}

// findCycles says which types would hold themselves: fields and items that lead
// to one of their own component become pointers, and arrays become slices.
func (p *plan) findCycles() {
	g := &graph{p: p, index: map[string]int{}, low: map[string]int{}, component: map[string]int{}, edges: map[string][]*contract.Type{}, loops: map[string]bool{}}
	var walk func(*contract.Type)
	walk = func(t *contract.Type) {
		g.visit(t)
		for _, c := range children(t) {
			walk(c)
		}
	}
	p.each(walk)
	p.component = g.component
	sizes := map[int]int{}
	for _, c := range g.component {
		sizes[c]++
	}
	for node, c := range g.component {
		if sizes[c] > 1 || g.loops[node] {
			p.endless[node] = true
		}
	}
}

// node is the struct, tuple or array that a value of type t holds by value, or
// nothing.
func (p *plan) node(t *contract.Type) string {
	if t.Quoted || p.nullable(t) {
		return ""
	}
	switch r := p.resolve(t); {
	case r.Kind == contract.Tuple:
		return shape(r)
	case r.Kind == contract.List:
		if _, fixed := fixedLength(r); fixed {
			return shape(r)
		}
	case r.Kind == contract.Ref && p.byName[r.Ref].source.Kind == contract.Struct:
		return shape(r)
	}
	return ""
}

// holds reports whether a value of type t would hold what has it.
func (p *plan) holds(owner string, t *contract.Type) bool {
	n := p.node(t)
	if n == "" || !p.endless[n] || !p.endless[owner] || p.component[n] != p.component[owner] {
		return false
	}
	_, fixed := fixedLength(p.resolve(t))
	return !fixed // such an array is a slice
}

func (g *graph) visit(t *contract.Type) string {
	r := g.p.resolve(withoutNull(t))
	n := g.p.node(withoutNull(t))
	if n == "" {
		n = g.p.node(withoutNull(r)) // nullable where it stands, or by an alias
	}
	if n == "" {
		return ""
	}
	if _, seen := g.index[n]; seen {
		return n
	}
	at := len(g.index) + 1
	g.index[n], g.low[n] = at, at
	g.stack = append(g.stack, n)
	var held []*contract.Type
	if r.Kind == contract.Ref {
		named := g.p.byName[r.Ref].source
		for i := range named.Fields {
			if f := &named.Fields[i]; f.Required {
				held = append(held, &f.Type)
			}
		}
	} else {
		held = children(r)
	}
	for _, h := range held {
		if g.p.node(h) == "" {
			continue
		}
		other := g.visit(h)
		if other == n {
			g.loops[n] = true
		}
		if _, done := g.component[other]; !done {
			g.low[n] = min(g.low[n], g.low[other])
		}
	}
	if g.low[n] == g.index[n] {
		for {
			top := g.stack[len(g.stack)-1]
			g.stack = g.stack[:len(g.stack)-1]
			g.component[top] = g.index[n]
			if top == n {
				break
			}
		}
	}
	return n
}
