package main

import (
	"fmt"
	"strings"
	"testing"
)

const manyFaults = `type P struct {
	A int           ` + "`json:\"a\" validate:\"minn=1\"`" + `
	B []string      ` + "`json:\"b\" validate:\"dive,maxx=1\"`" + `
	C chan int      ` + "`json:\"c\"`" + `
	D string        ` + "`json:\"d\" validate:\"min=strconv.ParseInt\"`" + `
	M sync.Mutex    ` + "`json:\"m\"`" + `
	In struct {
		E bool ` + "`json:\"e\" validate:\"odd\"`" + `
	} ` + "`json:\"in\"`" + `
}

func p(context.Context, P) (int, error)          { return 0, nil }
func odd(context.Context, struct{ P []Q }) (int, error) { return 0, nil }

type Q struct {
	C chan int
}

var errTwice = centrirpc.DeclareError[struct{}](7, "Not Good", "")

func New() *centrirpc.Router {
	r := centrirpc.NewRouter(centrirpc.Name("Bad Name"), centrirpc.Rule("odd", nil, "must be odd"), nil)
	centrirpc.Handle(r, "p", p, centrirpc.Errors(errTwice))
	g := r.Group("Bad Group")
	centrirpc.Handle(g, "of_the_bad_group", p)
	centrirpc.Handle(g.Group("inner"), "of_the_bad_group", p)
	centrirpc.Handle(r, "q", odd)
	return r
}
`

// Whatever is wrong with a router is told in one run, each at its own line: a
// panic in the initialisation of the package, or of an option, hides nothing.
func TestAllFaultsAtOnce(t *testing.T) {
	code := strings.Replace(api(manyFaults), "\"context\"", "\"context\"\n\t\"sync\"", 1)
	line := func(start string) string {
		before, _, found := strings.Cut(code, start)
		if !found {
			t.Fatalf("%q is not in the code", start)
		}
		return fmt.Sprintf("api/api.go:%d", 1+strings.Count(before, "\n"))
	}
	dir := newModule(t, map[string]string{"api/api.go": code})
	before := listing(t, dir)
	o := run(t, "generate", "./api", "-o", "sdk")
	o.refuses(t, exitUsage,
		"api.New has 7 faults:\n",
		`1. the error "Not Good" with the code 7, declared at `+line("var errTwice")+": its code is 7, and application errors have codes from 1000 to 1999; ",
		"\n   its reason \"Not Good\" is not lower-case words",
		"\n2. Rule(\"odd\"): give a name",
		"\n3. Name(\"Bad Name\"): write",
		"\n4. NewRouter: option 3 is nil",
		"\n5. method \"p\", registered at "+line("	centrirpc.Handle(r, \"p\"")+": "+line("	C chan int      ")+": params.c (chan int): it has no JSON form",
		"\n   "+line("	M sync.Mutex")+": params.m (sync.Mutex): none of its fields is exported",
		"\n   "+line("	A int ")+": params.a: the validate tag \"minn=1\" is wrong",
		"\n   "+line("	B []string ")+": params.b: the validate tag \"dive,maxx=1\" is wrong",
		"\n   "+line("	D string ")+": params.d (string): the validate tag \"min=strconv.ParseInt\" is wrong: min needs a whole number, and has \"strconv.ParseInt\"; ",
		"\n6. Group(\"Bad Group\"): ",
		"\n7. method \"q\", registered at "+line("	centrirpc.Handle(r, \"q\"")+": "+line("	C chan int\n")+": params.P[].C (chan int)",
	)
	for _, wrong := range []string{"goroutine", "/strconv/", "/sync/", "of_the_bad_group", `tag "odd"`, dir} {
		if strings.Contains(o.stderr, wrong) {
			t.Errorf("%q is in %s", wrong, o.stderr)
		}
	}
	if after := listing(t, dir); before != after {
		t.Errorf("something was written:\n%s\n%s", before, after)
	}
}
