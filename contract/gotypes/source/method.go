package source

import (
	"go/ast"
	"go/token"
	"go/types"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc/contract"
)

// handler is a function's run time name taken apart.
type handler struct {
	symbol   string // "example.org/tasks/api.Service.GetStats"
	function bool   // false for a function literal inside of symbol
}

var (
	pointerReceiver = regexp.MustCompile(`\.\(\*([^)]*)\)`)
	typeArguments   = regexp.MustCompile(`\[[^\]]*\.\.\.[^\]]*\]`)
	literal         = regexp.MustCompile(`\.(func\d+|gowrap\d+|\d+|glob\.)(\.|-|$)`)
)

// parseHandler reads a name as the Go run time gives it:
//
//	example.org/tasks/api.GetStats
//	example.org/tasks/api.(*Service).GetStats-fm
//	example.org/tasks/api.NewRouter.func1
//	example.org/tasks/api.List[...]
func parseHandler(name string) handler {
	name = unescape(name)
	name = typeArguments.ReplaceAllString(name, "")
	name = pointerReceiver.ReplaceAllString(name, ".$1")
	h := handler{symbol: name, function: true}
	if dash := strings.LastIndex(name, "-"); dash > strings.LastIndexAny(name, "/.") {
		h.symbol = name[:dash]
	}
	if at := literal.FindStringIndex(h.symbol[strings.LastIndex(h.symbol, "/")+1:]); at != nil {
		h.symbol = h.symbol[:strings.LastIndex(h.symbol, "/")+1+at[0]]
		h.function = false
	}
	return h
}

// unescape undoes the linker's escaping of import paths ("yaml%2ev3").
func unescape(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

func (s *Source) enrichMethod(m *contract.Method) error {
	h := parseHandler(m.Source)
	if _, known := s.modules[h.symbol]; known { // a function literal outside of functions
		m.Source = ""
		return nil
	}
	path, names := s.split(h.symbol)
	if path == "" {
		return nil
	}
	c, err := s.code(path)
	if err != nil || c == nil {
		return err
	}
	m.Source = ""
	in, pos, doc, err := s.function(c, names)
	if err != nil || in == nil {
		return err
	}
	if decl := c.funcs[names[0]]; decl != nil {
		names = names[:1] // behind it are functions that the compiler merged into it
	}
	m.Source = s.file(in, pos) + "#" + strings.Join(names[:min(2, len(names))], ".")
	if !h.function {
		return nil // the comment is about the function around the handler
	}
	doc, deprecated := splitDeprecated(doc)
	if m.Doc == "" {
		m.Doc = aboutMethod(doc, names[len(names)-1])
	}
	if m.Deprecated == "" {
		m.Deprecated = deprecated
	}
	return nil
}

// aboutMethod is the doc comment of a handler as that of its method: "GetStats
// counts the tasks." is "Counts the tasks." to callers, who know it by other names. What
// the handler is said to be, to have or to do needs the name for its subject.
func aboutMethod(doc, function string) string {
	rest, ok := strings.CutPrefix(doc, function+" ")
	if !ok {
		return doc
	}
	first, size := utf8.DecodeRuneInString(rest)
	verb := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		verb = rest[:end]
	}
	if !unicode.IsLower(first) || slices.Contains(auxiliaries, verb) {
		return doc
	}
	return string(unicode.ToUpper(first)) + rest[size:]
}

// auxiliaries are verbs that begin no sentence without a subject.
var auxiliaries = []string{"is", "are", "was", "were", "has", "have", "had", "does", "do", "did", "can", "could", "may", "might", "must", "shall", "should", "will", "would", "isn", "doesn", "cannot"}

// function finds a function or method by its name. A method may be that of an
// embedded type or of an interface.
func (s *Source) function(c *code, names []string) (in *code, pos token.Pos, doc string, err error) {
	object := c.Types.Scope().Lookup(names[0])
	if typeName, ok := object.(*types.TypeName); ok && len(names) > 1 {
		found, _, _ := types.LookupFieldOrMethod(typeName.Type(), true, c.Types, names[1])
		method, ok := found.(*types.Func)
		if !ok {
			return nil, token.NoPos, "", nil
		}
		return s.method(method)
	}
	if decl := c.funcs[names[0]]; decl != nil {
		return c, decl.Name.Pos(), text(decl.Doc), nil
	}
	return nil, token.NoPos, "", nil
}

func (s *Source) method(method *types.Func) (in *code, pos token.Pos, doc string, err error) {
	if method.Pkg() == nil {
		return nil, token.NoPos, "", nil
	}
	in, err = s.code(method.Pkg().Path())
	if err != nil || in == nil {
		return nil, token.NoPos, "", err
	}
	receiver := method.Signature().Recv().Type()
	if pointer, ok := types.Unalias(receiver).(*types.Pointer); ok {
		receiver = pointer.Elem()
	}
	named, ok := types.Unalias(receiver).(*types.Named)
	if !ok {
		return nil, token.NoPos, "", nil
	}
	name := named.Obj().Name()
	if decl := in.funcs[name+"."+method.Name()]; decl != nil {
		return in, decl.Name.Pos(), text(decl.Doc), nil
	}
	if decl, ok := in.types[name]; ok {
		if declared, ok := decl.spec.Type.(*ast.InterfaceType); ok {
			for _, field := range declared.Methods.List {
				for _, ident := range field.Names {
					if ident.Name == method.Name() {
						return in, ident.Pos(), text(field.Doc, field.Comment), nil
					}
				}
			}
		}
	}
	return nil, token.NoPos, "", nil
}
