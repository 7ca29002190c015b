package centrirpc

import (
	"fmt"

	"github.com/centrirpc/centrirpc/wire"
)

// Registrar is where methods are registered: a *Router or a *Group of one.
type Registrar interface {
	// router is the router that the methods go to, prefix what stands before
	// their names, and middleware returns what surrounds them, outermost first.
	router() *Router
	prefix() string
	middleware() []Middleware
}

// Group is a part of a router: its methods share a prefix of their names and
// middleware of their own, which runs inside that of the router and of the
// groups around it.
type Group struct {
	parent Registrar
	name   string
	mw     []Middleware
	wrong  bool // it is refused, and the refusal kept
}

// Group makes a group of the router. With the prefix "tasks", a method
// registered on the group as "create" is called "tasks.create"; an empty prefix
// adds nothing. It panics on a prefix that cannot begin a method's name.
func (r *Router) Group(prefix string, mw ...Middleware) *Group { return newGroup(r, prefix, mw) }

// Group makes a group within the group; see Router.Group.
func (g *Group) Group(prefix string, mw ...Middleware) *Group { return newGroup(g, prefix, mw) }

// Use adds middleware around all of the group's methods, whether they are
// registered already or not. It panics once the router is in use.
func (g *Group) Use(mw ...Middleware) {
	r := g.router()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustBeOpen("Group.Use")
	mustNotBeNil("Group.Use", mw)
	g.mw = append(g.mw, mw...)
}

func newGroup(parent Registrar, prefix string, mw []Middleware) (group *Group) {
	group = &Group{parent: parent, wrong: true}
	defer keepRefusal()
	if prefix != "" {
		if err := wire.CheckMethod(prefix); err != nil {
			panic(fmt.Sprintf("centrirpc: Group(%q): the prefix cannot begin a method's name: %v", prefix, err))
		}
	}
	mustNotBeNil(fmt.Sprintf("Group(%q)", prefix), mw)
	return &Group{parent: parent, name: prefix, mw: mw}
}

// refused reports whether the group, or one around it, is wrong.
func (g *Group) refused() bool {
	outer, within := g.parent.(*Group)
	return g.wrong || within && outer.refused()
}

func (g *Group) router() *Router { return g.parent.router() }

func (g *Group) prefix() string {
	if g.name == "" {
		return g.parent.prefix()
	}
	return g.parent.prefix() + g.name + "."
}

func (g *Group) middleware() []Middleware {
	outer := g.parent.middleware()
	return append(outer[:len(outer):len(outer)], g.mw...)
}
