package gotypes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

type (
	plain    struct{ A, B int }
	Exported struct {
		C string
		D string `json:"d,omitempty"`
	}
	hidden  struct{ E string }
	deep    struct{ Exported }
	DeepPtr struct{ *Exported }
	tagged  struct {
		X string `json:"A"`
	}
	ID         string
	Level      int
	Blob       []byte
	WithTag    struct{ Y int }
	HasPrivate struct {
		Z int
		z int // it must not show
	}
	Left  struct{ Same int }
	Right struct{ Same int }
	Loop  struct {
		*LoopBack
		P int
	}
	LoopBack struct {
		*Loop
		Q int
	}
)

// shapes are zero values of struct types that the contract accepts.
var shapes = []any{
	plain{}, deep{}, DeepPtr{}, HasPrivate{}, struct{}{},
	struct {
		A int     `json:"a"`
		B *int    `json:"b"`
		C int     `json:"c,omitempty"`
		D *int    `json:"d,omitempty"`
		E int     `json:"e,omitzero"`
		F *int    `json:"f,omitzero"`
		G **int   `json:"g,omitempty"`
		H ***bool `json:"h"`
	}{},
	struct {
		S  string         `json:",omitempty"`
		B  bool           `json:",omitempty"`
		F  float64        `json:",omitempty"`
		L  []int          `json:",omitempty"`
		M  map[string]int `json:",omitempty"`
		I  any            `json:",omitempty"`
		T  time.Time      `json:",omitempty"`
		T2 time.Time      `json:",omitzero"`
		T3 *time.Time     `json:",omitempty"`
		N  plain          `json:",omitempty"`
		N2 plain          `json:",omitzero"`
		N3 *plain         `json:",omitempty"`
		R  json.RawMessage
		R2 json.RawMessage `json:",omitempty"`
		Y  []byte
		Y2 []byte `json:",omitempty"`
		ID ID     `json:",omitempty"`
		Lv Level  `json:",omitempty"`
		Bl Blob   `json:",omitempty"`
	}{},
	struct {
		L []int
		M map[int]string
		P *[]int
		Q *map[string]int
		I any
	}{},
	struct {
		A int `json:"-"`
		B int `json:"-,"`
		C int `json:"x-y"`
		F int `json:"été"`
		G int `json:" "`
		I int `yaml:"i"`
	}{},
	struct {
		plain
		C int
	}{},
	struct {
		hidden
		*Exported
	}{},
	struct {
		Exported `json:"exported"`
		WithTag  `json:",omitempty"`
	}{},
	struct {
		*Exported `json:"exported,omitempty"`
	}{},
	struct { // the shallower wins
		plain
		A string
	}{},
	struct { // the tagged wins at the same depth
		plain
		tagged
	}{},
	struct { // the conflict of Left and Right is shadowed
		Left
		Right
		Same string
	}{},
	struct { // an embedded type that is no struct
		ID
		Level
		plain
	}{},
	struct { // an embedded pointer to a type that is no struct
		*ID
	}{},
	struct {
		*DeepPtr
		F int
	}{},
	Loop{},
	struct { // unexported embedded struct with a name of its own
		plain `json:"p"`
	}{},
	struct { // anonymous struct types are no embedding
		In struct{ A int }
	}{},
}

func TestFieldsAreThoseOfEncodingJSON(t *testing.T) {
	for _, shape := range shapes {
		typ := reflect.TypeOf(shape)
		if typ.NumField() == 0 {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			described, problems := describe(typ)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			compare(t, typ, described)
		})
	}
}

// compare marshals the zero value and one in which everything is set.
func compare(t *testing.T, typ reflect.Type, described *contract.NamedType) {
	t.Helper()
	var all, required, nullable []string
	for _, f := range described.Fields {
		all = append(all, f.Name)
		if f.Required {
			required = append(required, f.Name)
		}
		if f.Required && f.Type.Nullable {
			nullable = append(nullable, f.Name)
		}
	}
	zero := reflect.New(typ)
	keys, values := marshal(t, zero.Interface())
	if !slices.Equal(keys, required) {
		t.Errorf("%s: the zero value has the keys %q; required in the contract are %q", typ, keys, required)
	}
	for _, f := range described.Fields {
		if kind := f.Type.Kind; kind == contract.List || kind == contract.Map || kind == contract.Bytes || kind == contract.Any || kind == contract.Ref && !f.Type.Nullable {
			continue // the server writes [], {} and "" for what is nil; any may be null
		}
		if isNull := string(values[f.Name]) == "null"; isNull != slices.Contains(nullable, f.Name) {
			t.Errorf("%s: %s is %s in the zero value; the contract says nullable: %t", typ, f.Name, values[f.Name], f.Type.Nullable)
		}
	}
	full := reflect.New(typ)
	fill(full.Elem(), 0)
	keys, _ = marshal(t, full.Interface())
	if !slices.Equal(keys, all) {
		t.Errorf("%s: the full value has the keys %q; the contract has %q", typ, keys, all)
	}
}

