package gotypes_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

var update = flag.Bool("update", false, "write the golden files anew")

type (
	Status string
	Text   struct{ s string }
	Node   struct {
		Value    int     `json:"value"`
		Children []*Node `json:"children"`
		Parent   *Node   `json:"parent,omitempty"`
	}
	Ping        struct{ Pong *Pong }
	Pong        struct{ Pings []Ping }
	Nodes       []Node
	ByName      map[string]Nodes
	Page[T any] struct {
		Items []T      `json:"items"`
		Next  *Page[T] `json:"next"`
	}
	Pair[A, B any] struct {
		A A
		B B
	}
	Everything struct {
		Bool    bool
		Int     int
		Int8    int8
		Int16   int16
		Int32   int32
		Int64   int64
		Uint    uint
		Uint8   uint8
		Uint16  uint16
		Uint32  uint32
		Uint64  uint64
		Float32 float32
		Float64 float64
		String  string
		Time    time.Time
		Bytes   []byte
		Blob    Blob
		Raw     json.RawMessage
		Any     any
		Pointer **int
		Slice   []*string
		Map     map[Status]*int
		IntMap  map[int8][]int
		ID      ID
		Level   Level
		Nodes   ByName
		Tree    Node
		Mutual  *Ping
		Inner   struct {
			List []struct{ X int }
		}
		Page  Page[Node]
		Pages Page[[]*Page[Status]]
		Pair  Pair[map[string]int, any]
		Embedded
	}
	Embedded struct {
		Promoted struct{ Y int } `json:"promoted"`
	}
)

func (Text) MarshalText() ([]byte, error) { return nil, nil }

// TestContract holds a contract with every construct against a file that people
// have read.
func TestContract(t *testing.T) {
	b := gotypes.NewBuilder()
	add := func(name string, kind contract.MethodKind, params, result reflect.Type) {
		t.Helper()
		if problems := b.AddMethod(contract.Method{Name: name, Kind: kind, Errors: []int{1002}}, params, result); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	for range 2 { // the same declaration twice is one
		if problems := b.AddError(contract.ErrorType{Code: 1002, Reason: "quota_exceeded"}, reflect.TypeFor[struct{ Left int }]()); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	add("all.everything", contract.Call, reflect.TypeFor[*Everything](), reflect.TypeFor[*Everything]())
	add("all.none", contract.Call, reflect.TypeFor[struct{}](), reflect.TypeFor[struct{}]())
	add("all.nothing", contract.Call, nil, nil)
	add("all.anonymous", contract.Call, reflect.TypeFor[struct{ A int }](), reflect.TypeFor[[]struct{ B int }]())
	add("all.list", contract.Call, nil, reflect.TypeFor[[]Node]())
	add("all.notify", contract.Notify, reflect.TypeFor[Node](), nil)
	c, problems := b.Contract("all", "Everything.")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "everything.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the contract differs from %s; run with -update and read the change", golden)
	}
	if _, err := contract.Decode(got); err != nil {
		t.Error(err)
	}
}

