package python

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

func printReadme(p *plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- %s -->\n# %s\n\n", header, p.pkg)
	if doc := markdown(p.contract.Doc); doc != "" {
		fmt.Fprintf(&b, "%s\n\n", doc)
	}
	b.WriteString("A typed Python client: asyncio, Python 3.11 and above. It is complete in this folder. Install it with\n" +
		"`pip install ./path/to/this/folder`; or name the folder `" + p.pkg + "`, put the one above it on Python's\n" +
		"path, and install `centrifuge-python` and `pydantic`.\n\n")
	fmt.Fprintf(&b, "```python\nimport asyncio\n\nfrom %s import APIClient, CentrifugoRPCClient\n\n\n", p.pkg)
	b.WriteString(`async def main() -> None:
    url, token = "ws://127.0.0.1:8000/connection/websocket", "a token for this user"
    async with CentrifugoRPCClient(url, token) as rpc:
        api = APIClient(rpc)
        print(api)  # and call its methods, as below


if __name__ == "__main__":
    asyncio.run(main())
`)
	b.WriteString("```\n\nEvery error of a call is an `RPCError`: a `ServerError` that the server sent, with `code`,\n" +
		"`reason`, `message` and `details`, or a `ClientError` that the client made.\n\n## Calls\n")
	for _, m := range p.methods {
		printExample(&b, p, m)
	}
	return b.Bytes()
}

func printExample(b *bytes.Buffer, p *plan, m *methodPlan) {
	fmt.Fprintf(b, "\n### `%s`\n\n", m.name)
	if doc := markdown(m.source.Doc); doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	if m.source.Deprecated != "" {
		fmt.Fprintf(b, "Deprecated: %s\n\n", markdown(m.source.Deprecated))
	}
	e := example{plan: p}
	params := ""
	if m.params != "" {
		params = e.structure(p.contract.Type(m.source.Params.Ref))
	}
	b.WriteString("```python\n")
	if e.times {
		b.WriteString("import datetime\n\n")
	}
	if len(e.classes) > 0 {
		slices.Sort(e.classes)
		fmt.Fprintf(b, "from %s import %s\n\n", p.pkg, strings.Join(slices.Compact(e.classes), ", "))
	}
	if m.result != "" {
		b.WriteString("result = ")
	}
	fmt.Fprintf(b, "await api.%s(%s)\n```\n", m.name, params)
}

// example writes values that fit the contract's types.
type example struct {
	plan    *plan
	classes []string
	times   bool
	path    []*contract.NamedType // being written
}

// structure constructs t with its required fields.
func (e *example) structure(t *contract.NamedType) string {
	e.path = append(e.path, t)
	defer func() { e.path = e.path[:len(e.path)-1] }()
	class := e.plan.classes[t.Name]
	e.classes = append(e.classes, class)
	var args []string
	for _, s := range e.plan.structs {
		if s.source != t {
			continue
		}
		for _, f := range s.fields {
			if f.source.Required {
				args = append(args, f.name+"="+e.value(&f.source.Type, f.source.Name))
			}
		}
	}
	return class + "(" + strings.Join(args, ", ") + ")"
}

func (e *example) value(t *contract.Type, name string) string {
	if t.Nullable && t.Kind != contract.Ref {
		return "None"
	}
	switch t.Kind {
	case contract.Bool:
		return "True"
	case contract.Integer:
		return "1"
	case contract.Float:
		return "1.5"
	case contract.String:
		if t.Format == contract.DateTime {
			e.times = true
			return "datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc)"
		}
		return quote(identifier(name))
	case contract.Bytes:
		return `b"bytes"`
	case contract.List:
		return "[]"
	case contract.Map, contract.Any:
		return "{}"
	}
	r := e.plan.contract.Type(t.Ref)
	switch {
	case t.Nullable || slices.Contains(e.path, r):
		// A struct that requires itself has no value at all.
		return "None"
	case r.Kind == contract.Struct:
		return e.structure(r)
	case r.Kind == contract.Alias:
		e.path = append(e.path, r)
		defer func() { e.path = e.path[:len(e.path)-1] }()
		return e.value(r.Base, name)
	}
	for _, enum := range e.plan.enums {
		if enum.source == r {
			e.classes = append(e.classes, enum.class)
			return enum.class + "." + enum.members[0]
		}
	}
	return "None"
}
