package gotypes_test

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
	"github.com/centrirpc/centrirpc/contract/gotypes/internal/fixture/api"
	oldapi "github.com/centrirpc/centrirpc/contract/gotypes/internal/fixture/old/api"
	"github.com/centrirpc/centrirpc/contract/gotypes/internal/fixture/store"
)

// names are those that types get in a contract, in whatever order they come.
func names(t *testing.T, types ...reflect.Type) []string {
	t.Helper()
	var first []string
	for round := range uint64(10) {
		random := rand.New(rand.NewPCG(round, 1))
		b := gotypes.NewBuilder()
		for _, i := range random.Perm(len(types)) {
			m := contract.Method{Name: "method_" + string(rune('a'+i)), Kind: contract.Call}
			if problems := b.AddMethod(m, nil, types[i]); len(problems) > 0 {
				t.Fatal(problems)
			}
		}
		c, problems := b.Contract("x", "")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var found []string
		for i := range types {
			found = append(found, c.Method("method_"+string(rune('a'+i))).Result.Ref)
		}
		if round > 0 && !slices.Equal(found, first) {
			t.Fatalf("the names depend on the order: %q and %q", first, found)
		}
		first = found
	}
	return first
}

func TestNames(t *testing.T) {
	for name, test := range map[string]struct {
		types []reflect.Type
		want  string
	}{
		"alone":            {[]reflect.Type{reflect.TypeFor[api.Task]()}, "Task"},
		"two packages":     {[]reflect.Type{reflect.TypeFor[api.Task](), reflect.TypeFor[store.Task]()}, "ApiTask StoreTask"},
		"same last name":   {[]reflect.Type{reflect.TypeFor[api.Task](), reflect.TypeFor[oldapi.Task]()}, "FixtureApiTask OldApiTask"},
		"all three":        {[]reflect.Type{reflect.TypeFor[api.Task](), reflect.TypeFor[oldapi.Task](), reflect.TypeFor[store.Task]()}, "FixtureApiTask OldApiTask StoreTask"},
		"type argument":    {[]reflect.Type{reflect.TypeFor[api.Page[api.Item]](), reflect.TypeFor[api.Page[store.Item]]()}, "PageApiItem PageStoreItem"},
		"two generics":     {[]reflect.Type{reflect.TypeFor[api.Page[api.Item]](), reflect.TypeFor[store.Page[api.Item]]()}, "ApiPageItem StorePageItem"},
		"nested arguments": {[]reflect.Type{reflect.TypeFor[api.Page[api.Page[api.Item]]]()}, "PagePageItem"},
		"pointer and not":  {[]reflect.Type{reflect.TypeFor[api.Page[api.Item]](), reflect.TypeFor[api.Page[*api.Item]]()}, "PageItem PageItemOrNull"},
		"map argument":     {[]reflect.Type{reflect.TypeFor[api.Page[map[string][]int]]()}, "PageStringIntListMap"},
		"any argument":     {[]reflect.Type{reflect.TypeFor[api.Page[any]]()}, "PageAny"},
		"local":            {[]reflect.Type{localType(), reflect.TypeFor[api.Page[string]]()}, "Local PageString"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(names(t, test.types...), " "); got != test.want {
				t.Errorf("%s; want %s", got, test.want)
			}
		})
	}
}

func localType() reflect.Type {
	type Local struct{ A int }
	return reflect.TypeFor[Local]()
}

func otherLocalType() reflect.Type {
	type Local struct{ B int }
	return reflect.TypeFor[Local]()
}

func TestArgumentsLocalToFunctions(t *testing.T) {
	type Local struct{ A int }
	if got := names(t, reflect.TypeFor[api.Page[Local]]())[0]; got != "PageLocal" {
		t.Error(got)
	}
}

type ParentField struct{ Z int }
type Parent struct {
	Field struct{ A int }
	Other ParentField
}
type lower struct{ A int }
type Lower struct{ A int }

func TestNamesThatCannotBeToldApart(t *testing.T) {
	for name, test := range map[string]struct {
		types []reflect.Type
		want  []string
	}{
		"local to two functions": {[]reflect.Type{localType(), otherLocalType()}, []string{"2 types would have this name"}},
		"anonymous and named":    {[]reflect.Type{reflect.TypeFor[Parent]()}, []string{"gotypes_test.Parent.Field", "gotypes_test.ParentField"}},
		"case of the first":      {[]reflect.Type{reflect.TypeFor[lower](), reflect.TypeFor[Lower]()}, []string{"gotypes_test.lower", "gotypes_test.Lower"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := gotypes.NewBuilder()
			for i, typ := range test.types {
				if problems := b.AddMethod(contract.Method{Name: string(rune('a' + i)), Kind: contract.Call}, nil, typ); len(problems) > 0 {
					t.Fatal(problems)
				}
			}
			c, problems := b.Contract("x", "")
			if c != nil || len(problems) != 1 || problems[0].Fix == "" {
				t.Fatalf("%v, %v", c, problems)
			}
			for _, want := range test.want {
				if !strings.Contains(problems.Error(), want) {
					t.Errorf("%q is missing in %v", want, problems)
				}
			}
		})
	}
}

func TestUnqualifiedNameStaysWithTheOther(t *testing.T) {
	// The qualified name of one type may be the plain name of a third.
	type ApiTask struct{ X int }
	got := names(t, reflect.TypeFor[api.Task](), reflect.TypeFor[store.Task](), reflect.TypeFor[ApiTask]())
	if len(slices.Collect(maps.Keys(map[string]bool{got[0]: true, got[1]: true, got[2]: true}))) != 3 {
		t.Errorf("%q", got)
	}
}
