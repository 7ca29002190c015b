package centrirpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

type priority int

func (priority) String() string { return "high" }

type EmbeddedName string

type span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

type places struct {
	EmbeddedName `json:",omitempty" validate:"omitempty,min=3"`
	ByPriority   map[priority]string         `json:"by_priority,omitempty" validate:"dive,min=3"`
	ByAddress    map[netip.Addr]string       `json:"by_address,omitempty" validate:"dive,min=3"`
	Nested       map[string]map[string]*span `json:"nested,omitempty" validate:"dive,keys,max=9,endkeys,dive,required"`
	Kind         string                      `json:"kind,omitempty" validate:"omitempty,oneof=Kind Limit"`
	Limit        int                         `json:"limit,omitempty" validate:"omitempty,ltecsfield=Span.To"`
	Span         *span                       `json:"span,omitempty"`
	Note         string                      `json:"note,omitempty" validate:"skip_unless=Kind Limit"`
}

// allFaults are the faults as "field: message".
func allFaults(t *testing.T, r *centrirpc.Router, method, params string) string {
	t.Helper()
	_, err := r.Call(t.Context(), method, json.RawMessage(params))
	if err == nil {
		return ""
	}
	faults, _ := errorOf(t, err).Details.([]wire.Fault)
	var all []string
	for _, f := range faults {
		all = append(all, f.Field+": "+f.Message)
	}
	return strings.Join(all, "; ")
}

func TestPathsAreThoseOfTheJSON(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "places", func(context.Context, places) (struct{}, error) { return struct{}{}, nil })
	const short = " must be at least 3 characters in length"
	for params, want := range map[string]string{
		`{"by_priority":{"7":""}}`:             "by_priority[7]: by_priority[7]" + short,
		`{"by_address":{"::1":""}}`:            "by_address[::1]: by_address[::1]" + short,
		`{"EmbeddedName":"x"}`:                 "EmbeddedName: EmbeddedName" + short,
		`{"nested":{"a.b]":{"c]d.[":null}}}`:   "nested[a.b]][c]d.[]: nested[a.b]][c]d.[] must not be null",
		`{"nested":{"a.b].c[d":{}}}`:           "",
		`{"nested":{"a.b].c[d]...":{}}}`:       "nested[a.b].c[d]...]: the key of nested[a.b].c[d]...] must be a maximum of 9 characters in length",
		`{"kind":"limit"}`:                     `kind: kind must be one of "Kind", "Limit"`,
		`{"limit":3,"span":{"from":1,"to":2}}`: "limit: limit must be less than or equal to span.to",
		`{"kind":"Limit"}`:                     "note: note breaks the rule skip_unless=kind Limit",
	} {
		if got := allFaults(t, r, "places", params); got != want {
			t.Errorf("%s\n got %s\nwant %s", params, got, want)
		}
	}
}

type crate interface{ crate() }

type openCrate struct {
	Items []span `json:"items"`
}

func (openCrate) crate() {}

type crates struct {
	Crates []crate           `json:"crates,omitempty" validate:"dive"`
	ByKey  map[string][]bool `json:"by_key,omitempty" validate:"dive,dive"`
	Stacks map[string]crate  `json:"stacks,omitempty" validate:"dive"`
}

func init() {
	centrirpc.RegisterUnion[crate]("type", centrirpc.Variant[openCrate]("open"))
}

func cratesRouter() *centrirpc.Router {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "crates", func(context.Context, crates) (struct{}, error) { return struct{}{}, nil })
	return r
}

