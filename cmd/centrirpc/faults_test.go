package main

import (
	"fmt"
	"strings"
	"testing"
)

const wrongRegistrations = `type P struct {
	Owner chan int ` + "`json:\"owner\"`" + `
	F     func()   ` + "`json:\"f\"`" + `
}

func p(context.Context, P) (int, error)        { return 0, nil }
func fine(context.Context, struct{}) (int, error) { return 0, nil }

type S interface{ M(context.Context, struct{}) (int, error) }

func New(*S) *centrirpc.Router {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "a.p", p)
	centrirpc.Handle(r, "a.ok", fine)
	g := r.Group("a")
	centrirpc.Handle(g, "ok", fine)
	centrirpc.Handle(r, "Bad Name", fine)
	centrirpc.Handle(g, "t", fine, centrirpc.Timeout(-1))
	centrirpc.Handle[struct{}, int](r, "nil", nil)
	return r
}

func Used(s *S) *centrirpc.Router {
	r := New(s)
	println(len(r.Methods()))
	return r
}

func Group(s *S) *centrirpc.Router {
	r := New(s)
	r.Group("Bad Group")
	return r
}

func Panics(s S) *centrirpc.Router {
	r := New(nil)
	centrirpc.Handle(r, "s", s.M)
	return r
}

func None(s *S) *centrirpc.Router {
	New(s)
	return nil
}

func One() *centrirpc.Router {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "a.p", p)
	return r
}

type Twin struct{ A int }
type twin struct{ B int }

func twins(context.Context, Twin) (twin, error) { panic(1) }

func Twins() *centrirpc.Router {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "twins", twins)
	centrirpc.Handle(r, "a.p", p)
	return r
}

func Pointer(s *S) *centrirpc.Router {
	r := New(nil)
	_ = *s // only the second try comes further
	centrirpc.HandleNotify[struct{}](r, "later", nil)
	return r
}

var early = One() // before any function is called

`

// Every wrong registration is told in one run, whatever else the function does.
func TestAllWrongRegistrationsAtOnce(t *testing.T) {
	code := api(wrongRegistrations)
	late := strings.Replace(code, "var early = One()", "// var early = One()", 1)
	at := func(line string) string {
		before, _, found := strings.Cut(late, line)
		if !found {
			t.Fatalf("%q is not in the code", line)
		}
		return fmt.Sprintf("api/api.go:%d: ", 1+strings.Count(before, "\n"))
	}
	all := []string{
		"\n1. method \"a.p\", registered at " + at(`	centrirpc.Handle(r, "a.p", p)`) + at("	Owner chan int") + "params.owner (chan int): it has no JSON form; use data instead",
		"\n   " + at("	F     func()") + "params.f (func()): it has no JSON form; use data instead",
		"\n2. method \"a.ok\", registered at " + at(`	centrirpc.Handle(g, "ok", fine)`) + "the name is taken by the method registered at " + strings.TrimSuffix(at(`	centrirpc.Handle(r, "a.ok", fine)`), ": ") + "; ",
		"\n3. method \"Bad Name\", registered at " + at(`	centrirpc.Handle(r, "Bad Name", fine)`) + "the method name \"Bad Name\" is not lower-case words",
		"\n4. method \"a.t\", registered at " + at(`	centrirpc.Handle(g, "t", fine`) + "the timeout is -1ns; give a positive one",
		"\n5. method \"nil\", registered at " + at(`	centrirpc.Handle[struct{}, int](r, "nil", nil)`) + "the handler is nil; give a function",
	}
	one := "method \"a.p\", registered at " + at("	centrirpc.Handle(r, \"a.p\", p)\n	return r") + at("	Owner chan int") + "params.owner"
	for name, test := range map[string]struct {
		code string
		fn   string
		want []string
	}{
		"all":                 {late, "New", append([]string{"api.New has 5 faults:\n1. "}, all...)},
		"the router is used":  {late, "Used", append([]string{"api.Used has 5 faults:\n1. "}, all...)},
		"a wrong group":       {late, "Group", append([]string{"api.Group has 6 faults:\n1. ", "\n6. Group(\"Bad Group\"): "}, all...)},
		"a panic after them":  {late, "Panics", append([]string{"api.Panics has 6 faults:\n1. ", "\n6. example.org/app/api.Panics panicked at " + at(`	centrirpc.Handle(r, "s", s.M)`), "\n   It is called with zero values"}, all...)},
		"nothing returned":    {late, "None", append([]string{"api.None has 6 faults:\n1. ", "\n6. example.org/app/api.None returned nil."}, all...)},
		"two tries":           {late, "Pointer", append([]string{"api.Pointer has 6 faults:\n1. ", "\n6. method \"later\", registered at " + at("	centrirpc.HandleNotify") + "the handler is nil"}, all...)},
		"one":                 {late, "One", []string{"centrirpc: " + one}},
		"two types of a name": {late, "Twins", []string{"api.Twins has 2 faults:\n1. method \"a.p\"", "\n2. the router cannot be described: ", "2 types would have this name"}},
		"one of a variable":   {code, "Twins", []string{"api.Twins has 3 faults:\n1. " + one}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, map[string]string{"api/api.go": test.code})
			before := listing(t, dir)
			commands := [][]string{{"generate", "-o", "sdk"}}
			if name == "all" {
				commands = append(commands, []string{"contract", "-o", "out.json"})
			}
			for _, args := range commands {
				o := run(t, append(args, "./api", "-func", test.fn)...)
				o.refuses(t, exitUsage, test.want...)
				if strings.Contains(o.stderr, dir) {
					t.Errorf("a path of this machine: %s", o.stderr)
				}
			}
			if after := listing(t, dir); before != after {
				t.Errorf("something was written:\n%s\n%s", before, after)
			}
		})
	}
}

