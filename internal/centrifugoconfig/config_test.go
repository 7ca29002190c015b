package centrifugoconfig_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

const backend = "http://127.0.0.1:9000"

func made(t *testing.T, c *contract.Contract, o centrifugoconfig.Options) (asYAML string, values map[string]any) {
	t.Helper()
	config, err := centrifugoconfig.Make(c, o)
	if err != nil {
		t.Fatal(err)
	}
	y, err := config.YAML("two\nlines")
	if err != nil {
		t.Fatal(err)
	}
	j, err := config.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var fromYAML any
	if err := yaml.Unmarshal(y, &fromYAML); err != nil {
		t.Fatalf("%v\n%s", err, y)
	}
	if err := json.Unmarshal(j, &values); err != nil {
		t.Fatal(err)
	}
	// Through JSON, so that numbers are of one type.
	again, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	var normal map[string]any
	if err := json.Unmarshal(again, &normal); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(normal, values) {
		t.Errorf("YAML says\n%v\nand JSON\n%v", normal, values)
	}
	// Centrifugo takes it.
	centrifugodouble.Start(t, loopback.FreeAddress(t), j, "CENTRIFUGO_VAR_CENTRIRPC_SECRET=s").Stop()
	return string(y), values
}

func at(t *testing.T, values any, path string) any {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		section, ok := values.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing at %s", path, name)
		}
		values = section[name]
	}
	return values
}

func TestMake(t *testing.T) {
	c := &contract.Contract{
		Methods:  []contract.Method{{Name: "a", TimeoutMS: 120_000}, {Name: "b"}},
		Channels: []contract.Channel{{Name: "tasks:{project_id}"}, {Name: "news"}, {Name: "tasks:{project_id}:{user}"}},
	}
	text, values := made(t, c, centrifugoconfig.Options{
		Backend: backend + "/", Origins: []string{"https://example.com"}, Namespaces: []string{"room"},
		Connect: true, Headers: []string{"cookie"}, MaxMessageSize: 100_000, MaxResultSize: 2 << 20, Port: 9100,
	})
	for path, want := range map[string]any{
		"http_server.port":                                            9100.0,
		"websocket.message_size_limit":                                100_000.0,
		"sse.enabled":                                                 true,
		"sse.max_request_body_size":                                   100_000.0,
		"http_stream.enabled":                                         true,
		"http_stream.max_request_body_size":                           100_000.0,
		"emulation.max_request_body_size":                             201_024.0,
		"client.queue_max_size":                                       float64(4 << 20),
		"client.proxy.connect.enabled":                                true,
		"client.proxy.connect.http.static_headers.X-Centrirpc-Secret": "${CENTRIFUGO_VAR_CENTRIRPC_SECRET}",
		"channel.proxy.publish.endpoint":                              backend + "/centrifugo/publish",
		"channel.without_namespace.allow_user_limited_channels":       false,
		"rpc.proxy.timeout":                                           "2m5s",
	} {
		if got := at(t, values, path); got != want {
			t.Errorf("%s is %v; want %v", path, got, want)
		}
	}
	var names []string
	for _, n := range at(t, values, "channel.namespaces").([]any) {
		names = append(names, at(t, n, "name").(string))
	}
	if !reflect.DeepEqual(names, []string{"room", "tasks"}) {
		t.Errorf("namespaces %v", names)
	}
	if !strings.HasPrefix(text, "# two\n# lines\n\n") {
		t.Errorf("the head: %.40q", text)
	}
	_, values = made(t, &contract.Contract{}, centrifugoconfig.Options{Backend: backend})
	if at(t, values, "client.proxy") != nil || at(t, values, "rpc.proxy.timeout") != "35s" {
		t.Error("what was not asked for is there")
	}
}

// Several Centrifugos share a Redis, and channels of all namespaces can have presence.
func TestMakeForSeveralAndForPresence(t *testing.T) {
	c := &contract.Contract{Channels: []contract.Channel{{Name: "tasks:{id}"}}}
	config, err := centrifugoconfig.Make(c, centrifugoconfig.Options{Backend: backend, Redis: true, Presence: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	if got := at(t, values, "engine.type"); got != "redis" {
		t.Errorf("engine.type is %v", got)
	}
	for where, options := range map[string]any{
		"without a namespace": at(t, values, "channel.without_namespace"),
		"tasks":               at(t, values, "channel.namespaces").([]any)[0],
	} {
		if at(t, options, "presence") != true || at(t, options, "allow_presence_for_subscriber") != true {
			t.Errorf("%s: %v", where, options)
		}
	}
	if _, values := made(t, c, centrifugoconfig.Options{Backend: backend}); at(t, values, "engine") != nil || at(t, values, "channel.without_namespace.presence") != nil {
		t.Error("what was not asked for is there")
	}
}

func TestMakeRefuses(t *testing.T) {
	channel := func(name string) *contract.Contract {
		return &contract.Contract{Channels: []contract.Channel{{Name: name}}}
	}
	for _, test := range []struct {
		contract *contract.Contract
		options  centrifugoconfig.Options
		want     string
	}{
		{nil, centrifugoconfig.Options{}, "no http or https address"},
		{nil, centrifugoconfig.Options{Backend: "http://u:p@h"}, "more than scheme"},
		{nil, centrifugoconfig.Options{Backend: backend, Namespaces: []string{"a"}}, "too short"},
		{nil, centrifugoconfig.Options{Backend: backend, Namespaces: []string{"a b"}}, `' '`},
		{nil, centrifugoconfig.Options{Backend: backend, Headers: []string{"x-centrirpc-SECRET"}}, "the secret's"},
		{nil, centrifugoconfig.Options{Backend: backend, Port: 70000}, "out of range"},
		{channel("{a}:b"), centrifugoconfig.Options{Backend: backend}, `the channel "{a}:b" begins with a parameter`},
		{channel("a:{b}"), centrifugoconfig.Options{Backend: backend}, "rename the channel"},
	} {
		if test.contract == nil {
			test.contract = &contract.Contract{}
		}
		_, err := centrifugoconfig.Make(test.contract, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want %q in it", test.options, err, test.want)
		}
	}
}
