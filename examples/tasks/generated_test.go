package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/internal/tools"
)

// The clients in sdk and the contract are what the command makes of the API.
func TestGeneratedIsFresh(t *testing.T) {
	centrirpc := func(args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "github.com/centrirpc/centrirpc/cmd/centrirpc"}, args...)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("centrirpc %s: %v\n%s\nrun go generate ./examples/tasks/api", strings.Join(args, " "), err, stderr.String())
		}
		return out
	}
	centrirpc("generate", "./api", "-o", "sdk", "-check")

	contract := centrirpc("contract", "./api")
	centrifugo := centrirpc("centrifugo-config", "./api", "-redis", "-backend", "http://nginx:9000", "-origin", "http://127.0.0.1:8080", "-max-message-size", "1048576")
	if recorded, err := os.ReadFile("../../deploy/centrifugo/centrifugo.yaml"); err != nil || !bytes.Equal(recorded, centrifugo) {
		t.Errorf("deploy/centrifugo/centrifugo.yaml is stale, %v: run centrirpc centrifugo-config as this test does", err)
	}
	for _, path := range []string{"api/contract.json", "sdk/contract.json"} {
		if recorded, err := os.ReadFile(path); err != nil || !bytes.Equal(recorded, contract) {
			t.Errorf("%s is stale, %v: run go generate ./examples/tasks/api", path, err)
		}
	}
}

// modules checks that Node's packages are there.
func modules(t *testing.T) {
	t.Helper()
	for _, module := range []string{"esbuild", "centrifuge", "playwright-core", "typescript"} {
		tools.Path(t, filepath.Join("web/node_modules", module))
	}
}

func inWeb(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = "web"
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// The page that is embedded is what its source makes.
func TestPageIsFresh(t *testing.T) {
	modules(t)
	inWeb(t, nil, "node_modules/.bin/tsc", "--project", ".")

	var manifest struct{ Scripts map[string]string }
	data, err := os.ReadFile("web/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	build := strings.Fields(manifest.Scripts["build"])
	if len(build) == 0 || build[0] != "esbuild" || build[len(build)-1] != "--outdir=dist" {
		t.Fatalf("the build script is %q; this test knows esbuild … --outdir=dist", build)
	}
	fresh := t.TempDir()
	inWeb(t, nil, "node_modules/.bin/esbuild", append(build[1:len(build)-1], "--log-level=warning", "--outdir="+fresh)...)
	want, got := files(t, fresh), files(t, "web/dist")
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("web/dist/%s is stale: run npm run build in examples/tasks/web", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("web/dist/%s is not of the build: remove it", name)
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, entry := range entries {
		if all[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The page works in Chromium, on the program as it is.
func TestPageInBrowser(t *testing.T) {
	modules(t)
	inWeb(t, []string{"TASKS_PROGRAM=" + program}, "node", "--test", "--test-timeout=120000", "browser.test.mjs", "import.test.mjs")
}
