package gotypes_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

type (
	animal interface{ animal() }
	dog    struct {
		Friends []animal `json:"friends"`
	}
	cat    struct{ Lives int }
	mute   func()
	broken struct{ Voice mute }
)

// A union refers to itself through its variants, and is one type wherever it is
// used. What is wrong in a variant is told with the way to it.
func TestUnions(t *testing.T) {
	variants := []gotypes.UnionVariant{{Value: "dog", Type: reflect.TypeFor[dog]()}, {Value: "cat", Type: reflect.TypeFor[cat]()}}
	find := func(t reflect.Type) (gotypes.Union, bool) {
		return gotypes.Union{Tag: "kind", Variants: variants}, t == reflect.TypeFor[animal]()
	}
	b := gotypes.NewBuilder()
	b.FindUnions(find)
	if problems := b.AddMethod(contract.Method{Name: "a", Kind: contract.Call}, reflect.TypeFor[dog](), reflect.TypeFor[map[string]*animal]()); problems != nil {
		t.Fatal(problems)
	}
	c, problems := b.Contract("zoo", "")
	if problems != nil {
		t.Fatal(problems)
	}
	union := c.Type("Animal")
	if union == nil || union.Kind != contract.Union || union.Tag != "kind" || len(union.Variants) != 2 || union.Variants[0].Ref != "Dog" || union.Variants[1].Ref != "Cat" {
		t.Errorf("the union is %+v", union)
	}
	if elem := c.Method("a").Result.Elem; elem.Ref != "Animal" || !elem.Nullable {
		t.Errorf("a pointer to a union is %+v", elem)
	}
	if elem := c.Type("Dog").Fields[0].Type.Elem; elem.Ref != "Animal" || elem.Nullable {
		t.Errorf("a list of unions is of %+v", elem)
	}

	variants = append(variants, gotypes.UnionVariant{Value: "broken", Type: reflect.TypeFor[broken]()}, gotypes.UnionVariant{Value: "raw", Type: reflect.TypeFor[json.RawMessage]()})
	b = gotypes.NewBuilder()
	b.FindUnions(find)
	text := b.AddMethod(contract.Method{Name: "a", Kind: contract.Call}, reflect.TypeFor[dog](), nil).Error()
	for _, want := range []string{"params.friends[](broken).Voice (gotypes_test.mute)", `the variant "raw" of gotypes_test.animal is no object`} {
		if !strings.Contains(text, want) {
			t.Errorf("refused with %s; want %s", text, want)
		}
	}
}

func TestKeys(t *testing.T) {
	keys, err := gotypes.Keys(reflect.TypeFor[struct {
		dog
		Own  int `json:"own,omitempty"`
		None int `json:"-"`
	}]())
	if err != nil || !slices.Equal(keys, []string{"friends", "own"}) {
		t.Errorf("keys %q, %v", keys, err)
	}
	for _, bad := range []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[Money](), reflect.TypeFor[struct {
		A int `json:"x"`
		B int `json:"X"`
	}]()} {
		if _, err := gotypes.Keys(bad); err == nil {
			t.Errorf("%v has keys", bad)
		}
	}
}

// All that is wrong with a channel is told at once, and nothing of it stays.
func TestWrongChannel(t *testing.T) {
	b := gotypes.NewBuilder()
	problems := b.AddChannel(contract.Channel{Name: "rooms:{tenant}.{room}"}, reflect.TypeFor[struct {
		Tenant *string `json:"tenant"`
		Other  string  `json:"other"`
	}](), reflect.TypeFor[broken]())
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	slices.Sort(paths)
	want := []string{
		"channels.rooms:{tenant}.{room}.event.Voice", "channels.rooms:{tenant}.{room}.params",
		"channels.rooms:{tenant}.{room}.params.other", "channels.rooms:{tenant}.{room}.params.tenant",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("problems %v", problems)
	}
	add := func() contract.Problems {
		return b.AddChannel(contract.Channel{Name: "rooms:{tenant}.{room}"}, reflect.TypeFor[struct {
			Room   Level8 `json:"room"`
			Tenant string `json:"tenant"`
		}](), reflect.TypeFor[dog]())
	}
	b.FindUnions(func(reflect.Type) (gotypes.Union, bool) {
		return gotypes.Union{Tag: "kind", Variants: []gotypes.UnionVariant{{Value: "cat", Type: reflect.TypeFor[cat]()}}}, true
	})
	if problems := add(); problems != nil {
		t.Fatal(problems)
	}
	if problems := add(); len(problems) != 1 || !strings.Contains(problems.Error(), "there already") {
		t.Errorf("a channel that is there already: %v", problems)
	}
	c, problems := b.Contract("zoo", "")
	if problems != nil || len(c.Channels) != 1 || c.Channels[0].Params.Ref != "RoomsChannelParams" || c.Channels[0].Event.Ref != "Dog" {
		t.Errorf("channels %+v, %v", c, problems)
	}
}
