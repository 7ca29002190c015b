package readme

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

const deployPage = "DEPLOY.md"

// deployBlocks are the code blocks of DEPLOY.md, by name, all of which are used below.
func deployBlocks(t *testing.T, root string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, deployPage))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(data), -1) {
		found[m[2]] = m[3]
	}
	// Two more are the pictures.
	if fences := strings.Count(string(data), "```"); fences != 2*len(found)+4 || len(found) != 7 {
		t.Fatalf("%s has %d fences and %d named blocks: a block without a name is not tested", deployPage, fences, len(found))
	}
	return found
}

// The program of the page is two nodes, typed as the page says, with the greeter of the
// README.
func TestTheNodesOfThePage(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page := deployBlocks(t, root)
	files, _ := blocks(t, root)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "api/api.go"), files["api/api.go"])
	write(t, filepath.Join(dir, "main.go"), page["main.go"])
	write(t, filepath.Join(dir, "backend/main.go"), page["backend/main.go"])
	write(t, filepath.Join(dir, "secret.txt"), "a secret of this page's test, long enough\n")
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.Replace(string(data), "module github.com/centrirpc/centrirpc\n", "module example.org/greeter\n", 1))
	}
	const self = "github.com/centrirpc/centrirpc"
	run(t, dir, nil, "go", "mod", "edit", "-tool="+self+"/cmd/centrirpc", "-require="+self+"@v0.0.0", "-replace="+self+"="+root)
	env := []string{"GOFLAGS=-mod=mod"}
	run(t, dir, env, "go", "generate", "./api")
	run(t, dir, env, "go", "vet", "./backend")

	redis := redisserver.Start(t)
	nodes := []string{loopback.FreeAddress(t), loopback.FreeAddress(t)}
	script := strings.NewReplacer("redis://127.0.0.1:6379", redis.URL(), "127.0.0.1:8001", nodes[0], "127.0.0.1:8002", nodes[1]).Replace(page["nodes"])
	shell := exec.Command("bash", "-euc", script+"wait\n")
	shell.Dir, shell.Env = dir, append(os.Environ(), env...)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	shell.Stdout, shell.Stderr = log, log
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-shell.Process.Pid, syscall.SIGTERM)
		_ = shell.Wait()
		if said, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s", said)
		}
	})
	status := func(address, path string) int {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	for end := time.Now().Add(2 * time.Minute); status(nodes[0], "/ready") != 200 || status(nodes[1], "/ready") != 200; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the nodes are not ready")
		}
	}
	secret := append(env, "CENTRIRPC_SECRET=a secret of this page's test, long enough")
	token := run(t, dir, secret, "go", "tool", "centrirpc", "token", "-user", "456")
	for _, address := range nodes {
		out := run(t, dir, secret, "go", "tool", "centrirpc", "call", "-url", "ws://"+address+"/connection/websocket", "-token", token,
			"greet.hello", `{"name": "Ada", "tone": "loud"}`)
		if !strings.Contains(out, greeting) {
			t.Errorf("%s says %q", address, out)
		}
	}
	redis.Kill()
	for _, address := range nodes {
		until(t, "a node that is not ready without Redis", func() bool { return status(address, "/ready") == http.StatusServiceUnavailable })
		if got := status(address, "/health"); got != 200 {
			t.Errorf("without Redis /health has status %d", got)
		}
	}
	redis.Restart()
	for _, address := range nodes {
		until(t, "a node that is ready with Redis", func() bool { return status(address, "/ready") == 200 })
	}
}

// What the page types at programs that are not here names files that are. In their place
// are stand-ins that tell what they were asked.
func TestTheCommandsOfThePage(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, tools := deployBlocks(t, root), t.TempDir()
	for _, name := range []string{"sudo", "docker", "kubectl"} {
		path := filepath.Join(tools, name)
		write(t, path, "#!/bin/sh\nprintf '%s' \"${0##*/}\"\nprintf ' %s' \"$@\"\necho\n")
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]string{
		"nginx":      {"sudo cp deploy/nginx/centrirpc.conf /etc/nginx/conf.d/", "sudo sed -i -e s/node1:8000/10.0.0.1:8000/", "sudo nginx -t", "sudo systemctl reload nginx"},
		"compose":    {"docker compose -f deploy/compose/compose.yaml up --build --wait"},
		"centrifugo": {"docker compose -f deploy/centrifugo/compose.yaml up --build --wait"},
		"kubernetes": {"kubectl create secret generic app --from-literal=secret=", "kubectl apply -f deploy/kubernetes"},
	} {
		said := strings.Split(typed(t, root, []string{"PATH=" + tools + string(os.PathListSeparator) + os.Getenv("PATH")}, page[name]), "\n")
		if len(said) != len(want) {
			t.Errorf("%s: %q; want %q", name, said, want)
			continue
		}
		for i, line := range said {
			if !strings.HasPrefix(line, want[i]) {
				t.Errorf("%s: %q; want %q", name, line, want[i])
			}
			for word := range strings.FieldsSeq(line) {
				if _, err := os.Stat(filepath.Join(root, word)); strings.HasPrefix(word, "deploy/") && err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// The page's times are those of the files.
func TestTheTimesOfThePage(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text := func(path string) string {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	page := text(deployPage)
	for _, c := range []struct{ says, file, holds string }{
		{"60 s for 25 s and 10 s", "deploy/nginx/centrirpc.conf", "proxy_read_timeout 60s;"},
		{"60 s for 25 s and 10 s", "server/config.go", "PingInterval, 25*time.Second"},
		{"`proxy_connect_timeout`, 1 s", "deploy/nginx/centrirpc.conf", "proxy_connect_timeout 1s;"},
		{"2,000 connections", "deploy/nginx/centrirpc.conf", "limit_conn connections 2000;"},
		{"100 handshakes a second (500 at once)", "deploy/nginx/centrirpc.conf", "rate=100r/s;"},
		{"100 handshakes a second (500 at once)", "deploy/nginx/centrirpc.conf", "burst=500 nodelay;"},
		{"for up to an hour", "deploy/nginx/nginx.conf", "worker_shutdown_timeout 1h;"},
		{"`stop_grace_period` is 35 s", "deploy/compose/compose.yaml", "stop_grace_period: 35s"},
		{"`stop_grace_period` is 35 s as well", "deploy/centrifugo/compose.yaml", "stop_grace_period: 35s"},
		{"`TimeoutStopSec` is 35 s", "deploy/systemd/greeter.service", "TimeoutStopSec=35s"},
		{"| `preStop` | 5 s |", "deploy/kubernetes/deployment.yaml", "seconds: 5"},
		{"| `terminationGracePeriodSeconds` | 40 s |", "deploy/kubernetes/deployment.yaml", "terminationGracePeriodSeconds: 40"},
		{"25 s at most (`DrainTimeout`)", "server/config.go", "DrainTimeout, 25*time.Second"},
		{"CPU at 60 %, down by one pod in 2 min", "deploy/kubernetes/horizontalpodautoscaler.yaml", "averageUtilization: 60"},
		{"CPU at 60 %, down by one pod in 2 min", "deploy/kubernetes/horizontalpodautoscaler.yaml", "periodSeconds: 120"},
	} {
		if !strings.Contains(page, c.says) || !strings.Contains(text(c.file), c.holds) {
			t.Errorf("%s says %q, and %s has %q: one of them is gone", deployPage, c.says, c.file, c.holds)
		}
	}
}
