package runtest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/contract"
)

// values makes JSON of any type of a contract, as a server sends it: the edges of
// each type more often than what lies between.
type values struct {
	*rand.Rand
	c *contract.Contract
}

func valuesOf(t *testing.T, path string) func(seed uint64) values {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return func(seed uint64) values { return values{rand.New(rand.NewPCG(seed, 0)), c} }
}

func pick[T any](v values, all ...T) T { return all[v.IntN(len(all))] }

func (v values) chance(in int) bool { return v.IntN(in) == 0 }

func text(s any) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (v values) named(name string) string {
	return v.value(&contract.Type{Kind: contract.Ref, Ref: name}, 0)
}

func (v values) value(t *contract.Type, depth int) string {
	if t.Nullable && v.chance(4) {
		return "null"
	}
	plain := v.plain(t, depth)
	if t.Quoted {
		return text(plain)
	}
	return plain
}

func (v values) plain(t *contract.Type, depth int) string {
	switch t.Kind {
	case contract.Bool:
		return text(v.chance(2))
	case contract.Integer:
		return v.integer(t)
	case contract.Float:
		if t.Bits == 0 {
			return pick(v, "0", "-0.10", "1e400", "123456789012345678901234567890.5", "7", "1E-7")
		}
		return text(pick(v, 0, 0.1, -1.5, 1e300, math.SmallestNonzeroFloat64, math.MaxFloat64, v.NormFloat64()))
	case contract.String:
		return text(v.string(t))
	case contract.Bytes:
		return v.bytes(t.Format)
	case contract.Any:
		return pick(v, `{"a":[1,null,"x"]}`, "null", "1.50", `"<é>"`, "[]", "{}", "true")
	case contract.List, contract.Tuple:
		return "[" + strings.Join(v.items(t, depth), ",") + "]"
	case contract.Map:
		return v.mapping(t, depth)
	case contract.Union:
		return v.value(&t.Items[v.IntN(len(t.Items))], depth+1)
	default:
		return v.reference(v.c.Type(t.Ref), depth+1)
	}
}

func (v values) integer(t *contract.Type) string {
	bits := t.Bits
	if bits == 0 {
		bits = 64
	}
	if t.Unsigned {
		high := uint64(math.MaxUint64) >> (64 - bits)
		return strconv.FormatUint(pick(v, 0, 1, high, v.Uint64()&high), 10)
	}
	high := int64(math.MaxInt64) >> (64 - bits)
	return strconv.FormatInt(pick(v, 0, 1, -1, high, -high-1, int64(v.Uint64())>>(64-bits)), 10)
}

func (v values) items(t *contract.Type, depth int) []string {
	var items []string
	if t.Kind == contract.Tuple {
		for i := range t.Items {
			items = append(items, v.value(&t.Items[i], depth+1))
		}
		return items
	}
	n := v.IntN(3)
	if depth > 4 {
		n = 0
	}
	if c := t.Constraints; c != nil && c.MinItems != nil && c.MaxItems != nil && *c.MinItems == *c.MaxItems {
		n = *c.MinItems
	}
	for range n {
		items = append(items, v.value(t.Elem, depth+1))
	}
	return items
}

func (v values) mapping(t *contract.Type, depth int) string {
	members := map[string]json.RawMessage{}
	for range v.IntN(3) {
		key := v.string(&contract.Type{Kind: contract.String})
		if t.Key.Kind == contract.Integer {
			key = v.integer(t.Key)
		}
		members[key] = json.RawMessage(v.value(t.Elem, depth+1))
	}
	return text(members)
}

