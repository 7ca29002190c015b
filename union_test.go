package centrirpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

type figure interface{ figure() }

type (
	circle struct {
		Radius float64 `json:"radius" validate:"gt=0"`
	}
	square struct {
		Side   float64           `json:"side"`
		Labels map[string]string `json:"labels,omitempty"`
	}
	// group is a variant by its pointer and has the union within.
	group struct {
		Members []figure `json:"members"`
	}
	nothing  struct{}
	stranger struct{}

	drawing struct {
		Main    figure            `json:"main"`
		Extra   figure            `json:"extra,omitempty"`
		Maybe   *figure           `json:"maybe,omitempty"`
		Named   map[string]figure `json:"named,omitempty"`
		Pair    [2]figure         `json:"pair,omitzero"`
		Circle  *circle           `json:"circle,omitempty"` // a concrete one: without the tag
		Any     any               `json:"any,omitempty"`
		Comment string            `json:"comment,omitempty"`
	}
)

func (circle) figure()   {}
func (square) figure()   {}
func (*group) figure()   {}
func (nothing) figure()  {}
func (stranger) figure() {}

func init() {
	centrirpc.RegisterUnion[figure]("kind",
		centrirpc.Variant[circle]("circle"),
		centrirpc.Variant[square](`squ"are`),
		centrirpc.Variant[*group]("group"),
		centrirpc.Variant[nothing]("nothing"),
	)
}

func figures(t *testing.T, opts ...centrirpc.RouterOption) (*centrirpc.Router, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	r := centrirpc.NewRouter(append(opts, centrirpc.Logger(slog.New(slog.NewTextHandler(log, nil))))...)
	centrirpc.Handle(r, "echo", func(_ context.Context, p drawing) (drawing, error) { return p, nil })
	centrirpc.Handle(r, "main", func(_ context.Context, p drawing) (figure, error) { return p.Main, nil })
	centrirpc.Handle(r, "stranger", func(context.Context, struct{}) ([]figure, error) { return []figure{circle{}, stranger{}}, nil })
	centrirpc.Handle(r, "nil", func(context.Context, struct{}) (figure, error) { return nil, nil })
	centrirpc.Handle(r, "nil_pointer", func(context.Context, struct{}) (figure, error) { return (*group)(nil), nil })
	centrirpc.Handle(r, "pointer", func(context.Context, struct{}) (figure, error) { return &circle{Radius: 1}, nil })
	centrirpc.Handle(r, "fails", func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, errFigure.New(circle{Radius: 2}, "no")
	}, centrirpc.Errors(errFigure))
	return r, log
}

var errFigure = centrirpc.DeclareError[figure](1002, "bad_figure", "The figure is bad.")

