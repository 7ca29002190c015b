package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// printInline prints a tuple or an untagged union.
func printInline(b *strings.Builder, in *inlinePlan, doc string) {
	if in.source.Kind == contract.Tuple {
		printTuple(b, in, doc)
		return
	}
	b.WriteString(comment("", doc, in.about()+" is one of several types. A method for each\nsays whether it is that one, and gives it. The zero value is none and cannot be\nsent."))
	fmt.Fprintf(b, "type %s struct{ client.Union }\n\n", in.name)
	for _, o := range in.items {
		fmt.Fprintf(b, "// %sFrom%s holds v.\n", in.name, o.name)
		fmt.Fprintf(b, "func %sFrom%s(v %s) %s {\n%s\treturn %s{client.UnionOf(v)}\n}\n\n", in.name, o.name, o.typ, in.name, o.fill, in.name)
		fmt.Fprintf(b, "// As%s is the value, and whether it is %s.\n", o.name, o.typ)
		fmt.Fprintf(b, "func (u %s) As%s() (%s, bool) {\n\treturn client.UnionAs[%s](u.Union, %s%s)\n}\n\n", in.name, o.name, o.typ, o.typ, o.kind, quoteAll(o.required))
	}
}

// about begins a sentence on the type.
func (in *inlinePlan) about() string {
	if in.alias != nil {
		return in.name
	}
	return in.name + ", of " + in.place + ","
}

// opening is the doc, or else a sentence.
func opening(doc, sentence string) string {
	if len(lines(doc)) > 0 {
		return doc
	}
	return sentence
}

// quoteAll are strings as further arguments.
func quoteAll(all []string) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(", " + strconv.Quote(s))
	}
	return b.String()
}

func printTuple(b *strings.Builder, in *inlinePlan, doc string) {
	b.WriteString(comment("", doc, in.about()+" travels as an array of these items."))
	fmt.Fprintf(b, "type %s struct {\n", in.name)
	var values, pointers []string
	for _, item := range in.items {
		fmt.Fprintf(b, "\t%s %s\n", item.name, item.typ)
		values = append(values, "v."+item.name)
		pointers = append(pointers, "&v."+item.name)
	}
	fmt.Fprintf(b, "}\n\n// MarshalJSON is the form of %s on the wire.\nfunc (v %s) MarshalJSON() ([]byte, error) {\n", in.name, in.name)
	for _, item := range in.items {
		b.WriteString(item.fill)
	}
	fmt.Fprintf(b, "\treturn client.MarshalTuple(%s)\n}\n\n", strings.Join(values, ", "))
	fmt.Fprintf(b, "// UnmarshalJSON reads what MarshalJSON writes.\nfunc (v *%s) UnmarshalJSON(data []byte) error {\n\treturn client.UnmarshalTuple(data, %s)\n}\n\n", in.name, strings.Join(pointers, ", "))
}

// printTagged prints a tagged union: a struct that holds a value of a sealed
// interface.
func printTagged(b *strings.Builder, t *typePlan) {
	variant, unknown, key := t.name+"Variant", "Unknown"+t.name, strconv.Quote(t.source.Tag)
	var all []string
	for _, v := range t.variants {
		all = append(all, v.name)
	}
	b.WriteString(comment("", t.doc,
		fmt.Sprintf("%s holds one of these, told apart by %s:\n%s.\nFrom a newer server it may hold %s. The tag is added where\nit is not set. Without a Value it cannot be sent.", t.name, key, strings.Join(all, ", "), unknown)))
	fmt.Fprintf(b, "type %s struct{ Value %s }\n\n", t.name, variant)
	fmt.Fprintf(b, "// %s is what %s can hold.\ntype %s interface{ is%s() }\n\n", variant, t.name, variant, t.name)
	for _, v := range t.variants {
		fmt.Fprintf(b, "func (%s) is%s() {}\n\n", v.name, t.name)
	}
	b.WriteString(comment("", fmt.Sprintf("%s is what this package does not know: its tag and its JSON.", unknown)))
	fmt.Fprintf(b, "type %s struct{ client.UnknownVariant }\n\nfunc (%s) is%s() {}\n\n", unknown, unknown, t.name)

	fmt.Fprintf(b, "// MarshalJSON is the form of %s on the wire.\nfunc (u %s) MarshalJSON() ([]byte, error) {\n\tswitch v := u.Value.(type) {\n", t.name, t.name)
	for _, v := range t.variants {
		fmt.Fprintf(b, "\tcase %s, *%s:\n\t\treturn client.MarshalVariant(v, %s%s)\n", v.name, v.name, key, quoteAll(v.values))
	}
	fmt.Fprintf(b, "\tcase %s, *%s:\n\t\treturn json.Marshal(v)\n\t}\n\treturn nil, client.ErrNoVariant\n}\n\n", unknown, unknown)

	fmt.Fprintf(b, "// UnmarshalJSON reads what MarshalJSON writes.\nfunc (u *%s) UnmarshalJSON(data []byte) error {\n\tu.Value = nil\n\tif string(data) == \"null\" {\n\t\treturn nil\n\t}\n", t.name)
	fmt.Fprintf(b, "\ttag, err := client.ReadTag(data, %s)\n\tif err != nil {\n\t\treturn err\n\t}\n\tswitch tag {\n", key)
	for _, v := range t.variants {
		data := "data"
		if v.strip {
			data = "client.WithoutTag(data, " + key + ")"
		}
		fmt.Fprintf(b, "\tcase %s:\n\t\tvar v %s\n\t\terr = json.Unmarshal(%s, &v)\n\t\tu.Value = v\n", strings.TrimPrefix(quoteAll(v.values), ", "), v.name, data)
	}
	fmt.Fprintf(b, "\tdefault:\n\t\tu.Value = %s{client.UnknownOf(tag, data)}\n\t}\n\treturn err\n}\n\n", unknown)
}
