package jsonschema

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// mode is the side of a call that a schema describes.
type mode string

const (
	validation    mode = "validation"    // what is accepted: params
	serialization mode = "serialization" // what is sent: results, events, details
)

// converter makes one contract.
type converter struct {
	defs     map[mode]*object
	nodes    map[nodeID]*node
	queue    []*node // found, and not described yet
	problems contract.Problems
}

func newConverter(s *source) *converter {
	return &converter{defs: s.defs, nodes: map[nodeID]*node{}}
}

// place is where a schema is used.
type place struct {
	mode   mode
	method string
	source string
	path   string // "params.items[].owner"
	// owner is the named type that the schema is part of, or nil for a schema
	// that a method, error or channel holds itself.
	owner *node
	// name is what a type written here is called, after the owner's name.
	name string
}

func (p place) at(path, name string) place {
	p.path += path
	p.name += name
	return p
}

func (p place) model() string {
	if p.owner == nil {
		return ""
	}
	return p.owner.title()
}

func (v *converter) refuse(at place, reason, fix string) {
	v.problems = append(v.problems, contract.Problem{
		Method: at.method, Path: at.path, Type: at.model(), Position: at.source, Reason: reason, Fix: fix,
	})
}

func (v *converter) contract(s *source) *contract.Contract {
	c := &contract.Contract{
		Version: contract.Version, Name: s.Name, Doc: s.Doc,
		Methods: []contract.Method{}, Types: []contract.NamedType{},
	}
	if s.Name == "" {
		v.refuse(place{path: "name"}, "the API has no name", "give the export a name in lower-case words, such as tasks")
	}
	for _, m := range slices.SortedStableFunc(slices.Values(s.Methods), func(a, b sourceMethod) int { return cmp.Compare(a.Name, b.Name) }) {
		v.method(c, m, s.Errors)
	}
	for _, ch := range s.Channels {
		v.channel(c, ch)
	}
	for _, e := range s.Errors {
		v.applicationError(c, e)
	}
	v.describeAll()
	v.checkAliases()

	merged := v.merge(len(v.problems) == 0)
	names := v.name(merged)
	if len(v.problems) > 0 {
		slices.SortStableFunc(v.problems, func(a, b contract.Problem) int { // those of one handler together
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Method, b.Method))
		})
		return nil
	}
	nameOf := func(id string) string { return names[nodeID(id)] }
	for _, n := range v.sorted() {
		if merged.drops(n) {
			continue
		}
		t := n.described.WithRefs(nameOf)
		t.Name = names[n.id]
		c.Types = append(c.Types, t)
	}
	for i := range c.Methods {
		c.Methods[i].Params = c.Methods[i].Params.WithRefs(nameOf)
		c.Methods[i].Result = c.Methods[i].Result.WithRefs(nameOf)
	}
	for i := range c.Channels {
		c.Channels[i].Params = c.Channels[i].Params.WithRefs(nameOf)
		c.Channels[i].Event = *c.Channels[i].Event.WithRefs(nameOf)
	}
	for i := range c.Errors {
		c.Errors[i].Details = c.Errors[i].Details.WithRefs(nameOf)
	}
	c.Sort()
	return c
}

