package golang

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// printClient prints client.go.
func printClient(p *plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, apiClientSource, p.contract.Hash())
	results, extends := false, false
	for _, m := range p.methods {
		printMethod(&b, &m, len(p.errors) > 0)
		results = results || m.result != "" && m.source.Kind == contract.Call
		extends = extends || defaults(m.source) != "" || len(p.errors) > 0
	}
	for i := range p.channels {
		printChannel(&b, &p.channels[i])
	}
	if results {
		b.WriteString(callSource)
	}
	if extends {
		b.WriteString(withSource)
	}
	body := b.String()
	return "// " + generated + "\n\npackage " + p.opts.Package + "\n\n" + imports(body) + body
}

const apiClientSource = `// ContractHash names the contract that this package was generated from.
const ContractHash = %q

// APIClient has one method per RPC method, on top of a base client. It holds no
// state of its own and may be used from several goroutines.
type APIClient struct {
	rpc *client.CentrifugoRPCClient
}

// NewAPIClient makes an APIClient that calls over rpc. Connecting and closing are
// rpc's. From its next connect on, rpc tells the server the ContractHash; of
// several APIClients on one rpc, that of the last one made.
func NewAPIClient(rpc *client.CentrifugoRPCClient) *APIClient {
	rpc.StateContract(ContractHash)
	return &APIClient{rpc: rpc}
}

// CheckContract asks the server whether this package still works with it. If the
// answer is client.Incompatible, calls or events may fail: the package is to be
// generated again from the server's contract.
func (c *APIClient) CheckContract(ctx context.Context, opts ...client.CallOption) (client.ContractCheck, error) {
	return c.rpc.CheckContract(ctx, ContractHash, opts...)
}

`

const callSource = `func call[R any](ctx context.Context, rpc *client.CentrifugoRPCClient, method string, params any, opts []client.CallOption) (R, error) {
	var result R
	err := rpc.Call(ctx, method, params, &result, opts...)
	return result, err
}

`

const withSource = `// with puts what the contract says of a method before the caller's options, which
// win.
func with(opts []client.CallOption, contract ...client.CallOption) []client.CallOption {
	return append(contract, opts...)
}
`

// defaults are the call options that the contract gives a method.
func defaults(m *contract.Method) string {
	var opts []string
	if m.TimeoutMS > 0 {
		amount, unit := m.TimeoutMS, "Millisecond"
		if amount%1000 == 0 {
			amount, unit = amount/1000, "Second"
		}
		opts = append(opts, fmt.Sprintf("client.WithTimeout(%d*time.%s)", amount, unit))
	}
	if m.Idempotent {
		opts = append(opts, "client.Idempotent()")
	}
	if m.Volatile {
		opts = append(opts, "client.Volatile()")
	}
	return strings.Join(opts, ", ")
}

func printMethod(b *strings.Builder, m *methodPlan, typedErrors bool) {
	b.WriteString(comment("", methodDoc(m)...))
	args, params := "", "nil"
	if m.params != "" {
		args, params = ", params "+m.params, "params"
	}
	opts := "opts"
	d := defaults(m.source)
	switch {
	case typedErrors && d == "":
		d = "contractOptions..."
	case typedErrors:
		d = "errorTypes, " + d
	}
	if d != "" {
		opts = "with(opts, " + d + ")"
	}
	name := strconv.Quote(m.source.Name)
	switch {
	case m.source.Kind == contract.Notify:
		fmt.Fprintf(b, "func (c *APIClient) %s(ctx context.Context%s, opts ...client.CallOption) error {\n\treturn c.rpc.Notify(ctx, %s, %s, %s...)\n}\n\n", m.name, args, name, params, opts)
	case m.source.Kind == contract.Stream:
		types := m.item + ", " + cmp.Or(m.result, "struct{}")
		fmt.Fprintf(b, "func (c *APIClient) %s(ctx context.Context%s, opts ...client.CallOption) *client.RPCStream[%s] {\n\treturn client.Stream[%s](ctx, c.rpc, %s, %s, %s...)\n}\n\n", m.name, args, types, types, name, params, opts)
	case m.result == "":
		fmt.Fprintf(b, "func (c *APIClient) %s(ctx context.Context%s, opts ...client.CallOption) error {\n\treturn c.rpc.Call(ctx, %s, %s, nil, %s...)\n}\n\n", m.name, args, name, params, opts)
	default:
		fmt.Fprintf(b, "func (c *APIClient) %s(ctx context.Context%s, opts ...client.CallOption) (%s, error) {\n\treturn call[%s](ctx, c.rpc, %s, %s, %s)\n}\n\n", m.name, args, m.result, m.result, name, params, opts)
	}
}

func methodDoc(m *methodPlan) []string {
	verb := "calls"
	switch m.source.Kind {
	case contract.Notify:
		verb = "notifies"
	case contract.Stream:
		verb = "streams"
	}
	doc := []string{m.name + " " + verb + " " + m.source.Name + ".", m.source.Doc}
	if m.source.Volatile {
		doc = append(doc, "The server does not remember its calls: one that is under way when the connection is\nlost "+
			map[bool]string{true: "is run again.", false: "fails with client.ErrConnectionLost."}[m.source.Idempotent])
	}
	if len(m.errors) > 0 {
		doc = append(doc, "Errors of its own, for errors.As: "+strings.Join(m.errors, ", ")+".")
	}
	return append(doc, deprecated(m.source.Deprecated))
}

func printChannel(b *strings.Builder, c *channelPlan) {
	doc := []string{
		fmt.Sprintf("%s calls handler with each event on %s\nuntil the subscription ends.", c.name, c.source.Name), c.source.Doc,
		"It returns when the server has accepted. An event that does not fit goes to the\nclient's error handler, as client.ErrInvalidEvent.",
		deprecated(c.source.Deprecated),
	}
	args, channel := "", strconv.Quote(c.source.Name)
	name := ""
	if c.params != "" {
		args = ", params " + c.params
		name = fmt.Sprintf("\tchannel, err := client.ChannelName(%s, %s)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n", channel, strings.Join(c.values, ", "))
		channel = "channel"
	}
	fmt.Fprintf(b, "%sfunc (c *APIClient) %s(ctx context.Context%s, handler func(%s)) (*client.Subscription, error) {\n%s\treturn client.SubscribeTo(ctx, c.rpc, %s, handler)\n}\n\n",
		comment("", doc...), c.name, args, c.event, name, channel)
}
