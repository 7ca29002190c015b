package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

// valuesPerModel is how many values of each type go through each client.
const valuesPerModel = 40

// TestValuesOfPydantic shows that values of Pydantic models stay what they are.
// Hypothesis makes values of types that have every row of the type table. Each is
// written as a client would be given it, read into the generated types of each
// language, sent through the generated client to a server, answered by the Pydantic
// handlers themselves, read by the client, and written again. Pydantic compares what
// its handlers got, and what the client read, with the value.
//
// CENTRIRPC_SEED makes other values than those of every run.
func TestValuesOfPydantic(t *testing.T) {
	seed := 1
	if text := os.Getenv("CENTRIRPC_SEED"); text == "random" {
		seed = rand.IntN(1 << 30)
	} else if n, err := strconv.Atoi(text); err == nil {
		seed = n
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same values again: CENTRIRPC_SEED=%d", seed)
		}
	})
	p := newPydantic(t, seed)
	var made struct {
		Cases   []pydanticCase `json:"cases"`
		LeftOut int            `json:"left_out"`
	}
	if err := p.ask(map[string]any{"do": "values"}, &made); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d values of %d methods; %d that Pydantic itself does not read as it writes them are left out", len(made.Cases), len(p.contract.Methods), made.LeftOut)
	if made.LeftOut*20 > len(made.Cases) {
		t.Error("too many values are left out")
	}
	for language, client := range map[string]func(*testing.T, *pydantic, []pydanticCase) *exec.Cmd{
		"go": goClient, "python": pythonClient, "typescript": typescriptClient,
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			cmd := client(t, p, made.Cases)
			g := p.serve(t)
			cmd.Args = append(cmd.Args, g.url, g.token)
			p.through(t, startLines(t, cmd), g, language, made.Cases)
		})
	}
}

// pydanticCase is a value, as it is written.
type pydanticCase struct {
	Method   string    `json:"method"`
	Params   string    `json:"params"`
	Holders  []string  `json:"holders"`  // the languages whose integers reach as far
	Literals [2]string `json:"literals"` // params and result as TypeScript; empty where it cannot say them
}

// pydantic is the clients' folder, and the process that has the models.
type pydantic struct {
	root, dir string
	contract  *contract.Contract
	exported  []byte // what Python wrote
	mu        sync.Mutex
	source    *lines
}

