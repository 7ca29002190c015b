package diff_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
)

// random makes contracts of few names and small numbers, so that changes meet.
type random struct {
	*rand.Rand
	names []string // of types
}

func newRandom(a, b uint64) *random {
	return &random{rand.New(rand.NewPCG(a, b)), []string{"A", "B", "C", "D", "E", "F", "G", "H"}}
}

func (r *random) one(in int) bool { return r.IntN(in) == 0 }

func pick[T any](r *random, from ...T) T { return from[r.IntN(len(from))] }

// The first three names are structs, then a tagged union, an enum and aliases.
const structs, unionAt, enumAt = 3, 3, 4

func (r *random) contract() *contract.Contract {
	c := &contract.Contract{Version: contract.Version, Name: "x", Errors: []contract.ErrorType{}}
	for i, name := range r.names {
		t := contract.NamedType{Name: name}
		switch {
		case i < structs:
			r.structType(&t)
		case i == unionAt:
			t.Kind, t.Tag = contract.Union, pick(r, "a", "kind")
			for j, value := range []string{"x", "y", "z"}[:1+r.IntN(3)] {
				t.Variants = append(t.Variants, contract.Variant{Values: []string{value}, Ref: r.names[j]})
			}
		case i == enumAt:
			t.Kind, t.Base = contract.Enum, &contract.Type{Kind: contract.String}
			for _, value := range []string{"x", "y", "z"}[:1+r.IntN(3)] {
				t.Values = append(t.Values, contract.EnumValue{Name: value, String: &value})
			}
		default:
			t.Kind = contract.Alias
			base := r.typ(2)
			t.Base = &base
		}
		c.Types = append(c.Types, t)
	}
	for _, name := range []string{"m", "n"}[:1+r.IntN(2)] {
		m := contract.Method{Name: name, Kind: contract.Call, TimeoutMS: int64(r.IntN(2)), Idempotent: r.one(2)}
		if !r.one(4) {
			m.Params = &contract.Type{Kind: contract.Ref, Ref: r.names[r.IntN(structs)]}
		}
		if !r.one(4) {
			result := r.typ(2)
			m.Result = &result
		}
		c.Methods = append(c.Methods, m)
	}
	if r.one(2) {
		c.Channels = []contract.Channel{{Name: "news", Event: r.typ(2)}}
	}
	if r.one(2) {
		c.Errors = []contract.ErrorType{{Code: 1001, Reason: pick(r, "full", "empty")}}
		if r.one(2) {
			details := r.typ(1)
			c.Errors[0].Details = &details
		}
		if r.one(2) {
			c.Methods[0].Errors = []int{1001}
		}
	}
	return c
}

func (r *random) structType(t *contract.NamedType) {
	t.Kind = contract.Struct
	for _, name := range []string{"a", "b", "kind"} {
		if r.one(3) {
			continue
		}
		f := contract.Field{Name: name, Type: r.typ(2), Required: r.one(2)}
		if r.one(5) {
			f.Default = json.RawMessage(pick(r, "1", `"x"`))
		}
		t.Fields = append(t.Fields, f)
	}
	if r.one(4) {
		extra := r.typ(1)
		t.Extra = &extra
	}
}

func (r *random) typ(depth int) contract.Type {
	t := contract.Type{Nullable: r.one(4)}
	kinds := []contract.Kind{contract.Bool, contract.Integer, contract.Float, contract.String, contract.Any, contract.Ref, contract.Ref}
	if depth > 0 {
		kinds = append(kinds, contract.List, contract.Map, contract.Tuple, contract.Union, contract.Union)
	}
	inner := func() *contract.Type {
		t := r.typ(depth - 1)
		return &t
	}
	switch t.Kind = pick(r, kinds...); t.Kind {
	case contract.Integer:
		t.Bits, t.Unsigned, t.Quoted = pick(r, 0, 32, 64), r.one(2), r.one(4)
	case contract.Float:
		t.Bits = pick(r, 0, 64)
	case contract.String:
		t.Format = pick(r, "", "", "uuid", "ip", "ipv4")
	case contract.Ref:
		t.Ref = pick(r, r.names...)
	case contract.List:
		t.Elem = inner()
	case contract.Map:
		t.Key, t.Elem = &contract.Type{Kind: pick(r, contract.String, contract.Integer)}, inner()
	case contract.Tuple, contract.Union:
		for range 1 + r.IntN(3) {
			t.Items = append(t.Items, *inner())
		}
	}
	if r.one(4) {
		t.Constraints = r.constraints()
	}
	return t
}

