package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// direction says who sends a value and who reads it.
type direction int

const (
	sent direction = iota // from a client of the old contract to a server of the new
	read                  // from a server of the new contract to a client of the old
)

// order is the sender's and the reader's of what the old and the new contract
// have.
func order[T any](d direction, old, new T) (sender, reader T) {
	if d == sent {
		return old, new
	}
	return new, old
}

// walker compares types and notes the changes.
type walker struct {
	old, new *contract.Shapes
	forms    *contract.Forms
	cache    [2]map[*contract.Type]*known
	changes  []Change

	subject    string
	seen       map[visit]bool     // of this subject
	documented map[[2]string]bool // named types whose texts were compared
}

// known is what was found out of a type.
type known struct {
	shape *contract.Shape
	form  string
}

// known is that of a type of the old contract, side 0, or the new one.
func (w *walker) known(side int, t *contract.Type) *known {
	if k := w.cache[side][t]; k != nil {
		return k
	}
	shapes := w.old
	if side == 1 {
		shapes = w.new
	}
	shape := shapes.Of(t)
	k := &known{&shape, w.forms.Of(side, t)}
	w.cache[side][t] = k
	return k
}

// visit is a pair of structs or unions that was compared.
type visit struct {
	old, new             *contract.NamedType
	oldInline, newInline *contract.Type // of those without a name
	dir                  direction
	tag                  string // of fields without it
}

// first tells whether the pair was not compared before, and notes that it is.
func (w *walker) first(v visit) bool {
	if w.seen[v] {
		return false
	}
	w.seen[v] = true
	return true
}

func (w *walker) begin(subject string) {
	w.subject, w.seen = subject, map[visit]bool{}
}

func (w *walker) addf(class Class, path, format string, args ...any) {
	w.changes = append(w.changes, Change{Class: class, Subject: w.subject, Path: path, What: fmt.Sprintf(format, args...)})
}

// noteIf adds a change that is breaking unless it is all right.
func (w *walker) noteIf(fine bool, path, format string, args ...any) {
	class := Breaking
	if fine {
		class = Compatible
	}
	w.addf(class, path, format, args...)
}

// types compares a type in one place.
func (w *walker) types(path string, o, n *contract.Type, dir direction) {
	was, is := w.known(0, o), w.known(1, n)
	w.nullable(path, was.shape, is.shape, dir)
	if was.form == is.form {
		return
	}
	w.differing(path, o, n, was.shape, is.shape, dir)
}

// differing compares types of different forms.
func (w *walker) differing(path string, o, n *contract.Type, was, is *contract.Shape, dir direction) {
	switch {
	case was.Kind != is.Kind && (was.Kind == contract.Any || is.Kind == contract.Any):
		w.kind(path, was, is, dir)
	case untagged(was) || untagged(is):
		w.union(path, o, n, was, is, dir)
	case was.Kind != is.Kind || was.Quoted != is.Quoted:
		w.kind(path, was, is, dir)
	default:
		w.limits(path, was, is, dir)
		w.parts(path, was, is, dir)
	}
}

func (w *walker) nullable(path string, was, is *contract.Shape, dir direction) {
	if was.Nullable == is.Nullable || was.Kind == contract.Any || is.Kind == contract.Any {
		return // with Any it is part of the type
	}
	if is.Nullable {
		w.noteIf(dir == sent, path, "nullable now")
	} else {
		w.noteIf(dir == read, path, "not nullable any more")
	}
}

// parts compares what types of the same kind consist of.
func (w *walker) parts(path string, was, is *contract.Shape, dir direction) {
	if untagged(was) {
		w.union(path, was.Type, is.Type, was, is, dir)
		return
	}
	if was.Named == nil && !w.first(visit{oldInline: was.Type, newInline: is.Type, dir: dir}) {
		return
	}
	switch was.Kind {
	case contract.List:
		w.types(path+"[]", was.Elem, is.Elem, dir)
	case contract.Map:
		w.key(path+"{key}", was.Key, is.Key, dir)
		w.types(path+"{}", was.Elem, is.Elem, dir)
	case contract.Tuple:
		if len(was.Items) != len(is.Items) {
			w.addf(Breaking, path, "%d items now, were %d", len(is.Items), len(was.Items))
			return
		}
		for i := range was.Items {
			w.types(fmt.Sprintf("%s[%d]", path, i), was.Items[i], is.Items[i], dir)
		}
	case contract.Struct:
		w.fields(path, was.Named, is.Named, dir, "")
	case contract.Union:
		w.variants(path, was.Named, is.Named, dir)
	}
}

