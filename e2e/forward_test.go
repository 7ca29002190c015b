package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

type sumParams struct {
	A int `json:"a"`
	B int `json:"b"`
}

type sumResult struct {
	Sum int `json:"sum"`
}

// Get and Stock are what a method needs that has moved from Python to Go.
type Get struct {
	ID int64 `json:"id"`
}

// Stock says how many there are.
type Stock struct {
	Left int64 `json:"left"`
}

// TestOneClientCallsGoAndPython generates the clients of a router whose methods are
// in Go and in Python, and has them call both; then a method moves from Python to
// Go, and the same programs call again.
func TestOneClientCallsGoAndPython(t *testing.T) {
	exported := readFile(t, "../endpoint/testdata/shop.json")
	address, runs := startShop(t)
	shop, err := endpoint.New(endpoint.Config{URL: "http://" + address + "/", Secret: shopSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	var inGo atomic.Int64
	router := func(moved bool, opts ...centrirpc.RouterOption) *centrirpc.Router {
		r := centrirpc.NewRouter(append(opts, centrirpc.Name("all"))...)
		centrirpc.Handle(r, "math.sum", func(_ context.Context, p sumParams) (sumResult, error) { return sumResult{p.A + p.B}, nil })
		if !moved {
			centrirpc.Forward(r, exported, shop)
			return r
		}
		centrirpc.Forward(r, exported, shop, centrirpc.Except("orders.left"))
		centrirpc.Handle(r, "orders.left", func(_ context.Context, p Get) (Stock, error) {
			inGo.Add(1)
			return Stock{Left: p.ID}, nil
		}, centrirpc.Idempotent())
		return r
	}
	generated := func(moved bool) *centrirpc.Router { // as with the contract.json of go generate
		encoded, err := router(moved).Contract().Encode()
		if err != nil {
			t.Fatal(err)
		}
		return router(moved, centrirpc.WithContract(encoded))
	}
	before, after := generated(false), generated(true)
	url, jwt := serveRouter(t, before)
	movedURL, _ := serveRouter(t, after)

	programs := callers(t, before)
	for language, program := range programs {
		for _, at := range []string{url, movedURL} {
			const want = "3 7 open 5 0 400 true"
			if got := strings.TrimSpace(process.Run(t, nil, program[0], append(program[1:], at, jwt)...)); got != want {
				t.Errorf("%s printed %q; want %q", language, got, want)
			}
		}
	}
	told := string(readFile(t, runs))
	if left, moon := strings.Count(told, "left 5\n"), strings.Count(told, "add moon\n"); left != len(programs) || int(inGo.Load()) != len(programs) || moon != 2*len(programs) {
		t.Errorf("orders.left ran %d times in Python and %d times in Go, orders.add %d times", left, inGo.Load(), moon)
	}
	if strings.Contains(told, "add \n") {
		t.Error("params that do not fit were sent to Python")
	}
}

// TestACallsWayToPython follows calls of a client through the server to Python: who
// asks, where in a trace, cancels, a process that dies; and the server's metrics.
func TestACallsWayToPython(t *testing.T) {
	address, runs := startShop(t)
	shop, err := endpoint.New(endpoint.Config{URL: "http://" + address + "/", Secret: shopSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	router := centrirpc.NewRouter()
	centrirpc.Forward(router, readFile(t, "../endpoint/testdata/shop.json"), shop)
	s, url, jwt := startRouter(t, router)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	rpc, err := client.NewCentrifugoRPCClient(url, jwt, "", client.WithTraceparent(func(context.Context) string { return "00-" + trace + "-00f067aa0ba902b7-01" }))
	if err != nil {
		t.Fatal(err)
	}
	defer rpc.Close()
	if err := rpc.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := func(line string) func() bool {
		return func() bool { return strings.Contains(string(readFile(t, runs)), line+"\n") }
	}

	var seen struct {
		User          string `json:"user"`
		Transport     string `json:"transport"`
		CorrelationID string `json:"correlation_id"`
		Traceparent   string `json:"traceparent"`
	}
	if err := rpc.Call(t.Context(), "orders.who", nil, &seen); err != nil {
		t.Fatal(err)
	}
	if seen.User != "456" || seen.Transport != "websocket" || seen.CorrelationID == "" || !strings.Contains(seen.Traceparent, trace) {
		t.Errorf("Python sees %+v", seen)
	}
	if err := rpc.Notify(t.Context(), "orders.seen", map[string]int{"id": 9}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the notification arrives", told("seen 9"))

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- rpc.Call(ctx, "orders.wait", map[string]int{"seconds": 60}, nil) }()
	eventually(t, "the handler runs", told("waiting"))
	cancel()
	if err := <-ended; !errors.Is(err, client.ErrAborted) {
		t.Errorf("cancelled: %v", err)
	}
	eventually(t, "the cancel reaches the handler", told("cancelled"))

	if err := rpc.Call(t.Context(), "orders.add", map[string]string{"item": "gone"}, nil); client.CodeOf(err) != wire.OutcomeUnknown {
		t.Errorf("the process died: %v", err)
	}
	eventually(t, "the service is noticed to be away", func() bool {
		return client.CodeOf(rpc.Call(t.Context(), "orders.add", map[string]string{"item": "book"}, nil)) == wire.Unavailable
	})
	page := httptest.NewRecorder()
	s.MetricsHandler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`method="orders.wait"`, `method="orders.add"`, `outcome_unknown`} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(answerDeadline); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}

// callers are the programs that call, each with the client generated of the router.
func callers(t *testing.T, router *centrirpc.Router) map[string][]string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	interpreter, modules := tools.Path(t, "../.venv/bin/python"), tools.Path(t, "../sdk/typescript/node_modules")
	dir := t.TempDir()
	c := router.Contract()

	goFiles, problems := golang.Generate(c, golang.Options{Package: "all"})
	writeAll(t, filepath.Join(dir, "all"), goFiles, problems)
	writeFile(t, filepath.Join(dir, "main.go"), readFile(t, "forward/client.go.txt"))
	writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, "../go.sum"))
	writeFile(t, filepath.Join(dir, "go.mod"), fmt.Appendf(nil, "module example.org/user\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => %s\n", root))
	program := filepath.Join(dir, "client")
	process.Run(t, []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}, "go", "build", "-C", dir, "-o", program, ".")

	site := t.TempDir()
	pyFiles, problems := python.Generate(c, python.Options{Package: "all_client"})
	writeAll(t, filepath.Join(site, "all_client"), pyFiles, problems)
	writeFile(t, filepath.Join(site, "client.py"), readFile(t, "forward/client.py"))

	page := t.TempDir()
	tsFiles, problems := typescript.Generate(c, typescript.Options{})
	writeAll(t, filepath.Join(page, "all"), tsFiles, problems)
	writeFile(t, filepath.Join(page, "client.ts"), readFile(t, "forward/client.ts"))
	if err := os.Symlink(modules, filepath.Join(page, "node_modules")); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(page, "client.mjs")
	process.Run(t, nil, filepath.Join(modules, ".bin/esbuild"), filepath.Join(page, "client.ts"), "--bundle", "--platform=node", "--format=esm", "--packages=external", "--log-level=error", "--outfile="+script)
	return map[string][]string{
		"go":         {program},
		"python":     {interpreter, "-W", "error", filepath.Join(site, "client.py")},
		"typescript": {"node", script},
	}
}

