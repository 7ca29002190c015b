package python

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

const writeParams = `

def _write(params: _pydantic.BaseModel) -> dict[str, _typing.Any]:
    return params.model_dump(mode="json", by_alias=True, exclude_unset=True)
`

// readValue reads by the keys of the wire alone: a member that is named like an
// attribute is another one.
const readValue = `

_T = _typing.TypeVar("_T")


def _read(what: str, validate: _typing.Callable[..., _T], value: _typing.Any) -> _T:
    try:
        return validate(value, by_alias=True, by_name=False%s)
    except _pydantic.ValidationError as error:
        raise InvalidReplyError(
            f"{what} is not what the contract says: {error}"
        ) from error
`

// An exception of a handler goes to the base client's on_error.
const readEvents = `

def _events(
    channel: str,
    validate: _typing.Callable[..., _T],
    handler: _typing.Callable[[_T], _typing.Awaitable[None] | None],
) -> _PublicationHandler:
    def receive(data: _typing.Any) -> _typing.Awaitable[None] | None:
        return handler(_read(f"an event of {channel}", validate, data))

    return receive
`

const clientHead = `
    def __init__(self, rpc: CentrifugoRPCClient) -> None:
        """Call over rpc.

        From its next connect on, rpc tells the server the CONTRACT_HASH; of several clients
        on one rpc, that of the last one made.
        """
        self.rpc = rpc
        rpc.state_contract(CONTRACT_HASH)

    async def check_contract(self, *, timeout: %sfloat | None = None) -> ContractCheck:
        """Ask the server whether this client still works with it.

        If compatible is False, calls or events may fail: install the client of the server's
        contract.
        """
        return await self.rpc.check_contract(CONTRACT_HASH, timeout=timeout)
`

func printClient(p *plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\"\"\"The typed client: one method for each method of the API.\"\"\"\n\n", header)
	b.WriteString("from __future__ import annotations\n\n")
	anyOf := func(has func(*methodPlan) bool) bool { return slices.ContainsFunc(p.methods, has) }
	writes := anyOf(func(m *methodPlan) bool { return m.params != "" }) ||
		slices.ContainsFunc(p.channels, func(c *channelPlan) bool { return c.params != "" })
	reads := anyOf(func(m *methodPlan) bool { return m.result != "" || m.item != "" }) || len(p.channels) > 0
	streams := anyOf((*methodPlan).isStream)
	deprecated := anyOf(func(m *methodPlan) bool { return m.source.Deprecated != "" }) ||
		slices.ContainsFunc(p.channels, func(c *channelPlan) bool { return c.source.Deprecated != "" })
	if p.hidesBuiltins() {
		b.WriteString("import builtins as _builtins\n")
	}
	if writes || reads {
		b.WriteString("import typing as _typing\n\nimport pydantic as _pydantic\n")
	}
	if deprecated {
		b.WriteString("import typing_extensions as _typing_extensions\n")
	}
	if writes || reads || deprecated {
		b.WriteByte('\n')
	}
	printClientImports(&b, p, reads)
	b.WriteString("\n__all__ = [\"CONTRACT_HASH\", \"APIClient\"]\n")
	fmt.Fprintf(&b, "\nCONTRACT_HASH = %s\n\"\"\"Names the contract that this client was generated from.\"\"\"\n", quote(p.contract.Hash()))
	if writes {
		b.WriteString(writeParams)
	}
	if reads {
		fmt.Fprintf(&b, readValue, p.wireContext())
	}
	if len(p.channels) > 0 {
		b.WriteString(readEvents)
	}
	if streams {
		b.WriteString(readStreams)
	}
	printAdapters(&b, p)
	b.WriteString("\n\nclass APIClient:\n")
	b.WriteString(docstring("    ", "Calls the methods of the API over a connected client.\n\n"+p.contract.Doc))
	fmt.Fprintf(&b, clientHead, p.builtinsPrefix())
	for _, m := range p.methods {
		printMethod(&b, p, m)
	}
	for _, c := range p.channels {
		printSubscribe(&b, p, c)
	}
	return b.Bytes()
}

// hidesBuiltins reports whether a method is named like a built-in type.
func (p *plan) hidesBuiltins() bool {
	return slices.ContainsFunc(p.methods, func(m *methodPlan) bool { return builtins[m.name] })
}

func (p *plan) builtinsPrefix() string {
	if p.hidesBuiltins() {
		return "_builtins."
	}
	return ""
}

