package centrirpc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
	"github.com/centrirpc/centrirpc/wire"
)

// Endpoint is where methods are served that another process has: handlers in
// Python, for instance. Package endpoint has the one that speaks HTTP.
type Endpoint interface {
	// Call runs a call there and returns its result as JSON; null is none. The
	// context's deadline is the call's, its end the call's cancellation. An *Error
	// reaches the caller as it is; any other error is "internal" to the caller and
	// stands in the router's log with its text. It is called concurrently.
	Call(ctx context.Context, call ForwardedCall) (json.RawMessage, error)
}

// ForwardedCall is a call on its way to an Endpoint.
type ForwardedCall struct {
	// Method is the name that the endpoint's contract has.
	Method string
	// Params are a JSON object that fits the contract; {} if there are none.
	Params json.RawMessage
	// Idempotent says that running the call twice does no harm.
	Idempotent bool
	// Conn says who asks. It is never nil.
	Conn *Conn
	// CorrelationID names the call for its user; empty for native RPC.
	CorrelationID string
	// Traceparent is the call's place in a trace; empty means none.
	Traceparent string
}

// ForwardOption says more of what Forward registers.
type ForwardOption func(*forwarding)

// Except leaves methods of the endpoint's contract out, by their names there: they
// are not served, or served by handlers in Go. A name that the contract does not
// have is refused, so that none is misspelt.
func Except(methods ...string) ForwardOption {
	return func(f *forwarding) { f.except = append(f.except, methods...) }
}

// TypePrefix puts a prefix before the names of all types of the endpoint's contract,
// in the router's contract and so in generated clients: "Shop" makes ShopOrder of
// Order. It is for types that have the name of another one in Go. It must be
// letters and digits that begin with an upper-case letter.
func TypePrefix(prefix string) ForwardOption {
	return func(f *forwarding) { f.prefix = &prefix }
}

// forwarding is one Forward: a contract and where its methods are served.
type forwarding struct {
	contract *contract.Contract // of what is forwarded, by its names in the router
	endpoint Endpoint
	where    string // file and line
	except   []string
	prefix   *string
}

// Forward registers the methods of a contract that another process serves, at the
// endpoint. The contract is the file that python -m centrirpc export, or manage.py
// centrirpc export, has written, or a contract.json; usually it is embedded in the
// program. From then on the methods are the router's as those with handlers in Go
// are: in its contract, its documentation and generated clients, with their
// classes, timeouts and errors; middleware surrounds them, and the servers remember
// their calls. Within a group they get its prefix and its middleware; the endpoint
// is asked by the names of its contract.
//
// Params are checked against the contract before anything is sent, and results
// before they reach a client: one that does not fit is "internal" to the caller and
// logged, as is an error with a declared code and another reason. Values that a newer
// service may add to enums and unions pass, as they do for clients.
//
// Types and errors that several contracts have must mean the same: then there is one
// of them. Channels of the contract are not taken over: the router that publishes the
// events declares them. Streams cannot be forwarded.
//
// A nil endpoint stands for one that is not there: its calls are answered with
// "unavailable". It is for programs that only describe the router, and for running
// without the other process.
//
// To move a method to Go, register its handler and give its name to Except.
//
// It panics, like Handle, on what cannot be registered: data that is no contract, a
// name that is taken, a type or an error that means something else in Go.
func Forward(reg Registrar, contractJSON []byte, endpoint Endpoint, opts ...ForwardOption) {
	defer keepRefusal()
	if g, ok := reg.(*Group); ok && g.refused() {
		return // the group is told already
	}
	f := &forwarding{endpoint: endpoint, where: registeredAt()}
	for i, opt := range opts {
		if opt == nil {
			f.fail("option %d is nil; leave it out", i+1)
		}
		opt(f)
	}
	described := f.read(contractJSON)
	f.checkOptions(described)
	f.contract = &contract.Contract{Version: contract.Version, Name: described.Name, Methods: []contract.Method{}, Types: []contract.NamedType{}}
	var registrations []*registration
	for _, m := range described.Methods {
		if slices.Contains(f.except, m.Name) {
			continue
		}
		named := m
		named.Name = reg.prefix() + m.Name
		f.checkMethod(named)
		f.contract.Methods = append(f.contract.Methods, named)
		registrations = append(registrations, &registration{
			method: describedMethod(named), where: f.where, within: reg, forwarded: f, remote: m.Name, symbol: m.Source,
		})
	}
	if len(registrations) == 0 {
		f.fail("the contract has no method to be forwarded; remove the call of Forward, or names from Except")
	}
	f.take(described)
	reg.router().forward(f, registrations)
}

