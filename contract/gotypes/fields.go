package gotypes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is one key of a struct's JSON, as encoding/json sees it: fields of
// embedded structs are among those of the struct that embeds them.
type field struct {
	name     string // the key
	goName   string
	typ      reflect.Type // without the pointer whose nil leaves the key out
	required bool
	origin   string // where it is declared: "example.org/tasks/api.Item.Owner"

	// needed: the server asks for the key, which encoding/json may leave out.
	needed bool
	quoted bool         // by the tag's option ",string"
	rules  string       // the tag `validate`
	ruled  reflect.Type // what the rules are about: the type as it is declared
	within reflect.Type // the struct that declares it

	index  []int // of reflect.Value.FieldByIndex
	tagged bool  // the key is from the tag: it wins over one that is not
}

// embedding is a struct to be searched for fields.
type embedding struct {
	typ      reflect.Type
	origin   string
	index    []int
	optional bool // reached through an embedded pointer, which may be nil
}

// fields are the keys of the struct t in the order of declaration, by the
// rules of encoding/json, level by level: the shallowest field of a name wins,
// at the same depth one with a tag. Where encoding/json would drop fields
// without a word, they are refused.
func (d *describer) fields(t reflect.Type, path, origin string) []field {
	var (
		found   []field
		level   = []embedding{{typ: t, origin: origin}}
		visited = map[reflect.Type]bool{}
	)
	for len(level) > 0 {
		var (
			next  []embedding
			count = map[reflect.Type]int{}
		)
		for _, e := range level {
			count[e.typ]++
		}
		for _, e := range level {
			if visited[e.typ] {
				continue
			}
			visited[e.typ] = true
			fields, embedded := d.declared(e, path)
			found = append(found, fields...)
			if count[e.typ] > 1 { // reached on two ways at the same depth: its fields are in conflict with themselves
				found = append(found, fields...)
			}
			next = append(next, embedded...)
		}
		level = next
	}
	return d.dominant(t, found, path, origin)
}

// declared are the fields that the struct declares itself, and the structs that
// it embeds.
func (d *describer) declared(e embedding, path string) (fields []field, embedded []embedding) {
	for i := range e.typ.NumField() {
		sf := e.typ.Field(i)
		pointer := sf.Type.Kind() == reflect.Pointer && sf.Type.Name() == ""
		target := sf.Type
		if pointer {
			target = target.Elem()
		}
		if !sf.IsExported() && (!sf.Anonymous || target.Kind() != reflect.Struct) {
			continue
		}
		tag := sf.Tag.Get("json")
		if tag == "-" {
			continue
		}
		at := ""
		if e.origin != "" {
			at = e.origin + "." + sf.Name
		}
		name, options, _ := strings.Cut(tag, ",")
		if reason, fix := tagFault(sf, name, options); reason != "" {
			d.refuse(path+"."+sf.Name, sf.Type, at, reason, fix)
			continue
		}
		if name != "" && !validKey(name) {
			// encoding/json takes the Go field's name instead, its successor none.
			d.refuse(path+"."+sf.Name, sf.Type, at, fmt.Sprintf("its tag's key %q holds a character that encoding/json does not take", name), "use a key without quotes, backslashes and control characters")
			continue
		}
		index := append(slices.Clone(e.index), i)
		origin := at
		if sf.Anonymous && name == "" && target.Kind() == reflect.Struct {
			if pointer && !sf.IsExported() {
				d.refuse(path, sf.Type, origin, "encoding/json cannot fill an embedded pointer to an unexported struct", "embed the struct itself, or export its type")
				continue
			}
			inner := origin
			if target.Name() != "" {
				inner = originOf(target)
			}
			embedded = append(embedded, embedding{target, inner, index, e.optional || pointer})
			continue
		}
		f := field{name: name, goName: sf.Name, typ: sf.Type, origin: origin, index: index, tagged: name != ""}
		if name == "" {
			f.name = sf.Name
		}
		f.quoted = hasOption(options, "string") && quotable(target)
		f.rules, f.ruled, f.within = sf.Tag.Get("validate"), sf.Type, e.typ
		omitted := hasOption(options, "omitzero") || hasOption(options, "omitempty") && canBeEmpty(sf.Type)
		if omitted && pointer {
			f.typ = sf.Type.Elem() // nil leaves the key out, so null is never written
		}
		f.required = !omitted && !e.optional
		f.needed = omitted && !e.optional && asksForValue(f.rules)
		fields = append(fields, f)
	}
	return fields, embedded
}

// dominant picks one field for each key and refuses what has none, and keys
// that decoding cannot tell apart.
func (d *describer) dominant(t reflect.Type, found []field, path, origin string) []field {
	byName := map[string][]field{}
	var names []string
	for _, f := range found {
		if byName[f.name] == nil {
			names = append(names, f.name)
		}
		byName[f.name] = append(byName[f.name], f)
	}
	var (
		fields []field
		folded = map[string]field{}
	)
	for _, name := range names {
		best, tied := strongest(byName[name])
		if tied != nil {
			d.refuse(path+"."+name, t, origin, conflict(best, *tied), "give one of the fields another json name, or leave one out with json:\"-\"")
			continue
		}
		key := foldKey(name)
		if other, ok := folded[key]; ok {
			d.refuse(path+"."+name, t, best.origin,
				"its name differs from that of the field "+other.name+" by case only, and decoding ignores case", "rename one of them")
			continue
		}
		folded[key] = best
		fields = append(fields, best)
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return fields
}

// strongest is the field that encoding/json takes for a key, and one that is
// just as strong if there is any.
func strongest(fields []field) (best field, tied *field) {
	best = fields[0]
	for i, f := range fields[1:] {
		switch {
		case len(f.index) < len(best.index), len(f.index) == len(best.index) && f.tagged && !best.tagged:
			best, tied = f, nil
		case len(f.index) == len(best.index) && f.tagged == best.tagged:
			tied = &fields[i+1]
		}
	}
	return best, tied
}

func conflict(a, b field) string {
	if slices.Equal(a.index, b.index) {
		return "its struct is embedded on two ways at the same depth, so encoding/json leaves the field out"
	}
	return "the fields " + a.origin + " and " + b.origin + " have the same key at the same depth, so encoding/json leaves both out"
}

func hasOption(options, want string) bool {
	return slices.Contains(strings.Split(options, ","), want)
}

// quotable says whether encoding/json heeds ",string" for a field of t.
func quotable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Uintptr,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// canBeEmpty says whether omitempty does anything for a field of t.
func canBeEmpty(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Array:
		return true
	}
	return quotable(t)
}

// validKey says whether encoding/json takes name from a tag; otherwise the key
// is the Go field's name.
func validKey(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}

// foldKey is the same for keys that decoding takes for one another.
func foldKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}
