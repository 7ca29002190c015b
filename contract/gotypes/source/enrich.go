package source

import (
	"fmt"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// Enrich adds to c what the source code says. A description that is there
// already, because the application gave it, is kept. Sources of methods and channels, the
// run time names of their handlers and declaring functions, become "api/service.go#Service.GetStats".
//
// A contract without anything from the opened packages stays as it is.
func (s *Source) Enrich(c *contract.Contract) error {
	if err := s.need(c); err != nil {
		return err
	}
	for i := range c.Types {
		if err := s.enrichType(&c.Types[i]); err != nil {
			return err
		}
	}
	for i := range c.Methods {
		if err := s.enrichMethod(&c.Methods[i]); err != nil {
			return err
		}
	}
	for i := range c.Channels {
		// What is declared in a function is no doc comment's subject: only the
		// place is taken.
		ch := &c.Channels[i]
		at := contract.Method{Source: ch.Source, Doc: ch.Doc, Deprecated: ch.Deprecated}
		if err := s.enrichMethod(&at); err != nil {
			return err
		}
		ch.Source = at.Source
	}
	c.Sort()
	return nil
}

func (s *Source) enrichType(t *contract.NamedType) error {
	path, names := s.split(t.Origin)
	if path == "" {
		return nil
	}
	c, err := s.code(path)
	if err != nil || c == nil {
		return err
	}
	if decl, ok := c.types[names[0]]; ok && len(names) == 1 {
		if t.Doc == "" {
			t.Doc = decl.doc
		}
		if t.Kind == contract.Alias {
			c.enumerate(t, names[0])
		}
	}
	if t.Kind != contract.Struct {
		return nil
	}
	declared, err := s.structAt(path, names)
	if err != nil || declared == nil {
		return err
	}
	docs, err := s.fieldDocs(declared)
	if err != nil {
		return err
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		doc, deprecated := splitDeprecated(docs[f.Name])
		if f.Doc == "" {
			f.Doc = doc
		}
		if f.Deprecated == "" {
			f.Deprecated = deprecated
		}
	}
	return nil
}

// splitDeprecated takes the paragraph that begins with "Deprecated:" out of a
// comment.
func splitDeprecated(doc string) (rest, deprecated string) {
	var kept []string
	for paragraph := range strings.SplitSeq(doc, "\n\n") {
		instead, ok := strings.CutPrefix(paragraph, "Deprecated: ")
		if ok && deprecated == "" {
			deprecated = strings.Join(strings.Fields(instead), " ")
			continue
		}
		kept = append(kept, paragraph)
	}
	return strings.TrimSpace(strings.Join(kept, "\n\n")), deprecated
}

// Locate replaces the Go names in the problems' positions by files and lines,
// relative to the directory that Open was given. What cannot be found stays.
func (s *Source) Locate(problems contract.Problems) {
	for i := range problems {
		if position := s.position(problems[i].Position); position != "" {
			problems[i].Position = position
		}
	}
}

func (s *Source) position(symbol string) string {
	path, names := s.split(symbol)
	if path == "" {
		return ""
	}
	c, err := s.code(path)
	if err != nil || c == nil {
		return ""
	}
	pos := c.find(names)
	if !pos.IsValid() {
		return ""
	}
	return s.at(c, pos)
}

// at is a file, relative to the directory that Open was given, and a line.
func (s *Source) at(c *code, pos token.Pos) string {
	at := c.Fset.Position(pos)
	name := at.Filename
	if relative, err := filepath.Rel(s.dir, name); err == nil && !strings.HasPrefix(relative, "..") {
		name = filepath.ToSlash(relative)
	}
	return fmt.Sprintf("%s:%d", name, at.Line)
}