func (r *random) constraints() *contract.Constraints {
	small := func() *int {
		n := r.IntN(3)
		return &n
	}
	number := func() json.Number { return json.Number(pick(r, "0", "0.0", "1", "1e0", "5", "2147483647")) }
	c := &contract.Constraints{}
	switch r.IntN(9) {
	case 0:
		c.Minimum = number()
	case 1:
		c.ExclusiveMaximum = number()
	case 2:
		c.MultipleOf = json.Number(pick(r, "1", "2", "4.0"))
	case 3:
		c.MinLength = small()
	case 4:
		c.MaxItems = small()
	case 5:
		c.Pattern = pick(r, "a", "b")
	case 6:
		c.Unique = true
	case 7:
		c.OneOf = []json.RawMessage{json.RawMessage(pick(r, `"x"`, "1")), json.RawMessage(pick(r, "1.0", `"y"`))}
	case 8:
		c.Rules = []string{pick(r, "p", "q")}
	}
	return c
}

// mutate changes something, or only seems to.
func (r *random) mutate(c *contract.Contract) {
	other := r.contract()
	switch r.IntN(6) {
	case 0:
		c.Types[r.IntN(structs)].Fields = other.Types[0].Fields
	case 1:
		at := r.IntN(len(c.Types))
		c.Types[at] = other.Types[at]
	case 2:
		c.Methods[0] = other.Methods[0]
		c.Methods[0].Errors = nil
	case 3:
		c.Channels = other.Channels
	case 4:
		if at := &c.Types[r.IntN(structs)]; len(at.Fields) > 0 {
			at.Fields[r.IntN(len(at.Fields))].Type = r.typ(1)
		}
	case 5:
		at := structs + 2 + r.IntN(len(c.Types)-structs-2)
		c.Types[at].Base = other.Types[at].Base
	}
}

// disguise changes what does not show on the wire: names of types, order, texts,
// types in a name of their own.
func (r *random) disguise(c *contract.Contract) *contract.Contract {
	c = clone(c)
	rename := func(t *contract.Type) {
		if t.Kind == contract.Ref {
			t.Ref += "New"
		}
	}
	var aliases []contract.NamedType
	for i := range c.Types {
		t := &c.Types[i]
		t.Name += "New"
		t.Doc = "new"
		r.Shuffle(len(t.Fields), func(i, j int) { t.Fields[i], t.Fields[j] = t.Fields[j], t.Fields[i] })
		r.Shuffle(len(t.Values), func(i, j int) { t.Values[i], t.Values[j] = t.Values[j], t.Values[i] })
		r.Shuffle(len(t.Variants), func(i, j int) { t.Variants[i], t.Variants[j] = t.Variants[j], t.Variants[i] })
		for j := range t.Variants {
			t.Variants[j].Ref += "New"
		}
	}
	eachType(c, func(t *contract.Type) {
		rename(t)
		if r.one(5) {
			base := *t
			*t = contract.Type{Kind: contract.Ref, Ref: fmt.Sprintf("Alias%d", len(aliases))}
			aliases = append(aliases, contract.NamedType{Name: t.Ref, Kind: contract.Alias, Base: &base})
		}
	})
	for i := range c.Methods {
		if p := c.Methods[i].Params; p != nil {
			rename(p)
		}
	}
	c.Types = append(c.Types, aliases...)
	c.Types = append(c.Types, contract.NamedType{Name: "Unused", Kind: contract.Struct})
	r.Shuffle(len(c.Types), func(i, j int) { c.Types[i], c.Types[j] = c.Types[j], c.Types[i] })
	return c
}