func TestPathsWithinUnions(t *testing.T) {
	got := allFaults(t, cratesRouter(), "crates", `{"crates":[{"type":"open","items":[{"from":1,"to":2,"to":3}]}]}`)
	if want := "crates[0].items[0].to: crates[0].items[0].to is there twice"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// The decoder writes a path for each value that does not fit, and the validator one
// for each element, so a long key around many values would take gigabytes.
func TestLongKeysAroundManyValuesAreRefused(t *testing.T) {
	type unruled struct {
		ByKey map[string][]netip.Addr `json:"by_key,omitempty"`
		Any   any                     `json:"any,omitempty"`
	}
	r := cratesRouter()
	centrirpc.Handle(r, "unruled", func(context.Context, unruled) (struct{}, error) { return struct{}{}, nil })
	long := strings.Repeat("k", 30_000)
	for name, params := range map[string]string{
		"of another type": `{"by_key":{"` + long + `":[` + strings.Repeat("5,", 15_000) + `5]}}`,
		"that do not fit": `{"by_key":{"` + long + `":[` + strings.Repeat(`"x",`, 8_000) + `"x"]}}`,
		"of any kind":     `{"any":{"` + long + `":[` + strings.Repeat("1e400,", 5_000) + `1]}}`,
	} {
		if got := allFaults(t, r, "unruled", params); !strings.Contains(got, "are too long, or too many, for the number of values") {
			t.Errorf("%s: %.200s", name, got)
		}
	}
	if got := allFaults(t, r, "unruled", `{"any":`+strings.Repeat("[", 300)+strings.Repeat("]", 300)+`}`); !strings.Contains(got, "more than 256 deep") {
		t.Errorf("300 deep in any: %.200s", got)
	}
	items := strings.Repeat("true,", 6000) + "true"
	within := func(key string, items string) string { return fmt.Sprintf(`{"by_key":{%q:[%s]}}`, key, items) }
	for name, params := range map[string]string{
		"in a map":   within(strings.Repeat("k", 30_000), items),
		"in a union": `{"stacks":{"` + strings.Repeat("k", 20_000) + `":{"type":"open","items":[` + strings.Repeat(`{"from":1,"to":1},`, 2000) + `{"from":1,"to":1}]}}}`,
	} {
		if got := allFaults(t, r, "crates", params); !strings.Contains(got, "are too long, or too many, for the number of values") {
			t.Errorf("%s: %.200s", name, got)
		}
	}
	for name, params := range map[string]string{
		"a long key around few values":   within(strings.Repeat("k", 30_000), "true,false"),
		"many values behind a usual key": within("8c1c1c3e-52a4-4b51-9f0e-0a8a4cbb1f0d", items),
	} {
		if got := allFaults(t, r, "crates", params); got != "" {
			t.Errorf("%s: %.200s", name, got)
		}
	}
}

// allocations of one call; the count, unlike the time, is the same on any machine.
func allocations(t *testing.T, r *centrirpc.Router, method, params string) float64 {
	t.Helper()
	return testing.AllocsPerRun(3, func() {
		if _, err := r.Call(t.Context(), method, json.RawMessage(params)); err == nil {
			t.Error("no fault")
		}
	})
}

// Four times the entries may cost four times the work, not sixteen times, though
// the path of each broken one has to be found.
func TestFindingPathsIsLinear(t *testing.T) {
	type numbers struct {
		Map map[int]*string `json:"map" validate:"dive,omitnil,min=5"`
	}
	r := hostileRouter()
	centrirpc.Handle(r, "numbers", func(context.Context, numbers) (struct{}, error) { return struct{}{}, nil })
	entries := func(first, format string, n int) string {
		var b strings.Builder
		b.WriteString(`{"map":{` + first)
		for i := range n {
			if i > 0 || first != "" {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i+100_000)
		}
		return b.String() + "}}"
	}
	for _, test := range []struct{ method, first, format string }{
		{"wide", "", `"k%d":""`},
		{"wide", "", `"k]%d].b":""`},
		{"covered", `"a":7`, `"a][%d":""`}, // the paths of all 256 are found
		{"numbers", "", `"%d":""`},
	} {
		small := allocations(t, r, test.method, entries(test.first, test.format, 60))
		large := allocations(t, r, test.method, entries(test.first, test.format, 240))
		if large > 5*small {
			t.Errorf("%s: %v allocations for 60 entries, %v for 240", test.format, small, large)
		}
		huge := allocations(t, r, test.method, entries(test.first, test.format, 6000))
		if perEntry := huge / 6000; perEntry > 25 {
			t.Errorf("%s: %v allocations for each of 6000 entries", test.format, math.Round(perEntry))
		}
	}
}
