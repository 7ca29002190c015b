package centrirpc_test

import (
	"context"
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// price says itself what its JSON is.
type price struct{ cents int64 }

func (p price) MarshalJSON() ([]byte, error) {
	return json.Marshal(big.NewRat(p.cents, 100).FloatString(2))
}
func (p *price) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return errNoPrice
	}
	p.cents = r.Mul(r, big.NewRat(100, 1)).Num().Int64()
	return nil
}
func (price) ContractType() contract.Type {
	return contract.Type{Kind: contract.String, Format: contract.Decimal}
}

var errNoPrice = json.Unmarshal([]byte("!"), new(any))

type numbered int16

// forms has a field for each form that values take on their way.
type forms struct {
	Int      int64              `json:"int,string"`
	Uint     *uint64            `json:"uint,string,omitempty"`
	Float    float64            `json:"float,string"`
	Bool     bool               `json:"bool,string"`
	Text     string             `json:"text,string"`
	Named    numbered           `json:"named,string"`
	Took     time.Duration      `json:"took"`
	Exact    json.Number        `json:"exact"`
	Array    [3]int8            `json:"array"`
	Bytes    [2]byte            `json:"bytes"`
	Matrix   [2][2]string       `json:"matrix"`
	Addr     netip.Addr         `json:"addr"`
	ByAddr   map[netip.Addr]int `json:"by_addr"`
	Price    price              `json:"price"`
	Prices   []*price           `json:"prices"`
	Big      *big.Int           `json:"big"`
	Zero     time.Time          `json:"zero,omitzero"`
	Optional [2]*string         `json:"optional"`
}

func someForms(r *rand.Rand) forms {
	word := func() string { return []string{"", "a", "\"\\", "é\u2028", "7", "null"}[r.IntN(6)] }
	number := func() int64 { return []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53}[r.IntN(6)] }
	addr := netip.AddrFrom4([4]byte{byte(r.Int()), 2, 3, 4})
	f := forms{
		Int: number(), Float: []float64{0, 1.5, -1e300, 1e-300}[r.IntN(4)], Bool: r.IntN(2) == 0, Text: word(), Named: numbered(r.Int()),
		Took:  time.Duration(number()),
		Exact: json.Number([]string{"0", "-1.50", "1e400", "12345678901234567890"}[r.IntN(4)]),
		Array: [3]int8{int8(r.Int()), 0, math.MinInt8}, Bytes: [2]byte{byte(r.Int()), 255}, Matrix: [2][2]string{{word(), word()}, {word(), ""}},
		Addr: addr, ByAddr: map[netip.Addr]int{addr: 1}, Price: price{int64(r.IntN(1000)) - 500}, Prices: []*price{nil, {int64(r.IntN(9))}},
		Big: new(big.Int).Lsh(big.NewInt(number()), 70), Optional: [2]*string{nil, ptr(word())},
	}
	if r.IntN(2) == 0 {
		f.Uint, f.Zero = ptr(uint64(number())), time.Unix(r.Int64N(1e10), r.Int64N(1e9)).UTC()
	}
	return f
}

func ptr[T any](v T) *T { return &v }

func formsRouter() *centrirpc.Router {
	r := centrirpc.NewRouter(centrirpc.TypeOf[big.Int](contract.Type{Kind: contract.Integer}))
	centrirpc.Handle(r, "echo", func(_ context.Context, p forms) (forms, error) { return p, nil })
	return r
}

// What encoding/json writes of a value is accepted as params, and comes back as
// the same value.
func TestEveryFormGoesThereAndBack(t *testing.T) {
	r := formsRouter()
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		sent := someForms(random)
		encoded, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		result, err := r.Call(t.Context(), "echo", encoded)
		if err != nil {
			t.Fatalf("%s: %v %v", encoded, err, errorOf(t, err).Details)
		}
		var got forms
		if err := json.Unmarshal(result, &got); err != nil {
			t.Fatalf("%s: %v", result, err)
		}
		if !reflect.DeepEqual(got, sent) {
			t.Fatalf("sent %s, got %s", encoded, result)
		}
	}
}

func TestFormsThatDoNotFit(t *testing.T) {
	r := formsRouter()
	good, err := json.Marshal(someForms(rand.New(rand.NewPCG(1, 2))))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ field, value, want string }{
		{"int", `7`, "int type"}, {"int", `"7.5"`, "int type"}, {"int", `" 7"`, "int type"}, {"int", `""`, "int type"}, {"int", `"9223372036854775808"`, "int type"}, {"int", `null`, "int type"},
		{"uint", `"-1"`, "uint type"}, {"float", `"x"`, "float type"}, {"float", `"1e999"`, "float type"}, {"bool", `"yes"`, "bool type"}, {"bool", `true`, "bool type"},
		{"text", `"bare"`, "text type"}, {"text", `"7"`, "text type"}, {"named", `"40000"`, "named type"},
		{"took", `"1s"`, "took type"}, {"took", `1.5`, "took type"}, {"exact", `"1"`, "exact type"}, {"exact", `null`, "exact type"},
		{"array", `[1,2]`, "array type"}, {"array", `[1,2,3,4]`, "array type"}, {"array", `[1,2,300]`, "array[2] type"}, {"bytes", `"AAA="`, "bytes type"},
		{"matrix", `[["a"],["b","c"]]`, "matrix[0] type"}, {"addr", `"nowhere"`, "addr type"}, {"by_addr", `{"nowhere":1}`, "by_addr[nowhere] type"},
		{"price", `7`, "price type"}, {"price", `"x"`, "price type"}, {"big", `1.5`, "big type"},
	} {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(good, &object); err != nil {
			t.Fatal(err)
		}
		object[test.field] = json.RawMessage(test.value)
		params, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Call(t.Context(), "echo", params)
		if err == nil {
			t.Errorf("%s %s is accepted", test.field, test.value)
			continue
		}
		var got []string
		for _, f := range errorOf(t, err).Details.([]wire.Fault) {
			got = append(got, f.Field+" "+f.Rule)
			if strings.Contains(f.Message, "Go ") {
				t.Errorf("the message is about Go: %s", f.Message)
			}
		}
		if !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s %s: faults %q; want %q", test.field, test.value, got, test.want)
		}
	}
}
