// Package readme holds the test that the README's code is true: it is built,
// generated from, type-checked and run as a reader would.
package readme

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
)

var block = regexp.MustCompile("(?ms)^```(go|ts|python|sh) (\\S+)\n(.*?)^```$")

// blocks are the README's code blocks: the files by their names, and what is typed
// at a shell by the names behind the word sh, which a reader does not see.
func blocks(t *testing.T, root string) (files, shell map[string]string) {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, shell = map[string]string{}, map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(data), -1) {
		if m[1] == "sh" {
			shell[m[2]] = m[3]
		} else {
			files[m[2]] = m[3]
		}
	}
	for _, name := range []string{"api/api.go", "api/rooms.go", "main.go", "client.ts", "client.py", "client/client.go", "rooms.ts", "api/party.go", "party.ts", "party.py", "party/party.go", "handlers.py", "app.py", "mixed/router.go", "mixed/serve/main.go"} {
		if files[name] == "" {
			t.Fatalf("the README has no block %s", name)
		}
	}
	for _, name := range []string{"demo", "begin", "clone", "call", "more", "export", "mixed", "python", "both", "ask"} {
		if shell[name] == "" {
			t.Fatalf("the README has no shell block %s", name)
		}
	}
	if fences := strings.Count(string(data), "```"); fences != 2*(len(files)+len(shell)) {
		t.Fatalf("the README has %d fences: a block without a name is not tested", fences)
	}
	return files, shell
}

// typed types a block at a shell, which stops at the first command that fails.
func typed(t *testing.T, dir string, env []string, block string) string {
	t.Helper()
	return run(t, dir, env, "bash", "-euo", "pipefail", "-c", block)
}

// tool is a command that `make setup` installs.
func tool(t *testing.T, path string) string {
	t.Helper()
	return tools.Path(t, path)
}

func command(t *testing.T, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := command(t, dir, env, name, args...)
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

	// The clone lies beside the reader's folder, as the README has it.
	dir := filepath.Join(t.TempDir(), "greeter")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, filepath.Join(filepath.Dir(dir), "centrirpc")); err != nil {
		t.Fatal(err)
	}
	code, shell := blocks(t, root)
	// Port 8000 may be taken; everything else is as printed.
	code["main.go"] = strings.Replace(code["main.go"], `"127.0.0.1:8000"`, `os.Getenv("ADDR")`, 1)
	for _, name := range []string{"api/api.go", "main.go"} {
		write(t, filepath.Join(dir, name), code[name])
	}
	// So that nobody asks the network what this repository has asked before.
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.sum"), string(sum))

	// There is no release, so the clone stands in for the line that downloads it.
	begin := strings.SplitAfter(strings.TrimSpace(shell["begin"]), "\n")
	replaced := slices.IndexFunc(begin, func(line string) bool { return strings.HasPrefix(line, "go get -tool ") })
	if replaced < 0 {
		t.Fatalf("no line of %q is replaced by the one for a clone", begin)
	}
	begin[replaced] = shell["clone"]
	start := begin[len(begin)-1]
	typed(t, dir, nil, strings.Join(begin[:len(begin)-1], ""))
	address, stop := serve(t, dir, start)
	call := strings.Replace(shell["call"], "127.0.0.1:8000", address, 1)
	if got := typed(t, dir, nil, call+`printf %s "$TOKEN" >token.txt`); !strings.Contains(got, greeting) {
		t.Errorf("said %q", got)
	}
	typed(t, dir, nil, shell["more"])
	stop()

	// The rest of the README: the rooms, and the programs that call.
	const end = "\treturn router\n" // of NewRouter
	if strings.Count(code["api/api.go"], end) != 1 {
		t.Fatalf("api/api.go has not one line %q", end)
	}
	code["api/api.go"] = strings.Replace(code["api/api.go"], end, "\taddRooms(router)\n\taddParty(router)\n"+end, 1)
	for name, content := range code {
		if !strings.HasPrefix(name, "mixed/") { // they need what is exported
			write(t, filepath.Join(dir, name), content)
		}
	}
	secret, err := os.ReadFile(filepath.Join(dir, "secret.txt"))
	if err != nil {
		t.Fatal(err)
	}
	token := run(t, dir, nil, "cat", "token.txt")
	env := []string{"CENTRIRPC_SECRET=" + strings.TrimSpace(string(secret))}
	run(t, dir, env, "go", "generate", "./api")
	typed(t, dir, env, shell["more"])
	run(t, dir, env, "go", "vet", "./...")
	t.Run("python handlers", func(t *testing.T) { exported(t, root, dir, python, tsc, shell["export"], env) })
	address, _ = serve(t, dir, start)
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
	t.Run("go and python", func(t *testing.T) { mixed(t, root, dir, python, token, code, shell, env) })
	t.Run("party", func(t *testing.T) { parties(t, root, dir, python, tsc, url, token, env) })
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
func exported(t *testing.T, root, dir, python, tsc, export string, env []string) {
	sdk := filepath.Join(root, "sdk/python")
	withSDK := []string{"PYTHONPATH=" + sdk, "PYTHONDONTWRITEBYTECODE=1"}
	path := "PATH=" + filepath.Dir(python) + string(os.PathListSeparator) + os.Getenv("PATH")
	typed(t, dir, slices.Concat(env, withSDK, []string{path}), export)
	const ask = `import asyncio, handlers; print(asyncio.run(handlers.hello(handlers.HelloParams(name="Ada", tone=handlers.Tone.LOUD))).text)`
	if got := run(t, dir, withSDK, python, "-c", ask); got != greeting {
		t.Errorf("said %q", got)
	}
	run(t, dir, []string{"MYPYPATH=" + sdk}, python, "-m", "mypy", "--strict", "handlers.py")
	run(t, dir, env, "go", "tool", "centrirpc", "generate", "handlers.json", "-o", "handled/sdk")
	if got := run(t, dir, env, "go", "tool", "centrirpc", "diff", "sdk/contract.json", "handlers.json",
		"-allow", "rooms.say", "-allow", "rooms.typing", "-allow", "channel rooms:{room}",
		"-allow", "party.greet", "-allow", "party.count"); !strings.Contains(got, "0 breaking, ") {
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

// serve types the line that starts the README's program, and returns its address and
// what stops it, as Ctrl+C does.
func serve(t *testing.T, dir, line string) (address string, stop func()) {
	t.Helper()
	address = loopback.FreeAddress(t)
	cmd := exec.Command("bash", "-euc", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ADDR="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := func() string {
		data, _ := os.ReadFile(log.Name())
		return string(data)
	}
	stop = sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		_ = cmd.Wait() // 1, from go run: it was interrupted
		if !strings.Contains(said(), "draining") || strings.Contains(said(), "panic") {
			t.Errorf("the program did not stop gracefully:\n%s", said())
		}
	})
	t.Cleanup(stop)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it is built first
	defer cancel()
	for {
		// Asked, not only dialled: a connection to a free port may be one to itself.
		err := healthy(ctx, address)
		if err == nil {
			return address, stop
		}
		if ctx.Err() != nil {
			t.Fatalf("nothing listens on %s: %v\n%s", address, err, said())
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func healthy(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/health answers %s", response.Status)
	}
	return nil
}
