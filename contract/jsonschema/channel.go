package jsonschema

import (
	"fmt"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

func (v *converter) channel(c *contract.Contract, ch sourceChannel) {
	at := place{path: "channels." + ch.Name, source: ch.Source}
	names, err := contract.ChannelParams(ch.Name)
	if err != nil {
		v.refuse(at, err.Error(), `name it like "tasks:{project_id}"`)
		return
	}
	if c.Channel(ch.Name) != nil {
		v.refuse(at, "a channel of that name is there already", "declare each channel once")
		return
	}
	words := camel(contract.Tokens(ch.Name))
	event := at.at(".event", words+"Event")
	event.mode = serialization
	described := contract.Channel{
		Name: ch.Name, Doc: ch.Doc, Deprecated: ch.Deprecated, Source: ch.Source,
		Params: v.channelParams(ch, at.at(".params", words+"ChannelParams"), names),
	}
	if ch.Event.value == nil {
		v.refuse(event, "the channel has no event type", "declare what is published")
	} else if t := v.result(ch.Event, event); t != nil {
		described.Event = *t
	} else {
		described.Event = contract.Type{Kind: contract.Any} // refused, or always null
	}
	c.Channels = append(c.Channels, described)
}

// channelParams describes a model that has the parameters of the channel's name
// as its fields, and no other.
func (v *converter) channelParams(ch sourceChannel, at place, names []string) *contract.Type {
	at.mode = validation
	if ch.Params.value == nil {
		if len(names) > 0 {
			v.refuse(at, fmt.Sprintf("the channel's name has the parameters %q, and there is no model of them", names), "declare a model with a field for each")
		}
		return nil
	}
	described := v.params(ch.Params, at)
	if described == nil {
		return nil
	}
	root, _ := v.follow(ch.Params.value, validation)
	properties, _ := root.get("properties").(*object)
	if properties == nil {
		properties = newObject()
	}
	required := texts(root.get("required"))
	for _, name := range names {
		if !properties.has(name) {
			v.refuse(at.at("."+name, ""), fmt.Sprintf("the channel's name has the parameter %q, and its params do not", name), "add the field, or take it out of the name")
		}
	}
	for _, name := range properties.keys {
		field := at.at("."+name, "")
		switch {
		case !slices.Contains(names, name):
			v.refuse(field, "the channel's name has no such parameter", fmt.Sprintf("put {%s} into the name, or remove the field", name))
		case !slices.Contains(required, name):
			v.refuse(field, "a channel's parameters are always given", "remove the default")
		case !v.nameable(properties.get(name), validation, 0):
			v.refuse(field, "a channel's parameters are strings or integers", "declare it as str or int")
		}
	}
	return described
}

// nameable says whether a schema is of strings or integers only.
func (v *converter) nameable(s any, m mode, depth int) bool {
	o, ok := v.follow(s, m)
	if !ok || depth > maxDepth {
		return false
	}
	values, literal := literalsOf(o)
	for _, value := range values {
		if t := jsonType(value); t != "string" && t != "integer" {
			return false
		}
	}
	if literal {
		return len(values) > 0
	}
	types := typesOf(o)
	for _, t := range types {
		if t != "string" && t != "integer" {
			return false
		}
	}
	if members, ok := o.get("anyOf").([]any); ok && len(types) == 0 {
		for _, member := range members {
			if !v.nameable(member, m, depth+1) {
				return false
			}
		}
		return len(members) > 0
	}
	return len(types) > 0
}
