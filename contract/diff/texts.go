package diff

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/centrirpc/centrirpc/contract"
)

func (w *walker) texts(path, was, is string) {
	switch {
	case was == is:
	case was == "":
		w.addf(Documentation, path, "documented now")
	case is == "":
		w.addf(Documentation, path, "not documented any more")
	default:
		w.addf(Documentation, path, "its documentation changed")
	}
}

func (w *walker) deprecated(path, was, is string) {
	switch {
	case was == is:
	case was == "":
		w.addf(Documentation, path, "deprecated now: %s", printed(is))
	case is == "":
		w.addf(Documentation, path, "not deprecated any more")
	default:
		w.addf(Documentation, path, "deprecated otherwise: %s", printed(is))
	}
}

// described compares the names and texts of the types that are referred to, and
// of those within. It pairs types that stand in the same place.
func (w *walker) described(o, n *contract.Type) {
	if o == nil || n == nil || o.Kind != n.Kind {
		return
	}
	w.described(o.Key, n.Key)
	w.described(o.Elem, n.Elem)
	for i := range min(len(o.Items), len(n.Items)) {
		w.described(&o.Items[i], &n.Items[i])
	}
	if o.Kind == contract.Ref {
		w.pair(o.Ref, n.Ref)
	}
}

// pair compares two types' names and texts, once.
func (w *walker) pair(oldName, newName string) {
	key := [2]string{oldName, newName}
	o, n := w.old.Named(oldName), w.new.Named(newName)
	if w.documented[key] || o == nil || n == nil || o.Kind != n.Kind {
		return
	}
	w.documented[key] = true
	subject := w.subject
	w.subject = "type " + name(oldName)
	if oldName != newName {
		w.addf(Documentation, "", "called %s now", name(newName))
	}
	w.texts("", o.Doc, n.Doc)
	for i := range o.Fields {
		was := &o.Fields[i]
		if is := field(n, was.Name); is != nil {
			w.texts(name(was.Name), was.Doc, is.Doc)
			w.deprecated(name(was.Name), was.Deprecated, is.Deprecated)
		}
	}
	w.values(o, n)
	w.subject = subject
	w.within(o, n)
}

func (w *walker) values(o, n *contract.NamedType) {
	before := map[string]*contract.EnumValue{}
	for i := range o.Values {
		before[enumValue(&o.Values[i])] = &o.Values[i]
	}
	for i := range n.Values {
		is := &n.Values[i]
		if was := before[enumValue(is)]; was != nil {
			path := "(" + printed(enumValue(is)) + ")"
			if was.Name != is.Name {
				w.addf(Documentation, path, "called %s now, was %s", name(is.Name), name(was.Name))
			}
			w.texts(path, was.Doc, is.Doc)
		}
	}
}

// within goes on to the types that a type consists of.
func (w *walker) within(o, n *contract.NamedType) {
	for i := range o.Fields {
		if is := field(n, o.Fields[i].Name); is != nil {
			w.described(&o.Fields[i].Type, &is.Type)
		}
	}
	w.described(o.Extra, n.Extra)
	w.described(o.Base, n.Base)
	after := tagged(w.new, n)
	for value, was := range tagged(w.old, o) {
		if is := after[value]; is != nil {
			w.pair(was.Name, is.Name)
		}
	}
}

func enumValue(v *contract.EnumValue) string {
	switch {
	case v.String != nil:
		return fmt.Sprintf("%q", *v.String)
	case v.Int != nil:
		return strconv.FormatInt(*v.Int, 10)
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// printed is text for one line: what would end it or hide in it is replaced.
func printed(s string) string {
	const most = 120
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return s
}
