package golang

import (
	"fmt"
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
	b.WriteString("Every call takes `client.CallOption`s: `client.WithTimeout(d)` and `client.Idempotent()`.\n" +
		"An error that the server sent is a `*client.ServerError`; `client.CodeOf(err)` gives its code.\n" +
		"A field that may be left out is a pointer: `new(value)` makes one.\n")
	if p.opts.Module != "" {
		fmt.Fprintf(&b, "\nThis folder is the module `%s`. Run `go mod tidy` in it once.\n", p.opts.Module)
	} else {
		fmt.Fprintf(&b, "\nThis folder is a package of the module around it, which needs `%s`.\n", baseModule)
	}
	if len(p.errors) > 0 {
		b.WriteString("\n## Errors\n\n| code | constant | meaning |\n| --- | --- | --- |\n")
		for _, e := range p.errors {
			fmt.Fprintf(&b, "| %d | `%s` | %s |\n", e.code, e.name, markdown(e.doc))
		}
	}
	b.WriteString("\n## Calls\n")
	for i := range p.methods {
		m := &p.methods[i]
		fmt.Fprintf(&b, "\n### %s\n\n", markdown(m.source.Name))
		if doc := markdown(m.source.Doc); doc != "" {
			b.WriteString(doc + "\n\n")
		}
		if m.source.Deprecated != "" {
			fmt.Fprintf(&b, "**Deprecated:** %s\n\n", markdown(m.source.Deprecated))
		}
		fmt.Fprintf(&b, "```go\n%s```\n", callExample(p, m))
	}
	return []byte(b.String())
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
if err := rpc.Connect(ctx); err != nil {
	return err
}
api := %s.NewAPIClient(rpc)
`, strconv.Quote(p.opts.ImportPath), p.opts.Package)
}

func callExample(p *plan, m *methodPlan) string {
	args := "ctx"
	if m.source.Params != nil {
		args += ", " + p.sample(m.source.Params, 0)
	}
	assign := "err"
	if m.result != "" {
		assign = "result, err"
	}
	return fmt.Sprintf("%s := api.%s(%s)\n", assign, m.name, args)
}

// sample is a Go expression of type t, with a value for the fields that must be
// there.
func (p *plan) sample(t *contract.Type, depth int) string {
	if p.nullable(t) {
		return "nil"
	}
	if t.Kind == contract.Ref {
		named := p.byName[t.Ref]
		name := p.opts.Package + "." + named.name
		switch named.source.Kind {
		case contract.Enum:
			return p.opts.Package + "." + named.constant[0].name
		case contract.Struct:
			return name + "{" + p.sampleFields(named, depth) + "}"
		}
		return p.sample(named.source.Base, depth)
	}
	switch t.Kind {
	case contract.Bool:
		return "true"
	case contract.Integer, contract.Float:
		return "1"
	case contract.Any:
		return "json.RawMessage(`{}`)"
	case contract.Bytes:
		return `[]byte("data")`
	case contract.String:
		if t.Format == contract.DateTime {
			return "time.Now()"
		}
		return `"text"`
	default:
		return "nil"
	}
}

func (p *plan) sampleFields(t *typePlan, depth int) string {
	var parts []string
	for _, f := range t.fields {
		if !f.source.Required || f.typ[0] == '*' || depth > 3 {
			continue
		}
		if v := p.sample(&f.source.Type, depth+1); v != "nil" {
			parts = append(parts, f.name+": "+v)
		}
	}
	return strings.Join(parts, ", ")
}
