package python

import (
	"bytes"
	"fmt"
	"strings"
)

// printUnion prints a tagged union: the classes that add the tag to its variants,
// the class of what is not known, and the alias for all of them.
func printUnion(b *bytes.Buffer, u *unionPlan) {
	for _, v := range u.variants {
		if !v.holds {
			printVariant(b, u, v)
		}
	}
	if u.unknown != "" {
		fmt.Fprintf(b, "\n\nclass %s(_Model):\n", u.unknown)
		b.WriteString(docstring("    ", fmt.Sprintf(
			"A variant of %s that this client does not know, from a newer server.\n\nIts members are in model_extra.", u.class)))
		fmt.Fprintf(b, "\n%s\n", openModel)
		fmt.Fprintf(b, "    %s: str%s\n", u.name, fieldCall(aliasArguments(u.name, u.source.Tag)))
	}
	fmt.Fprintf(b, "\n\n%s: _typing.TypeAlias = _typing.Annotated[\n", u.class)
	var tags []string
	for i, v := range u.variants {
		printAlternative(b, v.class, i == 0)
		for _, value := range v.values {
			tags = append(tags, quote(value)+": "+quote(v.class))
		}
	}
	unknown := "None"
	if u.unknown != "" {
		printAlternative(b, u.unknown, false)
		unknown = quote(u.unknown)
	}
	fmt.Fprintf(b, ",\n    _by_tag(%s, %s, {%s}, %s),\n]\n",
		quote(u.source.Tag), quote(u.name), strings.Join(tags, ", "), unknown)
	b.WriteString(docstring("", u.source.Doc))
}

func printAlternative(b *bytes.Buffer, class string, first bool) {
	if !first {
		b.WriteString("\n    | ")
	} else {
		b.WriteString("    ")
	}
	b.WriteString(annotated(class, "_pydantic.Tag("+quote(class)+")"))
}

func printVariant(b *bytes.Buffer, u *unionPlan, v *variantPlan) {
	fmt.Fprintf(b, "\n\nclass %s(%s):\n", v.class, u.plan.classes[v.source.Name])
	doc := v.source.Doc
	if doc == "" {
		doc = u.plan.classes[v.source.Name] + " as a variant of " + u.class + "."
	}
	b.WriteString(docstring("    ", doc) + "\n")
	values := make([]string, len(v.values))
	for i, value := range v.values {
		values[i] = quote(value)
	}
	args := aliasArguments(u.name, u.source.Tag)
	if len(values) == 1 {
		args = append([]string{"default=" + values[0]}, args...)
	}
	typ := "_typing.Literal[" + strings.Join(values, ", ") + "]"
	if len(args) == 1 {
		fmt.Fprintf(b, "    %s: %s = %s\n", u.name, typ, values[0])
	} else {
		fmt.Fprintf(b, "    %s: %s%s\n", u.name, typ, fieldCall(args))
	}
	if len(values) == 1 {
		printSent(b, []string{u.name})
	}
}

func fieldCall(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " = " + field(args)
}
