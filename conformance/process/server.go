package process

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Secret signs the tokens that the server takes.
const Secret = "the conformance suite's secret, long enough"

// APIKey is that of the Centrifugo that the server may be a backend of, and
// ProxySecret what that one proves itself with.
const (
	APIKey      = "the conformance suite's API key"
	ProxySecret = "what the conformance suite's Centrifugo knows"
)

// StartServer starts the conformance suite's server as a process of its own and
// returns its address, "127.0.0.1:port". More arguments are for the server. At the end of the test it is told to
// stop, and must do so cleanly.
func StartServer(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(Build(t, "github.com/centrirpc/centrirpc/conformance/server"), append([]string{"-secret", Secret}, args...)...)
	var stderr Output
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe() // the server ends when this does, whatever becomes of the test
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
	t.Cleanup(func() {
		defer stdin.Close()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stopping the server: %v", err)
		}
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		err := cmd.Wait()
		log := stderr.String()
		if err != nil {
			t.Errorf("the server did not stop cleanly: %v\n%s", err, log)
		}
		for _, bad := range []string{"DATA RACE", "is stale"} {
			if strings.Contains(log, bad) {
				t.Errorf("%q in the server's log:\n%s", bad, log)
			}
		}
		if t.Failed() && testing.Verbose() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "listening on http://")
	if err != nil || !found {
		t.Fatalf("the server said %q (%v)\n%s", line, err, stderr.String())
	}
	return address
}
