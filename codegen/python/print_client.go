package python

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

const writeParams = `

def _write(params: _pydantic.BaseModel) -> dict[str, _typing.Any]:
    return params.model_dump(mode="json", by_alias=True, exclude_unset=True)
`

const readResult = `

_T = _typing.TypeVar("_T")


def _read(method: str, validate: _typing.Callable[[_typing.Any], _T], value: _typing.Any) -> _T:
    try:
        return validate(value)
    except _pydantic.ValidationError as error:
        raise InvalidReplyError(
            f"the result of {method} is not what the contract says: {error}"
        ) from error
`

func printClient(p *plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\"\"\"The typed client: one method for each method of the API.\"\"\"\n\n", header)
	b.WriteString("from __future__ import annotations\n\n")
	anyOf := func(has func(*methodPlan) bool) bool { return slices.ContainsFunc(p.methods, has) }
	hasParams := anyOf(func(m *methodPlan) bool { return m.params != "" })
	hasResult := anyOf(func(m *methodPlan) bool { return m.result != "" })
	deprecated := anyOf(func(m *methodPlan) bool { return m.source.Deprecated != "" })
	if anyOf(func(m *methodPlan) bool { return builtins[m.name] }) {
		b.WriteString("import builtins as _builtins\n")
	}
	if hasParams || hasResult {
		b.WriteString("import typing as _typing\n\nimport pydantic as _pydantic\n")
	}
	if deprecated {
		b.WriteString("import typing_extensions as _typing_extensions\n")
	}
	if hasParams || hasResult || deprecated {
		b.WriteByte('\n')
	}
	printImport(&b, "models", clientImports(p))
	b.WriteString("from .rpc_client import CentrifugoRPCClient\n")
	if hasResult {
		b.WriteString("from .rpc_errors import InvalidReplyError\n")
	}
	b.WriteString("\n__all__ = [\"APIClient\"]\n")
	if hasParams {
		b.WriteString(writeParams)
	}
	if hasResult {
		b.WriteString(readResult)
	}
	printAdapters(&b, p)
	b.WriteString("\n\nclass APIClient:\n")
	b.WriteString(docstring("    ", "Calls the methods of the API over a connected client.\n\n"+p.contract.Doc))
	b.WriteString("\n    def __init__(self, rpc: CentrifugoRPCClient) -> None:\n        self.rpc = rpc\n")
	for _, m := range p.methods {
		printMethod(&b, p, m)
	}
	return b.Bytes()
}

// clientImports are the names of the models' module that the client mentions.
func clientImports(p *plan) []string {
	names := p.usedBy(p.methods)
	for _, m := range p.methods {
		names = append(names, m.imports...)
	}
	slices.Sort(names)
	return slices.Compact(names)
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

func adapter(m *methodPlan) string { return "_" + strings.ToUpper(m.name) + "_RESULT" }

func printAdapters(b *bytes.Buffer, p *plan) {
	first := true
	for _, m := range p.methods {
		if m.result == "" || m.model {
			continue
		}
		if first {
			b.WriteByte('\n')
			first = false
		}
		begin := fmt.Sprintf("%s: _pydantic.TypeAdapter[%s] = _pydantic.TypeAdapter(", adapter(m), m.result)
		fmt.Fprintf(b, "\n%s\n", oneLine(begin, m.result, ")", ""))
	}
}

func printMethod(b *bytes.Buffer, p *plan, m *methodPlan) {
	b.WriteByte('\n')
	if m.source.Deprecated != "" {
		fmt.Fprintf(b, "    @_typing_extensions.deprecated(%s)\n", quote(m.source.Deprecated))
	}
	prefix := ""
	if slices.ContainsFunc(p.methods, func(m *methodPlan) bool { return builtins[m.name] }) {
		prefix = "_builtins."
	}
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
	arguments = append(arguments, "*", fmt.Sprintf("timeout: %sfloat | None = %s", prefix, timeout))
	call = append(call, "timeout=timeout")
	operation := "call"
	if m.source.Kind == contract.Notify {
		operation = "notify"
	} else if m.source.Idempotent {
		call = append(call, "idempotent=True")
	}
	result := m.result
	if result == "" {
		result = "None"
	}
	begin, end := fmt.Sprintf("    async def %s(", m.name), fmt.Sprintf(") -> %s:", result)
	b.WriteString(oneLine(begin, strings.Join(arguments, ", "), end, "    ") + "\n")
	b.WriteString(docstring("        ", methodDoc(p, m)))
	await := fmt.Sprintf("await self.rpc.%s(%s)", operation, strings.Join(call, ", "))
	switch {
	case m.result == "":
		fmt.Fprintf(b, "        %s\n", await)
	case m.model:
		fmt.Fprintf(b, "        return _read(\n            %s,\n            %s.model_validate,\n            %s,\n        )\n",
			quote(m.source.Name), m.result, await)
	default:
		fmt.Fprintf(b, "        return _read(\n            %s,\n            %s.validate_python,\n            %s,\n        )\n",
			quote(m.source.Name), adapter(m), await)
	}
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
	for _, code := range m.source.Errors {
		e := p.contract.Error(code)
		doc += fmt.Sprintf("\n\nRaises ServerError with code %d (%s)", e.Code, e.Reason)
		if e.Details != nil {
			doc += " and details of type " + p.typ(e.Details, "")
		}
		if e.Doc != "" {
			doc += ": " + e.Doc
		}
	}
	return doc
}