// Everywhere a value whose declared type is the interface has the tag, and one
// whose type is the struct has not.
func TestUnionRoundTrip(t *testing.T) {
	var got drawing
	r, _ := figures(t)
	centrirpc.Handle(r, "keep", func(_ context.Context, p drawing) (struct{}, error) { got = p; return struct{}{}, nil })
	params := `{"main":{"kind":"circle","radius":1.5},` +
		`"extra":{"kind":"squ\"are","side":2,"labels":{"a":"b"}},` +
		`"maybe":{"kind":"nothing"},` +
		`"named":{"x":{"kind":"group","members":[{"kind":"circle","radius":3},{"kind":"group","members":[]}]}},` +
		`"pair":[{"kind":"nothing"},{"kind":"circle","radius":4}],` +
		`"circle":{"radius":5},"any":{"kind":"circle"}}`
	result, err := r.Call(t.Context(), "echo", json.RawMessage(params))
	if err != nil || string(result) != params {
		t.Errorf("echo gave %s, %v; want %s", result, err, params)
	}
	// The tag may stand anywhere, and unknown keys beside it.
	shuffled := strings.Replace(params, `{"kind":"circle","radius":1.5}`, `{"new":[{}],"radius":1.5,"kind":"circle"}`, 1)
	if _, err := r.Call(t.Context(), "keep", json.RawMessage(shuffled)); err != nil {
		t.Fatal(err)
	}
	maybe := figure(nothing{})
	want := drawing{
		Main: circle{1.5}, Extra: square{2, map[string]string{"a": "b"}}, Maybe: &maybe,
		Named:  map[string]figure{"x": &group{[]figure{circle{3}, &group{[]figure{}}}}},
		Pair:   [2]figure{nothing{}, circle{4}},
		Circle: &circle{5}, Any: map[string]any{"kind": "circle"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %#v\nwant %#v", got, want)
	}
	if result, err := r.Call(t.Context(), "main", json.RawMessage(params)); err != nil || string(result) != `{"kind":"circle","radius":1.5}` {
		t.Errorf("a result that is a union: %s, %v", result, err)
	}
	if result, err := r.Call(t.Context(), "pointer", nil); err != nil || string(result) != `{"kind":"circle","radius":1}` {
		t.Errorf("a pointer to a variant: %s, %v", result, err)
	}
	_, err = r.Call(t.Context(), "fails", nil)
	if details := errorOf(t, err).Wire().Details; string(details) != `{"kind":"circle","radius":2}` {
		t.Errorf("details that are a union: %s", details)
	}
}

func TestUnionFaults(t *testing.T) {
	for _, test := range []struct {
		params string
		want   []wire.Fault
	}{
		{`{}`, []wire.Fault{{Field: "main", Rule: "required"}}},
		{`{"main":null}`, []wire.Fault{{Field: "main", Rule: "type"}}},
		{`{"main":[]}`, []wire.Fault{{Field: "main", Rule: "type"}}},
		{`{"main":{}}`, []wire.Fault{{Field: "main.kind", Rule: "required"}}},
		{`{"main":{"kind":7}}`, []wire.Fault{{Field: "main.kind", Rule: "type"}}},
		{`{"main":{"kind":null}}`, []wire.Fault{{Field: "main.kind", Rule: "type"}}},
		{`{"main":{"kind":"star"}}`, []wire.Fault{{Field: "main.kind", Rule: "enum"}}},
		{`{"main":{"kind":"circle","radius":"x"}}`, []wire.Fault{{Field: "main.radius", Rule: "type"}}},
		{`{"main":{"kind":"circle"},"extra":{"side":true,"kind":"squ\"are"}}`, []wire.Fault{{Field: "main.radius", Rule: "required"}, {Field: "extra.side", Rule: "type"}}},
		{`{"main":{"kind":"circle","kind":"circle","radius":1}}`, []wire.Fault{{Field: "main.kind", Rule: "json"}}},
		{`{"main":{"kind":"group","members":[{"kind":"nothing"},{"kind":"circle"},{"kind":""}]}}`,
			[]wire.Fault{{Field: "main.members[1].radius", Rule: "required"}, {Field: "main.members[2].kind", Rule: "enum"}}},
		{`{"main":{"kind":"nothing"},"pair":[{"kind":"nothing"}]}`, []wire.Fault{{Field: "pair", Rule: "type"}}},
		// The validator's rules hold in variants.
		{`{"main":{"kind":"circle","radius":-1}}`, []wire.Fault{{Field: "main.radius", Rule: "gt"}}},
		{`{"main":{"kind":"nothing"`, []wire.Fault{{Rule: "json"}}},
		{`{"main":` + strings.Repeat(`{"kind":"group","members":[`, 65) + strings.Repeat(`]}`, 65) + `}`, []wire.Fault{{Rule: "json"}}},
	} {
		r, _ := figures(t)
		_, err := r.Call(t.Context(), "echo", json.RawMessage(test.params))
		if err == nil {
			t.Errorf("%.200s is taken", test.params)
			continue
		}
		faults, _ := errorOf(t, err).Details.([]wire.Fault)
		if len(faults) != len(test.want) {
			t.Errorf("%.200s: %+v", test.params, errorOf(t, err))
			continue
		}
		for i, f := range faults {
			if f.Field != test.want[i].Field || f.Rule != test.want[i].Rule || !strings.HasPrefix(f.Message, f.Field) {
				t.Errorf("%.200s: fault %+v; want %+v", test.params, f, test.want[i])
			}
		}
	}
	deep := `{"main":` + strings.Repeat(`{"kind":"group","members":[`, 64) + strings.Repeat(`]}`, 64) + `}`
	r, _ := figures(t)
	if _, err := r.Call(t.Context(), "echo", json.RawMessage(deep)); err != nil {
		t.Errorf("64 unions within one another: %v", err)
	}
	strict, _ := figures(t, centrirpc.Strict())
	if _, err := strict.Call(t.Context(), "echo", json.RawMessage(`{"main":{"kind":"circle","radius":1}}`)); err != nil {
		t.Errorf("the tag is unknown to a strict router: %v", err)
	}
	if _, err := strict.Call(t.Context(), "echo", json.RawMessage(`{"main":{"kind":"circle","radius":1,"x":1}}`)); err == nil || !strings.Contains(err.Error(), "main.x is not known") {
		t.Errorf("a strict router: %v", err)
	}
}

func TestUnionsThatCannotBeEncoded(t *testing.T) {
	for method, want := range map[string]string{
		"stranger":    "holds a centrirpc_test.stranger, which is none of its variants; register it",
		"nil":         "a centrirpc_test.figure is nil",
		"nil_pointer": "a centrirpc_test.figure is a nil *centrirpc_test.group",
	} {
		r, log := figures(t)
		_, err := r.Call(t.Context(), method, nil)
		if err == nil || errorOf(t, err).Code != wire.Internal || strings.Contains(err.Error(), "figure") {
			t.Errorf("%s: %v; want an internal error that says nothing", method, err)
		}
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s: the log has not %q: %s", method, want, log)
		}
	}
}

