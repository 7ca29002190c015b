package client_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	check "testing/quick"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

// reads checks that JSON is read as want and written as text.
func reads[T any](t *testing.T, data string, want T, text string) {
	t.Helper()
	var got T
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Errorf("%s: %v", data, err)
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is read as %+v; want %+v", data, got, want)
	}
	written, err := json.Marshal(got)
	if err != nil || string(written) != text {
		t.Errorf("%s is written as %s (%v); want %s", data, written, err, text)
	}
}

func refuses[T any](t *testing.T, all ...string) {
	t.Helper()
	for _, data := range all {
		var v T
		if err := json.Unmarshal([]byte(data), &v); err == nil {
			t.Errorf("%s is read as %+v", data, v)
		}
	}
}

func cannotBeWritten(t *testing.T, all ...any) {
	t.Helper()
	for _, v := range all {
		if data, err := json.Marshal(v); err == nil {
			t.Errorf("%+v is written as %s", v, data)
		}
	}
}

func zone(seconds int) *time.Location { return time.FixedZone("", seconds) }

func TestDateTime(t *testing.T) {
	type dt = client.DateTime
	reads(t, `"2026-01-01T00:00:00"`, dt{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Local: true}, `"2026-01-01T00:00:00"`)
	reads(t, `"2026-01-01T01:02:03.000004Z"`, dt{Time: time.Date(2026, 1, 1, 1, 2, 3, 4000, time.UTC)}, `"2026-01-01T01:02:03.000004Z"`)
	reads(t, `"0001-01-01T01:02:03.500000-05:30"`, dt{Time: time.Date(1, 1, 1, 1, 2, 3, 5e8, zone(-19800))}, `"0001-01-01T01:02:03.5-05:30"`)
	reads(t, `"9999-12-31T23:59:59.999999999+00:19"`, dt{Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, zone(1140))}, `"9999-12-31T23:59:59.999999999+00:19"`)
	reads(t, `"2024-02-29 23:59"`, dt{Time: time.Date(2024, 2, 29, 23, 59, 0, 0, time.UTC), Local: true}, `"2024-02-29T23:59:00"`)
	reads(t, `"2024-02-29t23:59z"`, dt{Time: time.Date(2024, 2, 29, 23, 59, 0, 0, time.UTC)}, `"2024-02-29T23:59:00Z"`)
	reads(t, `"2024-02-29T23:59:00+00:00"`, dt{Time: time.Date(2024, 2, 29, 23, 59, 0, 0, time.UTC)}, `"2024-02-29T23:59:00Z"`)
	reads(t, `"2026-01-01T00:00:00,1234567899-0130"`, dt{Time: time.Date(2026, 1, 1, 0, 0, 0, 123456789, zone(-5400))}, `"2026-01-01T00:00:00.123456789-01:30"`)
	refuses[dt](t, `""`, `"2026-01-01"`, `"2026-02-29T00:00:00"`, `"2026-01-01T24:00:00"`, `"2026-01-01T00:60:00"`, `"2026-01-01T00:00:60"`, `"2026-01-01T00:00:00.Z"`,
		`"2026-01-01T00:00:00+2:00"`, `"2026-01-01T00:00:00Z "`, `"2026-01-01x00:00:00"`, `"26-01-01T00:00:00"`, `1`, `{}`)
	cannotBeWritten(t, dt{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, dt{Time: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)})
	odd, err := json.Marshal(dt{Time: time.Date(2026, 1, 1, 0, 0, 30, 0, zone(30))})
	if err != nil || string(odd) != `"2026-01-01T00:00:00Z"` && string(odd) != `"2026-01-01T00:00:00+00:00"` {
		t.Errorf("an offset with seconds is written as %s, %v", odd, err)
	}
}