func (v *converter) method(c *contract.Contract, m sourceMethod, errors []sourceError) {
	at := place{method: m.Name, source: m.Source}
	words := camel(contract.Tokens(m.Name))
	switch {
	case words == "":
		v.refuse(at.at("name", ""), fmt.Sprintf("the method's name %q has no letter or digit", m.Name), "name it in lower-case words, such as tasks.get")
		return
	case c.Method(m.Name) != nil:
		v.refuse(at.at("name", ""), "a method of that name is there already", "register each method once")
		return
	case m.Kind != string(contract.Call) && m.Kind != string(contract.Notify):
		v.refuse(at.at("kind", ""), fmt.Sprintf("unknown kind %q", m.Kind), `use "call" or "notify"`)
	case m.TimeoutMS < 0:
		v.refuse(at.at("timeout_ms", ""), "the timeout is negative", "use a number of milliseconds, or 0 for the server's own")
	}
	for _, code := range m.Errors {
		if !slices.ContainsFunc(errors, func(e sourceError) bool { return e.Code == code }) {
			v.refuse(at.at("errors", ""), fmt.Sprintf("it declares the error %d, which is not described", code), "declare the error's class before the export")
		}
	}
	codes := slices.Compact(slices.Sorted(slices.Values(m.Errors)))
	params, result := at.at("params", words+"Params"), at.at("result", words+"Result")
	params.mode, result.mode = validation, serialization
	described := contract.Method{
		Name: m.Name, Kind: contract.MethodKind(m.Kind), Doc: m.Doc, Deprecated: m.Deprecated,
		Params: v.params(m.Params, params), Result: v.result(m.Result, result),
		Errors: codes, TimeoutMS: m.TimeoutMS, Idempotent: m.Idempotent, Volatile: m.Volatile, Source: m.Source,
	}
	if described.Kind == contract.Notify && described.Result != nil {
		v.refuse(result, "a notification is never answered", "let the handler return None, or register it as a call")
	}
	c.Methods = append(c.Methods, described)
}

// params describes what must be a struct, or nothing.
func (v *converter) params(s schema, at place) *contract.Type {
	if s.value == nil {
		return nil
	}
	root, ok := v.root(s, at)
	if !ok {
		return nil
	}
	if o, ok := root.(*object); ok && o.has("$ref") {
		if _, _, there := v.lookup(o.text("$ref"), at.mode); !there {
			return v.reference(o, at) // which says so
		}
	}
	if o, _ := v.follow(root, at.mode); !isStruct(o) {
		v.refuse(at, "params must be a model with fields: they are the named arguments", "put the value into a field of a model")
		return nil
	}
	described := v.describe(root, at)
	if described == nil || described.Kind == contract.Ref && !described.Nullable && described.Constraints == nil {
		return described
	}
	v.refuse(at, "params must be a model itself", "put the value into a field of a model")
	return nil
}

func (v *converter) result(s schema, at place) *contract.Type {
	if s.value == nil {
		return nil
	}
	root, ok := v.root(s, at)
	if !ok {
		return nil
	}
	described := v.describe(root, at)
	if described == nil || isNull(described) {
		return nil
	}
	return described
}

// root puts the definitions that a schema brings along among those of its mode.
func (v *converter) root(s schema, at place) (any, bool) {
	o, ok := s.value.(*object)
	if !ok || !o.has("$defs") {
		return s.value, true
	}
	own, ok := o.get("$defs").(*object)
	if !ok {
		v.refuse(at, "$defs is not an object", "export the file again")
		return nil, false
	}
	defs := v.defs[at.mode]
	for _, key := range own.keys {
		if defs.has(key) && !equal(defs.get(key), own.get(key)) {
			v.refuse(at, fmt.Sprintf("it brings a definition %q that differs from the file's", key), "export all methods with one call of models_json_schema")
			return nil, false
		}
		defs.set(key, own.get(key))
	}
	return o.without("$defs"), true
}

func (v *converter) applicationError(c *contract.Contract, e sourceError) {
	at := place{path: fmt.Sprintf("errors.%d", e.Code), mode: serialization}
	switch {
	case e.Code < 1000 || e.Code > 1999:
		v.refuse(at, "codes of an application's errors are 1000 to 1999", "choose a code between")
	case c.Error(e.Code) != nil:
		v.refuse(at, "the code is declared twice", "give each application error a code of its own")
		return
	case len(contract.Tokens(e.Reason)) == 0:
		v.refuse(at, "the error has no reason", "give it one in lower-case words, such as quota_exceeded")
	}
	details := v.result(e.Details, at.at(".details", camel(contract.Tokens(e.Reason))+"Details"))
	c.Errors = append(c.Errors, contract.ErrorType{Code: e.Code, Reason: e.Reason, Doc: e.Doc, Details: details})
}
