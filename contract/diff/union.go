package diff

import (
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// union compares untagged unions; a type that is none counts as a union of
// itself alone. Variants of the same form are the same; of the others those of one
// kind are taken for one that changed.
func (w *walker) union(path string, o, n *contract.Type, was, is *contract.Shape, dir direction) {
	w.limits(path, bounds(was), bounds(is), dir)
	if !w.first(visit{oldInline: was.Type, newInline: is.Type, old: was.Named, new: is.Named, dir: dir}) {
		return
	}
	before, after := w.items(0, o, was), w.items(1, n, is)
	removed := without(before, after)
	added := without(after, before)
	if len(removed) == 0 && len(added) == 0 && !slices.EqualFunc(before, after, func(a, b item) bool { return a.form == b.form }) {
		w.addf(Compatible, path, "its variants are tried in another order")
	}
	for _, r := range removed {
		at := slices.IndexFunc(added, func(a item) bool { return a.kind() == r.kind() })
		if at < 0 {
			w.noteIf(dir == read, path+"("+r.text()+")", "removed")
			continue
		}
		a := added[at]
		added = slices.Delete(added, at, at+1)
		w.limits(path+"("+r.text()+")", r.shape, a.shape, dir)
		w.parts(path+"("+r.text()+")", r.shape, a.shape, dir)
	}
	for _, a := range added {
		w.noteIf(dir == sent, path+"("+a.text()+")", "new")
	}
}

// bounds is a union without its variants, or what is none without constraints:
// these are its only variant's.
func bounds(s *contract.Shape) *contract.Shape {
	if untagged(s) {
		return s
	}
	return &contract.Shape{Kind: contract.Union, Length: contract.Span{Max: -1}, Count: contract.Span{Max: -1}}
}

func untagged(s *contract.Shape) bool { return s.Kind == contract.Union && s.Named == nil }

// item is a variant of an untagged union.
type item struct {
	shape *contract.Shape
	form  string
}

// items are the variants without null and without repetition.
func (w *walker) items(side int, t *contract.Type, shape *contract.Shape) []item {
	types := []*contract.Type{t}
	if untagged(shape) {
		types = shape.Items
	}
	var items []item
	for _, typ := range types {
		k := w.known(side, typ)
		i := item{k.shape, k.form}
		if !slices.ContainsFunc(items, func(known item) bool { return known.form == i.form }) {
			items = append(items, i)
		}
	}
	return items
}

// without are the items whose forms are not among the others.
func without(items, others []item) []item {
	var rest []item
	for _, i := range items {
		if !slices.ContainsFunc(others, func(o item) bool { return o.form == i.form }) {
			rest = append(rest, i)
		}
	}
	return rest
}

// kind joins variants that can be compared further.
func (i item) kind() string {
	kind := string(i.shape.Kind)
	if i.shape.Quoted {
		kind = "quoted " + kind
	}
	if i.shape.Named != nil {
		kind += " of a name"
	}
	return kind
}

// text names the variant in a path.
func (i item) text() string {
	if i.shape.Named != nil {
		return name(i.shape.Named.Name)
	}
	return describe(i.shape)
}
