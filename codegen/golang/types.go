package golang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// printTypes prints types.go.
func printTypes(p *plan) string {
	var b strings.Builder
	for _, t := range p.types {
		switch t.source.Kind {
		case contract.Struct:
			b.WriteString(comment("", t.doc))
			printStruct(&b, t)
		case contract.Enum:
			b.WriteString(comment("", t.doc))
			printEnum(&b, t)
		case contract.Union:
			printTagged(&b, t)
		case contract.Alias:
			p.printAlias(&b, t)
		}
	}
	for _, in := range p.inOrder {
		printInline(&b, in, "")
	}
	b.WriteString(p.fillers.source())
	body := b.String()
	return header(p) + imports(body) + body
}

func (p *plan) printAlias(b *strings.Builder, t *typePlan) {
	words := strings.Join(p.words(t.source.Base), " ")
	if in := p.inline[shape(t.source.Base)]; in != nil && in.alias == t {
		printInline(b, in, strings.TrimSpace(t.doc+"\n\n"+words))
		return
	}
	equals := ""
	if t.isAlias {
		equals = "= "
	}
	fmt.Fprintf(b, "%stype %s %s%s\n\n", comment("", t.doc, words), t.name, equals, t.base)
}

// header is the first line of a file and its package clause. The contract's doc
// is the package's.
func header(p *plan) string {
	title := fmt.Sprintf("Package %s is the typed client of the %s API.", p.opts.Package, strings.Join(contract.Tokens(p.contract.Name), " "))
	return "// " + generated + "\n\n" + comment("", title, p.contract.Doc) + "package " + p.opts.Package + "\n\n"
}

