package source

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
)

// structure is a struct type as it is written in a package.
type structure struct {
	*ast.StructType
	in *code
}

// structAt finds the struct of a full name: a type, or below it the anonymous
// struct that a field holds.
func (s *Source) structAt(path string, names []string) (*structure, error) {
	c, err := s.code(path)
	if err != nil || c == nil {
		return nil, err
	}
	decl, ok := c.types[names[0]]
	if !ok {
		return nil, nil
	}
	found, err := s.underlying(c, decl.spec.Type)
	if err != nil || found == nil {
		return nil, err
	}
	for _, name := range names[1:] {
		field := fieldNamed(found.StructType, name)
		if field == nil {
			return nil, nil
		}
		inner := anonymousIn(field.Type)
		if inner == nil {
			return nil, nil
		}
		found = &structure{inner, found.in}
	}
	return found, nil
}

// underlying follows an expression to the struct that it stands for, into other
// packages too; nil if it is no struct.
func (s *Source) underlying(c *code, expr ast.Expr) (*structure, error) {
	for range 100 { // a type that is defined by itself does not compile
		switch e := expr.(type) {
		case *ast.StructType:
			return &structure{e, c}, nil
		case *ast.ParenExpr:
			expr = e.X
			continue
		case *ast.StarExpr:
			expr = e.X
			continue
		}
		t := c.TypesInfo.TypeOf(expr)
		if t == nil {
			return nil, nil
		}
		named, ok := types.Unalias(t).(*types.Named)
		if !ok || named.Obj().Pkg() == nil {
			return nil, nil
		}
		next, err := s.code(named.Obj().Pkg().Path())
		if err != nil || next == nil {
			return nil, err
		}
		decl, ok := next.types[named.Obj().Name()]
		if !ok {
			return nil, nil
		}
		c, expr = next, decl.spec.Type
	}
	return nil, nil
}

// anonymousIn is the struct in a field's type, below pointers, lists and maps.
func anonymousIn(expr ast.Expr) *ast.StructType {
	for {
		switch e := expr.(type) {
		case *ast.StructType:
			return e
		case *ast.ParenExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		case *ast.ArrayType:
			expr = e.Elt
		case *ast.MapType:
			expr = e.Value
		default:
			return nil
		}
	}
}

func fieldNamed(s *ast.StructType, name string) *ast.Field {
	for _, field := range s.Fields.List {
		for _, ident := range field.Names {
			if ident.Name == name {
				return field
			}
		}
		if len(field.Names) == 0 && embeddedName(field.Type) == name {
			return field
		}
	}
	return nil
}

// embeddedName is the name by which a type is embedded, which is also what a
// receiver of it is called by: without its package, pointers and type arguments.
func embeddedName(expr ast.Expr) string {
	for {
		switch e := expr.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		case *ast.ParenExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		default:
			return ""
		}
	}
}

// fieldDocs are the comments of a struct's fields by their JSON keys, those of
// embedded structs included: the shallowest wins, at the same depth one with a
// tag. The contract says which keys there are; others do no harm.
func (s *Source) fieldDocs(root *structure) (map[string]string, error) {
	type found struct {
		doc    string
		tagged bool
	}
	docs := map[string]string{}
	level, visited := []*structure{root}, map[*ast.StructType]bool{}
	for len(level) > 0 {
		var (
			next []*structure
			here = map[string]found{}
		)
		for _, at := range level {
			if visited[at.StructType] {
				continue
			}
			visited[at.StructType] = true
			for _, field := range at.Fields.List {
				s.doubt(at.in, field)
				key, ignored := keyOf(field)
				if ignored {
					continue
				}
				if len(field.Names) == 0 && key == "" {
					embedded, err := s.underlying(at.in, field.Type)
					if err != nil {
						return nil, err
					}
					if embedded != nil {
						next = append(next, embedded)
						continue
					}
				}
				f := found{text(field.Doc, field.Comment), key != ""}
				for _, name := range keysOf(field, key) {
					if other, ok := here[name]; !ok || f.tagged && !other.tagged {
						here[name] = f
					}
				}
			}
		}
		for name, f := range here {
			if _, shallower := docs[name]; !shallower {
				docs[name] = f.doc
			}
		}
		level = next
	}
	return docs, nil
}

// keyOf is the key that the field's tag gives, if any.
func keyOf(field *ast.Field) (key string, ignored bool) {
	if field.Tag == nil {
		return "", false
	}
	tag, err := strconv.Unquote(field.Tag.Value)
	if err != nil {
		return "", false
	}
	tag = reflect.StructTag(tag).Get("json")
	key, _, _ = strings.Cut(tag, ",")
	return key, tag == "-"
}

func keysOf(field *ast.Field, key string) []string {
	if key != "" {
		return []string{key}
	}
	if len(field.Names) == 0 {
		return []string{embeddedName(field.Type)}
	}
	names := make([]string, len(field.Names))
	for i, name := range field.Names {
		names[i] = name.Name
	}
	return names
}

// find is where the names lead: a type and then its fields.
func (c *code) find(names []string) token.Pos {
	decl, ok := c.types[names[0]]
	if !ok {
		if fn := c.funcs[strings.Join(names, ".")]; fn != nil {
			return fn.Name.Pos()
		}
		return token.NoPos
	}
	pos, expr := decl.spec.Name.Pos(), decl.spec.Type
	for _, name := range names[1:] {
		inner := anonymousIn(expr)
		if inner == nil {
			return pos
		}
		field := fieldNamed(inner, name)
		if field == nil {
			return pos
		}
		pos, expr = field.Pos(), field.Type
	}
	return pos
}
