package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

// contractOf is the contract of an API whose one method has that result.
func contractOf[R any](t *testing.T, method string) *contract.Contract {
	t.Helper()
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, method, func(context.Context, struct{}) (R, error) { return *new(R), nil })
	return r.ReflectContract()
}

type countV1 struct {
	Total int `json:"total"`
}

type countV2 struct {
	Total int `json:"total"`
	Open  int `json:"open"`
}

// TestClientsOfOlderContracts generates the clients of four contracts in three
// languages, and has each connect to a server of one of them: the server counts
// what they state, and tells them whether they still work.
func TestClientsOfOlderContracts(t *testing.T) {
	contracts := map[string]*contract.Contract{
		"current": contractOf[countV2](t, "tasks.count"),
		"older":   contractOf[countV1](t, "tasks.count"),
		"broken":  contractOf[string](t, "tasks.count"),
		"foreign": contractOf[string](t, "something.else"),
	}
	encoded := func(name string) []byte {
		data, err := contracts[name].Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	hash := contracts["current"].Hash()
	answers := func(yes, no, compatible, incompatible, unknown string) string {
		var b strings.Builder
		for _, row := range [][3]string{{"current", yes, compatible}, {"older", no, compatible}, {"broken", no, incompatible}, {"foreign", no, unknown}} {
			fmt.Fprintf(&b, "%s %s %s %s\n", row[0], row[1], row[2], hash)
		}
		return b.String()
	}
	router := centrirpc.NewRouter(centrirpc.WithContract(encoded("current")))
	centrirpc.Handle(router, "tasks.count", func(context.Context, struct{}) (countV2, error) { return countV2{}, nil })
	const secret = "a secret of the contracts' test, long enough"
	s, err := server.New(router, server.Config{TokenHMACSecret: secret, OlderContracts: [][]byte{encoded("older"), encoded("broken")}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	defer func() { _ = s.Shutdown(context.Background()) }()
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/connection/websocket"
	jwt, err := token.Sign(secret, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}

	connects := 0 // of each contract
	t.Run("go", func(t *testing.T) {
		connects++
		dir := t.TempDir()
		for name, c := range contracts {
			files, problems := golang.Generate(c, golang.Options{Package: name})
			writeAll(t, filepath.Join(dir, name), files, problems)
		}
		writeFile(t, filepath.Join(dir, "main.go"), readFile(t, "contracts/check.go.txt"))
		writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, "../go.sum"))
		writeFile(t, filepath.Join(dir, "go.mod"), fmt.Appendf(nil, "module example.org/user\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => %s\n", root))
		program := filepath.Join(dir, "check")
		process.Run(t, []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}, "go", "build", "-C", dir, "-o", program, ".")
		equal(t, process.Run(t, nil, program, url, jwt), answers("true", "false", "compatible", "incompatible", "unknown"))
		counted(t, s, connects)
	})
	t.Run("typescript", func(t *testing.T) {
		connects++
		modules := filepath.Join(root, "sdk/typescript/node_modules")
		esbuild := filepath.Join(modules, ".bin/esbuild")
		if _, err := os.Stat(esbuild); err != nil {
			process.Missing(t, "sdk/typescript/node_modules")
		}
		dir := t.TempDir()
		for name, c := range contracts {
			files, problems := typescript.Generate(c, typescript.Options{})
			writeAll(t, filepath.Join(dir, name), files, problems)
		}
		writeFile(t, filepath.Join(dir, "check.ts"), readFile(t, "contracts/check.ts"))
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(dir, "check.mjs")
		process.Run(t, nil, esbuild, filepath.Join(dir, "check.ts"), "--bundle", "--platform=node", "--format=esm", "--packages=external", "--log-level=error", "--outfile="+program)
		equal(t, process.Run(t, nil, "node", program, url, jwt), answers("true", "false", "true", "false", "null"))
		counted(t, s, connects)
	})
	t.Run("python", func(t *testing.T) {
		connects++
		interpreter := filepath.Join(root, ".venv/bin/python")
		if _, err := os.Stat(interpreter); err != nil {
			process.Missing(t, ".venv")
		}
		dir := t.TempDir()
		for name, c := range contracts {
			files, problems := python.Generate(c, python.Options{Package: name + "_client"})
			writeAll(t, filepath.Join(dir, name+"_client"), files, problems)
		}
		writeFile(t, filepath.Join(dir, "check.py"), readFile(t, "contracts/check.py"))
		equal(t, process.Run(t, nil, interpreter, "-W", "error", filepath.Join(dir, "check.py"), url, jwt, "current", "older", "broken", "foreign"),
			answers("True", "False", "True", "False", "None"))
		counted(t, s, connects)
	})
}

// counted checks that each contract was stated so many times.
func counted(t *testing.T, s *server.Server, times int) {
	t.Helper()
	answer := httptest.NewRecorder()
	s.MetricsHandler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"current", "compatible", "incompatible", "unknown"} {
		if want := fmt.Sprintf("centrirpc_client_contracts_total{state=%q} %d\n", state, times); !strings.Contains(string(page), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("the clients found\n%swant\n%s", got, want)
	}
}

func writeAll(t *testing.T, dir string, files map[string][]byte, problems contract.Problems) {
	t.Helper()
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		writeFile(t, filepath.Join(dir, name), data)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