func TestDate(t *testing.T) {
	reads(t, `"2024-02-29"`, client.Date{Year: 2024, Month: 2, Day: 29}, `"2024-02-29"`)
	reads(t, `"0001-01-01"`, client.Date{Year: 1, Month: 1, Day: 1}, `"0001-01-01"`)
	refuses[client.Date](t, `"2026-02-29"`, `"2026-13-01"`, `"2026-00-01"`, `"2026-01-00"`, `"2026-1-1"`, `"2026-01-01T00:00:00"`, `""`, `20260101`)
	cannotBeWritten(t, client.Date{}, client.Date{Year: 2026, Month: 2, Day: 30}, client.Date{Year: 10000, Month: 1, Day: 1})
	if d := client.DateOf(time.Date(2026, 1, 1, 23, 0, 0, 0, zone(-3600))); d.String() != "2026-01-01" || !d.In(time.UTC).Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", d)
	}
	var m map[client.Date]int
	if err := json.Unmarshal([]byte(`{"2026-01-01":1}`), &m); err != nil || m[client.Date{Year: 2026, Month: 1, Day: 1}] != 1 {
		t.Errorf("as a key: %v, %v", m, err)
	}
}

func TestTimeOfDay(t *testing.T) {
	type tod = client.TimeOfDay
	reads(t, `"01:02:00"`, tod{Hour: 1, Minute: 2}, `"01:02:00"`)
	reads(t, `"23:59:59.500000"`, tod{Hour: 23, Minute: 59, Second: 59, Nanosecond: 5e8}, `"23:59:59.5"`)
	reads(t, `"01:02:03Z"`, tod{Hour: 1, Minute: 2, Second: 3, HasOffset: true}, `"01:02:03Z"`)
	reads(t, `"01:02:03-05:30"`, tod{Hour: 1, Minute: 2, Second: 3, HasOffset: true, Offset: -5*time.Hour - 30*time.Minute}, `"01:02:03-05:30"`)
	reads(t, `"12:30+02:00"`, tod{Hour: 12, Minute: 30, HasOffset: true, Offset: 2 * time.Hour}, `"12:30:00+02:00"`)
	refuses[tod](t, `"24:00:00"`, `"1:00:00"`, `"12"`, `"12:30:00+24:00"`, `""`, `"12:30:00.":"`, `12`)
	cannotBeWritten(t, tod{Hour: 24}, tod{Minute: -1}, tod{Nanosecond: 1e9}, tod{Offset: time.Hour}, tod{HasOffset: true, Offset: time.Second}, tod{HasOffset: true, Offset: 24 * time.Hour})
}

