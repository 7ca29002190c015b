package jsonschema

import (
	"fmt"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// checkAliases finds the aliases that hold themselves without a struct between.
// The usual definition of any JSON value is Any; others are refused.
func (v *converter) checkAliases() {
	nodes := slices.DeleteFunc(v.sorted(), func(n *node) bool { return n.described.Kind != contract.Alias })
	for _, n := range nodes {
		if v.isJSON(n) {
			n.described.Base = &contract.Type{Kind: contract.Any}
		}
	}
	const started, done = 1, 2
	state := map[nodeID]int{}
	refused := map[string]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		state[n.id] = started
		for _, id := range refsOf(n.described.Base) {
			to := v.nodes[nodeID(id)]
			switch {
			case to.described.Kind != contract.Alias || state[to.id] == done:
			case state[to.id] == 0:
				visit(to)
			case !refused[to.key]:
				refused[to.key] = true
				v.refuse(to.at, fmt.Sprintf("%s contains itself without a model between", to.title()), "put a model with a field between; for any JSON value use pydantic.JsonValue")
			}
		}
		state[n.id] = done
	}
	for _, n := range nodes {
		if state[n.id] == 0 {
			visit(n)
		}
	}
}

// isJSON recognises the union of all that JSON has, whose lists and objects are
// of itself.
func (v *converter) isJSON(n *node) bool {
	base := n.described.Base
	if base.Kind != contract.Union || !base.Nullable {
		return false
	}
	found := map[contract.Kind]bool{}
	for _, item := range base.Items {
		if to := v.nodes[nodeID(item.Ref)]; to != nil && to.described.Kind == contract.Alias {
			item = *to.described.Base
		}
		if item.Constraints != nil || item.Format != "" {
			return false
		}
		if item.Kind == contract.List || item.Kind == contract.Map {
			if item.Elem.Kind != contract.Ref || item.Elem.Ref != string(n.id) || item.Elem.Constraints != nil {
				return false
			}
			if item.Kind == contract.Map && item.Key.Constraints != nil {
				return false
			}
		}
		found[item.Kind] = true
	}
	for _, kind := range []contract.Kind{contract.Bool, contract.Float, contract.String, contract.List, contract.Map} {
		if !found[kind] {
			return false
		}
	}
	return true
}
