package faults

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// programDir has the programs of this test run.
var programDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		panic(err)
	}
	programDir = dir
	flag.Parse()
	// These tests wait for other processes, and for time to pass, more than they
	// compute: more of them can wait at once than there are processors.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("3")
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const (
	nodeModules = "../../sdk/typescript/node_modules"
	python      = "../../.venv/bin/python"
)

// languages are the clients under test.
var languages = []string{"go", "python", "typescript"}

// inEachLanguage runs a test with a client of each language, at the same time.
func inEachLanguage(t *testing.T, test func(t *testing.T, language string)) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			test(t, language)
		})
	}
}

func command(t *testing.T, language string) *exec.Cmd {
	t.Helper()
	switch language {
	case "python":
		if _, err := os.Stat(python); err != nil {
			process.Missing(t, ".venv")
		}
		cmd := exec.Command(python, "drivers/python/driver.py")
		cmd.Env = append(os.Environ(), "PYTHONPATH=../../sdk/python", "PYTHONDONTWRITEBYTECODE=1")
		return cmd
	case "typescript":
		return exec.Command("node", "--enable-source-maps", bundle(t))
	}
	return exec.Command(build(t, "drivers/go"))
}

// bundle checks the TypeScript driver and bundles it, once.
func bundle(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(nodeModules + "/.bin/esbuild"); err != nil {
		process.Missing(t, "sdk/typescript/node_modules")
	}
	programs.Lock()
	defer programs.Unlock()
	file := filepath.Join(programDir, "driver.mjs")
	if _, err := os.Stat(file); err != nil {
		process.Run(t, nil, nodeModules+"/.bin/tsc", "-p", "drivers/typescript/tsconfig.json")
		modules, err := filepath.Abs(nodeModules)
		if err != nil {
			t.Fatal(err)
		}
		process.Run(t, []string{"NODE_PATH=" + modules}, nodeModules+"/.bin/esbuild", "drivers/typescript/driver.ts",
			"--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", "--outfile="+file,
			"--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);")
	}
	return file
}

// order is what a driver is told to start.
type order struct {
	Start      string `json:"start"`
	Key        string `json:"key"`
	Method     string `json:"method"`
	Params     work   `json:"params"`
	TimeoutMS  int    `json:"timeout_ms,omitempty"`
	Idempotent bool   `json:"idempotent,omitempty"`
	Volatile   bool   `json:"volatile,omitempty"`
	Take       int    `json:"take,omitempty"`
	PauseMS    int    `json:"pause_ms,omitempty"`
	Hold       int    `json:"hold,omitempty"`
}

type work struct {
	MS   int    `json:"ms"`
	Say  string `json:"say"`
	File string `json:"file,omitempty"`
	N    int    `json:"n,omitempty"`
	Pad  int    `json:"pad,omitempty"`
}

// outcome is how a call ended.
type outcome struct {
	Result      string `json:"result"`
	Error       string `json:"error"`
	ClientError string `json:"client_error"`
	Fault       string `json:"fault"`
	Items       int    `json:"items"`
	Sent        int    `json:"sent"`
}

// ok is whether it is a result, of whatever content.
func (o outcome) ok() bool { return o.Error == "" && o.ClientError == "" && o.Fault == "" }

func (o outcome) String() string {
	switch {
	case o.Fault != "":
		return "fault: " + o.Fault
	case o.Error != "":
		return o.Error
	case o.ClientError != "":
		return o.ClientError
	}
	return "result " + o.Result
}

// driver is a client process.
type driver struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr process.Output
	ended  chan struct{}

	mu       sync.Mutex
	changed  *sync.Cond
	outcomes map[string][]outcome
	frames   map[string]int // by kind and key
	stats    map[string]stats
	state    string
	closed   bool
	asked    int // how often for stats
	over     bool
	before   int // what was left before it connected
	most     int // what may be left when it has no calls

	user      string
	onOutcome func() // called at each, if it is not nil
}

type stats struct {
	Pending int `json:"pending"`
	Left    int `json:"left"`
	// Clock is the client's, in seconds since 1970.
	Clock float64 `json:"clock"`
}

// startDriver starts a client of that language for a user, and waits until it is
// connected.
func startDriver(t *testing.T, language, addr, user string, silence time.Duration, env ...string) *driver {
	t.Helper()
	d := &driver{user: user, t: t, cmd: command(t, language), ended: make(chan struct{}), outcomes: map[string][]outcome{}, frames: map[string]int{}, stats: map[string]stats{}}
	d.changed = sync.NewCond(&d.mu)
	d.cmd.Args = append(d.cmd.Args, "ws://"+addr+"/connection/websocket", token(t, user), fmt.Sprint(silence.Seconds()))
	d.cmd.Stderr = &d.stderr
	if len(env) > 0 {
		d.cmd.Env = append(d.cmd.Environ(), env...)
	}
	var err error
	if d.stdin, err = d.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go d.read(stdout, ready)
	t.Cleanup(d.stop)
	select {
	case <-ready:
	case <-d.ended:
		t.Fatalf("the %s client ended: %s", language, d.stderr.String())
	case <-time.After(soon):
		t.Fatalf("the %s client does not connect: %s", language, d.stderr.String())
	}
	d.most = d.ask().Left + slack
	return d
}