// imports are the packages that a file's body uses. All names that a contract
// gives are exported, so a lower-case name before a dot is a package or a
// variable of ours.
func imports(body string) string {
	used := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n\n"+body, parser.SkipObjectResolution)
	if err != nil {
		return "" // formatting the file reports it
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	group := func(paths ...string) (lines string) {
		for _, p := range paths {
			if used[path.Base(p)] {
				lines += strconv.Quote(p) + "\n"
			}
		}
		return lines
	}
	std := group("context", "encoding/json", "time")
	ours := group(baseModule + "/client")
	switch {
	case std == "" && ours == "":
		return ""
	case ours == "":
		return "import (\n" + std + ")\n\n"
	}
	return "import (\n" + std + "\n" + ours + ")\n\n"
}

func printStruct(b *strings.Builder, t *typePlan) {
	if len(t.fields) == 0 && t.extra == "" {
		fmt.Fprintf(b, "type %s struct{}\n\n", t.name)
		return
	}
	fmt.Fprintf(b, "type %s struct {\n", t.name)
	for _, f := range t.fields {
		b.WriteString(comment("\t", f.source.Doc, f.doc, deprecated(f.source.Deprecated)))
		fmt.Fprintf(b, "\t%s %s `json:%s`\n", f.name, f.typ, strconv.Quote(f.tag()))
	}
	if t.extra != "" {
		fmt.Fprintf(b, "\t// Extra are the members that are not declared, by name.\n\tExtra map[string]%s `json:\"-\"`\n", t.extra)
	}
	b.WriteString("}\n\n")
	marshals, unmarshals := t.codecs()
	if marshals {
		printMarshal(b, t)
	}
	if unmarshals {
		printUnmarshal(b, t)
	}
}

func (f *fieldPlan) tag() string {
	if f.codec {
		return "-"
	}
	name := f.source.Name
	if name == "-" && f.options == "" {
		return "-,"
	}
	return name + f.options
}

// printMarshal prints the MarshalJSON of a struct that sends empty lists and
// maps instead of null, has extra members, or has fields that a tag cannot name.
func printMarshal(b *strings.Builder, t *typePlan) {
	fmt.Fprintf(b, "// MarshalJSON is the form of %s on the wire.\n", t.name)
	fmt.Fprintf(b, "func (v %s) MarshalJSON() ([]byte, error) {\n", t.name)
	codec := false
	for _, f := range t.fields {
		b.WriteString(f.fill)
		codec = codec || f.codec
	}
	b.WriteString(t.fill)
	fmt.Fprintf(b, "\ttype plain %s\n", t.name)
	if !codec && t.extra == "" {
		b.WriteString("\treturn json.Marshal(plain(v))\n}\n\n")
		return
	}
	b.WriteString("\tobject, err := json.Marshal(plain(v))\n\tif err != nil {\n\t\treturn nil, err\n\t}\n")
	if !codec {
		fmt.Fprintf(b, "\treturn client.MarshalExtra(object, v.Extra%s)\n}\n\n", declared(t))
		return
	}
	b.WriteString("\tvar members map[string]json.RawMessage\n\tif err := json.Unmarshal(object, &members); err != nil {\n\t\treturn nil, err\n\t}\n")
	for _, f := range t.fields {
		if !f.codec {
			continue
		}
		set := fmt.Sprintf("\tif members[%s], err = json.Marshal(v.%s); err != nil {\n\t\treturn nil, err\n\t}\n", strconv.Quote(f.source.Name), f.name)
		switch {
		case f.options == "":
			b.WriteString(set)
		case strings.HasPrefix(f.typ, "client.Null["):
			fmt.Fprintf(b, "\tif !v.%s.IsZero() {\n%s\t}\n", f.name, set)
		default:
			fmt.Fprintf(b, "\tif v.%s != nil {\n%s\t}\n", f.name, set)
		}
	}
	if t.extra == "" {
		b.WriteString("\treturn json.Marshal(members)\n}\n\n")
		return
	}
	fmt.Fprintf(b, "\tif object, err = json.Marshal(members); err != nil {\n\t\treturn nil, err\n\t}\n\treturn client.MarshalExtra(object, v.Extra%s)\n}\n\n", declared(t))
}

// printUnmarshal prints the UnmarshalJSON of a struct with extra members, or with
// fields that a tag cannot name.
func printUnmarshal(b *strings.Builder, t *typePlan) {
	b.WriteString("// UnmarshalJSON reads what MarshalJSON writes.\n")
	fmt.Fprintf(b, "func (v *%s) UnmarshalJSON(data []byte) error {\n", t.name)
	if t.extra != "" {
		fmt.Fprintf(b, "\tdata, err := client.UnmarshalExtra(data, &v.Extra%s)\n\tif err != nil {\n\t\treturn err\n\t}\n", declared(t))
	}
	fmt.Fprintf(b, "\ttype plain %s\n", t.name)
	codec := false
	for _, f := range t.fields {
		codec = codec || f.codec
	}
	if !codec {
		b.WriteString("\treturn json.Unmarshal(data, (*plain)(v))\n}\n\n")
		return
	}
	b.WriteString("\tif err := json.Unmarshal(data, (*plain)(v)); err != nil {\n\t\treturn err\n\t}\n")
	b.WriteString("\tvar members map[string]json.RawMessage\n\tif err := json.Unmarshal(data, &members); err != nil {\n\t\treturn err\n\t}\n")
	for _, f := range t.fields {
		if !f.codec {
			continue
		}
		fmt.Fprintf(b, "\tif member, ok := members[%s]; ok {\n\t\tif err := json.Unmarshal(member, &v.%s); err != nil {\n\t\t\treturn err\n\t\t}\n\t}\n", strconv.Quote(f.source.Name), f.name)
	}
	b.WriteString("\treturn nil\n}\n\n")
}

// declared are the names of a struct's fields, as further arguments.
func declared(t *typePlan) string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.source.Name
	}
	return quoteAll(names)
}

func printEnum(b *strings.Builder, t *typePlan) {
	fmt.Fprintf(b, "type %s %s\n\n", t.name, t.base)
	fmt.Fprintf(b, "// The values of %s. A newer server may send others.\nconst (\n", t.name)
	for _, c := range t.constant {
		b.WriteString(comment("\t", c.doc))
		fmt.Fprintf(b, "\t%s %s = %s\n", c.name, t.name, c.value)
	}
	b.WriteString(")\n\n")
}
