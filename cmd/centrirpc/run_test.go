package main

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}} {
		o := run(t, args...)
		if o.code != exitOK || o.stderr != "" {
			t.Errorf("%q: %+v", args, o)
		}
		for _, c := range commands() {
			if !strings.Contains(o.stdout, c.name+" ") || !strings.Contains(o.stdout, c.summary) {
				t.Errorf("%s is missing in: %s", c.name, o.stdout)
			}
		}
	}
	for _, c := range commands() {
		o := run(t, c.name, "-h")
		if o.code != exitOK || o.stderr != "" || !strings.HasPrefix(o.stdout, c.summary+".\n\nUsage: centrirpc "+c.name) {
			t.Errorf("%s: %+v", c.name, o)
		}
		if c.name != "version" && (!strings.Contains(o.stdout, "Examples:\n") || !strings.Contains(o.stdout, "Flags:\n")) {
			t.Errorf("%s lacks examples or flags: %s", c.name, o.stdout)
		}
		for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "argument", "-help"}} {
			if again := run(t, args...); again != o {
				t.Errorf("%q: %+v", args, again)
			}
		}
	}
	if o := run(t); o.code != exitUsage || o.stdout != "" || !strings.Contains(o.stderr, "Usage: centrirpc COMMAND") {
		t.Errorf("without arguments: %+v", o)
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"-version"}, {"--version"}} {
		if o := run(t, args...); o.code != exitOK || !strings.HasPrefix(o.stdout, "centrirpc ") || !strings.Contains(o.stdout, " go1.") {
			t.Errorf("%q: %+v", args, o)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"genrate"}, []string{"no command genrate", "did you mean generate?", "centrirpc help"}},
		{[]string{"gen"}, []string{"no command gen", "did you mean generate?"}},
		{[]string{"xyz"}, []string{"no command xyz; run centrirpc help"}},
		{[]string{"help", "tokens"}, []string{"did you mean token?"}},
		{[]string{"version", "x"}, []string{"no arguments"}},
		{[]string{"generate"}, []string{"give a package", "centrirpc generate -h"}},
		{[]string{"generate", "./api"}, []string{"-o"}},
		{[]string{"generate", "./api", "./b", "-o", "x"}, []string{"not also", "./b"}},
		{[]string{"generate", "./api", "-o"}, []string{"flag needs an argument: -o"}},
		{[]string{"generate", "./api", "-o", "x", "--language", "go"}, []string{"no flag -language", "did you mean -lang?"}},
		{[]string{"generate", "-chek", "./api", "-o", "x"}, []string{"no flag -chek", "did you mean -check?"}},
		{[]string{"generate", "./api", "-o", "x", "-lang", "typscript"}, []string{"no language typscript", "did you mean typescript? There are typescript, python, go; run"}},
		{[]string{"generate", "./api", "-o", "x", "-lang", "ruby,go"}, []string{"no language ruby. There are typescript, python, go; run"}},
		{[]string{"generate", "./api", "-o", "x", "-lang", "go,"}, []string{`-lang "go,": there is an empty language in the list; there are typescript, python, go; run`}},
		{[]string{"generate", "./api", "-o", "x", "-lang", ","}, []string{`-lang ",": there is an empty language`}},
		{[]string{"generate", "./api", "-o", "x", "-lang", "go, ,python"}, []string{`-lang "go, ,python": there is an empty language`}},
		{[]string{"generate", "./api", "-o", "x", "-lang", " "}, []string{`-lang " ": there is an empty language`}},
		{[]string{"generate", "./api", "-o", "x", "-check=maybe"}, []string{"maybe", "-check"}},
		{[]string{"generate", "./api", "-o", "run_test.go"}, []string{"run_test.go: it is a file"}},
		{[]string{"generate", "./api", "-o", "x", "-go-module", "a b"}, []string{"-go-module", "example.org/"}},
		{[]string{"generate", "./api", "-o", "x", "-go-replace", "../y"}, []string{"-go-replace", "-go-module"}},
		{[]string{"contract"}, []string{"give a package"}},
		{[]string{"contract", "-x"}, []string{"no flag -x"}},
		{[]string{"token"}, []string{"-user"}},
		{[]string{"token", "-user", "1"}, []string{"-secret", "CENTRIRPC_SECRET"}},
		{[]string{"token", "-user", "1", "-secret", "s", "x"}, []string{"flags only", `"x"`}},
		{[]string{"token", "-user", "a#b", "-secret", "s"}, []string{"a#b"}},
		{[]string{"token", "-user", "1", "-secret", "s", "-ttl", "soon"}, []string{"soon", "-ttl"}},
		{[]string{"token", "-user", "1", "-secret", "s", "-ttl", "-1h"}, []string{"-ttl -1h"}},
		{[]string{"token", "-user", "1", "-secret", "s", "-ttl", "1ms"}, []string{"at least 1s"}},
		{[]string{"token", "-user", "1", "-secret", "s", "-meta", "{"}, []string{"-meta {", "not JSON"}},
		{[]string{"token", "-user", "1", "-secret", "s", "-info", "x"}, []string{"-info x", "not JSON"}},
		{[]string{"call"}, []string{"-url"}},
		{[]string{"call", "-url", "ws://x"}, []string{"give a method"}},
		{[]string{"call", "-url", "ws://x", "-user", "a#b", "m"}, []string{"a#b"}},
		{[]string{"call", "-url", "ws://x", "-header", "Cookie", "m"}, []string{`"Cookie"`, "-header", `write it as "Name: value"`}},
		{[]string{"call", "-url", "ws://x", "-header", "my cookie: a", "m"}, []string{"-header", `write it as "Name: value"`}},
		{[]string{"call", "-url", "ws://x", "-header", ": a", "m"}, []string{"-header", `write it as "Name: value"`}},
		{[]string{"call", "-url", "ws://x", "-header", "X-A: a\r\nX-B: b", "m"}, []string{"the value of X-A has control characters"}},
		{[]string{"call", "-url", "ws://x", "-header", "sec-websocket-key: a", "m"}, []string{"sec-websocket-key is the client's own"}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "m", "{}", "{}"}, []string{"not also"}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "Bad Name"}, []string{"Bad Name"}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "m", "{a}"}, []string{"no JSON object", "at byte 2"}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "m", "[1]"}, []string{"no JSON object", `'{"id":1}'`}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "m", "null"}, []string{"no JSON object"}},
		{[]string{"call", "-url", "ws://x", "-token", "e30.e30.e30", "m"}, []string{`no "sub"`}},
		{[]string{"call", "-url", "x", "-token", testToken, "m"}, []string{"ws"}},
		{[]string{"call", "-url", "ws://x", "-token", "t", "-timeout", "0s", "m"}, []string{"-timeout 0s"}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Setenv("CENTRIRPC_SECRET", "")
			t.Setenv("CENTRIRPC_TOKEN", "")
			run(t, test.args...).refuses(t, exitUsage, test.want...)
		})
	}
}

// testToken is one of the user "u"; its signature is worth nothing.
const testToken = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.eA"

func TestRelease(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "v1.2.3", "v1.2.3-rc.1": "v1.2.3-rc.1", "(devel)": "", "": "",
		"v0.0.0-20261123084320-9ed3764f3a1b": "", "v1.2.4-0.20261123084320-9ed3764f3a1b+dirty": "", "v1.2.3+dirty": "",
	} {
		if got := release(version); got != want {
			t.Errorf("release(%q) = %q; want %q", version, got, want)
		}
	}
}
