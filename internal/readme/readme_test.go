// Package readme holds the test that the README's code is true: it is built,
// generated from, type-checked and run as a reader would.
package readme

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var block = regexp.MustCompile("(?ms)^```(go|ts|python) (\\S+)\n(.*?)^```$")

// files are the README's named code blocks.
func files(t *testing.T, root string) map[string]string {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(data), -1) {
		found[m[2]] = m[3]
	}
	for _, name := range []string{"api/api.go", "api/rooms.go", "main.go", "client.ts", "client.py", "client/client.go", "rooms.ts", "handlers.py"} {
		if found[name] == "" {
			t.Fatalf("the README has no block %s", name)
		}
	}
	if fences := strings.Count(string(data), "```"); fences != 2*(len(found)+4) { // and four of shell
		t.Fatalf("the README has %d fences: a block without a name is not tested", fences)
	}
	return found
}

// tool is a command that `make setup` installs.
func tool(t *testing.T, path string) string {
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CENTRIRPC_TOOLS") == "required" {
			t.Fatalf("%s is missing: run `make setup` first", path)
		}
		t.Skipf("%s is missing: run `make setup` first", path)
	}
	return path
}

func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

const greeting = "HELLO Ada!"

func TestTheREADMEsCodeRuns(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	python := tool(t, filepath.Join(root, ".venv/bin/python"))
	tsc := tool(t, filepath.Join(root, "sdk/typescript/node_modules/.bin/tsc"))

	dir := t.TempDir()
	code := files(t, root)
	const end = "\treturn router\n" // of NewRouter, which the README says is to add the rooms
	if strings.Count(code["api/api.go"], end) != 1 {
		t.Fatalf("api/api.go has not one line %q", end)
	}
	code["api/api.go"] = strings.Replace(code["api/api.go"], end, "\taddRooms(router)\n"+end, 1)
	for name, content := range code {
		// Port 8000 may be taken; everything else is as printed.
		write(t, filepath.Join(dir, name), strings.Replace(content, `"127.0.0.1:8000"`, `os.Getenv("ADDR")`, 1))
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	requires := strings.Replace(string(mod), "module github.com/centrirpc/centrirpc\n", "module example.org/greeter\n", 1)
	write(t, filepath.Join(dir, "go.mod"), requires+"\nrequire github.com/centrirpc/centrirpc v0.0.0\nreplace github.com/centrirpc/centrirpc => "+root+"\n")
	write(t, filepath.Join(dir, "go.sum"), string(sum))

	const secret = "a secret of the readme's test, long enough"
	env := []string{"CENTRIRPC_SECRET=" + secret, "GOFLAGS=-mod=mod"}
	// As `go get -tool` does, were the module published.
	run(t, dir, env, "go", "mod", "edit", "-tool", "github.com/centrirpc/centrirpc/cmd/centrirpc")
	run(t, dir, env, "go", "generate", "./api")
	run(t, dir, env, "go", "tool", "centrirpc", "generate", "./api", "-o", "sdk", "-check")
	token := run(t, dir, env, "go", "tool", "centrirpc", "token", "-user", "456")
	run(t, dir, env, "go", "vet", "./...")
	t.Run("python handlers", func(t *testing.T) { exported(t, root, dir, python, tsc, env) })
	address := serve(t, dir, env)
	url := "ws://" + address + "/connection/websocket"

	t.Run("command line", func(t *testing.T) {
		call := func(params string) (string, error) {
			cmd := exec.CommandContext(t.Context(), "go", "tool", "centrirpc", "call", "-url", url, "-token", token, "greet.hello", params)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		if out, err := call(`{"name": "Ada", "tone": "loud"}`); err != nil || !strings.Contains(out, greeting) {
			t.Errorf("%s, %v", out, err)
		}
		if out, err := call(`{"name": "Ada", "tone": "shouting"}`); err == nil || !strings.Contains(out, `"rule": "enum"`) {
			t.Errorf("a tone that is none: %s, %v", out, err)
		}
	})
	t.Run("go", func(t *testing.T) {
		write(t, filepath.Join(dir, "ask/main.go"), `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"example.org/greeter/client"
)

func main() {
	text, err := client.Greet(context.Background(), os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}
`)
		if got := run(t, dir, env, "go", "run", "./ask", url, token); got != greeting {
			t.Errorf("said %q", got)
		}
	})
	t.Run("typescript", func(t *testing.T) {
		if err := os.Symlink(filepath.Join(root, "sdk/typescript/node_modules"), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "package.json"), `{"type":"module"}`)
		write(t, filepath.Join(dir, "ask.ts"), `import { greet } from "./client.js";
console.log(await greet(process.argv[2]!, process.argv[3]!));
process.exit(0);
`)
		run(t, dir, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node",
			"--rootDir", ".", "--outDir", "js", "ask.ts")
		write(t, filepath.Join(dir, "js/package.json"), `{"type":"module"}`)
		if got := run(t, dir, nil, "node", "js/ask.js", url, token); got != greeting {
			t.Errorf("said %q", got)
		}
	})
	t.Run("rooms", func(t *testing.T) {
		write(t, filepath.Join(dir, "talk.ts"), `import { APIClient, CentrifugoRPCClient, PermissionDeniedError } from "./sdk/typescript/index.js";
import { chat } from "./rooms.js";

const [url, member, guest] = process.argv.slice(2) as [string, string, string];
const as = async (token: string) => {
  const api = new APIClient(new CentrifugoRPCClient(url, token));
  await api.rpc.connect();
  return api;
};
const said: unknown[] = [];
const chatted = new Promise<void>((done) => (console.log = (text) => done(void said.push(text))));
const guests = await as(guest);
const heard: unknown[] = [];
let hear = () => {};
const heardBoth = new Promise<void>((done) => (hear = done));
await guests.subscribeRooms({ room: "lobby" }, (event) => heard.push(event) === 2 && hear());
await chat(await as(member), "lobby", "GOOD DAY");
await Promise.all([chatted, heardBoth]);
const refused = (what: Promise<unknown>) =>
  what.then(() => "allowed", (error: unknown) => error instanceof PermissionDeniedError ? "refused" : String(error));
const staff = await refused(guests.subscribeRooms({ room: "staff" }, () => {}));
const say = await refused(guests.roomsSay({ room: "lobby", text: "May I?" }));
process.stdout.write(JSON.stringify([said, heard, staff, say]));
process.exit(0);
`)
		run(t, dir, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node",
			"--rootDir", ".", "--outDir", "js", "talk.ts")
		guest := run(t, dir, env, "go", "tool", "centrirpc", "token", "-user", "guest-1")
		const want = `[["456: good day"],[{"type":"typing","user":"456"},{"type":"said","user":"456","text":"good day"}],"refused","refused"]`
		if got := run(t, dir, nil, "node", "js/talk.js", url, token, guest); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("python", func(t *testing.T) {
		write(t, filepath.Join(dir, "ask.py"), `import asyncio
import sys

from client import greet

print(asyncio.run(greet(sys.argv[1], sys.argv[2])))
`)
		run(t, dir, nil, python, "-m", "mypy", "--strict", "client.py")
		if got := run(t, dir, nil, python, "ask.py", url, token); got != greeting {
			t.Errorf("said %q", got)
		}
	})
}

// exported has the clients made from the Python handlers, in place of those of the Go
// package, and type-checks what the README does with them.
func exported(t *testing.T, root, dir, python, tsc string, env []string) {
	sdk := filepath.Join(root, "sdk/python")
	withSDK := []string{"PYTHONPATH=" + sdk, "PYTHONDONTWRITEBYTECODE=1"}
	run(t, dir, withSDK, python, "-m", "centrirpc", "export", "handlers", "--name", "greeter", "-o", "handlers.json")
	const ask = `import asyncio, handlers; print(asyncio.run(handlers.hello(handlers.HelloParams(name="Ada", tone=handlers.Tone.LOUD))).text)`
	if got := run(t, dir, withSDK, python, "-c", ask); got != greeting {
		t.Errorf("said %q", got)
	}
	run(t, dir, []string{"MYPYPATH=" + sdk}, python, "-m", "mypy", "--strict", "handlers.py")
	run(t, dir, env, "go", "tool", "centrirpc", "generate", "handlers.json", "-o", "handled/sdk")
	if got := run(t, dir, env, "go", "tool", "centrirpc", "diff", "sdk/contract.json", "handlers.json",
		"-allow", "rooms.say", "-allow", "rooms.typing", "-allow", "channel rooms:{room}"); !strings.Contains(got, "0 breaking, ") {
		t.Errorf("the Python handlers are another API: %s", got)
	}
	handled := filepath.Join(dir, "handled")
	for _, name := range []string{"client.ts", "client.py"} {
		code, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(handled, name), string(code))
	}
	if err := os.Symlink(filepath.Join(root, "sdk/typescript/node_modules"), filepath.Join(handled, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(handled, "package.json"), `{"type":"module"}`)
	run(t, handled, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node", "--noEmit", "client.ts")
	run(t, handled, nil, python, "-m", "mypy", "--strict", "client.py")

	code, err := os.ReadFile(filepath.Join(dir, "client/client.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(handled, "client/client.go"), strings.Replace(string(code), "example.org/greeter/sdk/go", "example.org/greeter/handled/sdk/go", 1))
	run(t, dir, env, "go", "vet", "./handled/...")
}

// serve runs the README's program and returns its address.
func serve(t *testing.T, dir string, env []string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	run(t, dir, env, "go", "build", "-o", "greeter", ".")
	cmd := exec.Command(filepath.Join(dir, "greeter"))
	cmd.Env = append(append(os.Environ(), env...), "ADDR="+address)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(log)) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program did not stop gracefully: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if ctx.Err() != nil {
			t.Fatalf("nothing listens on %s: %v", address, err)
		}
	}
}
