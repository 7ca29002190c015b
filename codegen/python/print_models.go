package python

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const modelBase = `

def _is_none(value: object) -> bool:
    return value is None


class _Model(_pydantic.BaseModel):
    model_config = _pydantic.ConfigDict(populate_by_name=True, protected_namespaces=())
`

const byTagFunction = `

def _by_tag(
    key: str, name: str, variants: dict[str, str], unknown: str | None
) -> _pydantic.Discriminator:
    """Tells the variants of a union apart, whether they come as JSON or as models."""

    def variant(value: object) -> str | None:
        if isinstance(value, dict):
            tag = value.get(key, value.get(name))
        else:
            tag = getattr(value, name, None)
        return variants.get(tag, unknown) if isinstance(tag, str) else None

    return _pydantic.Discriminator(variant)
`

func printModels(p *plan) []byte {
	var b bytes.Buffer
	doc := p.contract.Doc
	if doc == "" {
		doc = "The types of the API."
	}
	fmt.Fprintf(&b, "# %s\n%s\n", header, docstring("", doc))
	b.WriteString("from __future__ import annotations\n\n")
	for _, module := range []string{"base64", "datetime", "decimal", "enum", "json", "re", "typing", "uuid"} {
		if module == "enum" || module == "typing" || slices.Contains(p.scalarImports(), module) {
			fmt.Fprintf(&b, "import %s as _%s\n", module, module)
		}
	}
	b.WriteString("\nimport pydantic as _pydantic\n")
	if slices.Contains(p.scalarImports(), "pydantic_core") {
		b.WriteString("import pydantic_core as _pydantic_core\n")
	}
	if slices.ContainsFunc(p.aliases, func(a *aliasPlan) bool { return a.recursive }) {
		b.WriteString("import typing_extensions as _typing_extensions\n")
	}
	printAll(&b, p.models)
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
	if len(p.unions) > 0 {
		b.WriteString(byTagFunction)
	}
	for _, u := range p.unions {
		printUnion(&b, u)
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
		for _, u := range p.unions {
			for _, v := range u.variants {
				if !v.holds {
					fmt.Fprintf(&b, "    %s,\n", v.class)
				}
			}
		}
		b.WriteString("]\nfor _model in _models:\n    _model.model_rebuild()\n")
	}
	return b.Bytes()
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

const (
	openModel = "    model_config = _pydantic.ConfigDict(extra=\"allow\")\n"
	// openModelLate is built below, with all others: Pydantic before 2.14 reads the
	// type of the extra members at once otherwise.
	openModelLate = "    model_config = _pydantic.ConfigDict(extra=\"allow\", defer_build=True)\n"
)

func printStruct(b *bytes.Buffer, s *structPlan) {
	fmt.Fprintf(b, "\n\nclass %s(_Model):\n", s.class)
	text := s.source.Doc
	if s.extra != "" {
		text = strings.TrimSpace(text + "\n\nMembers beside the fields are in model_extra; give them to model_validate.")
	}
	doc := docstring("    ", text)
	b.WriteString(doc)
	if doc != "" && (len(s.fields) > 0 || s.extra != "") {
		b.WriteByte('\n')
	}
	if s.extra != "" {
		config := openModel
		if s.late {
			config = openModelLate
		}
		fmt.Fprintf(b, "%s    __pydantic_extra__: dict[str, %s] = _pydantic.Field(init=False)\n", config, s.extra)
		if len(s.fields) > 0 {
			b.WriteByte('\n')
		}
	}
	for _, f := range s.fields {
		printField(b, f)
	}
	printSent(b, s.sent)
	if doc == "" && len(s.fields) == 0 {
		b.WriteString("    pass\n")
	}
}

// printSent has fields sent that were not set.
func printSent(b *bytes.Buffer, fields []string) {
	if len(fields) == 0 {
		return
	}
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = quote(f)
	}
	b.WriteString("\n    def model_post_init(self, context: _typing.Any, /) -> None:\n" +
		"        super().model_post_init(context)\n")
	fmt.Fprintf(b, "        self.model_fields_set.update({%s})\n", strings.Join(quoted, ", "))
}

func printField(b *bytes.Buffer, f *fieldPlan) {
	var args []string
	if f.value != "" {
		args = append(args, "default="+f.value)
	}
	if f.absentNone {
		args = append(args, "exclude_if=_is_none")
	}
	args = append(args, aliasArguments(f.name, f.source.Name)...)
	if f.source.Deprecated != "" {
		args = append(args, "deprecated="+quote(f.source.Deprecated))
	}
	fmt.Fprintf(b, "    %s: %s", f.name, f.typ)
	switch {
	case len(args) == 1 && f.value != "":
		b.WriteString(" = " + f.value)
	case len(args) > 0:
		b.WriteString(" = _pydantic.Field(" + strings.Join(args, ", ") + ")")
	}
	b.WriteByte('\n')
	b.WriteString(docstring("    ", fieldDoc(f.source)))
}

// aliasArguments say a field's key where its name is another.
func aliasArguments(name, key string) []string {
	if name == key {
		return nil
	}
	// Not alias=: that would also rename the argument that type checkers see.
	return []string{"validation_alias=" + quote(key), "serialization_alias=" + quote(key)}
}

func printAlias(b *bytes.Buffer, a *aliasPlan) {
	if a.recursive {
		fmt.Fprintf(b, "\n%s = _typing_extensions.TypeAliasType(%s, %s)\n", a.class, quote(a.class), quote(a.typ))
	} else {
		fmt.Fprintf(b, "\n%s: _typing.TypeAlias = %s\n", a.class, a.typ)
	}
	paragraphs := append(nonempty(a.source.Doc), nonempty(strings.Join(words(a.source.Base), "\n"))...)
	b.WriteString(docstring("", strings.Join(paragraphs, "\n\n")))
}
