package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// Class says what a change means to a caller.
type Class string

// The classes of change.
const (
	Breaking      Class = "breaking"      // a caller of the old contract may fail, or misread something
	Compatible    Class = "compatible"    // it shows on the wire, and no caller fails
	Documentation Class = "documentation" // nothing on the wire: texts, deprecations, and names that show in newly generated code only
)

func (c Class) rank() int { return slices.Index([]Class{Breaking, Compatible, Documentation}, c) }

// Change is one difference of two contracts.
type Change struct {
	Class Class `json:"class"`
	// Subject is what changed: a method "tasks.create", "channel
	// tasks:{project_id}", "error 1001", "type Task" or "api". Those of the old
	// contract are called as there.
	Subject string `json:"subject"`
	// Path leads to what changed within the subject, such as
	// "params.items[].due"; empty means the subject itself. "[]" are a list's
	// items, "[0]" a tuple's first, "{}" a map's values, "{key}" its keys,
	// "{extra}" a struct's members beyond its fields, "(circle)" the variant of
	// a union with this tag, or of this type.
	Path string `json:"path,omitempty"`
	// What happened to it: "required now".
	What string `json:"what"`
}

// Place is the subject and the path in it: "tasks.create params.items[].due".
func (c Change) Place() string {
	if c.Path == "" {
		return c.Subject
	}
	return c.Subject + " " + c.Path
}

// String is the place and what happened there, on one line.
func (c Change) String() string { return c.Place() + ": " + c.What }

// Compare lists what a caller of the contract old may notice of a server of the
// contract new, and changes of the documentation: the breaking changes first,
// then by place. Both contracts have passed Check; they are not changed.
//
// A type that is used in several places of a method is compared once for each
// direction there, at the first; one that several methods use, for each of them.
// The texts of a type are compared once: their subject is the type.
//
// All changes are Documentation, or there are none, exactly if both contracts have
// the same Hash.
func Compare(old, new *contract.Contract) []Change {
	w := &walker{
		old: contract.NewShapes(old), new: contract.NewShapes(new), forms: contract.NewForms(old, new),
		cache:      [2]map[*contract.Type]*known{{}, {}},
		documented: map[[2]string]bool{},
	}
	w.begin("api")
	if old.Name != new.Name {
		w.addf(Documentation, "", "called %q now, was %q", new.Name, old.Name)
	}
	w.texts("", old.Doc, new.Doc)
	w.methods(old, new)
	w.channels(old, new)
	w.errors(old, new)
	slices.SortStableFunc(w.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Class.rank(), b.Class.rank()), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(w.changes)
}

// byKey joins the things of both contracts by their keys, in order.
func byKey[T any](old, new []T, oldKey, newKey func(*T) string, both func(o, n *T)) {
	pairs := map[string][2]*T{}
	for i := range old {
		pairs[oldKey(&old[i])] = [2]*T{&old[i], nil}
	}
	for i := range new {
		key := newKey(&new[i])
		pairs[key] = [2]*T{pairs[key][0], &new[i]}
	}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		both(pairs[key][0], pairs[key][1])
	}
}

func (w *walker) methods(old, new *contract.Contract) {
	name := func(m *contract.Method) string { return m.Name }
	byKey(old.Methods, new.Methods, name, name, func(o, n *contract.Method) {
		w.begin(name(cmp.Or(o, n)))
		switch {
		case n == nil:
			w.addf(Breaking, "", "removed")
		case o == nil:
			w.addf(Compatible, "", "new")
		default:
			w.method(o, n)
		}
	})
}