func TestOptionalDoublePointerIsNullable(t *testing.T) {
	type shape struct {
		P **int `json:"p,omitempty"`
	}
	var inner *int
	data, err := json.Marshal(shape{&inner})
	if err != nil || string(data) != `{"p":null}` {
		t.Fatalf("%s, %v", data, err)
	}
	described, _ := describe(reflect.TypeFor[shape]())
	if f := described.Fields[0]; f.Required || !f.Type.Nullable {
		t.Errorf("%+v; want optional and nullable", f)
	}
}

// TestFieldsOfRandomShapes builds struct types that no person would write and
// holds the contract against encoding/json. What is refused must be a key that
// encoding/json leaves out, or one of two that differ by case.
func TestFieldsOfRandomShapes(t *testing.T) {
	const rounds = 5000
	var refused, deepest int
	for seed := range uint64(rounds) {
		random := rand.New(rand.NewPCG(seed, 1))
		typ := randomStruct(random, 3)
		described, problems := describe(typ)
		if len(problems) > 0 {
			refused++
			full := reflect.New(typ)
			fill(full.Elem(), 0)
			keys, _ := marshal(t, full.Interface())
			for _, p := range problems {
				key := strings.TrimPrefix(p.Path, "result.")
				if strings.Contains(key, ".") || strings.Contains(p.Reason, "would have this name") {
					continue // of a struct further in, whose keys are not at hand; or no matter of keys
				}
				dropped := !slices.Contains(keys, key)
				folded := slices.ContainsFunc(keys, func(k string) bool { return k != key && strings.EqualFold(k, key) })
				if strings.Contains(p.Reason, "out") != dropped || strings.Contains(p.Reason, "case") != (folded && !dropped) {
					t.Fatalf("seed %d: %s is refused: %v\nkeys: %q", seed, typ, p, keys)
				}
			}
			continue
		}
		deepest = max(deepest, len(described.Fields))
		if typ.NumField() > 0 {
			compare(t, typ, described)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if refused < rounds/20 || rounds-refused < rounds/5 || deepest < 6 {
		t.Errorf("the shapes prove little: %d of %d refused, at most %d fields", refused, rounds, deepest)
	}
}

func randomStruct(random *rand.Rand, depth int) reflect.Type {
	var (
		fields []reflect.StructField
		used   = map[string]bool{}
	)
	pick := func(options ...string) string { return options[random.IntN(len(options))] }
	for range 1 + random.IntN(4) {
		name := pick("A", "B", "C", "D", "Aa", "AA", "E1", "F")
		if used[name] {
			continue
		}
		used[name] = true
		f := reflect.StructField{Name: name}
		if depth > 0 && random.IntN(2) == 0 {
			f.Type = randomStruct(random, depth-1)
			f.Anonymous = random.IntN(4) > 0
			if random.IntN(3) == 0 {
				f.Type = reflect.PointerTo(f.Type)
			}
		} else {
			f.Type = []reflect.Type{
				reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[*bool](), reflect.TypeFor[**int8](),
				reflect.TypeFor[time.Time](), reflect.TypeFor[[]string](), reflect.TypeFor[map[string]int](), reflect.TypeFor[any](),
				reflect.TypeFor[ID](), reflect.TypeFor[[]byte](), reflect.TypeFor[*plain](),
			}[random.IntN(11)]
		}
		if random.IntN(2) == 0 {
			f.Tag = reflect.StructTag(`json:"` + pick("", "", "a", "A", "b", "B", "c", "-", "x y") + pick("", "", ",", ",omitempty", ",omitzero", ",omitzero,omitempty") + `"`)
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// describe is the named type that the contract has for a struct.
func describe(typ reflect.Type) (*contract.NamedType, contract.Problems) {
	b := gotypes.NewBuilder()
	if problems := b.AddMethod(contract.Method{Name: "m", Kind: contract.Call}, nil, typ); len(problems) > 0 {
		return nil, problems
	}
	c, problems := b.Contract("x", "")
	if len(problems) > 0 {
		return nil, problems
	}
	if c.Methods[0].Result == nil {
		return &contract.NamedType{}, nil
	}
	return c.Type(c.Methods[0].Result.Ref), nil
}

func marshal(t *testing.T, value any) (keys []string, values map[string]json.RawMessage) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	values = map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		values[key.(string)] = raw
	}
	if len(keys) != len(slices.Collect(maps.Keys(values))) {
		t.Fatalf("a key twice: %s", data)
	}
	return keys, values
}

// fill sets everything that can be set to something that is not empty.
func fill(v reflect.Value, depth int) {
	if !v.CanSet() || depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte("1"))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
	case reflect.Interface:
		v.Set(reflect.ValueOf(1))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			field := v.Field(i)
			if !field.CanSet() && v.Type().Field(i).Anonymous && field.Kind() == reflect.Struct {
				for j := range field.NumField() { // exported fields of an unexported embedded struct can be set
					fill(field.Field(j), depth+1)
				}
				continue
			}
			fill(field, depth+1)
		}
	default:
		panic(fmt.Sprintf("no value of %s", v.Type()))
	}
}