func TestUnionInContract(t *testing.T) {
	r, _ := figures(t)
	c := r.Contract()
	want := contract.NamedType{
		Name: "Figure", Kind: contract.Union, Origin: "github.com/centrirpc/centrirpc_test.figure", Tag: "kind",
		Variants: []contract.Variant{
			{Values: []string{"circle"}, Ref: "Circle"}, {Values: []string{`squ"are`}, Ref: "Square"},
			{Values: []string{"group"}, Ref: "Group"}, {Values: []string{"nothing"}, Ref: "Nothing"},
		},
	}
	if got := c.Type("Figure"); got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("the union is %+v; want %+v", got, want)
	}
	if got := c.Type("Circle"); got == nil || len(got.Fields) != 1 {
		t.Errorf("a variant has the tag for a field: %+v", got)
	}
	if got := c.Method("main").Result; got.Kind != contract.Ref || got.Ref != "Figure" || got.Nullable {
		t.Errorf("the result is %+v", got)
	}
}

type (
	tagged interface{ tagged() }
	keyed1 struct {
		Type string `json:"Type"`
	}
	marshaling struct{}
	scalar     int
	unknown    interface{ unknown() }
)

func (keyed1) tagged()                          {}
func (marshaling) tagged()                      {}
func (marshaling) MarshalJSON() ([]byte, error) { return nil, nil }
func (scalar) tagged()                          {}
func (*stranger) tagged()                       {}
func (*nothing) tagged()                        {}

func TestWrongUnions(t *testing.T) {
	variant := centrirpc.Variant[*nothing]("nothing")
	for want, register := range map[string]func(){
		"it must be an interface type":               func() { centrirpc.RegisterUnion[circle]("type", variant) },
		"with a name and at least one method":        func() { centrirpc.RegisterUnion[any]("type", variant) },
		"is registered already at":                   func() { centrirpc.RegisterUnion[figure]("type", centrirpc.Variant[circle]("c")) },
		"it has no variants":                         func() { centrirpc.RegisterUnion[tagged]("type") },
		"the tag \"\" is no key":                     func() { centrirpc.RegisterUnion[tagged]("", variant) },
		"stands for centrirpc_test.nothing and for":  func() { centrirpc.RegisterUnion[tagged]("type", variant, centrirpc.Variant[*stranger]("nothing")) },
		"nothing is there twice":                     func() { centrirpc.RegisterUnion[tagged]("type", variant, centrirpc.Variant[*nothing]("n")) },
		"has a field \"Type\", which is the union's": func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.Variant[keyed1]("k")) },
		"the method MarshalJSON of":                  func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.Variant[marshaling]("m")) },
		"scalar is no struct with a name":            func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.Variant[scalar]("s")) },
		"nothing does not implement it; give":        func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.Variant[nothing]("n")) },
		"give it a text":                             func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.Variant[*nothing]("")) },
		"a variant is empty":                         func() { centrirpc.RegisterUnion[tagged]("type", centrirpc.UnionVariant{}) },
		"say what it may hold with centrirpc.RegisterU": func() {
			centrirpc.Handle(centrirpc.NewRouter(), "x", func(context.Context, struct{}) (unknown, error) { return nil, nil })
		},
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.HasPrefix(p, "centrirpc: ") || !strings.Contains(p, want) || !strings.Contains(p, "union_test.go:") {
					t.Errorf("panicked with %q; want one with %q", p, want)
				}
			}()
			register()
		}()
	}
	func() {
		defer func() {
			if p, _ := recover().(string); !strings.Contains(p, `params.f: the validate tag "min=1" is wrong`) {
				t.Errorf("a rule that no variant can be held against: %q", p)
			}
		}()
		type wrong struct {
			F figure `json:"f" validate:"min=1"`
		}
		centrirpc.Handle(centrirpc.NewRouter(), "x", func(context.Context, wrong) (struct{}, error) { return struct{}{}, nil })
	}()
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "what an interface holds is not known") {
			t.Errorf("a refused registration left something behind: %q", p)
		}
	}()
	centrirpc.Handle(centrirpc.NewRouter(), "x", func(context.Context, struct{}) (tagged, error) { return nil, nil })
}

func BenchmarkCallUnion(b *testing.B) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "echo", func(_ context.Context, p drawing) (figure, error) { return p.Main, nil })
	params := json.RawMessage(`{"main":{"kind":"circle","radius":1.5}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Call(b.Context(), "echo", params); err != nil {
			b.Fatal(err)
		}
	}
}
