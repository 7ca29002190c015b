package gopackage

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const rootPackage = "github.com/centrirpc/centrirpc"

const example = `	func NewRouter(svc *Service) *centrirpc.Router {
		router := centrirpc.NewRouter(centrirpc.Name("tasks"))
		centrirpc.Handle(router, "tasks.get_stats", svc.GetStats)
		return router
	}`

// chooseFunction names the function that returns the router.
func (l *loader) chooseFunction(wanted string) (string, error) {
	functions, err := l.functions()
	if err != nil {
		return "", err
	}
	if wanted != "" {
		if !token.IsIdentifier(wanted) || !token.IsExported(wanted) {
			return "", fmt.Errorf("-func %s: give the name of an exported function of %s", wanted, l.pkg.ImportPath)
		}
		if !slices.Contains(functions.all, wanted) {
			return "", fmt.Errorf("%s has no function %s; returning a *centrirpc.Router: %s", l.pkg.ImportPath, wanted, orNone(functions.routers))
		}
		return wanted, nil
	}
	switch len(functions.routers) {
	case 1:
		return functions.routers[0], nil
	case 0:
		return "", fmt.Errorf("%s has no exported function that returns a *centrirpc.Router. Write one, such as:\n\n%s\n\nParameters are allowed: it is called with zero values, and registering handlers runs none of them", l.pkg.ImportPath, example)
	}
	return "", fmt.Errorf("%s has %d functions that return a *centrirpc.Router: %s; name one with -func", l.pkg.ImportPath, len(functions.routers), strings.Join(functions.routers, ", "))
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// functionNames are a package's exported functions, sorted.
type functionNames struct {
	all     []string // those that can be called: no methods, no type parameters
	routers []string // those that return a router
}

func (l *loader) functions() (functionNames, error) {
	var names functionNames
	for _, name := range append(slices.Clone(l.pkg.GoFiles), l.pkg.CgoFiles...) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(l.pkg.Dir, name), nil, parser.SkipObjectResolution)
		if file == nil {
			return names, err
		}
		// What does not parse is left to the compiler, which says it better.
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Type.TypeParams != nil || !fn.Name.IsExported() {
				continue
			}
			names.all = append(names.all, fn.Name.Name)
			if returnsRouter(fn, routerTypes(file)) {
				names.routers = append(names.routers, fn.Name.Name)
			}
		}
	}
	slices.Sort(names.all)
	slices.Sort(names.routers)
	return names, nil
}

// routerTypes are the ways in which a file may write the type Router.
func routerTypes(file *ast.File) []string {
	var written []string
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err != nil || path != rootPackage {
			continue
		}
		switch {
		case spec.Name == nil:
			written = append(written, "centrirpc.Router")
		case spec.Name.Name == ".":
			written = append(written, "Router")
		default:
			written = append(written, spec.Name.Name+".Router")
		}
	}
	return written
}

func returnsRouter(fn *ast.FuncDecl, routers []string) bool {
	var results []ast.Expr
	if fn.Type.Results != nil {
		for _, field := range fn.Type.Results.List {
			for range max(1, len(field.Names)) {
				results = append(results, field.Type)
			}
		}
	}
	if len(results) == 0 || len(results) > 2 {
		return false
	}
	if len(results) == 2 {
		if second, ok := results[1].(*ast.Ident); !ok || second.Name != "error" {
			return false
		}
	}
	pointer, ok := results[0].(*ast.StarExpr)
	return ok && slices.Contains(routers, written(pointer.X))
}

func written(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return x.Name + "." + e.Sel.Name
		}
	}
	return ""
}
