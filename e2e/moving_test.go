package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// Left is what the methods of moving/ give, in Go.
type Left struct {
	Left int64  `json:"left"`
	Told string `json:"told"`
}

// stockIn is a handler in Go as those in moving/handlers.py are.
func stockIn(taken int64) func(context.Context, Get) (Left, error) {
	return func(ctx context.Context, p Get) (Left, error) {
		return Left{Left: p.ID - taken, Told: "Go " + centrirpc.ConnFromContext(ctx).UserID}, nil
	}
}

// TestMethodsMoveUnderClients has manage.py generate the clients of all languages. They
// connect once, and call again and again while methods move from Django to Go, one by
// one, by servers that take each other's place; the last has no Forward any more.
func TestMethodsMoveUnderClients(t *testing.T) {
	const secret = "the secret of the Django project, for tests"
	manage := func(args ...string) *exec.Cmd {
		cmd := exec.Command(tools.Path(t, "../.venv/bin/python"), args...)
		cmd.Dir = "moving"
		cmd.Env = append(cmd.Environ(), "PYTHONPATH=../../sdk/python", "PYTHONDONTWRITEBYTECODE=1", "SECRET="+secret)
		return cmd
	}
	dir := t.TempDir()
	generator := filepath.Join(dir, "centrirpc")
	process.Run(t, nil, "go", "build", "-o", generator, "../cmd/centrirpc")
	generate := manage("manage.py", "centrirpc", "generate", "-o", filepath.Join(dir, "sdk"), "--name", "stock", "--go-module", "example.org/stock", "--centrirpc", generator)
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("manage.py centrirpc generate: %v\n%s", err, out)
	}
	exported := readFile(t, filepath.Join(dir, "sdk/contract.json"))
	programs := movingClients(t, dir)

	django := loopback.FreeAddress(t)
	_, port, err := net.SplitHostPort(django)
	if err != nil {
		t.Fatal(err)
	}
	startServer(t, manage("-m", "uvicorn", "manage:application", "--port", port), django)
	stock, err := endpoint.New(endpoint.Config{URL: "http://" + django + "/rpc", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()

	// router has as many methods in Go as the stage says, and the others in Django.
	router := func(stage int, opts ...centrirpc.RouterOption) *centrirpc.Router {
		r := centrirpc.NewRouter(append(opts, centrirpc.Name("stock"))...)
		switch stage {
		case 0:
			centrirpc.Forward(r, exported, stock)
		case 1:
			centrirpc.Forward(r, exported, stock, centrirpc.Except("stock.left"))
		}
		if stage >= 1 {
			centrirpc.Handle(r, "stock.left", stockIn(0), centrirpc.Idempotent())
		}
		if stage >= 2 {
			centrirpc.Handle(r, "stock.take", stockIn(1))
		}
		return r
	}
	proxy := faultproxy.Start(t, "")
	var ask []func() string
	var stop func()
	for stage, want := range []string{"5 Django 456 4 Django 456 true", "5 Go 456 4 Django 456 true", "5 Go 456 4 Go 456 true"} {
		generated, err := router(stage).Contract().Encode() // as with the contract.json of go generate
		if err != nil {
			t.Fatal(err)
		}
		s, url, jwt := startRouter(t, router(stage, centrirpc.WithContract(generated)))
		at, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
		proxy.SetTarget(at)
		if stage == 0 {
			for language, program := range programs {
				ask = append(ask, startAsking(t, language, append(program, "ws://"+proxy.Addr()+"/"+path, jwt)))
			}
		} else {
			stop() // clients come back, to the new one
		}
		stop = func() { _ = s.Shutdown(context.Background()) }
		for _, asked := range ask {
			if got := asked(); got != want {
				t.Errorf("stage %d: %s; want %s", stage, got, want)
			}
		}
	}
}

// startAsking starts a client; what is returned has it call, and gives what it prints.
func startAsking(t *testing.T, language string, program []string) func() string {
	t.Helper()
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var stderr process.Output
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	silent := time.AfterFunc(4*answerDeadline, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		_ = stdin.Close() // the end of its input is its own
		if err := cmd.Wait(); err != nil {
			t.Errorf("the %s client: %v\n%s", language, err, stderr.String())
		}
		silent.Stop()
	})
	lines := bufio.NewReader(stdout)
	return func() string {
		t.Helper()
		if _, err := io.WriteString(stdin, "\n"); err != nil {
			t.Fatalf("the %s client takes nothing: %v\n%s", language, err, stderr.String())
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the %s client said %q: %v\n%s", language, line, err, stderr.String())
		}
		return strings.TrimSpace(line)
	}
}

// movingClients are programs with the clients that are in a folder, checked by the
// compilers of their languages.
func movingClients(t *testing.T, dir string) map[string][]string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	python, modules := tools.Path(t, "../.venv/bin/python"), tools.Path(t, "../sdk/typescript/node_modules")
	writeFile(t, filepath.Join(dir, "client.py"), readFile(t, "moving/client.py"))

	writeFile(t, filepath.Join(dir, "client.ts"), readFile(t, "moving/client.ts"))
	if modules, err = filepath.Abs(modules); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "package.json"), []byte(`{"type": "module"}`))
	writeFile(t, filepath.Join(dir, "tsconfig.json"), []byte(`{"extends": "./sdk/typescript/tsconfig.json", "compilerOptions": {"noEmit": true, "rootDir": ".", "types": ["node"]}, "include": ["client.ts", "sdk/typescript/*.ts"]}`))
	process.Run(t, nil, filepath.Join(modules, ".bin/tsc"), "--strict", "-p", dir)
	script := filepath.Join(dir, "client.mjs")
	process.Run(t, nil, filepath.Join(modules, ".bin/esbuild"), filepath.Join(dir, "client.ts"), "--bundle", "--platform=node", "--format=esm", "--packages=external", "--log-level=error", "--outfile="+script)

	user := filepath.Join(dir, "user")
	writeFile(t, filepath.Join(user, "main.go"), readFile(t, "moving/client.go.txt"))
	writeFile(t, filepath.Join(user, "go.sum"), readFile(t, "../go.sum"))
	writeFile(t, filepath.Join(user, "go.mod"), fmt.Appendf(nil, "module example.org/user\n\ngo 1.26.0\n\nrequire (\n\texample.org/stock v0.0.0\n\tgithub.com/centrirpc/centrirpc v0.0.0\n)\n\nreplace (\n\texample.org/stock => %s\n\tgithub.com/centrirpc/centrirpc => %s\n)\n", filepath.Join(dir, "sdk/go"), root))
	program := filepath.Join(dir, "client")
	process.Run(t, []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}, "go", "build", "-C", user, "-o", program, ".")
	return map[string][]string{
		"go":         {program},
		"python":     {python, "-W", "error", filepath.Join(dir, "client.py")},
		"typescript": {"node", script},
	}
}
