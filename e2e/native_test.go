package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
	"github.com/centrirpc/centrirpc/server/token"
)

// ended is how a native RPC ended, as the programs native.* tell.
type ended struct {
	Data    map[string]any `json:"data"`
	Code    int            `json:"code"`
	Message string         `json:"message"`
}

// native is a Python backend, with calls of it that end in every way.
type native struct {
	endpoint, secret string
	// A call with a result, and what is in it.
	good   nativeCall
	result map[string]any
	// A call whose handler raises an error of its own, which is the second of two.
	first, typed nativeCall
	code         int
	message      string
	// A call with params that do not fit, and the one that is wrong.
	invalid nativeCall
	field   string
}

// nativeCall is a method and its params.
type nativeCall [2]any

// TestCentrifugoAsksPython has Centrifugo, configured as the page of the Python package
// says, ask Python itself: an RPCApp, and Django under an ASGI and a WSGI server.
// Clients are the official SDKs.
func TestCentrifugoAsksPython(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) native{
		"RPCApp":      nativeShop,
		"Django/asgi": func(t *testing.T) native { return nativeDjango(t, "asgi") },
		"Django/wsgi": func(t *testing.T) native { return nativeDjango(t, "wsgi") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := start(t)
			got := callNatively(t, backend.endpoint, backend.secret, nativeClients(t), backend.good, backend.first, backend.typed, backend.invalid,
				nativeCall{"no.such_method", map[string]any{}})
			for client, got := range got {
				for member, want := range backend.result {
					if got[0].Data[member] != want {
						t.Errorf("%s: %v gave %+v; want %s to be %v", client, backend.good, got[0], member, want)
					}
				}
				if got[2].Code != backend.code || !strings.Contains(got[2].Message, backend.message) {
					t.Errorf("%s: an error of the handler's own is %+v; want code %d", client, got[2], backend.code)
				}
				if got[3].Code != 400 || !strings.Contains(got[3].Message, backend.field+": ") {
					t.Errorf("%s: params that do not fit gave %+v", client, got[3])
				}
				if got[4].Code != 405 {
					t.Errorf("%s: a method that there is not gave %+v", client, got[4])
				}
			}
			// Centrifugo without the secret is nobody. What Python answers is not for clients.
			for client, got := range callNatively(t, backend.endpoint, "not the secret of this backend", nativeClients(t)[:1], backend.good) {
				if got[0].Code != 100 || got[0].Data != nil || strings.Contains(got[0].Message, "secret") {
					t.Errorf("%s: with a wrong secret: %+v", client, got[0])
				}
			}
		})
	}
}

func nativeShop(t *testing.T) native {
	address, _ := startShop(t)
	return native{
		endpoint: "http://" + address + "/", secret: shopSecret,
		good:   nativeCall{"orders.who", map[string]any{}},
		result: map[string]any{"user": "456", "transport": "websocket", "correlation_id": ""},
		first:  nativeCall{"orders.add", map[string]any{"item": "book"}},
		typed:  nativeCall{"orders.add", map[string]any{"item": "moon"}},
		code:   1001, message: "there is one moon",
		invalid: nativeCall{"orders.add", map[string]any{"item": ""}}, field: "item",
	}
}

// nativeDjango serves examples/django. A task can have two comments there, and each of
// the clients adds two.
func nativeDjango(t *testing.T, kind string) native {
	t.Helper()
	const secret = "the secret of the Django project, for tests"
	address := loopback.FreeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	python := tools.Path(t, "../.venv/bin/python")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(python, args...)
		cmd.Dir = "../examples/django"
		cmd.Env = append(cmd.Environ(), "PYTHONPATH=../../sdk/python", "PYTHONDONTWRITEBYTECODE=1",
			"DJANGO_DB="+filepath.Join(t.TempDir(), "comments.db"), "MAX_COMMENTS=2", "CENTRIRPC_PROXY_SECRET="+secret)
		return cmd
	}
	migrate := command("manage.py", "migrate")
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("manage.py migrate: %v\n%s", err, out)
	}
	serve := command("-m", "uvicorn", "discussion.asgi:application", "--port", port)
	if kind == "wsgi" {
		serve = command("manage.py", "runserver", "--noreload", port)
	}
	serve.Env = migrate.Env // the same database
	startServer(t, serve, address)
	add := func(text string) nativeCall {
		return nativeCall{"comments.add", map[string]any{"task_id": "TASK", "text": text}}
	}
	return native{
		endpoint: "http://" + address + "/rpc", secret: secret,
		good: add("Zoë 👍"), result: map[string]any{"author": "456", "text": "Zoë 👍"},
		first: add("Second"), typed: add("Third"), code: 1101, message: "has 2 comments",
		invalid: add(" "), field: "text",
	}
}

// nativeClients are the programs that call by the official SDKs.
func nativeClients(t *testing.T) [][]string {
	t.Helper()
	modules, err := filepath.Abs(tools.Path(t, "../sdk/typescript/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	return [][]string{{tools.Path(t, "../.venv/bin/python"), "official/native.py"}, {"node", "official/native.mjs", modules}}
}

// callNatively starts a Centrifugo before an endpoint and tells how calls of each
// client end. Each client has its own number in place of "TASK".
func callNatively(t *testing.T, endpoint, secret string, clients [][]string, calls ...nativeCall) map[string][]ended {
	t.Helper()
	address := loopback.FreeAddress(t)
	centrifugodouble.Start(t, address, nativeConfiguration(t, endpoint, secret))
	jwt, err := token.Sign(centrifugoSecret, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]ended{}
	for i, client := range clients {
		own := bytes.ReplaceAll(asked, []byte(`"TASK"`), []byte{'1' + byte(i)})
		printed := process.Run(t, []string{"PYTHONDONTWRITEBYTECODE=1"}, client[0], slices.Concat(client[1:], []string{"ws://" + address + "/connection/websocket", jwt, string(own)})...)
		var got []ended
		if err := json.Unmarshal([]byte(printed), &got); err != nil || len(got) != len(calls) {
			t.Fatalf("%s printed %s: %v", client[1], printed, err)
		}
		told[client[1]] = got
	}
	return told
}

const centrifugoSecret = "what Centrifugo knows its users' tokens by"

// nativeConfiguration is what the page of the Python package has of Centrifugo's
// configuration, with an endpoint and a secret in their places, and what Centrifugo
// needs besides to know users.
func nativeConfiguration(t *testing.T, endpoint, secret string) []byte {
	t.Helper()
	_, block, found := strings.Cut(string(readFile(t, "../sdk/python/README.md")), "```json\n")
	block, _, ends := strings.Cut(block, "```")
	const place, placeOfSecret = `"http://127.0.0.1:9000/"`, `"THE SECRET"`
	if !found || !ends || !strings.Contains(block, place) || !strings.Contains(block, placeOfSecret) {
		t.Fatalf("the page has no configuration with %s and %s: %s", place, placeOfSecret, block)
	}
	block = strings.NewReplacer(place, `"`+endpoint+`"`, placeOfSecret, `"`+secret+`"`).Replace(block)
	var configuration map[string]any
	if err := json.Unmarshal([]byte(block), &configuration); err != nil {
		t.Fatal(err)
	}
	configuration["client"] = map[string]any{"token": map[string]any{"hmac_secret_key": centrifugoSecret}}
	text, err := json.Marshal(configuration)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
