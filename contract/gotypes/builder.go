package gotypes

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// Builder collects methods, channels and errors with their Go types and makes a
// contract of them. It is not safe for concurrent use.
type Builder struct {
	methods  []contract.Method
	channels []contract.Channel
	errors   []errorEntry
	types    registry
	// declared are types whose JSON the application has described.
	declared map[reflect.Type]contract.Type
	unions   func(reflect.Type) (Union, bool) // or nil
}

// errorEntry keeps the Go type of the details, to tell a repeated declaration
// from a contradicting one.
type errorEntry struct {
	contract.ErrorType
	details reflect.Type
}

// NewBuilder is a builder of an empty contract.
func NewBuilder() *Builder {
	return &Builder{types: newRegistry(), declared: map[reflect.Type]contract.Type{}}
}

// AddMethod describes params and result and adds m with m.Params and m.Result
// filled in. A nil type, and the unnamed struct{}, mean none. Params must be a
// struct or a pointer to one; a result may be of any type.
//
// It returns everything that is wrong at once; then nothing is added. In a
// Problem, Path leads to the value ("params.items[].owner"), Type is its Go
// type, and Position names the Go field or type that declares it
// ("example.org/tasks/api.Item.Owner"), which package source turns into a file
// and a line.
func (b *Builder) AddMethod(m contract.Method, params, result reflect.Type) contract.Problems {
	return b.add(m, params, nil, result)
}

// AddStream is AddMethod for a stream, whose items may be of any type that JSON
// has a value for.
func (b *Builder) AddStream(m contract.Method, params, item, result reflect.Type) contract.Problems {
	return b.add(m, params, item, result)
}

func (b *Builder) add(m contract.Method, params, item, result reflect.Type) contract.Problems {
	d := b.describer(m.Name)
	for _, other := range b.methods {
		if other.Name == m.Name {
			d.problems = append(d.problems, contract.Problem{
				Method: m.Name,
				Reason: "a method of that name is there already",
				Fix:    "register each method once",
			})
		}
	}
	name := camel(contract.Tokens(m.Name))
	m.Params = d.params(params, place{path: "params", top: name + "Params"})
	m.Result = d.result(result, place{path: "result", top: name + "Result"})
	if m.Kind == contract.Stream {
		if m.Item = d.result(item, place{path: "item", top: name + "Item"}); m.Item == nil && len(d.problems) == 0 {
			d.refuse("item", item, "", "a stream without items is a call", "give the items a type, or register it with Handle")
		}
	}
	if m.Kind == contract.Notify && m.Result != nil {
		d.refuse("result", result, "", "a notification is never answered", "let the handler return an error only, or register it as a call")
	}
	if len(d.problems) > 0 {
		return d.problems
	}
	m.Errors = slices.Clone(m.Errors)
	b.methods = append(b.methods, m)
	b.types.merge(d.added)
	return nil
}

// AddError adds an application error with the type of its details, nil for
// none. The same declaration may be added again; one that contradicts another
// of the same code is a Problem, as is a type that cannot be described. Then
// nothing is added.
func (b *Builder) AddError(e contract.ErrorType, details reflect.Type) contract.Problems {
	d := b.describer("")
	path := fmt.Sprintf("errors.%d", e.Code)
	for _, other := range b.errors {
		if other.Code != e.Code {
			continue
		}
		if other.Reason == e.Reason && other.details == details {
			return nil
		}
		return contract.Problems{{
			Path:   path,
			Reason: fmt.Sprintf("the code is declared twice, as %s and as %s", other.Reason, e.Reason),
			Fix:    "give each application error a code of its own",
		}}
	}
	e.Details = d.result(details, place{path: path + ".details", top: camel(contract.Tokens(e.Reason)) + "Details"})
	if len(d.problems) > 0 {
		return d.problems
	}
	b.errors = append(b.errors, errorEntry{e, details})
	b.types.merge(d.added)
	return nil
}

// Contract is the contract of everything added so far: sorted and checked, and
// the caller's own to change. More may be added afterwards, and Contract called
// again.
//
// Types get the names they have in Go. Where two packages have a type of the
// same name, both are qualified by as much of their packages' paths as tells
// them apart (ApiTask and StoreTask), whatever the order of registration.
func (b *Builder) Contract(name, doc string) (*contract.Contract, contract.Problems) {
	names, problems := b.types.resolve()
	if len(problems) > 0 {
		return nil, problems
	}
	nameOf := func(id string) string { return names[id] }

	c := &contract.Contract{
		Version: contract.Version, Name: name, Doc: doc,
		Methods: []contract.Method{}, Types: []contract.NamedType{},
	}
	for _, m := range b.methods {
		m.Params, m.Result, m.Errors = m.Params.WithRefs(nameOf), m.Result.WithRefs(nameOf), slices.Clone(m.Errors)
		m.Item = m.Item.WithRefs(nameOf)
		c.Methods = append(c.Methods, m)
	}
	for _, ch := range b.channels {
		ch.Params, ch.Event = ch.Params.WithRefs(nameOf), *ch.Event.WithRefs(nameOf)
		c.Channels = append(c.Channels, ch)
	}
	for _, e := range b.errors {
		e.Details = e.Details.WithRefs(nameOf)
		c.Errors = append(c.Errors, e.ErrorType)
	}
	sent, read := b.reached()
	for id, n := range b.types.nodes {
		t := n.asUsed(sent[id], read[id]).WithRefs(nameOf)
		t.Name = names[id]
		c.Types = append(c.Types, t)
	}
	c.Sort()
	if err := c.Check(); err != nil {
		return nil, contract.Problems{{Reason: err.Error()}}
	}
	return c, nil
}

// registry holds the named types by an id that stands in for their names until
// all types are known.
type registry struct {
	nodes map[string]*node
	ids   map[reflect.Type]string
}

func newRegistry() registry {
	return registry{nodes: map[string]*node{}, ids: map[reflect.Type]string{}}
}

func (r *registry) merge(other registry) {
	maps.Copy(r.nodes, other.nodes)
	maps.Copy(r.ids, other.ids)
}

// node is a named type on its way into the contract.
type node struct {
	id        string
	goName    typeName
	described contract.NamedType // Name is empty; references hold ids
	needed    []int              // fields that encoding/json may leave out, and that the server asks for in params
}

func (b *Builder) describer(method string) *describer {
	return &describer{method: method, known: b.types, added: newRegistry(), forms: b.declared, unions: b.unions}
}

func sortedNodes(nodes map[string]*node) []*node {
	return slices.SortedFunc(maps.Values(nodes), func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.goName.String(), b.goName.String()), cmp.Compare(a.id, b.id))
	})
}