func TestContractIsTheCallersOwn(t *testing.T) {
	b := gotypes.NewBuilder()
	if problems := b.AddMethod(contract.Method{Name: "a", Kind: contract.Call}, reflect.TypeFor[Node](), nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	first, _ := b.Contract("x", "")
	first.Types[0].Fields[0].Name = "spoilt"
	first.Types[0].Fields[1].Type.Elem.Ref = "spoilt"
	first.Methods[0].Params.Ref = "spoilt"
	if problems := b.AddMethod(contract.Method{Name: "b", Kind: contract.Call}, reflect.TypeFor[Ping](), nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	second, problems := b.Contract("x", "")
	if len(problems) > 0 || len(second.Methods) != 2 {
		t.Fatal(problems)
	}
	if encoded, _ := second.Encode(); bytes.Contains(encoded, []byte("spoilt")) {
		t.Error("a contract shares memory with the builder")
	}
}

type (
	hasChan    struct{ C chan int }
	Own        struct{ A int }
	OwnPointer struct{ A int }
	EmbedsTime struct {
		time.Time
		Note string
	}
	EmbedsTimePointer struct{ *time.Time }
	Tree              []Tree
	Forest            map[string][]Forest
	Cyclic            *Cyclic
	closed            struct{ a int }
	Many              struct {
		A chan int `json:"a"`
		B []struct {
			Owner map[string]func() `json:"owner"`
		} `json:"items"`
		C complex64
	}
	Quoted struct {
		N int64 `json:"n,string"`
	}
	QuotedPtr struct {
		N *int64 `json:"n,string"`
	}
	QuotedList struct {
		N []int `json:"n,string"`
	} // encoding/json ignores it
	Same struct {
		Left
		Right
	}
	Twice struct {
		Left
		Mid
	}
	Mid     struct{ Left }
	Diamond struct {
		One
		Two
	}
	One      struct{ Left }
	Two      struct{ Left }
	CaseOnly struct {
		A int `json:"userId"`
		B int `json:"userid"`
	}
	KelvinSign struct {
		A int `json:"k"`
		B int `json:"\u212a"` // folds to k
	}
	HiddenPointer struct {
		*hidden
		A int
	}
)

func (Own) MarshalJSON() ([]byte, error)       { return nil, nil }
func (*OwnPointer) UnmarshalJSON([]byte) error { return nil }

func TestRefusals(t *testing.T) {
	in := func(typ reflect.Type) reflect.Type { // as a field
		return reflect.StructOf([]reflect.StructField{{Name: "F", Type: typ, Tag: `json:"f"`}})
	}
	for name, test := range map[string]struct {
		params, result reflect.Type
		want           []string // in the message
	}{
		"chan":      {in(reflect.TypeFor[chan int]()), nil, []string{"params.f (chan int)", "json:\"-\""}},
		"func":      {nil, in(reflect.TypeFor[func()]()), []string{"result.f (func())"}},
		"complex":   {nil, reflect.TypeFor[complex128](), []string{"result (complex128)", "two floats"}},
		"interface": {in(reflect.TypeFor[context.Context]()), nil, []string{"params.f (context.Context)", "any"}},
		"error":     {nil, in(reflect.TypeFor[error]()), []string{"result.f (error)", "string"}},
		"a quoted json.Number": {reflect.TypeFor[struct {
			X json.Number `json:"x,string"`
		}](), nil, []string{"travels as a number", `",string"`}},
		"a format": {reflect.TypeFor[struct {
			X time.Time `json:"x,format:unix"`
		}](), nil, []string{`option "format"`, "remove"}},
		"a key in quotes": {reflect.TypeFor[struct {
			X int `json:"a'b"` //nolint:govet // it is wrong
		}](), nil, []string{"holds a character", "without quotes"}},
		"uintptr":                {in(reflect.TypeFor[uintptr]()), nil, []string{"uintptr", "integer"}},
		"unsafe pointer":         {in(reflect.TypeFor[unsafe.Pointer]()), nil, []string{"unsafe.Pointer", "memory address"}},
		"bool keys":              {in(reflect.TypeFor[map[bool]int]()), nil, []string{"map[bool]int", "string or an integer"}},
		"struct keys":            {in(reflect.TypeFor[map[Left]int]()), nil, []string{"list of structs"}},
		"float keys":             {in(reflect.TypeFor[map[float64]int]()), nil, []string{"float64"}},
		"text keys":              {in(reflect.TypeFor[map[textKey]int]()), nil, []string{"MarshalText"}},
		"MarshalJSON":            {nil, reflect.TypeFor[Own](), []string{"gotypes_test.Own", "MarshalJSON", "json.RawMessage"}},
		"UnmarshalJSON":          {in(reflect.TypeFor[*OwnPointer]()), nil, []string{"params.f (gotypes_test.OwnPointer)", "UnmarshalJSON"}},
		"MarshalText":            {nil, reflect.TypeFor[[]Text](), []string{"result[] (gotypes_test.Text)", "MarshalText"}},
		"big.Int":                {nil, reflect.TypeFor[big.Int](), []string{"big.Int"}},
		"url.URL":                {nil, reflect.TypeFor[*url.URL](), []string{"url.URL", "string"}},
		"sql.NullString":         {nil, reflect.TypeFor[sql.NullString](), []string{"sql.NullString", "*string"}},
		"sql.Null":               {nil, reflect.TypeFor[sql.Null[int]](), []string{"sql.Null[int]", "pointer"}},
		"bytes with MarshalText": {nil, reflect.TypeFor[[]textByte](), []string{"result[] (gotypes_test.textByte)", "MarshalText"}},
		"embedded time":          {nil, reflect.TypeFor[EmbedsTime](), []string{"embeds time.Time", "named field"}},
		"embedded *time":         {nil, reflect.TypeFor[EmbedsTimePointer](), []string{"embeds *time.Time"}},
		"list of itself":         {nil, reflect.TypeFor[Tree](), []string{"result[] (gotypes_test.Tree)", "make it a struct"}},
		"map of itself":          {nil, reflect.TypeFor[Forest](), []string{"contains itself"}},
		"pointer to itself":      {nil, reflect.TypeFor[Cyclic](), []string{"points to itself"}},
		"no exported field":      {nil, reflect.TypeFor[closed](), []string{"gotypes_test.closed", "always {}"}},
		"time renamed":           {nil, reflect.TypeFor[stamp](), []string{"always {}"}},
		"all problems":           {reflect.TypeFor[Many](), nil, []string{"params.a (chan int)", "params.items[].owner{} (func())", "params.C (complex64)"}},
		"duplicate":              {reflect.TypeFor[Same](), nil, []string{"params.Same", "gotypes_test.Left.Same", "gotypes_test.Right.Same"}},
		"diamond":                {reflect.TypeFor[Diamond](), nil, []string{"params.Same", "two ways"}},
		"case":                   {reflect.TypeFor[CaseOnly](), nil, []string{"params.userid", "userId", "case"}},
		"unicode case":           {reflect.TypeFor[KelvinSign](), nil, []string{"case"}},
		"hidden pointer":         {reflect.TypeFor[HiddenPointer](), nil, []string{"*gotypes_test.hidden", "embed the struct itself"}},
		"params no struct":       {reflect.TypeFor[string](), nil, []string{"params (string)", "must be a struct"}},
		"params a map":           {reflect.TypeFor[map[string]int](), nil, []string{"must be a struct"}},
		"params a time":          {reflect.TypeFor[time.Time](), nil, []string{"must be a struct"}},
		"params **struct":        {reflect.TypeFor[**Left](), nil, []string{"must be a struct"}},
		"params with own form":   {reflect.TypeFor[Own](), nil, []string{"must be a struct"}},
		"params an interface":    {reflect.TypeFor[any](), nil, []string{"must be a struct"}},
		"a problem on each side": {reflect.TypeFor[hasChan](), reflect.TypeFor[chan int](), []string{"params.C", "result (chan int)"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := gotypes.NewBuilder()
			problems := b.AddMethod(contract.Method{Name: "a.method", Kind: contract.Call}, test.params, test.result)
			if len(problems) == 0 {
				t.Fatal("it is accepted")
			}
			for _, p := range problems {
				if p.Method != "a.method" || p.Path == "" || p.Type == "" || p.Reason == "" || p.Fix == "" {
					t.Errorf("something is missing in %+v", p)
				}
			}
			for _, want := range test.want {
				if !strings.Contains(problems.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, problems)
				}
			}
			c, problems := b.Contract("x", "")
			if len(problems) > 0 || len(c.Methods) != 0 || len(c.Types) != 0 {
				t.Errorf("something was added all the same: %+v, %v", c, problems)
			}
		})
	}
}

type stamp time.Time
type textKey string

type textByte byte

func (textByte) MarshalText() ([]byte, error) { return nil, nil }

func (textKey) MarshalText() ([]byte, error) { return nil, nil }

func TestPositionNamesTheDeclaration(t *testing.T) {
	b := gotypes.NewBuilder()
	problems := b.AddMethod(contract.Method{Name: "a", Kind: contract.Call}, nil, reflect.TypeFor[[]struct{ Deep Many }]())
	const in = "github.com/centrirpc/centrirpc/contract/gotypes_test.Many."
	for i, want := range []string{in + "A", in + "B.Owner", in + "C"} {
		if problems[i].Position != want {
			t.Errorf("position %q; want %q", problems[i].Position, want)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[QuotedList](), reflect.TypeFor[Twice](), reflect.TypeFor[struct{ Left }]()} {
		if _, problems := describe(typ); len(problems) > 0 {
			t.Errorf("%s: %v", typ, problems)
		}
	}
}

// Why keys that differ by case only are refused.
func TestEncodingJSONIgnoresCase(t *testing.T) {
	var v CaseOnly
	if err := json.Unmarshal([]byte(`{"USERID":1}`), &v); err != nil || v.A+v.B != 1 {
		t.Errorf("%+v, %v: encoding/json tells keys apart by case; the refusal is needless", v, err)
	}
}

func TestAddTwice(t *testing.T) {
	b := gotypes.NewBuilder()
	m := contract.Method{Name: "a", Kind: contract.Call}
	if problems := b.AddMethod(m, nil, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	if problems := b.AddMethod(m, nil, nil); len(problems) != 1 {
		t.Errorf("the same method again: %v", problems)
	}
	e := contract.ErrorType{Code: 1000, Reason: "a"}
	if problems := b.AddError(e, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	if problems := b.AddError(e, reflect.TypeFor[Left]()); len(problems) != 1 || !strings.Contains(problems.Error(), "1000") {
		t.Errorf("the same code with other details: %v", problems)
	}
	e.Code = 1001
	if problems := b.AddError(e, reflect.TypeFor[chan int]()); len(problems) != 1 || problems[0].Path != "errors.1001.details" {
		t.Errorf("details that cannot be described: %v", problems)
	}
	if problems := b.AddMethod(contract.Method{Name: "n", Kind: contract.Notify}, nil, reflect.TypeFor[int]()); len(problems) != 1 {
		t.Errorf("a notification with a result: %v", problems)
	}
	if problems := b.AddMethod(contract.Method{Name: "u", Kind: contract.Call, Errors: []int{1009}}, nil, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, problems := b.Contract("x", ""); len(problems) != 1 || !strings.Contains(problems.Error(), "1009") {
		t.Errorf("a declared error that is not described: %v", problems)
	}
}
