package source

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/centrirpc/centrirpc/contract"
)

// Source is the source code of a package and all that it imports. Packages are
// parsed when they are first needed. It is not safe for concurrent use.
type Source struct {
	dir     string
	overlay map[string][]byte
	modules map[string]*packages.Module // of each package, by import path; nil in the standard library
	loaded  map[string]*code
	doubts  contract.Problems
}

// code is one parsed package.
type code struct {
	*packages.Package
	types  map[string]typeDecl
	funcs  map[string]*ast.FuncDecl // "GetStats", "Service.GetStats"
	consts []constDecl              // in the order of declaration
}

type typeDecl struct {
	spec *ast.TypeSpec
	doc  string
}

type constDecl struct {
	object *types.Const
	doc    string
	shifts bool // its value is written with <<
}

// Open finds the package that pattern names, as the go command would in dir, and
// all packages that it imports. The overlay replaces the contents of files, by
// their absolute paths; it may be nil.
func Open(dir, pattern string, overlay map[string][]byte) (*Source, error) {
	found, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
		Dir:  dir, Overlay: overlay, Env: environment(),
	}, pattern)
	if err != nil {
		return nil, fmt.Errorf("reading the source of %s: %w", pattern, err)
	}
	s := &Source{dir: dir, overlay: overlay, modules: map[string]*packages.Module{}, loaded: map[string]*code{}}
	for p := range packages.Postorder(found) {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("reading the source of %s: %w", pattern, p.Errors[0])
		}
		s.modules[p.PkgPath] = p.Module
	}
	return s, nil
}

// environment is for this machine, whatever machine GOOS and GOARCH name: here
// ran the program whose contract is to be enriched.
func environment() []string {
	return append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

// load parses the packages that are not parsed yet. Paths that are not among the
// packages opened are passed over.
func (s *Source) load(paths ...string) error {
	var missing []string
	for _, path := range paths {
		if _, known := s.modules[path]; known && s.loaded[path] == nil && !slices.Contains(missing, path) {
			missing = append(missing, path)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule,
		Dir: s.dir, Overlay: s.overlay, Env: environment(),
	}, missing...)
	if err != nil {
		return fmt.Errorf("reading the source of %s: %w", strings.Join(missing, ", "), err)
	}
	for _, p := range found {
		if len(p.Errors) > 0 {
			return fmt.Errorf("reading the source of %s: %w", p.PkgPath, p.Errors[0])
		}
		s.loaded[p.PkgPath] = read(p)
	}
	return nil
}

// code is the parsed package, or nil if there is none of that path.
func (s *Source) code(path string) (*code, error) {
	if err := s.load(path); err != nil {
		return nil, err
	}
	return s.loaded[path], nil
}

// split takes a full name apart: the import path of a package that was opened,
// and the names behind it.
func (s *Source) split(symbol string) (path string, names []string) {
	for candidate := range s.modules {
		if rest, ok := strings.CutPrefix(symbol, candidate+"."); ok && len(candidate) > len(path) && !strings.Contains(rest, "/") {
			path, names = candidate, strings.Split(rest, ".")
		}
	}
	return path, names
}

// need parses all packages that the contract's names come from, at once.
func (s *Source) need(c *contract.Contract) error {
	paths := map[string]bool{}
	for _, t := range c.Types {
		path, _ := s.split(t.Origin)
		paths[path] = true
	}
	for _, m := range c.Methods {
		path, _ := s.split(unescape(m.Source))
		paths[path] = true
	}
	for _, ch := range c.Channels {
		path, _ := s.split(unescape(ch.Source))
		paths[path] = true
	}
	delete(paths, "")
	return s.load(slices.Sorted(maps.Keys(paths))...)
}

// read indexes the declarations of a package.
func read(p *packages.Package) *code {
	c := &code{Package: p, types: map[string]typeDecl{}, funcs: map[string]*ast.FuncDecl{}}
	files := slices.SortedFunc(slices.Values(p.Syntax), func(a, b *ast.File) int {
		return cmp.Compare(p.Fset.Position(a.FileStart).Filename, p.Fset.Position(b.FileStart).Filename)
	})
	for _, file := range files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				c.funcs[funcName(decl)] = decl
			case *ast.GenDecl:
				c.readGroup(decl)
			}
		}
	}
	return c
}

func (c *code) readGroup(group *ast.GenDecl) {
	var values []ast.Expr // repeated by the specs that have none
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := text(spec.Doc, spec.Comment)
			if doc == "" && !group.Lparen.IsValid() {
				doc = text(group.Doc)
			}
			c.types[spec.Name.Name] = typeDecl{spec, doc}
		case *ast.ValueSpec:
			if group.Tok != token.CONST {
				continue
			}
			if len(spec.Values) > 0 {
				values = spec.Values
			}
			doc := text(spec.Doc, spec.Comment)
			if doc == "" && !group.Lparen.IsValid() {
				doc = text(group.Doc)
			}
			for _, name := range spec.Names {
				if object, ok := c.TypesInfo.Defs[name].(*types.Const); ok {
					c.consts = append(c.consts, constDecl{object, doc, slices.ContainsFunc(values, shifts)})
				}
			}
		}
	}
}

func shifts(expr ast.Expr) bool {
	found := false
	ast.Inspect(expr, func(n ast.Node) bool {
		if binary, ok := n.(*ast.BinaryExpr); ok && binary.Op == token.SHL {
			found = true
		}
		return !found
	})
	return found
}

// funcName is the function's name, with the receiver's type before a method's.
func funcName(decl *ast.FuncDecl) string {
	if decl.Recv == nil || len(decl.Recv.List) == 0 {
		return decl.Name.Name
	}
	if receiver := embeddedName(decl.Recv.List[0].Type); receiver != "" {
		return receiver + "." + decl.Name.Name
	}
	return decl.Name.Name
}

// text is the first comment that says anything.
func text(groups ...*ast.CommentGroup) string {
	for _, group := range groups {
		if text := strings.TrimSpace(group.Text()); text != "" {
			return text
		}
	}
	return ""
}

// file is where pos is, relative to the module, or with the import path before it
// for another module than that of the opened package's directory.
func (s *Source) file(c *code, pos token.Pos) string {
	name := c.Fset.Position(pos).Filename
	if c.Module == nil {
		return c.PkgPath + "/" + filepath.Base(name)
	}
	relative, err := filepath.Rel(c.Module.Dir, name)
	if err != nil || strings.HasPrefix(relative, "..") {
		return c.PkgPath + "/" + filepath.Base(name)
	}
	if !c.Module.Main {
		return c.Module.Path + "/" + filepath.ToSlash(relative)
	}
	return filepath.ToSlash(relative)
}