func (v values) string(t *contract.Type) string {
	when := time.Unix(v.Int64N(253402300800+62135596800)-62135596800, pick(v, 0, v.Int64N(1e9), 5e8, 1000)).UTC()
	zone := time.FixedZone("", 60*(v.IntN(2*14*60)-14*60))
	if local := when.In(zone); local.Year() >= 1 && local.Year() <= 9999 && v.chance(2) {
		when = local
	}
	_, offset := when.Zone()
	clock := client.TimeOfDay{Hour: when.Hour(), Minute: when.Minute(), Second: when.Second(), Nanosecond: when.Nanosecond()}
	if v.chance(2) {
		clock.HasOffset, clock.Offset = true, time.Duration(offset)*time.Second
	}
	switch t.Format {
	case contract.DateTime:
		return when.Format(time.RFC3339Nano)
	case contract.LocalDateTime:
		return client.DateTime{Time: when, Local: v.chance(2)}.String()
	case contract.Date:
		return client.DateOf(when).String()
	case contract.Time:
		return clock.String()
	case contract.Duration:
		seconds := v.Int64N(2*86399999999999) - 86399999999999
		return pick(v, client.ISODuration{}, client.ISODuration{Seconds: seconds}, client.ISODuration{Seconds: seconds, Nanoseconds: 1000}, client.ISODuration{Nanoseconds: -1}).String()
	}
	return pick(v, "", "a", "*/ \"\"\" \\ \u2028 \x00 </script>", "é日本🦊", "12", "2026-01-01T00:00:00Z", fmt.Sprint(v.Uint32()))
}

func (v values) bytes(format string) string {
	if format == contract.UTF8 {
		return text(v.string(&contract.Type{}))
	}
	data := make([]byte, v.IntN(6))
	for i := range data {
		data[i] = byte(v.Uint32() | 0xf0)
	}
	if format == contract.Base64URL {
		return text(base64.URLEncoding.EncodeToString(data))
	}
	return text(data)
}

func (v values) reference(t *contract.NamedType, depth int) string {
	switch t.Kind {
	case contract.Alias:
		return v.value(t.Base, depth)
	case contract.Enum:
		if e := t.Values[v.IntN(len(t.Values))]; e.String != nil {
			return text(pick(v, *e.String, *e.String, "unknown"))
		} else {
			return text(pick(v, *e.Int, *e.Int, 99))
		}
	case contract.Union:
		if v.chance(6) {
			return fmt.Sprintf(`{"x":[1],%s:"from a newer server"}`, text(t.Tag))
		}
		variant := t.Variants[v.IntN(len(t.Variants))]
		of := v.c.Type(variant.Ref)
		if slices.ContainsFunc(of.Fields, func(f contract.Field) bool { return f.Name == t.Tag }) {
			return v.object(of, depth, t.Tag, text(pick(v, variant.Values...)))
		}
		// A struct that does not hold its tag is sent with the first one.
		variant = t.Variants[slices.IndexFunc(t.Variants, func(other contract.Variant) bool { return other.Ref == variant.Ref })]
		return v.object(of, depth, t.Tag, text(variant.Values[0]))
	}
	return v.object(t, depth, "", "")
}

// object is a struct's, with a tag if there is one.
func (v values) object(t *contract.NamedType, depth int, tag, value string) string {
	members := map[string]json.RawMessage{}
	if t.Extra != nil {
		for _, name := range []string{"ID", "Note", "", "more"} {
			if v.chance(2) {
				members[name] = json.RawMessage(v.value(t.Extra, depth+1))
			}
		}
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		switch {
		case f.Type.Constraints != nil && f.Type.Constraints.OneOf != nil:
			members[f.Name] = f.Type.Constraints.OneOf[v.IntN(len(f.Type.Constraints.OneOf))]
		case f.Required || depth < 4 && v.chance(2):
			members[f.Name] = json.RawMessage(v.value(&f.Type, depth+1))
		}
	}
	if tag != "" {
		members[tag] = json.RawMessage(value)
	}
	return text(members)
}

// sameJSON reports whether two texts are the same JSON, to the last digit.
func sameJSON(a, b string) bool {
	return canonical(a) == canonical(b)
}

func canonical(s string) string {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "no JSON: " + s
	}
	return text(v)
}