func printClientImports(b *bytes.Buffer, p *plan, reads bool) {
	if len(p.errors) > 0 {
		b.WriteString("from .errors import _ERRORS\n")
	}
	names := slices.Collect(maps.Keys(p.client))
	if reads && p.wireContext() != "" {
		names = append(names, "_FROM_WIRE")
	}
	slices.Sort(names)
	printImport(b, "models", names)
	b.WriteString("from .rpc_client import CentrifugoRPCClient, ContractCheck\n")
	if slices.ContainsFunc(p.methods, (*methodPlan).tellsProgress) {
		b.WriteString("from .rpc_client import ProgressHandler as _ProgressHandler\n")
	}
	if len(p.channels) > 0 {
		b.WriteString("from .rpc_client import PublicationHandler as _PublicationHandler\n" +
			"from .rpc_client import Subscription as _Subscription\n")
	}
	if slices.ContainsFunc(p.methods, (*methodPlan).isStream) {
		b.WriteString("from .rpc_client import RPCStream as _RPCStream\n")
	}
	if reads {
		b.WriteString("from .rpc_errors import InvalidReplyError\n")
	}
	if slices.ContainsFunc(p.channels, func(c *channelPlan) bool { return c.params != "" }) {
		b.WriteString("from .rpc_wire import channel_name as _channel_name\n")
	}
}

func printImport(b *bytes.Buffer, module string, names []string) {
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(b, "from .%s import (\n", module)
	for _, name := range names {
		fmt.Fprintf(b, "    %s,\n", name)
	}
	b.WriteString(")\n")
}

func (m *methodPlan) adapter() string { return "_" + strings.ToUpper(m.name) + "_RESULT" }

func (c *channelPlan) adapter() string { return "_" + strings.ToUpper(c.name) + "_EVENT" }

func printAdapters(b *bytes.Buffer, p *plan) {
	first := true
	print := func(name, typ string) {
		if first {
			b.WriteByte('\n')
			first = false
		}
		printAdapter(b, name, typ)
	}
	for _, m := range p.methods {
		if m.result != "" && !m.model {
			print(m.adapter(), m.result)
		}
		if m.item != "" && !m.itemModel {
			print(m.itemAdapter(), m.item)
		}
	}
	for _, c := range p.channels {
		if !c.model {
			print(c.adapter(), c.event)
		}
	}
}

// validator is what reads a value: of a model, or of an adapter's type.
func validator(model bool, typ, adapter string) string {
	if model {
		return typ + ".model_validate"
	}
	return adapter + ".validate_python"
}

func printDeprecated(b *bytes.Buffer, text string) {
	b.WriteByte('\n')
	if text != "" {
		fmt.Fprintf(b, "    @_typing_extensions.deprecated(%s)\n", quote(text))
	}
}

func printMethod(b *bytes.Buffer, p *plan, m *methodPlan) {
	printDeprecated(b, m.source.Deprecated)
	timeout := "None"
	if m.source.TimeoutMS > 0 {
		timeout = strconv.FormatFloat(float64(m.source.TimeoutMS)/1000, 'f', -1, 64)
	}
	arguments := []string{"self"}
	call := []string{quote(m.source.Name)}
	if m.params != "" {
		arguments = append(arguments, "params: "+m.params)
		call = append(call, "_write(params)")
	}
	arguments = append(arguments, "*", fmt.Sprintf("timeout: %sfloat | None = %s", p.builtinsPrefix(), timeout))
	call = append(call, "timeout=timeout")
	if m.tellsProgress() {
		arguments = append(arguments, "on_progress: _ProgressHandler | None = None")
		call = append(call, "on_progress=on_progress")
	}
	if m.source.Idempotent {
		call = append(call, "idempotent=True")
	}
	if m.source.Volatile {
		call = append(call, "volatile=True")
	}
	if len(p.errors) > 0 {
		call = append(call, "errors=_ERRORS")
	}
	result := m.result
	if result == "" {
		result = "None"
	}
	if m.isStream() {
		printStream(b, p, m, strings.Join(arguments, ", "), strings.Join(call, ", "), result)
		return
	}
	operation := "call"
	if m.source.Kind == contract.Notify {
		operation = "notify"
	}
	begin, end := fmt.Sprintf("    async def %s(", m.name), fmt.Sprintf(") -> %s:", result)
	b.WriteString(oneLine(begin, strings.Join(arguments, ", "), end, "    ") + "\n")
	b.WriteString(docstring("        ", methodDoc(p, m)))
	await := fmt.Sprintf("await self.rpc.%s(%s)", operation, strings.Join(call, ", "))
	if m.result == "" {
		fmt.Fprintf(b, "        %s\n", await)
		return
	}
	fmt.Fprintf(b, "        return _read(\n            %s,\n            %s,\n            %s,\n        )\n",
		quote("the result of "+m.source.Name), validator(m.model, m.result, m.adapter()), await)
}

