package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/conformance/api"
)

// valuesPerType is how many values of each type go through each client.
const valuesPerType = 40

// valueMethods are the methods that are called with made values.
var valueMethods = []string{"echo.rows", "echo.shapes"}

// roundTrips makes values of the types that have every row of the type table,
// writes them as encoding/json does, has the driver read them into the generated
// types and call the method that returns them, and compares what came back with the
// value, in Go. The values are the same in every run.
func roundTrips(t *testing.T, d *driver, language string) {
	r := rand.New(rand.NewPCG(1, 2))
	made := maker{Rand: r, safest: math.MaxInt64, tick: 1}
	switch language {
	case "typescript": // numbers of JavaScript are 64-bit floats; the generated types say so
		made.safest = 1<<53 - 1
	case "python": // its moments and durations are of microseconds; the generated types say so
		made.tick = time.Microsecond
	}
	for i := range valuesPerType {
		t.Run(fmt.Sprintf("rows-%d", i), func(t *testing.T) {
			roundTrip[api.Rows](t, d, made, "echo.rows", func(v any) ([]byte, error) { return json.Marshal(v) }, json.Unmarshal)
		})
		t.Run(fmt.Sprintf("shapes-%d", i), func(t *testing.T) { // the tags of unions are beyond encoding/json
			roundTrip[api.Shapes](t, d, made, "echo.shapes", func(v any) ([]byte, error) { return centrirpc.EncodeJSON(v) }, nil)
		})
	}
}

func roundTrip[T any](t *testing.T, d *driver, made maker, method string, encode func(any) ([]byte, error), decode func([]byte, any) error) {
	var value T
	made.fill(reflect.ValueOf(&value).Elem(), false, 0)
	params, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := d.run(t, testCase{Name: t.Name(), Steps: []step{{Call: method, Via: "typed", Params: params}}})
	if len(outcomes) != 1 || outcomes[0].Result == nil {
		t.Fatalf("%s\nwant it back: %s", outcomes, params)
	}
	if err := sameKeys(params, outcomes[0].Result); err != nil {
		t.Error(err)
	}
	if decode == nil {
		return
	}
	var back T
	if err := decode(outcomes[0].Result, &back); err != nil {
		t.Fatalf("%v: %s", err, outcomes[0].Result)
	}
	canonical(reflect.ValueOf(&value).Elem())
	canonical(reflect.ValueOf(&back).Elem())
	if !reflect.DeepEqual(value, back) {
		t.Errorf("the value changed on its way:\n%s\n%s", params, outcomes[0].Result)
	}
}

// sameKeys compares JSON, where absent is not null. How a number or a text is
// written within a text is left to the comparison in Go.
func sameKeys(params, result json.RawMessage) error {
	var want, got map[string]json.RawMessage
	if err := json.Unmarshal(params, &want); err != nil {
		return err
	}
	if err := json.Unmarshal(result, &got); err != nil {
		return err
	}
	for key := range want {
		if key == "quoted" {
			continue
		}
		if err := same("result."+key, want[key], got[key]); err != nil {
			return err
		}
	}
	return nil
}

// maker makes values within what a language can hold.
type maker struct {
	*rand.Rand
	safest int64         // the greatest integer that stays exact
	tick   time.Duration // what moments and durations are multiples of
}

var awkwardTexts = []string{
	"", " ", "a", "null", "0", "\x00", "\"\\/\b\f\n\r\t", "</script>&<!--", "\u2028\u2029\ufeff", "héllo", "😀👩‍👩‍👧", "\U0010ffff", "${x} {{y}} %s",
	"__proto__", "constructor", "-1", "01", "1e3", "NaN", "2024-02-29T00:00:00Z", strings.Repeat("long ", 40),
}

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

func (m maker) text() string { return pick(m, awkwardTexts...) + pick(m, "", pick(m, awkwardTexts...)) }