// eachType visits the types within types, but for params.
func eachType(c *contract.Contract, visit func(*contract.Type)) {
	var walk func(t *contract.Type)
	walk = func(t *contract.Type) {
		if t == nil {
			return
		}
		walk(t.Elem)
		for i := range t.Items {
			walk(&t.Items[i])
		}
		visit(t)
	}
	for i := range c.Types {
		for j := range c.Types[i].Fields {
			walk(&c.Types[i].Fields[j].Type)
		}
		walk(c.Types[i].Extra)
		if c.Types[i].Kind == contract.Alias {
			walk(c.Types[i].Base)
		}
	}
	for i := range c.Methods {
		walk(c.Methods[i].Result)
	}
	for i := range c.Channels {
		walk(&c.Channels[i].Event)
	}
	for i := range c.Errors {
		walk(c.Errors[i].Details)
	}
}

func clone(c *contract.Contract) *contract.Contract {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	var copied contract.Contract
	if err := json.Unmarshal(data, &copied); err != nil {
		panic(err)
	}
	return &copied
}

func onlyTexts(changes []diff.Change) bool {
	return !slices.ContainsFunc(changes, func(c diff.Change) bool { return c.Class != diff.Documentation })
}

// checkExact holds the promise of Compare and Hash for two contracts.
func checkExact(t *testing.T, what string, a, b *contract.Contract) {
	t.Helper()
	for _, pair := range [][2]*contract.Contract{{a, b}, {b, a}} {
		changes := diff.Compare(pair[0], pair[1])
		if same := pair[0].Hash() == pair[1].Hash(); same != onlyTexts(changes) {
			t.Fatalf("%s: the hashes are equal: %t, the changes are %v\n%s\n%s", what, same, changes, text(pair[0]), text(pair[1]))
		}
	}
}

func text(c *contract.Contract) string {
	encoded, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

func checkSeed(t *testing.T, a, b uint64) (differ bool) {
	t.Helper()
	r := newRandom(a, b)
	c := r.contract()
	for c.Check() != nil { // an alias stands for itself
		c = r.contract()
	}
	if changes := diff.Compare(c, clone(c)); len(changes) > 0 {
		t.Fatalf("%d %d: compared with itself: %v\n%s", a, b, changes, text(c))
	}
	disguised := r.disguise(c)
	if err := disguised.Check(); err != nil {
		t.Fatalf("%d %d: %v", a, b, err)
	}
	if c.Hash() != disguised.Hash() {
		t.Fatalf("%d %d: names and order change the hash: %v\n%s\n%s", a, b, diff.Compare(c, disguised), text(c), text(disguised))
	}
	checkExact(t, fmt.Sprintf("%d %d, disguised", a, b), c, disguised)
	changed := clone(c)
	for range 1 + r.IntN(2) {
		r.mutate(changed)
	}
	if err := changed.Check(); err != nil {
		return false // an alias stands for itself now, or a declared error is gone
	}
	checkExact(t, fmt.Sprintf("%d %d, changed", a, b), c, changed)
	checkExact(t, fmt.Sprintf("%d %d, changed and disguised", a, b), disguised, changed)
	return c.Hash() != changed.Hash()
}

func TestTheHashDiffersExactlyWhenCompareListsMoreThanTexts(t *testing.T) {
	differ, same := 0, 0
	for seed := range uint64(600) {
		if checkSeed(t, 1, seed) {
			differ++
		} else {
			same++
		}
	}
	if differ < 200 || same < 30 {
		t.Errorf("%d contracts differed and %d did not: the test says little", differ, same)
	}
}

func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]uint64{{0, 0}, {273, 28}, {839, 38}, {246, 24}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b uint64) { checkSeed(t, a, b) })
}
