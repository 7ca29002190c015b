package jsonschema

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// nodeID names a type of one mode. References hold the ids' text until names are
// known.
type nodeID string

// node is a named type on its way into the contract.
type node struct {
	id  nodeID
	key string // the same in both modes for the same type
	// def is the definition's key. A type that is written where it is used has
	// none: parent and suffix make its name, or of a small tagged union the
	// variants.
	def      string
	parent   *node
	suffix   string
	variants []*node

	schema    *object
	at        place // where it was first met
	described contract.NamedType
}

// title is what the source calls the type.
func (n *node) title() string {
	switch {
	case len(n.variants) > 0:
		var titles []string
		for _, variant := range n.variants {
			titles = append(titles, variant.title())
		}
		return strings.Join(titles, " | ")
	case n.def == "" && n.parent != nil:
		return n.parent.title() + "." + n.suffix
	case n.def == "":
		return n.suffix
	}
	return cmp.Or(n.schema.text("title"), n.def)
}

func (v *converter) sorted() []*node {
	return slices.SortedFunc(maps.Values(v.nodes), func(a, b *node) int { return cmp.Compare(a.id, b.id) })
}

func (v *converter) add(n *node) *node {
	n.id = nodeID(string(n.at.mode) + ":" + n.key)
	if known := v.nodes[n.id]; known != nil {
		return known
	}
	v.nodes[n.id] = n
	v.queue = append(v.queue, n)
	return n
}

// defined is the node of a definition.
func (v *converter) defined(def string, o *object, at place) *node {
	return v.add(&node{key: def, def: def, schema: o, at: at})
}

// inline is the node of a type that is written where it is used.
func (v *converter) inline(o *object, at place) *node {
	key := "/" + at.name
	if at.owner != nil {
		key = at.owner.key + key
	}
	n := &node{key: key, parent: at.owner, suffix: at.name, schema: o, at: at}
	if added := v.add(n); added != n && !equal(added.schema, o) {
		v.refuse(at, fmt.Sprintf("two types written in place would both be called %s", added.title()), "give one of them a model of its own")
	}
	return v.nodes[n.id]
}

func (n *node) ref() *contract.Type {
	return &contract.Type{Kind: contract.Ref, Ref: string(n.id)}
}

// describeAll describes what is in the queue, and what that puts there.
func (v *converter) describeAll() {
	for len(v.queue) > 0 {
		n := v.queue[0]
		v.queue = v.queue[1:]
		v.describeNode(n)
	}
}

func (v *converter) describeNode(n *node) {
	at := n.at
	at.owner, at.name = n, ""
	o, ok := v.flat(n.schema, at)
	if !ok || !v.readable(o, at) {
		return
	}
	t := &n.described
	t.Doc, t.Origin = o.text("description"), n.origin()
	if deprecated(o) != "" {
		t.Doc = strings.TrimSpace(t.Doc + "\n\nDeprecated: " + deprecated(o) + ".")
	}
	switch {
	case isStruct(o):
		v.structure(n, o, at)
		return
	case v.enum(n, o, at):
		return
	case v.tagged(t, o, at):
		return
	}
	t.Kind = contract.Alias
	base := v.describe(o, at.at("", "Value"))
	if base == nil {
		base = &contract.Type{Kind: contract.Any} // refused
	}
	t.Base = base
}

// lookup finds what a reference names.
func (v *converter) lookup(ref string, m mode) (string, any, bool) {
	def, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return "", nil, false
	}
	if decoded, err := url.PathUnescape(def); err == nil {
		def = decoded
	}
	def = strings.NewReplacer("~1", "/", "~0", "~").Replace(def)
	return def, v.defs[m].get(def), v.defs[m].has(def)
}

// follow goes along references, and schemas that only wrap one, to the schema
// that says something.
func (v *converter) follow(s any, m mode) (*object, bool) {
	for range maxDepth {
		o, ok := s.(*object)
		if !ok {
			return nil, false
		}
		if all, ok := o.get("allOf").([]any); ok && len(all) == 1 {
			if s, ok = all[0].(*object); ok {
				continue
			}
		}
		if !o.has("$ref") {
			return o, true
		}
		if _, s, ok = v.lookup(o.text("$ref"), m); !ok {
			return nil, false
		}
	}
	return nil, false
}

func (v *converter) reference(o *object, at place) *contract.Type {
	ref := o.text("$ref")
	def, target, ok := v.lookup(ref, at.mode)
	if !ok {
		v.refuse(at, fmt.Sprintf("there is no definition %q in %s", ref, at.mode), "export all models together; references must begin with #/$defs/")
		return nil
	}
	for _, key := range o.keys {
		if structural[key] {
			v.refuse(at, fmt.Sprintf("the keyword %q beside a reference to %s would change what that means", key, def), "make it a model of its own")
			return nil
		}
	}
	if o.has("type") {
		if to, ok := v.follow(target, at.mode); !ok || !equal(to.get("type"), o.get("type")) {
			v.refuse(at, fmt.Sprintf(`the keyword "type" beside a reference to %s says something else than %s does`, def, def), "remove it from json_schema_extra")
			return nil
		}
	}
	constraints, ok := v.constraints(o, at, everyConstraint)
	if !ok {
		return nil
	}
	var described *contract.Type
	switch target := target.(type) {
	case *object:
		described = v.defined(def, target, at).ref()
	case bool:
		described = v.describe(target, at)
	default:
		v.refuse(at, fmt.Sprintf("the definition %s is no JSON Schema", def), "export the file again")
	}
	if described != nil {
		described.Constraints = constraints
	}
	return described
}

// refsOf lists the ids that t refers to.
func refsOf(t *contract.Type) []string {
	if t == nil {
		return nil
	}
	var ids []string
	if t.Kind == contract.Ref {
		ids = append(ids, t.Ref)
	}
	ids = append(append(ids, refsOf(t.Key)...), refsOf(t.Elem)...)
	for i := range t.Items {
		ids = append(ids, refsOf(&t.Items[i])...)
	}
	return ids
}
