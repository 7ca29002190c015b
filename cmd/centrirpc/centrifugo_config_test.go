package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCentrifugoConfig(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api(tasks)})
	o := run(t, "centrifugo-config", "./api", "-backend", "http://127.0.0.1:9000", "-origin", "https://a.example", "-origin", "https://b.example")
	for _, want := range []string{"# Centrifugo 6.3 or later", "CENTRIFUGO_HTTP_API_KEY", `allowed_origins: ["https://a.example","https://b.example"]`, `endpoint: "http://127.0.0.1:9000/centrifugo/publish"`} {
		if o.code != exitOK || o.stderr != "" || !strings.Contains(o.stdout, want) {
			t.Fatalf("%q is missing in %+v", want, o)
		}
	}
	if strings.Contains(o.stdout, "ENGINE_REDIS") || strings.Contains(o.stdout, "presence") {
		t.Errorf("what was not asked for: %s", o.stdout)
	}
	o = run(t, "centrifugo-config", "./api", "-backend", "http://127.0.0.1:9000", "-redis", "-presence")
	for _, want := range []string{"#   CENTRIFUGO_ENGINE_REDIS_ADDRESS  ", `type: "redis"`, "allow_presence_for_subscriber: true"} {
		if o.code != exitOK || !strings.Contains(o.stdout, want) {
			t.Errorf("%q is missing in %+v", want, o)
		}
	}
	file := filepath.Join(dir, "centrifugo.json")
	if o := run(t, "centrifugo-config", "./api", "-backend", "http://127.0.0.1:9000", "-format", "json", "-o", file); o != (outcome{}) {
		t.Errorf("%+v", o)
	}
	if data, err := os.ReadFile(file); err != nil || data[0] != '{' {
		t.Errorf("%q, %v", data, err)
	}
}

func TestCentrifugoConfigRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "c.json", board("", ""))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"centrifugo-config", "c.json"}, "-backend"},
		{[]string{"centrifugo-config", "-backend", "http://h"}, "give a package"},
		{[]string{"centrifugo-config", "c.json", "-backend", "h"}, "no http or https address"},
		{[]string{"centrifugo-config", "c.json", "-backend", "http://h", "-format", "jso"}, "did you mean json?"},
		{[]string{"centrifugo-config", "c.json", "-backend", "http://h", "-header", "cookie"}, "-connect"},
		{[]string{"centrifugo-config", "absent.json", "-backend", "http://h"}, "absent.json"},
		{[]string{"centrifugo-config", "c.json", "-backend", "http://h", "-o", "absent/x"}, "writing the configuration"},
	} {
		if o := run(t, test.args...); o.code != exitUsage || o.stdout != "" || !strings.Contains(o.stderr, test.want) {
			t.Errorf("%v: %+v; want %q", test.args, o, test.want)
		}
	}
}
