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
		b.WriteString(comment("", t.doc))
		switch t.source.Kind {
		case contract.Struct:
			printStruct(&b, t)
		case contract.Enum:
			printEnum(&b, t)
		case contract.Alias:
			equals := ""
			if t.isAlias {
				equals = "= "
			}
			fmt.Fprintf(&b, "type %s %s%s\n\n", t.name, equals, t.base)
		}
	}
	printErrorCodes(&b, p.errors)
	if p.usesNull {
		b.WriteString(nullSource)
	}
	b.WriteString(p.fillers.source())
	body := b.String()
	return header(p) + imports(body) + body
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
	ours := group(baseModule+"/client", baseModule+"/wire")
	switch {
	case std == "" && ours == "":
		return ""
	case ours == "":
		return "import (\n" + std + ")\n\n"
	}
	return "import (\n" + std + "\n" + ours + ")\n\n"
}

func printStruct(b *strings.Builder, t *typePlan) {
	if len(t.fields) == 0 {
		fmt.Fprintf(b, "type %s struct{}\n\n", t.name)
		return
	}
	fmt.Fprintf(b, "type %s struct {\n", t.name)
	for _, f := range t.fields {
		b.WriteString(comment("\t", f.source.Doc, deprecated(f.source.Deprecated)))
		fmt.Fprintf(b, "\t%s %s `json:%s`\n", f.name, f.typ, strconv.Quote(f.tag()))
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
// maps instead of null, or has fields that a tag cannot name.
func printMarshal(b *strings.Builder, t *typePlan) {
	fmt.Fprintf(b, "// MarshalJSON is the form of %s on the wire.\n", t.name)
	fmt.Fprintf(b, "func (v %s) MarshalJSON() ([]byte, error) {\n", t.name)
	for _, f := range t.fields {
		b.WriteString(f.fill)
	}
	fmt.Fprintf(b, "\ttype plain %s\n", t.name)
	codec := false
	for _, f := range t.fields {
		codec = codec || f.codec
	}
	if !codec {
		b.WriteString("\treturn json.Marshal(plain(v))\n}\n\n")
		return
	}
	b.WriteString("\tobject, err := json.Marshal(plain(v))\n\tif err != nil {\n\t\treturn nil, err\n\t}\n")
	b.WriteString("\tvar members map[string]json.RawMessage\n\tif err := json.Unmarshal(object, &members); err != nil {\n\t\treturn nil, err\n\t}\n")
	for _, f := range t.fields {
		if !f.codec {
			continue
		}
		set := fmt.Sprintf("\tif members[%s], err = json.Marshal(v.%s); err != nil {\n\t\treturn nil, err\n\t}\n", strconv.Quote(f.source.Name), f.name)
		switch {
		case f.options == "":
			b.WriteString(set)
		case strings.HasPrefix(f.typ, "Null["):
			fmt.Fprintf(b, "\tif !v.%s.IsZero() {\n%s\t}\n", f.name, set)
		default:
			fmt.Fprintf(b, "\tif v.%s != nil {\n%s\t}\n", f.name, set)
		}
	}
	b.WriteString("\treturn json.Marshal(members)\n}\n\n")
}

// printUnmarshal prints the UnmarshalJSON of a struct with fields that a tag
// cannot name.
func printUnmarshal(b *strings.Builder, t *typePlan) {
	b.WriteString("// UnmarshalJSON reads what MarshalJSON writes.\n")
	fmt.Fprintf(b, "func (v *%s) UnmarshalJSON(data []byte) error {\n", t.name)
	fmt.Fprintf(b, "\ttype plain %s\n", t.name)
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

func printEnum(b *strings.Builder, t *typePlan) {
	fmt.Fprintf(b, "type %s %s\n\n", t.name, t.base)
	fmt.Fprintf(b, "// The values of %s. A newer server may send others.\nconst (\n", t.name)
	for _, c := range t.constant {
		b.WriteString(comment("\t", c.doc))
		fmt.Fprintf(b, "\t%s %s = %s\n", c.name, t.name, c.value)
	}
	b.WriteString(")\n\n")
}

func printErrorCodes(b *strings.Builder, errors []errorPlan) {
	if len(errors) == 0 {
		return
	}
	b.WriteString("// The application's own errors: compare client.CodeOf(err) with them.\nconst (\n")
	for _, e := range errors {
		doc := e.doc
		if len(lines(doc)) == 0 {
			doc = e.reason
		}
		b.WriteString(comment("\t", doc, e.details))
		fmt.Fprintf(b, "\t%s wire.Code = %d\n", e.name, e.code)
	}
	b.WriteString(")\n\n")
}

// nullSource is the type of fields that may be left out and may be null.
const nullSource = `// Null is a value that may be left out, null, or set. Its zero value is left
// out; Null[T]{Set: true} is null; NullOf(v) is v.
type Null[T any] struct {
	Set   bool // it is there, if only as null
	Value *T   // nil means null, or left out
}

// NullOf is a Null that holds v.
func NullOf[T any](v T) Null[T] { return Null[T]{Set: true, Value: &v} }

// IsZero reports whether the value is left out.
func (n Null[T]) IsZero() bool { return !n.Set && n.Value == nil }

// MarshalJSON is the value, or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.Value) }

// UnmarshalJSON sets the value, to null too.
func (n *Null[T]) UnmarshalJSON(data []byte) error {
	*n = Null[T]{Set: true}
	if string(data) == "null" {
		return nil
	}
	n.Value = new(T)
	return json.Unmarshal(data, n.Value)
}
`
