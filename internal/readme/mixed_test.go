package readme

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
)

// mixed runs the README's API that is in Go and in Python, and calls both.
func mixed(t *testing.T, root, dir, python, token string, code, shell map[string]string, env []string) {
	pythonAt := loopback.FreeAddress(t) // instead of port 9000
	for _, name := range []string{"mixed/router.go", "mixed/serve/main.go"} {
		write(t, filepath.Join(dir, name), strings.NewReplacer(`"127.0.0.1:8000"`, `os.Getenv("ADDR")`, "127.0.0.1:9000", pythonAt).Replace(code[name]))
	}
	withSDK := slices.Concat(env, []string{
		"PYTHONPATH=" + filepath.Join(root, "sdk/python"), "PYTHONDONTWRITEBYTECODE=1",
		"PATH=" + filepath.Dir(python) + string(os.PathListSeparator) + os.Getenv("PATH"),
	})
	typed(t, dir, withSDK, shell["mixed"])
	if generated, err := os.ReadFile(filepath.Join(dir, "mixed/sdk/go/client.go")); err != nil || !strings.Contains(string(generated), "GreetHello(") || !strings.Contains(string(generated), "GreetPing(") {
		t.Fatalf("the generated client has not the methods of both: %v", err)
	}
	_, port, err := net.SplitHostPort(pythonAt)
	if err != nil {
		t.Fatal(err)
	}
	listening(t, dir, withSDK, pythonAt, strings.Replace(shell["python"], "9000", port, 1))
	address, _ := serve(t, dir, shell["both"])
	call := func(method, params string) string {
		return run(t, dir, env, "go", "tool", "centrirpc", "call", "-url", "ws://"+address+"/connection/websocket", "-token", token, method, params)
	}
	if got := typed(t, dir, env, strings.Replace(shell["ask"], "127.0.0.1:8000", address, 1)); !strings.Contains(got, greeting) {
		t.Errorf("Python said %q", got)
	}
	if got := call("greet.ping", `{}`); !strings.Contains(got, "pong") {
		t.Errorf("Go said %q", got)
	}
}

// listening types a line that starts a program, and waits until it listens.
func listening(t *testing.T, dir string, env []string, address, line string) {
	t.Helper()
	cmd := exec.Command("bash", "-euc", line)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
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
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		} else if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("nothing listens on %s: %v\n%s", address, err, said)
		}
	}
}
