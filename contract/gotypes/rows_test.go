package gotypes_test

import (
	"encoding/json"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

type (
	Level8   int8
	textual  struct{ a, b byte }
	word     string
	byMethod struct{ hidden int }
	Money    struct{ cents int64 }
	Checked  struct {
		Password string  `json:"password"`
		Repeat   string  `json:"repeat" validate:"eqfield=Password"`
		Limit    float64 `json:"limit" validate:"omitempty,gte=0,lt=0x10"`
	}
)

func (textual) MarshalText() ([]byte, error)   { return []byte("t"), nil }
func (*textual) UnmarshalText([]byte) error    { return nil }
func (word) MarshalText() ([]byte, error)      { return []byte("w"), nil }
func (*word) UnmarshalText([]byte) error       { return nil }
func (*byMethod) MarshalText() ([]byte, error) { return nil, nil }
func (*byMethod) UnmarshalText([]byte) error   { return nil }
func (Money) MarshalJSON() ([]byte, error)     { return []byte(`"1.00"`), nil }
func (*Money) UnmarshalJSON([]byte) error      { return nil }
func (Money) ContractType() contract.Type {
	return contract.Type{Kind: contract.String, Format: contract.Decimal}
}

// rows has a field for each construct, and what becomes of it.
type rows struct {
	Quoted        int64              `json:"quoted,string" want:"{'kind':'integer','bits':64,'quoted':true}"`
	QuotedPointer *uint8             `json:"quoted_pointer,string" want:"{'kind':'integer','nullable':true,'bits':8,'unsigned':true,'quoted':true}"`
	QuotedBool    bool               `json:"quoted_bool,string" want:"{'kind':'bool','quoted':true}"`
	QuotedFloat   float32            `json:"quoted_float,string" want:"{'kind':'float','bits':32,'quoted':true}"`
	QuotedString  string             `json:"quoted_string,string" want:"{'kind':'string','quoted':true}"`
	QuotedNamed   Level8             `json:"quoted_named,string" want:"{'kind':'integer','bits':8,'quoted':true}"`
	QuotedList    []int              `json:"quoted_list,string" want:"{'kind':'list','elem':{'kind':'integer','bits':64}}"`
	Duration      time.Duration      `json:"duration" want:"{'kind':'integer','bits':64,'format':'nanoseconds'}"`
	Durations     []*time.Duration   `json:"durations" want:"{'kind':'list','elem':{'kind':'integer','nullable':true,'bits':64,'format':'nanoseconds'}}"`
	Number        json.Number        `json:"number" want:"{'kind':'float'}"`
	Array         [3]int             `json:"array" want:"{'kind':'list','elem':{'kind':'integer','bits':64},'constraints':{'min_items':3,'max_items':3}}"`
	ByteArray     [2]byte            `json:"byte_array" want:"{'kind':'list','elem':{'kind':'integer','bits':8,'unsigned':true},'constraints':{'min_items':2,'max_items':2}}"`
	Nested        [1][0]string       `json:"nested" want:"{'kind':'list','elem':{'kind':'list','elem':{'kind':'string'},'constraints':{'min_items':0,'max_items':0}},'constraints':{'min_items':1,'max_items':1}}"`
	Text          textual            `json:"text" want:"{'kind':'string'}"`
	TextPointer   *textual           `json:"text_pointer" want:"{'kind':'string','nullable':true}"`
	Word          word               `json:"word" want:"{'kind':'string'}"`
	Addr          netip.Addr         `json:"addr" want:"{'kind':'string','format':'ip'}"`
	IP            net.IP             `json:"ip" want:"{'kind':'string','format':'ip'}"`
	Prefix        netip.Prefix       `json:"prefix" want:"{'kind':'string'}"`
	ByAddr        map[netip.Addr]int `json:"by_addr" want:"{'kind':'map','key':{'kind':'string','format':'ip'},'elem':{'kind':'integer','bits':64}}"`
	Declared      Money              `json:"declared" want:"{'kind':'string','format':'decimal'}"`
	Registered    *big.Int           `json:"registered" want:"{'kind':'integer','nullable':true}"`

	MinMax      string         `json:"min_max" validate:"min=1,max=200" want:"{'kind':'string','constraints':{'min_length':1,'max_length':200}}"`
	Required    string         `json:"required" validate:"required" want:"{'kind':'string','constraints':{'min_length':1}}"`
	Maybe       string         `json:"maybe" validate:"omitempty,min=3,max=5,email" want:"{'kind':'string','constraints':{'max_length':5,'rules':['min=3','email']}}"`
	Pointer     *string        `json:"pointer" validate:"omitempty,min=3,required" want:"{'kind':'string','nullable':true,'constraints':{'min_length':3,'rules':['required']}}"`
	Len         string         `json:"len" validate:"len=4,alphanum" want:"{'kind':'string','constraints':{'min_length':4,'max_length':4,'pattern':'^[a-zA-Z0-9]+$'}}"`
	Words       string         `json:"words" validate:"oneof=a 'b c' \"d\"" want:"{'kind':'string','constraints':{'one_of':['a','b c','\\\"d\\\"']}}"`
	Mail        string         `json:"mail" validate:"email" want:"{'kind':'string','constraints':{'format':'email'}}"`
	Either      string         `json:"either" validate:"email|url" want:"{'kind':'string','constraints':{'rules':['email|url']}}"`
	Odd         string         `json:"odd" validate:"excludes=0x2C,startswith=a" want:"{'kind':'string','constraints':{'rules':['excludes=,','startswith=a']}}"`
	Between     int            `json:"between" validate:"gt=0,lte=10" want:"{'kind':'integer','bits':64,'constraints':{'maximum':10,'exclusive_minimum':0}}"`
	Fraction    float64        `json:"fraction" validate:"min=0.5,ne=0.7" want:"{'kind':'float','bits':64,'constraints':{'minimum':0.5,'rules':['ne=0.7']}}"`
	Grades      int8           `json:"grades" validate:"oneof=1 2 3" want:"{'kind':'integer','bits':8,'constraints':{'one_of':[1,2,3]}}"`
	MaybeNumber int            `json:"maybe_number" validate:"omitempty,gte=5,lte=9" want:"{'kind':'integer','bits':64,'constraints':{'maximum':9,'rules':['gte=5']}}"`
	Accepted    bool           `json:"accepted" validate:"required" want:"{'kind':'bool','constraints':{'one_of':[true]}}"`
	Items       []string       `json:"items" validate:"required,max=6,unique,dive,min=2" want:"{'kind':'list','elem':{'kind':'string','constraints':{'min_length':2}},'constraints':{'max_items':6,'unique':true}}"`
	Table       map[string]int `json:"table" validate:"gt=1,dive,keys,len=2,endkeys,min=3" want:"{'kind':'map','key':{'kind':'string','constraints':{'min_length':2,'max_length':2}},'elem':{'kind':'integer','bits':64,'constraints':{'minimum':3}},'constraints':{'min_items':2}}"`
	Times       time.Time      `json:"times" validate:"gt" want:"{'kind':'string','format':'date-time','constraints':{'rules':['gt']}}"`
	Slow        time.Duration  `json:"slow" validate:"max=1m" want:"{'kind':'integer','bits':64,'format':'nanoseconds','constraints':{'rules':['max=1m']}}"`
	Blob        []byte         `json:"blob" validate:"max=9" want:"{'kind':'bytes','constraints':{'rules':['max=9']}}"`
	MustPointer *bool          `json:"must_pointer,omitempty" validate:"required" want:"{'kind':'bool','constraints':{'rules':['required']}}"`
	OmitPointer *string        `json:"omit_pointer,omitempty" validate:"omitempty,min=3" want:"{'kind':'string','constraints':{'min_length':3}}"`
	Default     int            `json:"default" validate:"isdefault" want:"{'kind':'integer','bits':64,'constraints':{'rules':['isdefault']}}"`
	FewArrays   [4]int         `json:"few_arrays" validate:"max=9" want:"{'kind':'list','elem':{'kind':'integer','bits':64},'constraints':{'min_items':4,'max_items':4}}"`
}

func TestRows(t *testing.T) {
	b := gotypes.NewBuilder()
	if err := b.Declare(reflect.TypeFor[big.Int](), contract.Type{Kind: contract.Integer}); err != nil {
		t.Fatal(err)
	}
	if problems := b.AddMethod(contract.Method{Name: "rows", Kind: contract.Call}, reflect.TypeFor[rows](), reflect.TypeFor[Checked]()); len(problems) > 0 {
		t.Fatal(problems)
	}
	c, problems := b.Contract("rows", "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	fields := c.Type(c.Method("rows").Params.Ref).Fields
	declared := reflect.TypeFor[rows]()
	if len(fields) != declared.NumField() {
		t.Fatalf("%d fields of %d", len(fields), declared.NumField())
	}
	for i, f := range fields {
		got, err := json.Marshal(f.Type)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(declared.Field(i).Tag.Get("want"), "'", `"`); string(got) != want {
			t.Errorf("%s is %s\n%*s want %s", f.Name, got, len(f.Name)-2, "", want)
		}
	}
	checked := c.Type("Checked").Fields
	if got, _ := json.Marshal(checked[1].Type); string(got) != `{"kind":"string","constraints":{"rules":["eqfield=password"]}}` {
		t.Errorf("a rule about another field names it %s", got)
	}
	if got, _ := json.Marshal(checked[2].Type); string(got) != `{"kind":"float","bits":64,"constraints":{"minimum":0,"exclusive_maximum":16}}` {
		t.Errorf("bounds that the empty value keeps: %s", got)
	}
}

type refersTo struct{}

func (refersTo) MarshalJSON() ([]byte, error) { return nil, nil }
func (refersTo) ContractType() contract.Type  { return contract.Type{Kind: contract.Ref, Ref: "T"} }

func TestFormsOfTheirOwnThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		typ  reflect.Type
		want []string
	}{
		"a pointer's method on a value":  {reflect.TypeFor[struct{ A byMethod }](), []string{"params.A", "MarshalText"}},
		"a string with methods as a key": {reflect.TypeFor[struct{ A map[word]int }](), []string{"params.A", "MarshalText", "key"}},
		"a type that is not declared":    {reflect.TypeFor[struct{ A big.Int }](), []string{"big.Int", "centrirpc.TypeOf"}},
		"a declaration that refers":      {reflect.TypeFor[struct{ A refersTo }](), []string{"params.A", "ContractType"}},
		"embedding one":                  {reflect.TypeFor[struct{ Embeds textEmbedding }](), []string{"params.Embeds", "embeds"}},
	} {
		problems := gotypes.NewBuilder().AddMethod(contract.Method{Name: "a", Kind: contract.Call}, test.typ, nil)
		for _, want := range test.want {
			if !strings.Contains(problems.Error(), want) {
				t.Errorf("%s: %v; want %q in it", name, problems, want)
			}
		}
	}
	b := gotypes.NewBuilder()
	for _, wrong := range []struct {
		typ reflect.Type
		as  contract.Type
	}{
		{reflect.TypeFor[big.Int](), contract.Type{Kind: "what"}},
		{reflect.TypeFor[big.Int](), contract.Type{Kind: contract.List, Elem: &contract.Type{Kind: contract.Ref, Ref: "T"}}},
		{reflect.TypeFor[*big.Int](), contract.Type{Kind: contract.Integer}},
	} {
		if err := b.Declare(wrong.typ, wrong.as); err == nil {
			t.Errorf("%v as %+v is accepted", wrong.typ, wrong.as)
		}
	}
}

type textEmbedding struct {
	netip.Addr
	Note string
}
