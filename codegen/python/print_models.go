package python

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// scalarAliases are the types of JSON's scalars with their bounds, by name.
var scalarAliases = map[string]string{
	"Int8":     bounded("-(2**7)", "2**7 - 1"),
	"Int16":    bounded("-(2**15)", "2**15 - 1"),
	"Int32":    bounded("-(2**31)", "2**31 - 1"),
	"Int64":    bounded("-(2**63)", "2**63 - 1"),
	"Uint8":    bounded("0", "2**8 - 1"),
	"Uint16":   bounded("0", "2**16 - 1"),
	"Uint32":   bounded("0", "2**32 - 1"),
	"Uint64":   bounded("0", "2**64 - 1"),
	"Float":    "_typing.Annotated[float, _pydantic.Field(allow_inf_nan=False)]",
	"DateTime": "_pydantic.AwareDatetime",
	"Base64": `_typing.Annotated[
    bytes,
    _pydantic.BeforeValidator(_from_base64),
    _pydantic.PlainSerializer(_to_base64, when_used="json"),
]`,
}

func bounded(low, high string) string {
	return "_typing.Annotated[int, _pydantic.Field(ge=" + low + ", le=" + high + ")]"
}

const base64Functions = `

def _from_base64(value: object) -> object:
    if isinstance(value, str):
        return _base64.b64decode(value, validate=True)
    return value


def _to_base64(value: bytes) -> str:
    return _base64.b64encode(value).decode("ascii")
`

const modelBase = `

def _is_none(value: object) -> bool:
    return value is None


class _Model(_pydantic.BaseModel):
    model_config = _pydantic.ConfigDict(populate_by_name=True, protected_namespaces=())
`

func printModels(p *plan) []byte {
	var b bytes.Buffer
	doc := p.contract.Doc
	if doc == "" {
		doc = "The types of the API."
	}
	fmt.Fprintf(&b, "# %s\n%s\n", header, docstring("", doc))
	b.WriteString("from __future__ import annotations\n\n")
	if p.scalars["Base64"] {
		b.WriteString("import base64 as _base64\n")
	}
	b.WriteString("import enum as _enum\nimport typing as _typing\n\nimport pydantic as _pydantic\n")
	if slices.ContainsFunc(p.aliases, func(a *aliasPlan) bool { return a.recursive }) {
		b.WriteString("import typing_extensions as _typing_extensions\n")
	}
	printAll(&b, p.classNames())
	if p.scalars["Base64"] {
		b.WriteString(base64Functions)
	}
	printScalars(&b, p)
	if len(p.structs) > 0 {
		b.WriteString(modelBase)
	}
	printEnumBases(&b, p.enums)
	for _, e := range p.enums {
		printEnum(&b, e)
	}
	for _, s := range p.structs {
		printStruct(&b, s)
	}
	if len(p.aliases) > 0 {
		b.WriteByte('\n')
	}
	for _, a := range p.aliases {
		printAlias(&b, a)
	}
	if len(p.structs) > 0 {
		b.WriteString("\n\n# Each may refer to any other, and to itself.\n_models: list[type[_Model]] = [\n")
		for _, s := range p.structs {
			fmt.Fprintf(&b, "    %s,\n", s.class)
		}
		b.WriteString("]\nfor _model in _models:\n    _model.model_rebuild()\n")
	}
	return b.Bytes()
}

// classNames are all the names that the models' module exports, sorted.
func (p *plan) classNames() []string {
	var found []string
	for _, class := range p.classes {
		found = append(found, class)
	}
	slices.Sort(found)
	return found
}

func printAll(b *bytes.Buffer, exports []string) {
	if len(exports) == 0 {
		b.WriteString("\n__all__: list[str] = []\n")
		return
	}
	b.WriteString("\n__all__ = [\n")
	for _, name := range exports {
		fmt.Fprintf(b, "    %s,\n", quote(name))
	}
	b.WriteString("]\n")
}

func printScalars(b *bytes.Buffer, p *plan) {
	var used []string
	for name := range p.scalars {
		used = append(used, name)
	}
	slices.Sort(used)
	if len(used) > 0 {
		b.WriteByte('\n')
		if p.scalars["Base64"] {
			b.WriteByte('\n')
		}
	}
	for _, name := range used {
		fmt.Fprintf(b, "_%s: _typing.TypeAlias = %s\n", name, scalarAliases[name])
	}
}

func printStruct(b *bytes.Buffer, s *structPlan) {
	fmt.Fprintf(b, "\n\nclass %s(_Model):\n", s.class)
	doc := docstring("    ", s.source.Doc)
	b.WriteString(doc)
	if doc != "" && len(s.fields) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range s.fields {
		printField(b, f)
	}
	if doc == "" && len(s.fields) == 0 {
		b.WriteString("    pass\n")
	}
}

func printField(b *bytes.Buffer, f *fieldPlan) {
	var args []string
	if !f.source.Required {
		args = append(args, "default=None")
	}
	if f.absentNone {
		args = append(args, "exclude_if=_is_none")
	}
	if f.name != f.source.Name {
		// Not alias=: that would also rename the argument that type checkers see.
		key := quote(f.source.Name)
		args = append(args, "validation_alias="+key, "serialization_alias="+key)
	}
	if f.source.Deprecated != "" {
		args = append(args, "deprecated="+quote(f.source.Deprecated))
	}
	fmt.Fprintf(b, "    %s: %s", f.name, f.typ)
	switch {
	case len(args) == 1 && args[0] == "default=None":
		b.WriteString(" = None")
	case len(args) > 0:
		b.WriteString(" = _pydantic.Field(" + strings.Join(args, ", ") + ")")
	}
	b.WriteByte('\n')
	doc := f.source.Doc
	if f.source.Deprecated != "" {
		doc = strings.TrimSpace(doc + "\n\nDeprecated: " + f.source.Deprecated)
	}
	b.WriteString(docstring("    ", doc))
}

func printAlias(b *bytes.Buffer, a *aliasPlan) {
	if a.recursive {
		fmt.Fprintf(b, "\n%s = _typing_extensions.TypeAliasType(%s, %s)\n", a.class, quote(a.class), quote(a.typ))
	} else {
		fmt.Fprintf(b, "\n%s: _typing.TypeAlias = %s\n", a.class, a.typ)
	}
	b.WriteString(docstring("", a.source.Doc))
}
