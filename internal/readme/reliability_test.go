package readme

import (
	"bufio"
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // what the page's server writes

	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

const reliabilityPage = "RELIABILITY.md"

// shopApp is the program of RELIABILITY.md in a module of its own, with its client.
type shopApp struct {
	root, dir string
	env       []string
	token     string
	db        *sql.DB
}

func newShop(t *testing.T) *shopApp {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	tsc := tool(t, filepath.Join(root, "sdk/typescript/node_modules/.bin/tsc"))
	s := &shopApp{root: root, dir: t.TempDir(), env: []string{"CENTRIRPC_SECRET=a secret of this page's test, long enough", "GOFLAGS=-mod=mod"}}
	data, err := os.ReadFile(filepath.Join(root, reliabilityPage))
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindAllStringSubmatch(string(data), -1)
	if fences := strings.Count(string(data), "```"); fences != 2*len(found) || len(found) != 4 {
		t.Fatalf("%s has %d fences and %d named blocks: a block without a name is not tested", reliabilityPage, fences, len(found))
	}
	for _, m := range found {
		// Port 8000 may be taken; everything else is as printed.
		write(t, filepath.Join(s.dir, m[2]), strings.Replace(m[3], `"127.0.0.1:8000"`, `os.Getenv("ADDR")`, 1))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if name == "go.mod" {
			text = strings.Replace(text, "module github.com/centrirpc/centrirpc\n", "module example.org/shop\n", 1) +
				"\nrequire github.com/centrirpc/centrirpc v0.0.0\nreplace github.com/centrirpc/centrirpc => " + root + "\n"
		}
		write(t, filepath.Join(s.dir, name), text)
	}
	const command = "github.com/centrirpc/centrirpc/cmd/centrirpc"
	run(t, s.dir, s.env, "go", "run", command, "generate", "./shop", "-o", "sdk", "-lang", "typescript")
	s.token = run(t, s.dir, s.env, "go", "run", command, "token", "-user", "456")
	run(t, s.dir, s.env, "go", "vet", "./...")
	run(t, s.dir, s.env, "go", "build", "-o", "shopd", ".")

	if err := os.Symlink(filepath.Join(root, "sdk/typescript/node_modules"), filepath.Join(s.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "ask.ts"), `import { APIClient, CentrifugoRPCClient } from "./sdk/typescript/index.js";
import { order } from "./order.js";
const [url, token, item] = process.argv.slice(2) as [string, string, string];
const api = new APIClient(new CentrifugoRPCClient(url, token));
await api.rpc.connect();
console.log("connected");
process.stdin.once("data", async () => {
  console.log(await order(api, item));
  process.exit(0);
});
`)
	write(t, filepath.Join(s.dir, "package.json"), `{"type":"module"}`)
	run(t, s.dir, nil, tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node",
		"--rootDir", ".", "--outDir", "js", "ask.ts")
	write(t, filepath.Join(s.dir, "js/package.json"), `{"type":"module"}`)
	return s
}

// start runs the server; kill ends it as a crash does.
func (s *shopApp) start(t *testing.T) (address string, kill func()) {
	t.Helper()
	address = loopback.FreeAddress(t)
	cmd := exec.Command(filepath.Join(s.dir, "shopd"))
	cmd.Dir, cmd.Env = s.dir, append(append(os.Environ(), s.env...), "ADDR="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	until(t, "the server", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if s.db == nil {
		var err error
		if s.db, err = sql.Open("sqlite", filepath.Join(s.dir, "shop.db")+"?_pragma=busy_timeout(20000)"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.db.Close() })
	}
	return address, kill
}

func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

func (s *shopApp) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// shows reports whether the server's metrics have the line.
func shows(t *testing.T, address, line string) bool {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	metrics, err := io.ReadAll(response.Body)
	return err == nil && strings.Contains(string(metrics), "\n"+line+"\n")
}

// customer is a client that is connected, over a proxy, and orders when it is told to.
type customer struct {
	cmd   *exec.Cmd
	stdin io.Writer
	lines *bufio.Scanner
}

func (s *shopApp) customer(t *testing.T, proxy *faultproxy.Proxy, item string) *customer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := &customer{cmd: exec.CommandContext(ctx, "node", "js/ask.js", "ws://"+proxy.Addr()+"/connection/websocket", s.token, item)}
	c.cmd.Dir, c.cmd.Stderr = s.dir, os.Stderr
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(stdout)
	if said := c.said(); said != "connected" {
		t.Fatalf("said %q", said)
	}
	return c
}

func (c *customer) order(t *testing.T) {
	t.Helper()
	if _, err := c.stdin.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
}

// said is the client's next line.
func (c *customer) said() string {
	c.lines.Scan()
	return c.lines.Text()
}

func TestTheReliabilityPagesHandlerHasItsEffectOnce(t *testing.T) {
	s := newShop(t)
	address, kill := s.start(t)
	proxy := faultproxy.Start(t, address)
	ann := s.customer(t, proxy, "tea")
	ann.order(t)
	if got := ann.said(); got != "order 1" {
		t.Fatalf("said %q", got)
	}

	// Killed while it waits for the database, before the effect.
	lock, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ann = s.customer(t, proxy, "coffee")
	ann.order(t)
	until(t, "the handler", func() bool { return shows(t, address, "centrirpc_calls_in_flight 1") })
	kill()
	address, kill = s.start(t)
	proxy.SetTarget(address)
	if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	_ = lock.Close()
	if got := ann.said(); got != "order 2" || s.count(t, "orders") != 2 {
		t.Errorf("killed before the effect: said %q, %d orders", got, s.count(t, "orders"))
	}

	// Killed after the effect, when nothing of it has reached the client.
	ann = s.customer(t, proxy, "milk")
	proxy.Lose(faultproxy.Down, true)
	ann.order(t)
	until(t, "the order", func() bool { return s.count(t, "orders") == 3 })
	kill()
	address, _ = s.start(t)
	proxy.SetTarget(address)
	proxy.Lose(faultproxy.Down, false)
	if got := ann.said(); got != "order 3" || s.count(t, "orders") != 3 || s.count(t, "done_calls") != 3 {
		t.Errorf("killed after the effect: said %q, %d orders of %d calls", got, s.count(t, "orders"), s.count(t, "done_calls"))
	}
	if !shows(t, address, `centrirpc_calls_total{code="ok",method="shop.order"} 1`) {
		t.Error("the call did not run again: this test has shown nothing")
	}
}