// key compares a map's keys, which are strings in JSON even if they are numbers.
func (w *walker) key(path string, o, n *contract.Type, dir direction) {
	was, is := w.known(0, o).shape, w.known(1, n).shape
	if was.Kind == is.Kind {
		w.types(path, o, n, dir)
		return
	}
	sender, reader := order(dir, was, is)
	text := reader.Kind == contract.String && reader.Format == "" && !reader.Narrowed()
	w.noteIf(sender.Kind == contract.Integer && text, path, "%s now, was %s", describe(is), describe(was))
}

// fields compares structs, but for the tag that tells variants apart.
func (w *walker) fields(path string, o, n *contract.NamedType, dir direction, tag string) {
	if !w.first(visit{old: o, new: n, dir: dir, tag: tag}) {
		return
	}
	for i := range o.Fields {
		was := &o.Fields[i]
		if is := field(n, was.Name); was.Name == tag && tag != "" {
			continue
		} else if is == nil {
			w.addf(Breaking, path+member(was.Name), "removed")
		} else {
			w.field(path+member(was.Name), was, is, dir)
		}
	}
	for i := range n.Fields {
		if is := &n.Fields[i]; field(o, is.Name) == nil && (is.Name != tag || tag == "") {
			w.newField(path+member(is.Name), o.Extra, is, dir)
		}
	}
	switch {
	case o.Extra == nil && n.Extra != nil:
		w.addf(Compatible, path+"{extra}", "new")
	case o.Extra != nil && n.Extra == nil:
		w.addf(Breaking, path+"{extra}", "removed")
	case o.Extra != nil:
		w.types(path+"{extra}", o.Extra, n.Extra, dir)
	}
}

func (w *walker) field(path string, was, is *contract.Field, dir direction) {
	if !was.Required && is.Required {
		w.noteIf(dir == read, path, "required now")
	} else if was.Required && !is.Required {
		w.noteIf(dir == sent, path, "optional now")
	}
	if before, after := contract.CanonicalJSON(was.Default), contract.CanonicalJSON(is.Default); before != after {
		w.addf(Compatible, path, "the default is %s now, was %s", cmp.Or(printed(after), "none"), cmp.Or(printed(before), "none"))
	}
	w.types(path, &was.Type, &is.Type, dir)
}

// newField judges a field that would have been among the extra members before.
func (w *walker) newField(path string, extra *contract.Type, is *contract.Field, dir direction) {
	presence := "optional"
	if is.Required {
		presence = "required"
	}
	if extra != nil && w.breaks(extra, &is.Type, dir) {
		w.addf(Breaking, path, "new, %s, of another type than the extra members that it was among", presence)
		return
	}
	w.noteIf(dir == read || !is.Required, path, "new, %s", presence)
}

// breaks tells whether the new type in place of the old would be breaking.
func (w *walker) breaks(o, n *contract.Type, dir direction) bool {
	trial := &walker{old: w.old, new: w.new, forms: w.forms, cache: w.cache, subject: w.subject, seen: maps.Clone(w.seen)}
	trial.types("", o, n, dir)
	return slices.ContainsFunc(trial.changes, func(c Change) bool { return c.Class == Breaking })
}

func field(of *contract.NamedType, name string) *contract.Field {
	for i := range of.Fields {
		if of.Fields[i].Name == name {
			return &of.Fields[i]
		}
	}
	return nil
}

// variants compares tagged unions by the values of their tags.
func (w *walker) variants(path string, o, n *contract.NamedType, dir direction) {
	if !w.first(visit{old: o, new: n, dir: dir}) {
		return
	}
	if o.Tag != n.Tag {
		w.addf(Breaking, path, "the tag is %q now, was %q", n.Tag, o.Tag)
	}
	before, after := tagged(w.old, o), tagged(w.new, n)
	for _, value := range sortedKeys(before) {
		inner := path + "(" + name(value) + ")"
		was, is := before[value], after[value]
		if is == nil {
			w.noteIf(dir == read, inner, "removed")
			continue
		}
		tag := ""
		if o.Tag == n.Tag {
			tag = o.Tag
		}
		w.fields(inner, was, is, dir, tag)
	}
	for _, value := range sortedKeys(after) {
		if before[value] == nil {
			w.noteIf(dir == sent, path+"("+name(value)+")", "new")
		}
	}
}

func tagged(shapes *contract.Shapes, union *contract.NamedType) map[string]*contract.NamedType {
	structs := map[string]*contract.NamedType{}
	for _, v := range union.Variants {
		s := shapes.Named(v.Ref)
		if s == nil {
			s = &contract.NamedType{Kind: contract.Struct}
		}
		for _, value := range v.Values {
			structs[value] = s
		}
	}
	return structs
}

// member is the path from a struct to a field.
func member(field string) string { return "." + name(field) }

// name is a word as it is and everything else in quotes, so that it stays on
// its line and in its place.
func name(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) < 0
	if plain {
		return s
	}
	return fmt.Sprintf("%q", s)
}
