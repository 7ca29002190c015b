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

// named compares the names and texts of the types that are referred to.
func (w *walker) named(o, n *contract.Type) {
	if o.Kind == contract.Ref && n.Kind == contract.Ref {
		w.pair(o.Ref, n.Ref)
	}
}

// pair compares the names and texts of two types once; aliases of aliases one
// after the other.
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
	w.subject = subject
	if o.Base != nil && n.Base != nil {
		w.named(o.Base, n.Base)
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
