package contract

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustParse(t *testing.T, pattern string) *ChannelPattern {
	t.Helper()
	p, err := ParseChannelPattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestChannelPatternNames(t *testing.T) {
	for _, test := range []struct {
		pattern string
		values  []string
		want    string // a name, or what the error says
	}{
		{"tasks", nil, "tasks"},
		{"tasks:{project_id}", []string{"7"}, "tasks:7"},
		{"{a}/x", []string{`"\`}, `"\/x`},
		{"rooms:{tenant}.{room}", []string{"a", "b.c"}, "rooms:a.b.c"},
		{"rooms:{tenant}.{room}", []string{"a.b", "c"}, `the parameter "tenant" has the value "a.b", which holds what stands behind`},
		{"x{a}b{c}", []string{"b", "b"}, "xbbb"},
		{"x{a}b{c}", []string{"ab", "b"}, `the parameter "a"`},
		{"tasks:{project_id}", []string{""}, `the parameter "project_id" is empty`},
		{"tasks:{project_id}", []string{"a:b"}, `the parameter "project_id" is "a:b", which holds ":"`},
		{"tasks:{project_id}", []string{"é"}, "allowed is printable ASCII"},
		{"tasks:{project_id}", []string{strings.Repeat("x", 250)}, "256 bytes long"},
		{"tasks", []string{"a"}, "has 0 parameters, not 1"},
	} {
		p := mustParse(t, test.pattern)
		name, err := p.Name(test.values)
		if err != nil {
			name = err.Error()
		}
		if name != test.want && (err == nil || !strings.Contains(name, test.want)) {
			t.Errorf("%s with %q: %s; want %s", test.pattern, test.values, name, test.want)
			continue
		}
		if read, ok := p.Match(name); err == nil && (!ok || !slices.Equal(read, test.values)) {
			t.Errorf("%s reads %q from %s; want %q", test.pattern, read, name, test.values)
		}
	}
	for _, c := range "\x00 \t\n:,#*$/{}\x7fé" {
		if CheckChannelValue(string(c)) == nil {
			t.Errorf("the value %q is taken", c)
		}
	}
	for pattern, names := range map[string][]string{
		"tasks":        {"", "task", "tasks:", "tasks1"},
		"tasks:{id}":   {"tasks:", "tasks", "tasks:a:b", "tasks:a/b", "tasks:a#b", "tasks:a b", "tasks:a,b", "xtasks:a", "tasks:é", "tasks:a\n", "tasks:{id}", "tasks:" + strings.Repeat("a", 250)},
		"tasks:{id}:x": {"tasks::x", "tasks:a:xx", "tasks:a"},
		"t.sks:{id}":   {"tasks:1"},
	} {
		for _, name := range names {
			if read, ok := mustParse(t, pattern).Match(name); ok {
				t.Errorf("%s reads %q from %q", pattern, read, name)
			}
		}
	}
	for _, pattern := range []string{"", "a b", "a#b", "$a", "a,b", "a*", "é", "{a}{b}", "a{", strings.Repeat("a", 256)} {
		if _, err := ParseChannelPattern(pattern); err == nil {
			t.Errorf("the pattern %q is taken", pattern)
		}
	}
}

func TestChannelPatternsOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"tasks", "tasks", true},
		{"tasks", "tasks:{id}", false},
		{"tasks:{id}", "tasks:{project}", true},
		{"tasks:{id}", "tasks:all", true},
		{"tasks:{id}", "tasks:{id}:log", false},
		{"tasks:{id}", "tasks:{id}.log", true},
		{"a:{x}", "b:{x}", false},
		{"{x}", "rpc.requests", true},
		{"{x}:a", "b:{y}", true},
		{"{x}:ab", "{y}:a{z}", true},
		{"{x}:ab", "{y}:a{z}c", false},
		{"{x}a", "b{y}", true},
		{"a{x}", "a", false},
		{"a{x}", "ab", true},
	} {
		a, b := mustParse(t, test.a), mustParse(t, test.b)
		if a.Overlaps(b) != test.want || b.Overlaps(a) != test.want {
			t.Errorf("%s and %s overlap: %t; want %t", test.a, test.b, !test.want, test.want)
		}
	}
	for prefix, want := range map[string]bool{"t": true, "tasks:": true, "tasks:7": true, "tasks:{": false, "tasks:7:": false, "news": false, "tasks:a/": false} {
		if got := mustParse(t, "tasks:{id}").OverlapsPrefix(prefix); got != want {
			t.Errorf("tasks:{id} overlaps %s*: %t", prefix, got)
		}
	}
	if mustParse(t, "tasks").OverlapsPrefix("tasks") || !mustParse(t, "tasks").OverlapsPrefix("task") {
		t.Error("a prefix is not of what it is itself")
	}
}

// Overlaps agrees with all names that there are up to a length.
func TestOverlapIsExact(t *testing.T) {
	const letters = "ab:"
	var names []string
	var grow func(prefix string)
	grow = func(prefix string) {
		names = append(names, prefix)
		if len(prefix) < 7 {
			for _, c := range letters {
				grow(prefix + string(c))
			}
		}
	}
	grow("")
	random := rand.New(rand.NewPCG(1, 2))
	pattern := func() string {
		for {
			var b strings.Builder
			for i := range 1 + random.IntN(4) {
				b.WriteString([]string{"a", "b", ":", "{x" + string(rune('a'+i)) + "}"}[random.IntN(4)])
			}
			if _, err := ParseChannelPattern(b.String()); err == nil {
				return b.String()
			}
		}
	}
	matching := func(p *ChannelPattern) map[string]bool {
		all := map[string]bool{}
		for _, name := range names {
			if values, ok := p.Match(name); ok {
				all[name] = true
				if again, err := p.Name(values); err != nil || again != name {
					t.Errorf("%s reads %q from %s and makes %q of it: %v", p, values, name, again, err)
				}
			}
		}
		return all
	}
	for range 300 {
		p, q := mustParse(t, pattern()), mustParse(t, pattern())
		inQ, common := matching(q), false
		for name := range matching(p) {
			common = common || inQ[name]
		}
		if p.Overlaps(q) != common {
			t.Errorf("%s and %s overlap: %t, but names in common: %t", p, q, p.Overlaps(q), common)
		}
	}
}