func newPydantic(t *testing.T, seed int) *pydantic {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	p := &pydantic{root: root, dir: t.TempDir()}
	for _, tool := range []string{".venv/bin/python", "sdk/typescript/node_modules/.bin/tsc"} {
		if _, err := os.Stat(filepath.Join(root, tool)); err != nil {
			process.Missing(t, tool)
		}
	}
	env := []string{"PYTHONPATH=" + filepath.Join(root, "sdk/python") + ":pydantic", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore"}
	export, program := filepath.Join(p.dir, "export.json"), filepath.Join(p.dir, "centrirpc")
	process.Run(t, env, p.python(), "-m", "centrirpc", "export", "handlers", "-o", export, "--name", "echo")
	process.Run(t, nil, "go", "build", "-o", program, "../cmd/centrirpc")
	process.Run(t, nil, program, "generate", export, "-o", p.dir, "-ts-validate")
	p.exported = readFile(t, export)
	if p.contract, err = contract.Decode(readFile(t, filepath.Join(p.dir, "contract.json"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.python(), "pydantic/source.py", strconv.Itoa(seed), strconv.Itoa(valuesPerModel))
	cmd.Env = append(os.Environ(), env...)
	p.source = startLines(t, cmd)
	return p
}

func (p *pydantic) python() string { return filepath.Join(p.root, ".venv/bin/python") }

// ask has the process with the models do something.
func (p *pydantic) ask(question, answer any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.source.ask(question, answer)
}

// gateway is a server that hands each call to the Pydantic handlers as it comes.
type gateway struct {
	pydantic   *pydantic
	url, token string
	mu         sync.Mutex
	sent       string // the latest params
	answered   string // and their result
}

// Call has Pydantic run the call's handler. What comes here, and what goes back, has
// passed the router's checks of the contract.
func (g *gateway) Call(_ context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	if err := g.pydantic.ask(map[string]string{"do": "call", "method": call.Method, "params": string(call.Params)}, &answer); err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.sent, g.answered = string(call.Params), string(answer.Result)
	g.mu.Unlock()
	if answer.Error != "" {
		return nil, centrirpc.Errorf(wire.InvalidParams, "%s", answer.Error)
	}
	return answer.Result, nil
}

// serve starts a server whose router has the contract's methods, forwarded.
func (p *pydantic) serve(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{pydantic: p}
	router := centrirpc.NewRouter()
	centrirpc.Forward(router, p.exported, g)
	const secret = "a secret of the values' test, long enough"
	s, err := server.New(router, server.Config{TokenHMACSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	g.url = "ws" + strings.TrimPrefix(web.URL, "http") + "/connection/websocket"
	if g.token, err = token.Sign(secret, token.Claims{UserID: "456", ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return g
}

// through sends the values that the language holds through its client.
func (p *pydantic) through(t *testing.T, client *lines, g *gateway, language string, cases []pydanticCase) {
	t.Helper()
	sent, wrong := map[string]int{}, map[string]int{}
	for i, c := range cases {
		if !slices.Contains(c.Holders, language) {
			continue
		}
		sent[c.Method]++
		var read struct{ Result, Fault string }
		if err := client.ask(map[string]string{"method": c.Method, "params": c.Params}, &read); err != nil {
			t.Fatal(err)
		}
		g.mu.Lock()
		params, answered := g.sent, g.answered
		g.mu.Unlock()
		faults := []string{read.Fault}
		if read.Fault == "" {
			if err := p.ask(map[string]any{"do": "judge", "number": i, "sent": params, "answered": answered, "result": read.Result}, &faults); err != nil {
				t.Fatal(err)
			}
		}
		if len(faults) == 0 {
			continue
		}
		if wrong[c.Method]++; wrong[c.Method] <= 3 { // the others are much the same
			t.Errorf("%s\n%s\nwas given %s\nsent %s\nread %s", c.Method, strings.Join(faults, "\n"), c.Params, params, read.Result)
		}
	}
	for _, m := range p.contract.Methods {
		if sent[m.Name] < 3 { // an enum of three members has no more
			t.Errorf("%s: only %d values were sent", m.Name, sent[m.Name])
		}
	}
	t.Logf("values sent of each method: %v; with faults: %v", sent, wrong)
}

// goClient has the generated package vetted and built with the program that calls.
func goClient(t *testing.T, p *pydantic, _ []pydanticCase) *exec.Cmd {
	t.Helper()
	writeFile(t, filepath.Join(p.dir, "main.go"), readFile(t, "pydantic/client.go.txt"))
	writeFile(t, filepath.Join(p.dir, "go.sum"), readFile(t, "../go.sum"))
	writeFile(t, filepath.Join(p.dir, "go.mod"), fmt.Appendf(nil, "module example.org/user\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => %s\n", p.root))
	program, env := filepath.Join(p.dir, "client"), []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}
	process.Run(t, env, "go", "vet", "-C", p.dir, "./go", ".")
	process.Run(t, env, "go", "build", "-C", p.dir, "-o", program, ".")
	return exec.Command(program)
}

// pythonClient has the generated package checked with the program that calls.
func pythonClient(t *testing.T, p *pydantic, _ []pydanticCase) *exec.Cmd {
	t.Helper()
	site := t.TempDir()
	if err := os.Symlink(filepath.Join(p.dir, "python"), filepath.Join(site, "echo_client")); err != nil {
		t.Fatal(err)
	}
	process.Run(t, []string{"MYPYPATH=" + site}, p.python(), "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", filepath.Join(site, "cache"), "pydantic/client.py")
	cmd := exec.Command(p.python(), "-W", "error", "pydantic/client.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// literalsPerMethod is how many values of a method are written as TypeScript: what
// the compiler takes for the types is what they allow.
const literalsPerMethod = 12

// typescriptClient has the generated package, values of its types and the program
// that calls compiled, as strictly as the compiler can.
func typescriptClient(t *testing.T, p *pydantic, cases []pydanticCase) *exec.Cmd {
	t.Helper()
	modules := filepath.Join(p.root, "sdk/typescript/node_modules")
	if err := os.Symlink(modules, filepath.Join(p.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("import type { GenericSchema } from \"valibot\";\nimport type { APIClient } from \"./typescript/index.js\";\nimport * as v from \"./typescript/validate.js\";\n" +
		"type Method<M extends keyof APIClient> = APIClient[M] extends (...args: infer A) => Promise<infer R> ? { params: A[0]; result: R } : never;\ntype Params<M extends keyof APIClient> = Method<M>[\"params\"];\ntype Result<M extends keyof APIClient> = Method<M>[\"result\"];\n" +
		"export const schemas: Record<string, GenericSchema> = {\n")
	for _, m := range p.contract.Methods {
		fmt.Fprintf(&b, "  %q: v.%sSchema,\n", m.Name, m.Params.Ref)
	}
	b.WriteString("};\n")
	written := map[string]int{}
	for i, c := range cases {
		if written[c.Method] == literalsPerMethod || !slices.Contains(c.Holders, "typescript") || slices.Contains(c.Literals[:], "") {
			continue
		}
		written[c.Method]++
		prefix, rest, _ := strings.Cut(c.Method, ".")
		name := prefix + strings.ToUpper(rest[:1]) + rest[1:]
		fmt.Fprintf(&b, "export const params%d: Params<%q> = %s;\nexport const result%d: Result<%q> = %s;\n", i, name, c.Literals[0], i, name, c.Literals[1])
	}
	for _, m := range p.contract.Methods {
		if written[m.Name] < 3 { // an enum of three members has no more
			t.Errorf("%s: only %d values are written as TypeScript", m.Name, written[m.Name])
		}
	}
	writeFile(t, filepath.Join(p.dir, "values.ts"), []byte(b.String()))
	writeFile(t, filepath.Join(p.dir, "client.ts"), readFile(t, "pydantic/client.ts"))
	writeFile(t, filepath.Join(p.dir, "package.json"), []byte(`{"type": "module"}`))
	writeFile(t, filepath.Join(p.dir, "tsconfig.json"), []byte(`{"extends": "./typescript/tsconfig.json", "compilerOptions": {"noEmit": true, "rootDir": ".", "types": ["node"]}, "include": ["*.ts", "typescript/*.ts"]}`))
	process.Run(t, nil, filepath.Join(modules, ".bin/tsc"), "--strict", "-p", p.dir)
	program := filepath.Join(p.dir, "client.mjs")
	process.Run(t, nil, filepath.Join(modules, ".bin/esbuild"), filepath.Join(p.dir, "client.ts"), "--bundle", "--platform=node", "--format=esm", "--packages=external", "--log-level=error", "--outfile="+program)
	return exec.Command("node", program)
}
