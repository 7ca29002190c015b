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
    rpc = CentrifugoRPCClient(url, token)
    api = APIClient(rpc)
    async with rpc:
        check = await api.check_contract()
        if check.compatible is False:
            print("install the client of the server's contract")
        ...  # call the api's methods, as below


if __name__ == "__main__":
    asyncio.run(main())
`)
	b.WriteString("```\n\nEvery error of a call is an `RPCError`: a `ServerError` that the server sent, with `code`,\n" +
		"`reason`, `message` and `details`, or a `ClientError` that the client made.\n" +
		"\nA call that is out when the connection drops is sent again after the reconnect, with the same id, and the\n" +
		"server does not run it twice, unless its method is idempotent; a volatile one is not sent again, and raises\n" +
		"`ConnectionLostError`. It ends with its result or an error within its `timeout`, in seconds. `on_progress` hears how far a call has come, if its method tells.\n" +
		"\nEach connect tells the server which contract this client is from. `check_contract` asks whether it still\n" +
		"works with the server; `compatible` is `None` if that is unknown.\n")
	printValues(&b, p)
	printErrorsSection(&b, p)
	printStreamsSection(&b, p)
	b.WriteString("\n## Calls\n")
	for _, m := range p.methods {
		printExample(&b, p, m)
	}
	if len(p.channels) > 0 {
		b.WriteString("\n## Channels\n\nAn event that is not what the contract says, and an exception of a handler, go to the\n" +
			"client's `on_error`. A handler may be `async`. `await subscription.unsubscribe()` ends it.\n")
	}
	for _, c := range p.channels {
		printChannelExample(&b, p, c)
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
	e := newExample(p)
	call := e.call(m)
	b.WriteString("```python\n")
	e.imports(b)
	switch {
	case m.isStream():
		result := ""
		if m.result != "" {
			result = "result = "
		}
		fmt.Fprintf(b, "async with %s as items:\n    async for item in items:\n        print(item)\n    %sawait items.result()\n```\n", call, result)
		return
	case m.result != "":
		b.WriteString("result = ")
	}
	fmt.Fprintf(b, "%s\n```\n", call)
}

// call is a call of m with example params.
func (e *example) call(m *methodPlan) string {
	params := ""
	if m.params != "" {
		params = e.structure(e.plan.types[m.source.Params.Ref])
	}
	await := "await "
	if m.isStream() {
		await = ""
	}
	return fmt.Sprintf("%sapi.%s(%s)", await, m.name, params)
}

func printChannelExample(b *bytes.Buffer, p *plan, c *channelPlan) {
	fmt.Fprintf(b, "\n### `%s`\n\n", c.name)
	if doc := markdown(c.source.Doc); doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	if c.source.Deprecated != "" {
		fmt.Fprintf(b, "Deprecated: %s\n\n", markdown(c.source.Deprecated))
	}
	e := newExample(p)
	arguments := []string{"print"}
	for _, a := range c.arguments {
		arguments = append(arguments, a.name+"="+e.value(&a.source.Type, a.source.Name))
	}
	b.WriteString("```python\n")
	e.imports(b)
	fmt.Fprintf(b, "subscription = await api.%s(%s)\n```\n", c.name, strings.Join(arguments, ", "))
}

// printValues says what the types alone do not.
func printValues(b *bytes.Buffer, p *plan) {
	var points []string
	if slices.ContainsFunc(p.structs, func(s *structPlan) bool {
		return slices.ContainsFunc(s.fields, func(f *fieldPlan) bool { return !f.source.Required })
	}) {
		points = append(points, "A field that was not set is not sent; nor is `None` where the API takes no null.")
	}
	if len(p.unions) > 0 {
		points = append(points, "A union's variants are told apart by their tag, which is always sent. One that a newer\n"+
			"  server added is read as the union's `Unknown` class, with its members in `model_extra`.")
	}
	if p.scalars["_Nanoseconds"] || p.scalars["_QuotedNanoseconds"] {
		points = append(points, "A duration that travels as nanoseconds is a `timedelta`, which holds microseconds: what\n"+
			"  is finer is cut off.")
	}
	if p.scalars["_DateTime"] || p.scalars["_LocalDateTime"] {
		points = append(points, "Times hold microseconds; what is finer is cut off.")
	}
	if p.scalars["_QuotedStr"] {
		points = append(points, "A string that travels in quotes of its own is read by the client and by\n"+
			"  `model_validate_json`; `model_validate` takes the text as it is in Python.")
	}
	if p.hasChecks() {
		points = append(points, "What is only ever sent is checked as it is made (`pydantic.ValidationError`). What the\n"+
			"  server sends too is read without constraints, for a newer server may allow more; the\n"+
			"  server checks what it gets in any case.")
	}
	if len(points) == 0 {
		return
	}
	b.WriteString("\n## Values\n\n")
	for _, point := range points {
		b.WriteString("- " + point + "\n")
	}
}

// hasChecks reports whether any field has constraints.
func (p *plan) hasChecks() bool {
	return slices.ContainsFunc(p.structs, func(s *structPlan) bool {
		return slices.ContainsFunc(s.fields, func(f *fieldPlan) bool { return constrained(&f.source.Type) })
	})
}

func constrained(t *contract.Type) bool {
	return t != nil && (t.Constraints != nil || constrained(t.Key) || constrained(t.Elem) ||
		slices.ContainsFunc(t.Items, func(item contract.Type) bool { return constrained(&item) }))
}

func printErrorsSection(b *bytes.Buffer, p *plan) {
	if len(p.errors) == 0 {
		return
	}
	b.WriteString("\n## Errors\n\nThe API's own errors are classes, whichever method fails. One whose details are not what\n" +
		"the contract says is a plain `ServerError`.\n\n")
	chosen := p.errors[0]
	for _, e := range p.errors {
		doc := markdown(e.source.Doc)
		if doc != "" {
			doc = ": " + doc
		}
		fmt.Fprintf(b, "- `%s` (%d)%s\n", e.class, e.source.Code, doc)
		if chosen.details == "" && e.details != "" {
			chosen = e
		}
	}
	e := newExample(p)
	e.classes[chosen.class] = true
	call := "...  # call a method"
	if m := p.raises(chosen); m != nil {
		call = e.call(m)
	}
	b.WriteString("\n```python\n")
	e.imports(b)
	fmt.Fprintf(b, "try:\n    %s\nexcept %s as error:\n    print(error.message, error.details)\n```\n", call, chosen.class)
}

// raises is a method that declares the error, or any method, or nil.
func (p *plan) raises(e *errorPlan) *methodPlan {
	var other *methodPlan
	for _, m := range p.methods {
		switch {
		case m.isStream(): // which does not raise when it is called
		case slices.Contains(m.source.Errors, e.source.Code):
			return m
		case other == nil:
			other = m
		}
	}
	return other
}

func printStreamsSection(b *bytes.Buffer, p *plan) {
	if !slices.ContainsFunc(p.methods, (*methodPlan).isStream) {
		return
	}
	b.WriteString("\n## Streams\n\nSome methods send items before their result: they return an `RPCStream`, and are not awaited.\n" +
		"Each item comes once and in order, also over reconnects; while they are not taken, the server waits.\n" +
		"Leaving the loop early, or `async with`, cancels the method. If it fails, the loop gives the items before, and\n" +
		"then it and `result()` raise the error. `result()` without a loop drops the items. `RPCStream` is in\n" +
		"`" + p.pkg + ".rpc_client`.\n")
}
