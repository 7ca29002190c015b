package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server/token"
)

// program is the built demo.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "tasks-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "tasks")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the demo: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// start runs the program until the test ends and returns its address.
func start(t *testing.T, args ...string) (address string, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command(program, append([]string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "tasks.db")}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // if it still runs
		cmd.Wait()
		if t.Failed() {
			t.Logf("the program's log:\n%s", stderr.String())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	match := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+)\n$`).FindStringSubmatch(line)
	if match == nil {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return match[1], cmd
}

func get(t *testing.T, address string) (status int, header http.Header, body string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

func tokenOf(t *testing.T, address, user string) string {
	t.Helper()
	_, _, body := get(t, address+"/token?user="+user)
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Token
}

func TestPaths(t *testing.T) {
	address, _ := start(t)
	for path, want := range map[string]struct {
		status    int
		mediaType string
		holds     string
	}{
		"/":             {200, "text/html; charset=utf-8", `<script type="module" src="app.js">`},
		"/app.js":       {200, "text/javascript; charset=utf-8", "rpc.requests"},
		"/style.css":    {200, "text/css; charset=utf-8", "prefers-color-scheme"},
		"/licenses.txt": {200, "text/plain; charset=utf-8", "Centrifugal Labs"},
		"/health":       {200, "application/json", `{"status":"ok"}`},
		"/ready":        {200, "application/json", `{"status":"ready"}`},
		"/metrics":      {200, "text/plain", "centrirpc_"},
		"/none":         {404, "text/plain; charset=utf-8", ""},
		"/main.go":      {404, "text/plain; charset=utf-8", ""},
		// Asked for by no WebSocket client.
		"/connection/websocket": {400, "", ""},
	} {
		status, header, body := get(t, address+path)
		if status != want.status || !strings.HasPrefix(header.Get("Content-Type"), want.mediaType) || !strings.Contains(body, want.holds) {
			t.Errorf("GET %s gave %d, %s, %.200q; want %+v", path, status, header.Get("Content-Type"), body, want)
		}
	}
	_, header, _ := get(t, address+"/")
	if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the page's Content-Security-Policy is %q", policy)
	}
}

func TestToken(t *testing.T) {
	address, _ := start(t)
	for user, reason := range map[string]string{
		"ann":                    "",
		"guest-1@example.com":    "",
		"":                       "is empty",
		"a:b":                    "holds the character ':'",
		"1,2":                    "holds the character ','",
		"Zoë":                    "not allowed",
		strings.Repeat("u", 129): "at most 128",
	} {
		status, header, body := get(t, address+"/token?"+url.Values{"user": {user}}.Encode())
		var answer struct{ Token, UserID, Error string }
		if err := json.Unmarshal([]byte(strings.Replace(body, "user_id", "UserID", 1)), &answer); err != nil {
			t.Fatalf("user %q: %v: %s", user, err, body)
		}
		if reason == "" && (status != 200 || answer.UserID != user || strings.Count(answer.Token, ".") != 2 || header.Get("Cache-Control") != "no-store") {
			t.Errorf("user %q: %d %v %s", user, status, header, body)
		}
		if reason != "" && (status != 400 || answer.Token != "" || !strings.Contains(answer.Error, reason)) {
			t.Errorf("user %q: %d %s, want the reason %q", user, status, body, reason)
		}
	}
	response, err := http.Post(address+"/token?user=ann", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode == 200 {
		t.Error("POST gave a token")
	}
}

func TestStopsGracefully(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		address, cmd := start(t)
		get(t, address+"/health")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("after %v: %v", sig, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("it still runs, 20 s after %v", sig)
		}
	}
}

func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	db := filepath.Join(t.TempDir(), "tasks.db")
	redis := redisserver.Start(t)
	for _, c := range []struct {
		args  []string
		code  int
		says  string
		lines int // 0 for any number
	}{
		{[]string{"-addr", taken.Addr().String(), "-db", db}, 1, "address already in use", 1},
		{[]string{"-addr", "nowhere", "-db", db}, 1, "missing port", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "none", "tasks.db")}, 1, "unable to open database file", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-redis", "redis://127.0.0.1:1"}, 1, "with -redis all nodes need the same secret", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-secret", importSecret, "-redis", "redis://127.0.0.1:1"}, 1, "no Redis can be reached at 127.0.0.1:1; start it there or correct -redis: ", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-secret", importSecret, "-redis", redis.URL() + ",127.0.0.1:1"}, 1, "URL 2 of -redis is not the address of a Redis", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-secret", importSecret, "-redis", redis.URL() + "," + redis.URL()}, 1, "URL 2 of -redis (" + redis.Addr() + ") is the same Redis as URL 1 of -redis", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-secret", importSecret, "-redis", "redis://127.0.0.1:1", "-redis-prefix", "{a}"}, 1, `-redis-prefix "{a}"`, 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-django", "http://127.0.0.1:9001/rpc"}, 1, "give CENTRIRPC_PROXY_SECRET", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-django-secret", djangoSecret}, 1, "-django http://127.0.0.1:9001/rpc", 1},
		{[]string{"-addr", "127.0.0.1:0", "-db", db, "-django", "127.0.0.1:9001", "-django-secret", djangoSecret}, 1, "-django", 1},
		{[]string{"-nonsense"}, 2, "-nonsense", 0},
		{[]string{"nonsense"}, 2, `"nonsense" is no flag`, 1},
	} {
		cmd := exec.CommandContext(t.Context(), program, c.args...)
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(stderr.String(), c.says) || stdout.Len() > 0 ||
			c.lines > 0 && strings.Count(stderr.String(), "\n") != c.lines {
			t.Errorf("tasks %q: %v, %q, %q; want exit code %d and %d lines with %q", c.args, cmd.ProcessState, stdout.String(), stderr.String(), c.code, c.lines, c.says)
		}
	}
}

// What is wrong with a variable is said of the variable.
func TestRefusalOfAVariable(t *testing.T) {
	t.Setenv("CENTRIRPC_REDIS", "127.0.0.1:1")
	out, err := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "tasks.db"), "-secret", importSecret).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "CENTRIRPC_REDIS is not the address of a Redis") {
		t.Errorf("%v, %s", err, out)
	}
}

// Where it listens is said once, on standard output, by a program whose log goes to the
// same terminal.
func TestListeningIsSaidOnce(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "tasks.db"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stdout)
	line, _ := said.ReadString('\n')
	get(t, strings.TrimSpace(strings.TrimPrefix(line, "listening on "))+"/health") // it serves
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "draining") || strings.Contains(log.String()+string(rest), "listening") {
		t.Errorf("it said %q, then %q, and in its log %s", line, rest, log.String())
	}
}

func TestCheck(t *testing.T) {
	address, _ := start(t)
	for url, says := range map[string]string{address + "/health": "", address + "/none": "answers 404 Not Found", "http://127.0.0.1:1/": "connection refused"} {
		out, err := exec.CommandContext(t.Context(), program, "-check", url).CombinedOutput()
		if says == "" && (err != nil || len(out) > 0) || says != "" && (err == nil || !strings.Contains(string(out), says)) {
			t.Errorf("-check %s: %v, %s; want %q", url, err, out, says)
		}
	}
}

// Tokens are signed with the secret given, which is never printed.
func TestSecret(t *testing.T) {
	const ofEnvironment, ofFlag = "the secret of the environment, for tests", "the secret of the flag, for tests alone"
	t.Setenv("CENTRIRPC_SECRET", ofEnvironment)
	for secret, args := range map[string][]string{ofEnvironment: nil, ofFlag: {"-secret", ofFlag}} {
		verifier, err := token.NewVerifier(token.Config{HMACSecret: secret})
		if err != nil {
			t.Fatal(err)
		}
		defer verifier.Close()
		address, _ := start(t, args...)
		claims, err := verifier.Verify(t.Context(), tokenOf(t, address, "ann"))
		if left := time.Until(claims.ExpiresAt); err != nil || claims.UserID != "ann" || left < 50*time.Minute || left > time.Hour {
			t.Errorf("the token says %+v, %v", claims, err)
		}
	}
	if out, _ := exec.Command(program, "-h").CombinedOutput(); strings.Contains(string(out), ofEnvironment) || !strings.Contains(string(out), "CENTRIRPC_SECRET") {
		t.Errorf("-h says %s", out)
	}
}