func (f *forwarding) fail(format string, args ...any) {
	panic(fmt.Sprintf("centrirpc: Forward, called at %s: %s", f.where, fmt.Sprintf(format, args...)))
}

// read is the contract that the data describe.
func (f *forwarding) read(data []byte) *contract.Contract {
	if len(data) == 0 {
		f.fail("the contract is empty; write it with: python -m centrirpc export MODULE -o FILE, or manage.py centrirpc export -o FILE")
	}
	if !jsonschema.IsSource(data) {
		c, err := contract.Decode(data)
		if err != nil {
			f.fail("%v; give what python -m centrirpc export wrote, or a contract.json", err)
		}
		return c
	}
	c, problems, err := jsonschema.Convert(data)
	if err != nil {
		f.fail("%v; export it again", err)
	}
	if len(problems) > 0 {
		refuse("the contract of Forward, called at "+f.where, problems)
	}
	return c
}

func (f *forwarding) checkOptions(described *contract.Contract) {
	for _, name := range f.except {
		if described.Method(name) == nil {
			f.fail("Except(%q): the contract has no such method; it has %s", name, methodNames(described))
		}
	}
	if f.prefix != nil && !typePrefix(*f.prefix) {
		f.fail("TypePrefix(%q): write letters and digits that begin with an upper-case letter, such as \"Shop\"", *f.prefix)
	}
}

func typePrefix(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		upper := c >= 'A' && c <= 'Z'
		if i == 0 && !upper || !upper && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func methodNames(c *contract.Contract) string {
	names := make([]string, len(c.Methods))
	for i, m := range c.Methods {
		names[i] = m.Name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (f *forwarding) checkMethod(m contract.Method) {
	if err := wire.CheckMethod(m.Name); err != nil {
		f.fail("method %q: %v; give it another name there, or leave it out with Except", m.Name, err)
	}
	if reserved(m.Name) {
		f.fail("method %q: names that begin with \"centrirpc.\" are reserved; give it another name there, or leave it out with Except", m.Name)
	}
	if m.Kind == contract.Stream {
		f.fail("method %q is a stream, which cannot be forwarded; leave it out with Except, and serve it in Go", m.Name)
	}
}

// describedMethod is what the router tells of a forwarded method.
func describedMethod(m contract.Method) Method {
	described := Method{
		Name: m.Name, Kind: m.Kind, Doc: m.Doc, Deprecated: m.Deprecated,
		Timeout: milliseconds(m.TimeoutMS), Idempotent: m.Idempotent, Volatile: m.Volatile, Forwarded: true,
	}
	if m.Params != nil {
		described.Params = rawJSON
	}
	if m.Result != nil {
		described.Result = rawJSON
	}
	return described
}

// take keeps what the methods need of the contract: types and errors.
func (f *forwarding) take(described *contract.Contract) {
	need := map[string]bool{}
	for _, m := range f.contract.Methods {
		reach(described, m.Params, need)
		reach(described, m.Result, need)
		for _, code := range m.Errors {
			if f.contract.Error(code) == nil {
				f.contract.Errors = append(f.contract.Errors, *described.Error(code))
				reach(described, described.Error(code).Details, need)
			}
		}
	}
	for _, t := range described.Types {
		if need[t.Name] {
			f.contract.Types = append(f.contract.Types, t)
		}
	}
	if f.prefix != nil {
		f.rename(func(name string) string { return *f.prefix + name })
	}
	f.contract.Sort()
}

func (f *forwarding) rename(name func(string) string) {
	for i := range f.contract.Types {
		t := f.contract.Types[i].WithRefs(name)
		t.Name = name(t.Name)
		f.contract.Types[i] = t
	}
	for i := range f.contract.Methods {
		m := &f.contract.Methods[i]
		m.Params, m.Result = m.Params.WithRefs(name), m.Result.WithRefs(name)
	}
	for i := range f.contract.Errors {
		f.contract.Errors[i].Details = f.contract.Errors[i].Details.WithRefs(name)
	}
}

// reach adds the names of all types that t is made of.
func reach(c *contract.Contract, t *contract.Type, found map[string]bool) {
	if t == nil {
		return
	}
	reach(c, t.Key, found)
	reach(c, t.Elem, found)
	for i := range t.Items {
		reach(c, &t.Items[i], found)
	}
	if t.Kind != contract.Ref || found[t.Ref] {
		return
	}
	found[t.Ref] = true
	named := c.Type(t.Ref)
	reach(c, named.Base, found)
	reach(c, named.Extra, found)
	for i := range named.Fields {
		reach(c, &named.Fields[i].Type, found)
	}
	for _, v := range named.Variants {
		reach(c, &contract.Type{Kind: contract.Ref, Ref: v.Ref}, found)
	}
}
