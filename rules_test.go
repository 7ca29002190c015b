package centrirpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

type misspeltBehind struct {
	Inner *struct {
		List []struct {
			Name string `json:"name" validate:"omitempty,maxx=3"`
		} `json:"list"`
	} `json:"inner"`
}

type illTyped struct {
	On *bool `json:"on" validate:"omitnil,dive,min=3"`
}

type unreachable struct {
	Token string `json:"-" validate:"min=3,required"`
}

// A type that contains itself is tried once.
type endless struct {
	Name string              `json:"name" validate:"max=3"`
	Next *endless            `json:"next,omitempty"`
	List []endless           `json:"list,omitempty" validate:"max=2,dive"`
	Map  map[string]*endless `json:"map,omitempty"`
}

func isShort(f validator.FieldLevel) bool { return len(f.Field().String()) < 3 }

type passwords struct {
	First  string `json:"first"`
	Second string `json:"second" validate:"eqfield=First"`
	Third  string `json:"third,omitempty" validate:"required_if=First x,omitempty,short=9"`
}

type keyed struct {
	ByName   map[string]passwords `json:"by_name,omitempty" validate:"dive"`
	ByNumber map[int8]passwords   `json:"by_number,omitempty" validate:"dive"`
	Unsigned map[uint8]bool       `json:"unsigned,omitempty"`
	Text     map[string][]string  `json:"text,omitempty" validate:"dive,dive,max=2"`
}

func TestFaultsNameFieldsAsJSONDoes(t *testing.T) {
	r := centrirpc.NewRouter(centrirpc.Rule("short", isShort, "must be shorter than {param}"))
	centrirpc.Handle(r, "passwords", func(context.Context, passwords) (struct{}, error) { return struct{}{}, nil })
	centrirpc.Handle(r, "keyed", func(context.Context, keyed) (struct{}, error) { return struct{}{}, nil })
	centrirpc.Handle(r, "endless", func(context.Context, endless) (struct{}, error) { return struct{}{}, nil })
	for _, test := range []struct {
		method, params string
		want           []wire.Fault
	}{
		{"passwords", `{"first":"a","second":"b"}`, []wire.Fault{{Field: "second", Rule: "eqfield", Message: "second must be equal to first"}}},
		{"passwords", `{"first":"x","second":"x"}`, []wire.Fault{{Field: "third", Rule: "required_if", Message: "third is required"}}},
		{"passwords", `{"first":"a","second":"a","third":"long"}`, []wire.Fault{{Field: "third", Rule: "short", Message: "third must be shorter than 9"}}},
		{"keyed", `{"by_name":{"a]b.c":{"first":"a","second":"b"}}}`, []wire.Fault{{Field: "by_name[a]b.c].second", Rule: "eqfield", Message: "by_name[a]b.c].second must be equal to first"}}},
		{"keyed", `{"by_name":{"a":{"first":"a","second":"a"},"a].Second":{"first":"a","second":"b"}}}`, []wire.Fault{{Field: "by_name[a].Second].second", Rule: "eqfield", Message: "by_name[a].Second].second must be equal to first"}}},
		{"keyed", `{"by_number":{"-7":{"first":"a","second":"b"}}}`, []wire.Fault{{Field: "by_number[-7].second", Rule: "eqfield", Message: "by_number[-7].second must be equal to first"}}},
		{"keyed", `{"text":{"":["x","long"]}}`, []wire.Fault{{Field: "text[][1]", Rule: "max", Message: "text[][1] must be a maximum of 2 characters in length"}}},
		{"keyed", `{"by_number":{"+7":{"first":"a","second":"a"}}}`, integerKeyFault("by_number[+7]")},
		{"keyed", `{"by_number":{"07":{"first":"a","second":"a"}}}`, integerKeyFault("by_number[07]")},
		{"keyed", `{"by_number":{"-0":{"first":"a","second":"a"}}}`, integerKeyFault("by_number[-0]")},
		{"keyed", `{"by_number":{"":{"first":"a","second":"a"}}}`, integerKeyFault("by_number[]")},
		{"keyed", `{"by_number":{"128":{"first":"a","second":"a"}}}`, integerKeyFault("by_number[128]")},
		{"keyed", `{"unsigned":{"-1":true}}`, integerKeyFault("unsigned[-1]")},
		{"keyed", `{"unsigned":{"0":true,"255":true},"by_number":{"0":{"first":"a","second":"a"},"-128":{"first":"a","second":"a"}}}`, nil},
		{"endless", `{"name":"a","next":{"name":"b","list":[{"name":"long"}]}}`, []wire.Fault{{Field: "next.list[0].name", Rule: "max", Message: "next.list[0].name must be a maximum of 3 characters in length"}}},
	} {
		_, err := r.Call(t.Context(), test.method, json.RawMessage(test.params))
		var got []wire.Fault
		if err != nil {
			got, _ = errorOf(t, err).Details.([]wire.Fault)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s(%s)\n got %+v\nwant %+v", test.method, test.params, got, test.want)
		}
	}
}

type wide struct {
	Map map[string]*string `json:"map" validate:"dive,omitnil,min=5"`
}

type page[T any] struct {
	Limit int `json:"limit" validate:"min=1"`
	Item  T   `json:"item"`
}