// integer is an integer of the kind, which may be one of its ends.
func (m maker) integer(bits int, exact bool) int64 {
	least, most := int64(-1)<<(bits-1), int64(1)<<(bits-1)-1
	if !exact {
		least, most = max(least, -m.safest), min(most, m.safest)
	}
	return pick(m, 0, 1, -1, least, most, m.Int64N(100), max(least, min(most, int64(m.Uint64())>>m.IntN(64))))
}

func (m maker) unsigned(bits int, exact bool) uint64 {
	most := uint64(math.MaxUint64) >> (64 - bits)
	if !exact && m.safest < math.MaxInt64 {
		most = min(most, uint64(m.safest))
	}
	return pick(m, 0, 1, most, m.Uint64()%100, min(most, m.Uint64()>>m.IntN(64)))
}

func (m maker) float(bits int) float64 {
	if bits == 32 {
		return float64(pick(m, 0, -1, 0.1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 16777217, float32(m.NormFloat64())))
	}
	return pick(m, 0, -1, 0.1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21, 1e20, 1<<53, m.NormFloat64(), m.Float64()*1e-10)
}

func (m maker) moment() time.Time {
	return pick(m, time.Time{}, time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, int(time.Second-m.tick), time.UTC),
		time.Date(2024, 2, 29, 12, 0, 0, 120_000_000, time.FixedZone("", 5*3600+1800)), time.Date(1969, 12, 31, 23, 59, 59, 0, time.FixedZone("", -8*3600)),
		time.Unix(m.Int64N(4e9), m.Int64N(1e9)).Truncate(m.tick)).Round(0)
}

func (m maker) duration() time.Duration {
	d := time.Duration(m.integer(64, false))
	return d - d%m.tick
}

func (m maker) addr() netip.Addr {
	return pick(m, netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255"), netip.IPv6Unspecified(), netip.MustParseAddr("2001:db8::1"), netip.AddrFrom4([4]byte{10, 0, 0, byte(m.IntN(256))}))
}

func (m maker) number() json.Number {
	return json.Number(pick(m, "0", "-1", "0.5", "1e3", "-2.5E-3", fmt.Sprint(m.integer(64, false)), fmt.Sprint(m.NormFloat64())))
}

// anything is JSON as encoding/json reads it into an interface.
func (m maker) anything(depth int) any {
	switch m.IntN(7 - min(depth, 2)) {
	case 0:
		return nil
	case 1:
		return m.text()
	case 2:
		return m.IntN(2) == 0
	case 3, 4:
		return m.float(64)
	case 5:
		list := make([]any, m.IntN(3))
		for i := range list {
			list[i] = m.anything(depth + 1)
		}
		return list
	}
	object := map[string]any{}
	for range m.IntN(3) {
		object[m.key()] = m.anything(depth + 1)
	}
	return object
}

// key is a text that JavaScript keeps as a key of an object literal.
func (m maker) key() string { return strings.ReplaceAll(m.text(), "__proto__", "_proto_") }

func (m maker) shape(depth int) api.Shape {
	var value api.Shape
	switch m.IntN(4) {
	case 0:
		value = api.Circle{Radius: m.float(64)}
	case 1:
		polygon := new(api.Polygon)
		m.fill(reflect.ValueOf(polygon).Elem(), false, depth+1)
		value = polygon
	case 2:
		drawing := api.Drawing{Shapes: []api.Shape{}}
		if depth < 4 {
			m.fill(reflect.ValueOf(&drawing).Elem(), false, depth+1)
		}
		value = drawing
	default:
		value = api.Nothing{}
	}
	return value
}

// own makes a value of a type that is more than its kind says.
func (m maker) own(t reflect.Type, depth int) (any, bool) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return m.moment(), true
	case reflect.TypeFor[time.Duration]():
		return m.duration(), true
	case reflect.TypeFor[json.Number]():
		return m.number(), true
	case reflect.TypeFor[json.RawMessage]():
		raw, err := json.Marshal(m.anything(0))
		if err != nil {
			panic(err)
		}
		return json.RawMessage(raw), true
	case reflect.TypeFor[uuid.UUID]():
		return pick(m, uuid.Nil, uuid.Max, uuid.NewSHA1(uuid.Nil, []byte{byte(m.IntN(256))})), true
	case reflect.TypeFor[netip.Addr]():
		return m.addr(), true
	case reflect.TypeFor[netip.Prefix]():
		addr := m.addr()
		return netip.PrefixFrom(addr, m.IntN(addr.BitLen()+1)), true
	case reflect.TypeFor[net.IP]():
		return net.IP(m.addr().AsSlice()).To16(), true
	case reflect.TypeFor[api.Slug]():
		return api.NewSlug(m.key()), true
	case reflect.TypeFor[api.Colour]():
		return pick(m, api.Red, api.DarkBlue, api.Unset), true
	case reflect.TypeFor[api.Level]():
		return pick(m, api.LevelBelow, api.LevelLow, api.LevelHigh), true
	case reflect.TypeFor[api.Shape]():
		return m.shape(depth), true
	case reflect.TypeFor[api.UserID]():
		return api.UserID(m.key()), true
	}
	return nil, false
}

