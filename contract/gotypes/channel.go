package gotypes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// AddChannel describes params and event and adds ch with ch.Params and ch.Event
// filled in. Params are a struct with a field for each parameter in the channel's
// name, under the parameter's name in JSON, each a string or an integer that is
// always there; nil and the unnamed struct{} mean none. An event may be of any
// type.
//
// It returns everything that is wrong at once, like AddMethod; then nothing is
// added.
func (b *Builder) AddChannel(ch contract.Channel, params, event reflect.Type) contract.Problems {
	d := b.describer("")
	path := "channels." + ch.Name
	if slices.ContainsFunc(b.channels, func(other contract.Channel) bool { return other.Name == ch.Name }) {
		d.refuse(path, nil, "", "a channel of that name is there already", "declare each channel once")
	}
	pattern, err := contract.ParseChannelPattern(ch.Name)
	if err != nil {
		d.refuse(path, nil, "", err.Error(), "write a name such as tasks, or tasks:{project_id}")
		return d.problems
	}
	name := camel(contract.Tokens(literalsOf(ch.Name)))
	ch.Params = d.params(params, place{path: path + ".params", top: name + "ChannelParams"})
	if len(d.problems) == 0 {
		d.checkParameters(pattern, ch.Params, params, path+".params")
	}
	described := d.result(event, place{path: path + ".event", top: name + "Event"})
	switch {
	case described != nil:
		ch.Event = *described
	case isNone(event):
		d.refuse(path+".event", event, "", "nothing would be published", "give a type for the events, or json.RawMessage for arbitrary JSON")
	}
	if len(d.problems) > 0 {
		return d.problems
	}
	b.channels = append(b.channels, ch)
	b.types.merge(d.added)
	return nil
}

// literalsOf is a pattern without its parameters.
func literalsOf(pattern string) string {
	var b strings.Builder
	for pattern != "" {
		literal, rest, _ := strings.Cut(pattern, "{")
		b.WriteString(literal + "_")
		_, pattern, _ = strings.Cut(rest, "}")
	}
	return b.String()
}

// checkParameters refuses params that are not the pattern's parameters.
func (d *describer) checkParameters(pattern *contract.ChannelPattern, params *contract.Type, t reflect.Type, path string) {
	var fields []contract.Field
	if params != nil {
		fields = d.node(params.Ref).described.Fields
	}
	origin := ""
	if t != nil {
		origin = originOf(t)
	}
	names := pattern.Params()
	for _, f := range fields {
		at := path + "." + f.Name
		kind, quoted := d.scalar(&f.Type)
		switch {
		case !slices.Contains(names, f.Name):
			d.refuse(at, t, origin, fmt.Sprintf("%q has no such parameter", pattern), fmt.Sprintf("remove the field, or write {%s} into the channel's name", f.Name))
		case !f.Required || f.Type.Nullable:
			d.refuse(at, t, origin, "a channel's parameter is always there", "make it no pointer, and without omitempty")
		case kind != contract.String && kind != contract.Integer || quoted:
			d.refuse(at, t, origin, "a channel's parameter is a string or an integer", "use such a type")
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == f.Name })
	}
	for _, name := range names {
		d.refuse(path, t, origin, fmt.Sprintf("no field is the parameter %q of the channel's name", name), fmt.Sprintf("add a field with the tag `json:%q`", name))
	}
}

// scalar is the kind at the end of a row of aliases. A text with a form of its own
// has none.
func (d *describer) scalar(t *contract.Type) (kind contract.Kind, quoted bool) {
	for t.Kind == contract.Ref {
		n := d.node(t.Ref)
		if n == nil || n.described.Kind != contract.Alias {
			return t.Kind, false
		}
		t = n.described.Base
	}
	if t.Format != "" {
		return "", false
	}
	return t.Kind, t.Quoted
}

func (d *describer) node(id string) *node {
	if n := d.added.nodes[id]; n != nil {
		return n
	}
	return d.known.nodes[id]
}
