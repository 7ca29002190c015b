package python

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// printErrors prints the application's errors as classes.
func printErrors(p *plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\"\"\"The errors that the API declares.\"\"\"\n\n", header)
	b.WriteString("from __future__ import annotations\n\nimport typing as _typing\n\n")
	adapters := slices.ContainsFunc(p.errors, func(e *errorPlan) bool { return e.details != "" && !e.model })
	if adapters {
		b.WriteString("import pydantic as _pydantic\n\n")
	}
	imports := slices.Collect(maps.Keys(p.details))
	details := slices.ContainsFunc(p.errors, func(e *errorPlan) bool { return e.details != "" })
	if details && p.wireContext() != "" {
		imports = append(imports, "_FROM_WIRE")
	}
	slices.Sort(imports)
	printImport(&b, "models", imports)
	b.WriteString("from .rpc_errors import ServerError\n")
	var classes []string
	for _, e := range p.errors {
		classes = append(classes, e.class)
	}
	slices.Sort(classes)
	printAll(&b, classes)
	for _, e := range p.errors {
		printError(&b, p, e)
	}
	b.WriteString("\n\n_ERRORS: dict[int, type[ServerError]] = {\n")
	for _, e := range p.errors {
		fmt.Fprintf(&b, "    %d: %s,\n", e.source.Code, e.class)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func printError(b *bytes.Buffer, p *plan, e *errorPlan) {
	validate := e.details + ".model_validate"
	if e.details != "" && !e.model {
		adapter := fmt.Sprintf("_DETAILS_%d", e.source.Code)
		validate = adapter + ".validate_python"
		b.WriteByte('\n')
		printAdapter(b, adapter, e.details)
	}
	fmt.Fprintf(b, "\n\nclass %s(ServerError):\n", e.class)
	doc := fmt.Sprintf("%d: %s", e.source.Code, e.source.Doc)
	if e.source.Doc == "" {
		doc = fmt.Sprintf("%d: %s.", e.source.Code, e.source.Reason)
	}
	b.WriteString(docstring("    ", doc))
	if e.details == "" {
		return
	}
	fmt.Fprintf(b, "\n    details: %s\n", e.details)
	b.WriteString(`
    @classmethod
    def from_reply(
        cls, code: int, reason: str, message: str, details: _typing.Any
    ) -> ServerError:
`)
	fmt.Fprintf(b, "        parsed = %s(\n            details, by_alias=True, by_name=False%s\n        )\n", validate, p.wireContext())
	b.WriteString("        return cls(code, reason, message, parsed)\n")
}

func printAdapter(b *bytes.Buffer, name, typ string) {
	begin := fmt.Sprintf("%s: _pydantic.TypeAdapter[%s] = _pydantic.TypeAdapter(", name, typ)
	fmt.Fprintf(b, "\n%s\n", oneLine(begin, typ, ")", ""))
}