func (d *driver) stop() {
	_ = d.stdin.Close()
	select {
	case <-d.ended:
	case <-time.After(20 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.ended
		d.t.Errorf("a client had to be killed: %s", d.stderr.String())
	}
	if d.t.Failed() {
		log := d.stderr.String()
		d.t.Logf("the end of the client's log:\n%s", log[max(0, len(log)-3000):])
	}
}

func (d *driver) read(stdout io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var m struct {
			outcome
			stats
			Ready  bool   `json:"ready"`
			Done   string `json:"done"`
			Frame  string `json:"frame"`
			Key    string `json:"key"`
			Stats  string `json:"stats"`
			State  string `json:"state"`
			Closed bool   `json:"closed"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			d.t.Errorf("a client says %s: %v", lines.Bytes(), err)
		}
		d.mu.Lock()
		switch {
		case m.Ready:
			d.before = m.Left
			close(ready)
		case m.Closed:
			d.closed = true
		case m.Done != "":
			d.outcomes[m.Done] = append(d.outcomes[m.Done], m.outcome)
		case m.Frame != "":
			d.frames[m.Frame+" "+m.Key]++
		case m.State != "":
			d.state = m.State
		case m.Stats != "":
			d.stats[m.Stats] = m.stats
		}
		d.changed.Broadcast()
		ended := m.Done != "" && d.onOutcome != nil
		d.mu.Unlock()
		if ended {
			d.onOutcome()
		}
	}
	_ = d.cmd.Wait()
	d.mu.Lock()
	d.over = true
	d.changed.Broadcast()
	d.mu.Unlock()
	close(d.ended)
}

func (d *driver) tell(what any) {
	d.t.Helper()
	line, err := json.Marshal(what)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.stdin.Write(append(line, '\n')); err != nil {
		d.t.Fatalf("a client takes no commands: %v\n%s", err, d.stderr.String())
	}
}

// start starts a call with the key in its params.
func (d *driver) start(o order) {
	d.t.Helper()
	if o.Start == "" {
		o.Start = "call"
	}
	o.Params.Say = o.Key
	d.tell(o)
}

func (d *driver) cancel(key string) { d.tell(map[string]string{"cancel": key}) }

// until waits for done, which is called with mu held.
func (d *driver) until(what string, done func() bool) {
	d.t.Helper()
	timeout := time.AfterFunc(soon, func() {
		d.mu.Lock()
		d.over = true
		d.changed.Broadcast()
		d.mu.Unlock()
	})
	defer timeout.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !done() {
		if d.over {
			d.t.Fatalf("no %s\n%s", what, d.stderr.String())
		}
		d.changed.Wait()
	}
}

// outcome waits for the end of a call.
func (d *driver) outcome(key string) (o outcome) {
	d.t.Helper()
	d.until("outcome of "+key, func() bool { return len(d.outcomes[key]) > 0 })
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.outcomes[key][0]
}

// frame waits until a call had a frame of that kind.
func (d *driver) frame(kind, key string) {
	d.t.Helper()
	d.until(kind+" of "+key, func() bool { return d.frames[kind+" "+key] > 0 })
}

// nothing fails the test where one of the calls has had a frame of that kind. It
// lets the client do what it has been told first.
func (d *driver) nothing(kind string, keys []string) {
	d.t.Helper()
	d.ask()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		if d.frames[kind+" "+key] > 0 {
			d.t.Errorf("%s has had its %s", key, kind)
		}
	}
}

// hasEnded is whether the call has an outcome.
func (d *driver) hasEnded(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.outcomes[key]) > 0
}

// ask asks for the client's stats, which come when it has done what it was told before.
func (d *driver) ask() stats {
	d.t.Helper()
	d.mu.Lock()
	d.asked++
	name := fmt.Sprint(d.asked)
	d.mu.Unlock()
	d.tell(map[string]string{"stats": name})
	d.until("stats", func() bool { _, ok := d.stats[name]; return ok })
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats[name]
}

// slack is how many goroutines, tasks or timers a client may have more than when it
// had nothing to do yet: those of a connection that comes or goes, whatever the calls.
const slack = 5

// nothingLeft waits until the client has no pending calls, and nothing of those that
// it had.
func (d *driver) nothingLeft() (got stats) {
	d.t.Helper()
	within(d.t, func() (bool, string) {
		got = d.ask()
		return got.Pending == 0 && got.Left <= d.most,
			fmt.Sprintf("%d calls are pending; %d timers, tasks or goroutines are left; want %d at most", got.Pending, got.Left, d.most)
	})
	return got
}

// once fails the test where a call has ended more than once.
func (d *driver) once() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, all := range d.outcomes {
		if len(all) != 1 {
			d.t.Errorf("%s has %d outcomes: %v", key, len(all), all)
		}
	}
}