func TestFaultsOfTypesWithoutAPlainName(t *testing.T) {
	r := centrirpc.NewRouter()
	type local struct {
		B string `json:"b" validate:"min=3"`
	}
	centrirpc.Handle(r, "unnamed", func(_ context.Context, p struct {
		A string `json:"a" validate:"min=3"`
	}) (struct{}, error) {
		return struct{}{}, nil
	})
	centrirpc.Handle(r, "generic", func(context.Context, page[page[local]]) (struct{}, error) { return struct{}{}, nil })
	for method, test := range map[string]struct{ params, want string }{
		"unnamed": {`{"a":""}`, "a"},
		"generic": {`{"limit":0,"item":{"limit":0,"item":{"b":""}}}`, "limit item.limit item.item.b"},
	} {
		_, err := r.Call(t.Context(), method, json.RawMessage(test.params))
		var fields []string
		for _, f := range errorOf(t, err).Details.([]wire.Fault) {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); got != test.want {
			t.Errorf("%s: faults of %q; want %q", method, got, test.want)
		}
	}
}

// hostile params break thousands of rules, or nest without end.
func hostile(t testing.TB) map[string]string {
	t.Helper()
	entries, covered := []string{}, []string{`"a":7`}
	for i := range 6000 {
		entries = append(entries, fmt.Sprintf(`"%d":""`, i))
		covered = append(covered, fmt.Sprintf(`"a][%d":""`, i))
	}
	return map[string]string{
		"wide":    `{"map":{` + strings.Join(entries, ",") + `}}`,
		"covered": `{"map":{` + strings.Join(covered, ",") + `}}`,
		"deep":    strings.Repeat(`{"name":"a","next":`, 9900) + `{"name":"a"}` + strings.Repeat("}", 9900),
	}
}

func hostileRouter() *centrirpc.Router {
	r := centrirpc.NewRouter()
	for _, method := range []string{"wide", "covered"} {
		centrirpc.Handle(r, method, func(context.Context, wide) (struct{}, error) { return struct{}{}, nil })
	}
	centrirpc.Handle(r, "deep", func(context.Context, endless) (struct{}, error) { return struct{}{}, nil })
	return r
}

func TestHostileParamsAreRefusedBriefly(t *testing.T) {
	r := hostileRouter()
	for method, params := range hostile(t) {
		_, err := r.Call(t.Context(), method, json.RawMessage(params))
		faults := errorOf(t, err).Details.([]wire.Fault)
		if len(faults) == 0 || len(faults) > 64 {
			t.Errorf("%s: %d faults", method, len(faults))
		}
		if method == "deep" && (len(faults) != 1 || !strings.Contains(faults[0].Message, "more than 256 deep")) {
			t.Errorf("%+v", faults)
		}
	}
	r2 := centrirpc.NewRouter()
	// A long key stands in the path of every fault below it.
	type long struct {
		ByKey map[string]struct{ A, B, C, D, E, F, G, H int } `json:"by_key"`
	}
	centrirpc.Handle(r2, "long", func(context.Context, long) (struct{}, error) { return struct{}{}, nil })
	key := strings.Repeat("k", 30_000)
	_, err := r2.Call(t.Context(), "long", json.RawMessage(`{"by_key":{"`+key+`":{}}}`))
	if size := len(errorOf(t, err).Wire().Details); size > 100_000 {
		t.Errorf("the faults of a long key take %d bytes", size)
	}
	fits := strings.Repeat(`{"name":"a","next":`, 250) + `{"name":"a"}` + strings.Repeat("}", 250)
	if _, err := r.Call(t.Context(), "deep", json.RawMessage(fits)); err != nil {
		t.Errorf("250 deep: %v", err)
	}
}

func BenchmarkHostileParams(b *testing.B) {
	r := hostileRouter()
	for method, params := range hostile(b) {
		b.Run(method, func(b *testing.B) {
			for b.Loop() {
				_, _ = r.Call(b.Context(), method, json.RawMessage(params))
			}
		})
	}
}

func integerKeyFault(field string) []wire.Fault {
	return []wire.Fault{{Field: field, Rule: "type", Message: field + " must have an integer for its key, written in the shortest way"}}
}

func TestAnEmptyContractIsNone(t *testing.T) {
	r := centrirpc.NewRouter(centrirpc.WithContract(nil), centrirpc.WithContract([]byte("\n")))
	centrirpc.Handle(r, "math.sum", sum)
	if _, err := r.Call(t.Context(), "math.sum", json.RawMessage(`{"a":1,"b":2}`)); err != nil {
		t.Error(err)
	}
}

type onWeekdays struct {
	Day string `json:"day"`
}

// A validator of the application's own may judge structs that have no tags.
func TestAValidatorsStructRulesRunWithoutTags(t *testing.T) {
	v := validator.New()
	v.RegisterStructValidation(func(level validator.StructLevel) {
		if p := level.Current().Interface().(onWeekdays); p.Day == "sunday" {
			level.ReportError(p.Day, "Day", "Day", "weekday", "")
		}
	}, onWeekdays{})
	r := centrirpc.NewRouter(centrirpc.Validator(v))
	centrirpc.Handle(r, "try", func(context.Context, onWeekdays) (struct{}, error) { return struct{}{}, nil })
	_, err := r.Call(t.Context(), "try", json.RawMessage(`{"day":"sunday"}`))
	if faults, _ := errorOf(t, err).Details.([]wire.Fault); len(faults) != 1 || faults[0].Field != "day" || faults[0].Rule != "weekday" {
		t.Errorf("faults = %+v", faults)
	}
}

func TestNullIsNoParamsHoweverItIsWritten(t *testing.T) {
	type params struct {
		Limit int `json:"limit,omitempty" validate:"max=3"`
	}
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "try", func(_ context.Context, p *params) (bool, error) { return p != nil, nil })
	for _, raw := range []string{"", " ", "null", " null\n"} {
		if got, err := r.Call(t.Context(), "try", json.RawMessage(raw)); err != nil || string(got) != "true" {
			t.Errorf("%q: %s, %v", raw, got, err)
		}
	}
}