// The function is not found, or wrongly chosen, where the code is broken: what the
// compiler says comes first.
func TestBrokenCodeIsToldFirst(t *testing.T) {
	const function = "func New() *centrirpc.Router { return centrirpc.NewRouter() }\n"
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		want  string
	}{
		"before the function":      {map[string]string{"api/api.go": api("func Broken( {\n}\n\n" + function)}, nil, "api/api.go:13:14: syntax error"},
		"in the function":          {map[string]string{"api/api.go": api("func New() *centrirpc.Router {\n\treturn centrirpc.NewRouter(\n}\n")}, nil, "api/api.go:15:1: syntax error"},
		"in its signature":         {map[string]string{"api/api.go": api("func New() *centrirpc.Ruoter { return nil }\n")}, nil, "api/api.go:13:23: undefined: centrirpc.Ruoter"},
		"without the import":       {map[string]string{"api/api.go": "package api\n\n" + function}, nil, "api/api.go:3:13: undefined: centrirpc"},
		"named by -func":           {map[string]string{"api/api.go": api("func Broken( {\n}\n\n" + function)}, []string{"-func", "New"}, "api/api.go:13:14: syntax error"},
		"one of several functions": {map[string]string{"api/api.go": api(function + "func Other() *centrirpc.Router { return 1 }\n")}, nil, "api/api.go:14:41: cannot use 1"},
		"in a package that it imports": {map[string]string{
			"api/api.go": strings.Replace(api(function), "import (", "import (\n\t_ \"example.org/app/dep\"", 1),
			"dep/dep.go": "package dep\n\nfunc {\n",
		}, nil, "dep/dep.go:3:6: syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, test.files)
			before := listing(t, dir)
			o := run(t, append([]string{"generate", "./api", "-o", "sdk"}, test.args...)...)
			o.refuses(t, exitUsage, "centrirpc: example.org/app/api does not compile:\n", "\n"+test.want)
			for _, wrong := range []string{"no exported function", "no function", "name one with -func"} {
				if strings.Contains(o.stderr, wrong) {
					t.Errorf("it names another cause, %q: %s", wrong, o.stderr)
				}
			}
			if after := listing(t, dir); before != after {
				t.Errorf("something was written:\n%s\n%s", before, after)
			}
		})
	}
}