func (w *walker) method(o, n *contract.Method) {
	w.texts("", o.Doc, n.Doc)
	w.deprecated("", o.Deprecated, n.Deprecated)
	if o.Kind != n.Kind {
		w.addf(Breaking, "", "a %s now, was a %s", n.Kind, o.Kind)
	}
	if o.Idempotent && !n.Idempotent {
		w.addf(Breaking, "", "not idempotent any more")
	} else if !o.Idempotent && n.Idempotent {
		w.addf(Compatible, "", "idempotent now")
	}
	if !o.Volatile && n.Volatile {
		w.addf(Breaking, "", "volatile now: its calls are not remembered, so a client must not send them again")
	} else if o.Volatile && !n.Volatile {
		w.addf(Compatible, "", "not volatile any more")
	}
	if o.TimeoutMS != n.TimeoutMS {
		w.addf(Compatible, "", "the timeout is %s now, was %s", timeout(n.TimeoutMS), timeout(o.TimeoutMS))
	}
	for _, code := range o.Errors {
		if !slices.Contains(n.Errors, code) {
			w.addf(Compatible, "", "does not declare the error %d any more", code)
		}
	}
	for _, code := range n.Errors {
		if !slices.Contains(o.Errors, code) {
			w.addf(Compatible, "", "declares the error %d now", code)
		}
	}
	w.described(o.Params, n.Params)
	w.fields("params", w.old.Fields(o.Params), w.new.Fields(n.Params), sent, "")
	w.optional("result", o.Result, n.Result)
	w.optional("item", o.Item, n.Item)
}

// optional compares what a client reads, if there is any.
func (w *walker) optional(path string, o, n *contract.Type) {
	switch {
	case o == nil && n == nil:
	case n == nil:
		w.addf(Breaking, path, "removed")
	case o == nil:
		w.addf(Compatible, path, "new")
	default:
		w.described(o, n)
		w.types(path, o, n, read)
	}
}

func timeout(ms int64) string {
	if ms == 0 {
		return "the server's"
	}
	return fmt.Sprintf("%d ms", ms)
}

func (w *walker) channels(old, new *contract.Contract) {
	of := func(patterns map[string]string) func(*contract.Channel) string {
		return func(ch *contract.Channel) string { return patterns[ch.Name] }
	}
	byKey(old.Channels, new.Channels, of(old.Patterns()), of(new.Patterns()), func(o, n *contract.Channel) {
		w.begin("channel " + cmp.Or(o, n).Name)
		switch {
		case n == nil:
			w.addf(Breaking, "", "removed")
		case o == nil:
			w.addf(Compatible, "", "new")
		default:
			w.channel(o, n)
		}
	})
}

func (w *walker) channel(o, n *contract.Channel) {
	if o.Name != n.Name {
		w.addf(Documentation, "", "called %s now", n.Name)
	}
	w.texts("", o.Doc, n.Doc)
	w.deprecated("", o.Deprecated, n.Deprecated)
	w.described(o.Params, n.Params)
	w.parameters(o, n)
	w.described(&o.Event, &n.Event)
	w.types("event", &o.Event, &n.Event, read)
}

// parameters are compared by their order in the channel's name.
func (w *walker) parameters(o, n *contract.Channel) {
	names, err := contract.ChannelParams(o.Name)
	if err != nil {
		return
	}
	was, is := w.old.Parameters(o), w.new.Parameters(n)
	for i, name := range names {
		path := "params" + member(name)
		switch {
		case i >= len(is) || was[i] == nil && is[i] == nil:
		case was[i] == nil || is[i] == nil:
			w.addf(Breaking, path, "its type is described on one side only")
		default:
			w.types(path, was[i], is[i], sent)
		}
	}
}

func (w *walker) errors(old, new *contract.Contract) {
	code := func(e *contract.ErrorType) string { return fmt.Sprintf("%020d", e.Code) }
	byKey(old.Errors, new.Errors, code, code, func(o, n *contract.ErrorType) {
		w.begin(fmt.Sprintf("error %d", cmp.Or(o, n).Code))
		switch {
		case n == nil:
			w.addf(Compatible, "", "removed")
		case o == nil:
			w.addf(Compatible, "", "new")
		default:
			if o.Reason != n.Reason {
				w.addf(Breaking, "", "the reason is %q now, was %q", n.Reason, o.Reason)
			}
			w.texts("", o.Doc, n.Doc)
			w.optional("details", o.Details, n.Details)
		}
	})
}