// fill sets v to a value. One that is optional is not empty without being nil: that
// is absent, and comes back as nil.
func (m maker) fill(v reflect.Value, quoted bool, depth int) {
	if value, ok := m.own(v.Type(), depth); ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.String:
		v.SetString(m.text())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(m.integer(v.Type().Bits(), quoted))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(m.unsigned(v.Type().Bits(), quoted))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(m.float(v.Type().Bits()))
	case reflect.Interface:
		if value := m.anything(0); value != nil {
			v.Set(reflect.ValueOf(value))
		}
	case reflect.Pointer:
		if depth < 6 && m.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			m.fill(v.Elem(), quoted, depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), m.size(depth), 3))
		for i := range v.Len() {
			m.fill(v.Index(i), false, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			m.fill(v.Index(i), false, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range m.size(depth) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			if m.fill(key, true, depth+1); key.Type() == reflect.TypeFor[string]() {
				key.SetString(m.key())
			}
			m.fill(elem, false, depth+1)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		m.fields(v, depth)
	default:
		panic("no value of " + v.Type().String())
	}
}

func (m maker) size(depth int) int {
	if depth > 5 {
		return 0
	}
	return m.IntN(4)
}

func (m maker) fields(v reflect.Value, depth int) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if len(f.Index) > 1 || !f.IsExported() && !f.Anonymous || f.Tag.Get("json") == "-" {
			continue
		}
		if t := v.Type(); t == reflect.TypeFor[api.Base]() && f.Name == "Shadowed" || t == reflect.TypeFor[api.Inner]() && f.Name == "Hidden" {
			continue // never written: the struct that embeds it has the key
		}
		field := v.FieldByIndex(f.Index)
		if !f.IsExported() { // embedded: its exported fields can be set, it cannot
			m.fields(field, depth+1)
			continue
		}
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if strings.Contains(options, "omit") && m.IntN(3) == 0 {
			continue
		}
		m.fill(field, strings.Contains(options, "string"), depth+1)
		if strings.Contains(options, "omitempty") && (field.Kind() == reflect.Slice || field.Kind() == reflect.Map) && field.Len() == 0 {
			field.SetZero()
		}
	}
}

// canonical gives values that mean the same the same form: numbers that are kept
// as texts, moments of one instant, and JSON that is not described.
func canonical(v reflect.Value) {
	switch value := v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(value.UTC()))
		return
	case json.Number:
		if number, ok := new(big.Rat).SetString(value.String()); ok {
			v.SetString(number.RatString())
		}
		return
	case json.RawMessage:
		var inner any
		if json.Unmarshal(value, &inner) == nil {
			written, _ := json.Marshal(inner)
			v.SetBytes(written)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			canonical(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			canonical(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				canonical(v.Field(i))
			}
		}
	}
}
