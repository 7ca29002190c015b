package main

import (
	"strings"
	"testing"
)

// What is valid and surely not meant is told, and stops nothing.
func TestWarnings(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api("type P struct {\n\tA int `json:\"a\" vaildate:\"min=1\"`\n}\n\n" +
		"func a(context.Context, P) (int, error) { return 0, nil }\n\n" +
		"func New() *centrirpc.Router {\n\tr := centrirpc.NewRouter()\n\tcentrirpc.Handle(r, \"a\", a)\n\treturn r\n}\n\n" +
		"func None() *centrirpc.Router { return centrirpc.NewRouter() }\n")})
	for _, test := range []struct{ function, want string }{
		{"New", "centrirpc: warning: api/api.go:14: A: its tag has the key vaildate, whose rules nothing checks; write validate\n"},
		{"None", "centrirpc: warning: ./api: the router has no methods and no channels; register them in the function that returns it\n"},
	} {
		for _, args := range [][]string{{"generate", "./api", "-o", "sdk"}, {"contract", "./api", "-o", "out.json"}} {
			o := run(t, append(args, "-func", test.function)...)
			if o.code != exitOK || o.stderr != test.want {
				t.Errorf("%v: exit code %d: %s", args, o.code, o.stderr)
			}
		}
	}
	if !strings.Contains(listing(t, dir), "out.json") {
		t.Error("nothing was written")
	}
}
