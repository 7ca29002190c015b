package jsonschema

import (
	"encoding/json"

	"github.com/centrirpc/centrirpc/contract"
)

// modes says which types are the same on both sides of a call.
type modes struct {
	both  map[string]bool // by key: there in both modes
	split map[string]bool // by key: there in both modes, and different
}

// drops says whether n is not printed because its twin is.
func (m modes) drops(n *node) bool {
	return n.at.mode == validation && m.both[n.key] && !m.split[n.key]
}

// input says whether n is the accepted form of a type that is sent differently.
func (m modes) input(n *node) bool {
	return n.at.mode == validation && m.split[n.key]
}

// merge finds the types whose two forms differ: in themselves, or because a type
// that they refer to does. compare is false while there are problems: then forms
// may differ only because one of them could not be described.
func (v *converter) merge(compare bool) modes {
	m := modes{both: map[string]bool{}, split: map[string]bool{}}
	users := map[string][]string{} // by key: the keys of types that refer to it
	var different []string
	for _, n := range v.sorted() {
		twin := v.nodes[nodeID(string(validation)+":"+n.key)]
		if n.at.mode != serialization || twin == nil {
			continue
		}
		m.both[n.key] = true
		meaning, used := v.meaning(n)
		other, usedByTwin := v.meaning(twin)
		if compare && meaning != other {
			different = append(different, n.key)
		}
		for _, key := range append(used, usedByTwin...) {
			users[key] = append(users[key], n.key)
		}
	}
	for len(different) > 0 {
		key := different[0]
		different = different[1:]
		if m.split[key] || !m.both[key] {
			continue
		}
		m.split[key] = true
		different = append(different, users[key]...)
	}
	return m
}

// meaning is all of a type but its words, with keys in the place of ids, and the
// keys it refers to.
func (v *converter) meaning(n *node) (string, []string) {
	names := map[nodeID]string{}
	var keys []string
	for _, id := range refsOfNamed(&n.described) {
		key := v.nodes[nodeID(id)].key
		names[nodeID(id)] = key
		keys = append(keys, key)
	}
	t := n.described.WithRefs(func(id string) string { return names[nodeID(id)] })
	t.Doc, t.Origin = "", ""
	for i := range t.Fields {
		t.Fields[i].Doc, t.Fields[i].Deprecated = "", ""
	}
	encoded, err := json.Marshal(t)
	if err != nil {
		panic("centrirpc: a type holds only values that JSON can encode: " + err.Error())
	}
	return string(encoded), keys
}

func refsOfNamed(t *contract.NamedType) []string {
	ids := append(refsOf(t.Base), refsOf(t.Extra)...)
	for i := range t.Fields {
		ids = append(ids, refsOf(&t.Fields[i].Type)...)
	}
	for _, variant := range t.Variants {
		ids = append(ids, variant.Ref)
	}
	return ids
}
