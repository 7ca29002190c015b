package golang

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// printReadme prints README.md: how to connect, and each call of the contract.
func printReadme(p *plan) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- %s -->\n\n# %s\n\n", generated, p.opts.Package)
	fmt.Fprintf(&b, "The typed Go client of the %s API.", markdown(p.contract.Name))
	if doc := markdown(p.contract.Doc); doc != "" {
		b.WriteString(" " + doc)
	}
	fmt.Fprintf(&b, "\n\n```go\n%s```\n\n", connectExample(p))
	b.WriteString("Every call takes `client.CallOption`s: `client.WithTimeout(d)`, `client.OnProgress(handler)` and\n" +
		"`client.Idempotent()`. A call that is under way when the connection is lost is sent again on the next one, and runs\n" +
		"once; idempotent ones may run twice, volatile ones are not sent again: `client.ErrConnectionLost`.\n" +
		"An error that the server sent is a `*client.ServerError`; `client.CodeOf(err)` gives its code. Of params that\n" +
		"do not fit the method (code 400), `Faults()` of it lists each field, the rule that it breaks and a message.\n" +
		"A field that may be left out is a pointer: `new(value)` makes one. One that may be null besides is a\n" +
		"`client.Null`: `client.NullOf(value)` makes one.\n")
	if p.opts.Module != "" {
		fmt.Fprintf(&b, "\nThis folder is the module `%s`. Run `go mod tidy` in it once.\n", p.opts.Module)
	} else {
		fmt.Fprintf(&b, "\nThis folder is a package of the module around it, which needs `%s`.\n", baseModule)
	}
	b.WriteString(contractSection)
	printErrorSection(&b, p)
	printChannelSection(&b, p)
	b.WriteString("\n## Calls\n")
	for i := range p.methods {
		m := &p.methods[i]
		fmt.Fprintf(&b, "\n### %s\n\n", markdown(m.source.Name))
		printAbout(&b, m.source.Doc, m.source.Deprecated)
		fmt.Fprintf(&b, "```go\n%s```\n", callExample(p, m))
	}
	return []byte(b.String())
}

const contractSection = `
## Contract

Each connect tells the server which contract this package is from. Whether it still works with the server:

` + "```" + `go
check, err := api.CheckContract(ctx)
if err == nil && check.Compatibility == client.Incompatible {
	fmt.Println("generate this package again from the server's contract")
}
` + "```" + `
`

func printErrorSection(b *strings.Builder, p *plan) {
	if len(p.errors) == 0 {
		return
	}
	b.WriteString("\n## Errors\n\nThese errors of the application have types of their own, whatever method was called. Each is a\n" +
		"`*client.ServerError` too.\n\n| code | type | meaning |\n| --- | --- | --- |\n")
	example := p.errors[0]
	for _, e := range p.errors {
		fmt.Fprintf(b, "| %d | `%s` | %s |\n", e.code, e.typ, markdown(e.doc))
		if example.details == "" && e.details != "" {
			example = e
		}
	}
	field := "Message"
	if example.details != "" {
		field = "Details"
	}
	fmt.Fprintf(b, "\n```go\nif e, ok := errors.AsType[*%s.%s](err); ok {\n\tfmt.Println(e.%s)\n}\n```\n", p.opts.Package, example.typ, field)
}

func printChannelSection(b *strings.Builder, p *plan) {
	if len(p.channels) == 0 {
		return
	}
	b.WriteString("\n## Channels\n\nThe handler gets one event after another. `subscription.Unsubscribe()` ends it; a lost connection does not.\n")
	for i := range p.channels {
		c := &p.channels[i]
		fmt.Fprintf(b, "\n### %s\n\n", markdown(c.source.Name))
		printAbout(b, c.source.Doc, c.source.Deprecated)
		args := "ctx, "
		if c.params != "" {
			args += p.sample(c.source.Params, 0) + ", "
		}
		fmt.Fprintf(b, "```go\nsubscription, err := api.%s(%sfunc(event %s) {\n\tfmt.Println(event)\n})\n```\n", c.name, args, p.qualified(c.event))
	}
}

func printAbout(b *strings.Builder, doc, deprecated string) {
	if doc := markdown(doc); doc != "" {
		b.WriteString(doc + "\n\n")
	}
	if deprecated != "" {
		fmt.Fprintf(b, "**Deprecated:** %s\n\n", markdown(deprecated))
	}
}

var ownType = regexp.MustCompile(`(^|[^.\pL\p{Nd}_])(\p{Lu})`)

// qualified is a type as it is written outside of the package.
func (p *plan) qualified(typ string) string {
	return ownType.ReplaceAllString(typ, "${1}"+p.opts.Package+".${2}")
}

// markdown is a text on one line with nothing in it that Markdown or HTML would
// act on.
func markdown(text string) string {
	text = strings.Join(lines(text), " ")
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>#|~!&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func connectExample(p *plan) string {
	return fmt.Sprintf(`import (
	"github.com/centrirpc/centrirpc/client"

	%s
)

rpc, err := client.NewCentrifugoRPCClient("wss://example.org/connection/websocket", token, "")
if err != nil {
	return err
}
defer rpc.Close()
api := %s.NewAPIClient(rpc)
if err := rpc.Connect(ctx); err != nil {
	return err
}
`, strconv.Quote(p.opts.ImportPath), p.opts.Package)
}

func callExample(p *plan, m *methodPlan) string {
	args := "ctx"
	if m.source.Params != nil {
		args += ", " + p.sample(m.source.Params, 0)
	}
	if m.source.Kind == contract.Stream {
		result := "result"
		if m.result == "" {
			result = "_"
		}
		return fmt.Sprintf("stream := api.%s(%s)\nfor item, err := range stream.Items() {\n\tif err != nil {\n\t\treturn err\n\t}\n\tfmt.Println(item)\n}\n%s, err := stream.Result()\n", m.name, args, result)
	}
	assign := "err"
	if m.result != "" {
		assign = "result, err"
	}
	return fmt.Sprintf("%s := api.%s(%s)\n", assign, m.name, args)
}
