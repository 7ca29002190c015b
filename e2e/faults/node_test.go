package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

const secret = "the fault tests' secret, long enough for HS256"

// soon is how long tests wait for what must happen.
const soon = 60 * time.Second

// node is a server process.
type node struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	addr   string
	stderr process.Output
	ended  chan struct{} // closed when the process has
	end    time.Time     // when that was
}

// programs are built once for all tests.
var programs struct {
	sync.Mutex
	paths map[string]string
}

func build(t *testing.T, pkg string) string {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	if path := programs.paths[pkg]; path != "" {
		return path
	}
	path := filepath.Join(programDir, filepath.Base(filepath.Dir(pkg))+"-"+filepath.Base(pkg))
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	process.Run(t, nil, "go", append(args, "github.com/centrirpc/centrirpc/e2e/faults/"+pkg)...)
	if programs.paths == nil {
		programs.paths = map[string]string{}
	}
	programs.paths[pkg] = path
	return path
}

// startNode starts a server that writes to the journal. It ends with the test. One
// that finds Redis too slow to start with is started again, as whoever looks after
// servers would.
func startNode(t *testing.T, j *journal, flags ...string) *node {
	t.Helper()
	for end := time.Now().Add(soon); ; {
		n, err := tryNode(t, j, flags...)
		if err == nil {
			return n
		}
		<-n.ended // with all that it says
		if log := n.stderr.String(); !strings.Contains(log, "does not answer as a Redis does") || time.Now().After(end) {
			t.Fatalf("%v\n%s", err, log)
		}
	}
}

func tryNode(t *testing.T, j *journal, flags ...string) (*node, error) {
	t.Helper()
	n := &node{t: t, ended: make(chan struct{})}
	n.cmd = exec.Command(build(t, "server"), append([]string{"-secret", secret, "-journal", j.file}, flags...)...)
	n.cmd.Stderr = &n.stderr
	stdin, err := n.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.stdin = stdin
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "listening on http://")
	go func() {
		_ = n.cmd.Wait()
		n.end = time.Now()
		close(n.ended)
	}()
	t.Cleanup(func() {
		n.signal(syscall.SIGCONT)
		_ = n.stdin.Close()
		select {
		case <-n.ended:
		case <-time.After(soon):
			n.signal(syscall.SIGKILL)
			<-n.ended
			t.Errorf("the server at %s had to be killed: it does not stop", n.addr)
		}
		if log := n.stderr.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") {
			t.Errorf("the server's log:\n%s", log)
		} else if t.Failed() {
			t.Logf("the end of the server's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	if err != nil || !found {
		_ = n.stdin.Close()
		return n, fmt.Errorf("the server said %q (%w)", line, err)
	}
	n.addr = address
	return n, nil
}

func (n *node) signal(s syscall.Signal) { _ = n.cmd.Process.Signal(s) }

// kill ends the process at once.
func (n *node) kill() {
	n.t.Helper()
	n.signal(syscall.SIGKILL)
	n.wait()
}

func (n *node) wait() {
	n.t.Helper()
	select {
	case <-n.ended:
	case <-time.After(soon):
		n.t.Fatal("the server does not end")
	}
}

// stop tells the process to end, and returns a function that fails the test where it
// takes longer than it may.
func (n *node) stop(drain time.Duration) (wait func()) {
	n.t.Helper()
	const margin = 10 * time.Second
	told := time.Now()
	n.signal(syscall.SIGTERM)
	return func() {
		n.t.Helper()
		n.wait()
		if took := n.end.Sub(told); took > drain+margin {
			n.t.Errorf("the server took %v to end; it has %v to drain", took, drain)
		}
	}
}

// drains is whether the server says that it is draining.
func (n *node) drains() bool {
	resp, err := http.Get("http://" + n.addr + "/ready")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusServiceUnavailable
}

// connections is how many clients are connected.
func (n *node) connections() int {
	n.t.Helper()
	return n.metric("centrirpc_connections")
}

// metric is the sum of a metric's series.
func (n *node) metric(of string) (sum int) {
	n.t.Helper()
	resp, err := http.Get("http://" + n.addr + "/metrics")
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	found := false
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name, _, _ = strings.Cut(name, "{"); name == of {
			some, err := strconv.Atoi(value)
			if err != nil {
				n.t.Fatal(err)
			}
			sum, found = sum+some, true
		}
	}
	if !found {
		n.t.Fatalf("no %s in /metrics", of)
	}
	return sum
}

// load is what the process has: goroutines but for idle workers, by the function
// that they are in, and the heap in bytes.
type load struct {
	Goroutines, Idle, Heap int
	In                     map[string]int
}

func (n *node) load() (l load) {
	n.t.Helper()
	resp, err := http.Get("http://" + n.addr + "/goroutines")
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&l); err != nil {
		n.t.Fatal(err)
	}
	return l
}

// settles waits until the process has at most so many goroutines.
func (n *node) settles(goroutines int) {
	n.t.Helper()
	within(n.t, func() (bool, string) {
		l := n.load()
		return l.Goroutines <= goroutines, fmt.Sprintf("%d goroutines; want %d at most: %v", l.Goroutines, goroutines, l.In)
	})
}

// within polls until done says true.
func within(t *testing.T, done func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for {
		ok, state := done()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", soon, state)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