func printSubscribe(b *bytes.Buffer, p *plan, c *channelPlan) {
	printDeprecated(b, c.source.Deprecated)
	arguments := []string{
		"self", "handler: _typing.Callable[[" + c.event + "], _typing.Awaitable[None] | None]", "*",
	}
	var values []string
	for _, a := range c.arguments {
		arguments = append(arguments, a.name+": "+a.typ)
		values = append(values, a.field+"="+a.name)
	}
	arguments = append(arguments, "timeout: "+p.builtinsPrefix()+"float | None = None")
	fmt.Fprintf(b, "    async def %s(\n        %s,\n    ) -> _Subscription:\n", c.name, strings.Join(arguments, ",\n        "))
	b.WriteString(docstring("        ", subscribeDoc(c)))
	name := quote(c.source.Name)
	channel := name
	if c.params != "" {
		channel = fmt.Sprintf("_channel_name(\n                %s, _write(%s(%s))\n            )", name, c.params, strings.Join(values, ", "))
	}
	fmt.Fprintf(b, "        return await self.rpc.subscribe(\n            %s,\n            _events(%s, %s, handler),\n            timeout=timeout,\n        )\n",
		channel, name, validator(c.model, c.event, c.adapter()))
}

// lineLength is where formatters of Python break lines unless told otherwise.
const lineLength = 88

// oneLine puts begin, middle and end on one line, or on three if that is too long.
func oneLine(begin, middle, end, indent string) string {
	if line := begin + middle + end; len(line) <= lineLength {
		return line
	}
	return begin + "\n" + indent + "    " + middle + "\n" + indent + end
}

// methodDoc is a method's documentation, with the errors it declares.
func methodDoc(p *plan, m *methodPlan) string {
	doc := m.source.Doc
	if doc == "" {
		doc = "Calls " + m.source.Name + "."
	}
	if m.source.Deprecated != "" {
		doc += "\n\nDeprecated: " + m.source.Deprecated
	}
	if m.isStream() {
		doc += "\n\nA stream: \"async for\" gives its items, and then result() is to be awaited."
		if text := strings.Join(words(m.source.Item), "\n"); text != "" {
			doc += "\n\nAn item: " + lowerFirst(text)
		}
	}
	if m.source.Volatile && !m.source.Idempotent {
		doc += "\n\nThe server does not remember it: if the connection drops meanwhile, it raises\nConnectionLostError."
	}
	if m.source.Result != nil {
		if text := strings.Join(words(m.source.Result), "\n"); text != "" {
			doc += "\n\nThe result: " + lowerFirst(text)
		}
	}
	if len(m.source.Errors) == 0 {
		return doc
	}
	doc += "\n\nRaises, beside other errors:"
	for _, e := range p.errors {
		if slices.Contains(m.source.Errors, e.source.Code) {
			doc += "\n    " + e.class + ": " + strings.Join(strings.Fields(errorDoc(e)), " ")
		}
	}
	return doc
}

// errorDoc says when an error is raised, and what it tells.
func errorDoc(e *errorPlan) string {
	doc := e.source.Doc
	if doc == "" {
		doc = "Code " + strconv.Itoa(e.source.Code) + "."
	}
	if e.source.Details != nil && e.source.Details.Kind == contract.Ref {
		doc += " Its details are of type " + e.details + "."
	}
	return doc
}

func subscribeDoc(c *channelPlan) string {
	doc := c.source.Doc
	if doc == "" {
		doc = "Subscribes to " + c.source.Name + "."
	}
	doc += "\n\nReturns once subscribed; the handler gets each event, in order. An event that is" +
		"\nnot what the contract says goes to the client's on_error."
	if c.source.Deprecated != "" {
		doc += "\n\nDeprecated: " + c.source.Deprecated
	}
	if len(c.arguments) == 0 {
		return doc
	}
	for _, a := range c.arguments {
		if text := fieldDoc(a.source); text != "" {
			doc += "\n\n" + a.name + ": " + text
		}
	}
	return doc + "\n\nRaises ValueError for a parameter that no channel's name can hold."
}