// serveRouter serves the router by itself, and gives the address and a user's token.
func serveRouter(t *testing.T, router *centrirpc.Router) (url, jwt string) {
	t.Helper()
	_, url, jwt = startRouter(t, router)
	return url, jwt
}

func startRouter(t *testing.T, router *centrirpc.Router) (s *server.Server, url, jwt string) {
	t.Helper()
	const secret = "a secret of the forwarding test, long enough"
	s, err := server.New(router, server.Config{TokenHMACSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		_ = s.Shutdown(context.Background())
		web.Close()
	})
	if jwt, err = token.Sign(secret, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return s, "ws" + strings.TrimPrefix(web.URL, "http") + "/connection/websocket", jwt
}

const shopSecret = "a secret of the shop's tests"

// startShop runs the handlers of endpoint's tests in Python; runs is the file that
// they note what they do in.
func startShop(t *testing.T) (address, runs string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	address, runs = loopback.FreeAddress(t), filepath.Join(t.TempDir(), "runs.txt")
	writeFile(t, runs, nil) // to be read before anything ran
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tools.Path(t, "../.venv/bin/python"), "-m", "uvicorn", "shop:app", "--host", host, "--port", port)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root, "sdk/python")+":"+filepath.Join(root, "endpoint/testdata"),
		"PYTHONDONTWRITEBYTECODE=1", "SHOP_RUNS="+runs, "SHOP_SECRET="+shopSecret)
	startServer(t, cmd, address)
	return address, runs
}

// startServer starts a process and waits until it listens. It ends with the test.
func startServer(t *testing.T, cmd *exec.Cmd, address string) {
	t.Helper()
	var output process.Output
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	for deadline := time.Now().Add(answerDeadline); ; time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("nobody listens at %s: %v\n%s", address, err, output.String())
		}
	}
}