func TestISODuration(t *testing.T) {
	type d = client.ISODuration
	const year = 365 * 86400
	for data, want := range map[string]struct {
		d    d
		text string
	}{
		"PT0S":                               {d{}, "PT0S"},
		"P1D":                                {d{Seconds: 86400}, "P1D"},
		"-PT23H59M59.999999S":                {d{Seconds: -86399, Nanoseconds: -999999000}, "-PT23H59M59.999999S"},
		"P1Y35DT5S":                          {d{Seconds: year + 35*86400 + 5}, "P400DT5S"},
		"PT0.000001S":                        {d{Nanoseconds: 1000}, "PT0.000001S"},
		"-PT0.000001S":                       {d{Nanoseconds: -1000}, "-PT0.000001S"},
		"P2739726Y9DT23H59M59.999999S":       {d{Seconds: 2739726*year + 9*86400 + 86399, Nanoseconds: 999999000}, "P999999999DT23H59M59.999999S"},
		"-P2739726Y9D":                       {d{Seconds: -2739726*year - 9*86400}, "-P999999999D"},
		"+P1Y2M1W":                           {d{Seconds: year + 67*86400}, "P432D"},
		"P1.5D":                              {d{Seconds: 129600}, "P1DT12H"},
		"PT1,5S":                             {d{Seconds: 1, Nanoseconds: 5e8}, "PT1.5S"},
		"PT90M":                              {d{Seconds: 5400}, "PT1H30M"},
		"PT1H0.5S":                           {d{Seconds: 3600, Nanoseconds: 5e8}, "PT1H0.5S"},
		"P0DT0.1234567899S":                  {d{Nanoseconds: 123456789}, "PT0.123456789S"},
		"P1YT0.5M":                           {d{Seconds: year + 30}, "P365DT30S"},
		"PT" + strings.Repeat("9", 18) + "S": {d{Seconds: 999999999999999999}, "P11574074074074DT1H46M39S"},
	} {
		reads(t, `"`+data+`"`, want.d, `"`+want.text+`"`)
	}
	refuses[d](t, `""`, `"P"`, `"PT"`, `"P1DT"`, `"1D"`, `"PD"`, `"P1"`, `"P1H"`, `"PT1D"`, `"P1D1Y"`, `"P1D1D"`, `"-P1DT-2H"`, `"PTT1S"`, `"P1D "`, `"PT1.S"`,
		`"PT9223372036854775807S"`, `"P9223372036854775807D"`, `"PT99999999999999999999S"`, `1`)
	cannotBeWritten(t, d{Seconds: math.MaxInt64, Nanoseconds: 2e9}, d{Seconds: math.MinInt64, Nanoseconds: -2e9})

	// All that a time.Duration holds, and nothing that it does not.
	roundTrip := func(n time.Duration) bool {
		data, err := json.Marshal(client.ISODurationOf(n))
		var back d
		if err != nil || json.Unmarshal(data, &back) != nil {
			return false
		}
		got, ok := back.Duration()
		return ok && got == n
	}
	if err := check.Check(roundTrip, &check.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
	for _, n := range []time.Duration{math.MaxInt64, math.MinInt64, -1, 0, 1, time.Second, -time.Second, 999999999} {
		if !roundTrip(n) {
			t.Errorf("%d ns do not come back", n)
		}
	}
	for _, tooLong := range []d{{Seconds: 9223372036, Nanoseconds: 854775808}, {Seconds: -9223372036, Nanoseconds: -854775809}, {Seconds: 9223372037}, {Seconds: math.MinInt64}} {
		if n, ok := tooLong.Duration(); ok {
			t.Errorf("%s fits: %s", tooLong, n)
		}
	}
	if n, ok := (d{Seconds: 2, Nanoseconds: -5e8}).Duration(); !ok || n != 1500*time.Millisecond {
		t.Errorf("of two signs: %s", n)
	}
}

func TestBytes(t *testing.T) {
	reads(t, `"-_8="`, client.Base64URL{0xfb, 0xff}, `"-_8="`)
	reads(t, `"-_8"`, client.Base64URL{0xfb, 0xff}, `"-_8="`)
	reads(t, `"+/8="`, client.Base64URL{0xfb, 0xff}, `"-_8="`)
	reads(t, `""`, client.Base64URL{}, `""`)
	reads(t, `null`, client.Base64URL(nil), `null`)
	refuses[client.Base64URL](t, `"%"`, `1`, `"A"`, `[1]`)
	reads(t, `"é\u0000\""`, client.UTF8Bytes("é\x00\""), `"é\u0000\""`)
	reads(t, `""`, client.UTF8Bytes{}, `""`)
	reads(t, `null`, client.UTF8Bytes(nil), `null`)
	refuses[client.UTF8Bytes](t, `1`, `[1]`)
	cannotBeWritten(t, client.UTF8Bytes{0xff})
	if err := check.Check(func(b []byte) bool {
		data, err := json.Marshal(client.Base64URL(b))
		var back client.Base64URL
		return err == nil && json.Unmarshal(data, &back) == nil && string(back) == string(b) && (back == nil) == (b == nil)
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestQuoted(t *testing.T) {
	reads(t, `["7","-1"]`, []client.Quoted[int64]{{Value: 7}, {Value: -1}}, `["7","-1"]`)
	reads(t, `"\"a\""`, client.Quoted[string]{Value: "a"}, `"\"a\""`)
	reads(t, `"true"`, client.Quoted[bool]{Value: true}, `"true"`)
	reads(t, `null`, client.Quoted[bool]{}, `"false"`)
	refuses[client.Quoted[int64]](t, `7`, `"x"`, `"1.5"`)
	cannotBeWritten(t, client.Quoted[float64]{Value: math.NaN()})
}

func TestNull(t *testing.T) {
	type holder struct {
		A client.Null[int] `json:"a,omitzero"`
	}
	reads(t, `{}`, holder{}, `{}`)
	reads(t, `{"a":null}`, holder{A: client.Null[int]{Set: true}}, `{"a":null}`)
	reads(t, `{"a":0}`, holder{A: client.NullOf(0)}, `{"a":0}`)
}

func TestTuple(t *testing.T) {
	var a string
	var b *int
	if err := client.UnmarshalTuple([]byte(`["x",null]`), &a, &b); err != nil || a != "x" || b != nil {
		t.Errorf("%q %v: %v", a, b, err)
	}
	for data, want := range map[string]string{
		`["x"]`: "an array of 1 items where there are to be 2", `["x",1,2]`: "3 items", `[1,2]`: "item 0: ", `{}`: "cannot unmarshal object",
	} {
		if err := client.UnmarshalTuple([]byte(data), &a, &b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", data, err)
		}
	}
	if data, err := client.MarshalTuple("a", 1, nil); err != nil || string(data) != `["a",1,null]` {
		t.Errorf("%s, %v", data, err)
	}
}

func TestExtra(t *testing.T) {
	var extra map[string]int
	others, err := client.UnmarshalExtra([]byte(`{"z":1,"id":"x","ID":2,"b":null}`), &extra, "id", "note")
	if err != nil || string(others) != `{"id":"x"}` || !reflect.DeepEqual(extra, map[string]int{"z": 1, "ID": 2, "b": 0}) {
		t.Errorf("%s, %v, %v", others, extra, err)
	}
	if _, err := client.UnmarshalExtra([]byte(`{"z":"x"}`), &extra); err == nil || !strings.Contains(err.Error(), `the extra member "z"`) {
		t.Errorf("%v", err)
	}
	if others, err = client.UnmarshalExtra([]byte(`{}`), &extra, "id"); err != nil || extra != nil || string(others) != "{}" {
		t.Errorf("%s, %v, %v", others, extra, err)
	}
	for want, object := range map[string]string{`{"a":1}`: `{}`, `{"id":1,"a":1}`: `{"id":1}`} {
		if data, err := client.MarshalExtra([]byte(object), map[string]int{"a": 1}, "id"); err != nil || string(data) != want {
			t.Errorf("%s, %v", data, err)
		}
	}
	if _, err := client.MarshalExtra([]byte(`{}`), map[string]int{"id": 1}, "id"); err == nil || !strings.Contains(err.Error(), `"id" is a field`) {
		t.Errorf("%v", err)
	}
}

func TestVariants(t *testing.T) {
	type own struct {
		A    int     `json:"a"`
		Kind string  `json:"kind"`
		Z    *string `json:"z,omitempty"`
	}
	type maybe struct {
		Kind *string `json:"kind"`
	}
	type empty struct{}
	for want, v := range map[string]any{
		`{"a":1,"kind":"cat"}`:            own{A: 1},
		`{"a":1,"kind":"kitten","z":"z"}`: &own{A: 1, Kind: "kitten", Z: new("z")},
		`{"kind":"cat"}`:                  maybe{},
		`{"kind":"cat","A":2}`:            struct{ A int }{2},
	} {
		if data, err := client.MarshalVariant(v, "kind", "cat", "kitten"); err != nil || string(data) != want {
			t.Errorf("%s, %v; want %s", data, err, want)
		}
	}
	if data, err := client.MarshalVariant(empty{}, "kind", "c\"t"); err != nil || string(data) != `{"kind":"c\"t"}` {
		t.Errorf("%s, %v", data, err)
	}
	if _, err := client.MarshalVariant(own{Kind: "dog"}, "kind", "cat"); err == nil || !strings.Contains(err.Error(), `cannot be "dog"`) {
		t.Errorf("%v", err)
	}
	if _, err := client.MarshalVariant((*own)(nil), "kind", "cat"); !errors.Is(err, client.ErrNoVariant) {
		t.Errorf("%v", err)
	}
	if tag, err := client.ReadTag([]byte(` { "Kind" : "no", "x" : {"kind":"no"}, "kind" : "a\u0062" } `), "kind"); err != nil || tag != "ab" {
		t.Errorf("%q, %v", tag, err)
	}
	for _, data := range []string{`{}`, `{"kind":1}`, `[]`, `1`, ``, `{"kind":`, `{"Kind":"x"}`} {
		if tag, err := client.ReadTag([]byte(data), "kind"); err == nil {
			t.Errorf("%s: %q", data, tag)
		}
	}
	cannotBeWritten(t, client.UnknownVariant{}, client.Union{}, client.UnionOf(math.NaN()), client.UnionOf(func() {}))
}

func TestUnionAs(t *testing.T) {
	type cat struct {
		Name string `json:"name"`
	}
	union := func(data string) (u client.Union) {
		if err := json.Unmarshal([]byte(data), &u); err != nil {
			t.Fatal(err)
		}
		return u
	}
	is := func(ok bool) string { return map[bool]string{true: "y", false: "n"}[ok] }
	for data, want := range map[string]string{ // int64, number, string, bool, list, cat, any
		`1`: "yynnnny", `1.5`: "nynnnny", `-1e400`: "nynnnny", `"1"`: "nnynnny", `true`: "nnnynny", `false`: "nnnynny", `["a"]`: "nnnnyny", `[1]`: "nnnnnny",
		`{"name":"x"}`: "nnnnnyy", `{}`: "nnnnnny", `{"Name":"x"}`: "nnnnnny", `{"name":1}`: "nnnnnny", `null`: "nnnnnnn", `9223372036854775808`: "nynnnny",
	} {
		u := union(data)
		_, i := client.UnionAs[int64](u, client.JSONNumber)
		_, n := client.UnionAs[json.Number](u, client.JSONNumber)
		_, s := client.UnionAs[string](u, client.JSONString)
		_, b := client.UnionAs[bool](u, client.JSONBool)
		_, l := client.UnionAs[[]string](u, client.JSONArray)
		_, c := client.UnionAs[cat](u, client.JSONObject, "name")
		_, a := client.UnionAs[json.RawMessage](u, client.AnyJSON)
		if got := is(i) + is(n) + is(s) + is(b) + is(l) + is(c) + is(a); got != want {
			t.Errorf("%s: %s; want %s", data, got, want)
		}
	}
	if v, ok := client.UnionAs[string](client.UnionOf("x"), client.JSONString); !ok || v != "x" {
		t.Errorf("%q, %v", v, ok)
	}
	reads(t, `[{"a":[1]}]`, []client.Union{union(`{"a":[1]}`)}, `[{"a":[1]}]`)
}

func TestChannelName(t *testing.T) {
	type id string
	name, err := client.ChannelName("a:{x}.{y}-{z}/{d}", id("p1"), int8(-3), uint64(math.MaxUint64), client.Date{Year: 2026, Month: 1, Day: 2})
	if err != nil || name != "a:p1.-3-18446744073709551615/2026-01-02" {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := client.ChannelName("news"); err != nil || name != "news" {
		t.Errorf("%q, %v", name, err)
	}
	for _, bad := range []any{"", " ", "a b", "a:b", "a,b", "a#b", "a*", "$a", "a/b", "{a", "a}", "é", "a\n", "\x7f", "\xff", 1.5, nil, []string{"a"}, client.Date{}, struct{}{}} {
		if name, err := client.ChannelName("a:{x}", bad); err == nil || !strings.Contains(err.Error(), `its parameter "x"`) {
			t.Errorf("%q: %q, %v", bad, name, err)
		}
	}
	// The server reads the first parameters as short as can be.
	for _, values := range [][]any{{"a.b", "c"}, {"a.", "c"}, {"..", "c"}} {
		if name, err := client.ChannelName("a:{x}.{y}", values...); err == nil || !strings.Contains(err.Error(), `its parameter "x"`) {
			t.Errorf("%q: %q, %v", values, name, err)
		}
	}
	if name, err := client.ChannelName("a:{x}.{y}", "a", "b.c"); err != nil || name != "a:a.b.c" {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := client.ChannelName("a:{x}", strings.Repeat("x", 253)); err != nil || len(name) != 255 {
		t.Errorf("%q, %v", name, err)
	}
	if name, err := client.ChannelName("a:{x}", strings.Repeat("x", 254)); err == nil {
		t.Errorf("%q", name)
	}
	if _, err := client.ChannelName("a:{x}"); err == nil {
		t.Error("no value")
	}
	if _, err := client.ChannelName("a:{x}", "a", "b"); err == nil {
		t.Error("a value too many")
	}
}
