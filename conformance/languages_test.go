package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// language is one of the ways to call.
type language struct {
	name string
	kin  string // the language as cases name it
	// missing names what must be set up first, or is empty.
	missing func() string
	// command builds the driver and says how to start it.
	command func(t *testing.T) *exec.Cmd
}

func (l language) start(t *testing.T, server string) *driver {
	t.Helper()
	return startDriver(t, l.command(t), server, "user-"+l.name)
}

const (
	nodeModules = "../sdk/typescript/node_modules"
	python      = "../.venv/bin/python"
)

var languages = []language{
	{"typescript", "typescript", missingNode, typescriptDriver},
	{"python", "python", missingPython, pythonDriver},
	{"go", "go", missingNothing, goDriver},
	{"go-protobuf", "go", missingNothing, goProtobufDriver},
}

func missingNothing() string { return "" }

func missingNode() string {
	if _, err := exec.LookPath("node"); err != nil {
		return "node"
	}
	for _, name := range []string{".bin/tsc", ".bin/esbuild", "centrifuge", "ws"} {
		if _, err := os.Stat(filepath.Join(nodeModules, name)); err != nil {
			return "sdk/typescript/node_modules/" + name
		}
	}
	return ""
}

func missingPython() string {
	if _, err := os.Stat(python); err != nil {
		return ".venv"
	}
	return ""
}

// typescriptDriver checks the driver with the generated client as strictly as
// the compiler can, and bundles both.
func typescriptDriver(t *testing.T) *exec.Cmd {
	t.Helper()
	process.Run(t, nil, nodeModules+"/.bin/tsc", "-p", "drivers/typescript/tsconfig.json")
	bundle := filepath.Join(t.TempDir(), "driver.mjs")
	// The generated client's folder has no node_modules of its own here.
	modules, err := filepath.Abs(nodeModules)
	if err != nil {
		t.Fatal(err)
	}
	process.Run(t, []string{"NODE_PATH=" + modules}, nodeModules+"/.bin/esbuild", "drivers/typescript/driver.ts",
		"--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", "--outfile="+bundle,
		"--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);")
	return exec.Command("node", "--enable-source-maps", bundle)
}

// pythonDriver runs the driver with the generated package as if it were
// installed: its folder is that of the package.
func pythonDriver(t *testing.T) *exec.Cmd {
	t.Helper()
	site := t.TempDir()
	generated, err := filepath.Abs("sdk/python")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(generated, filepath.Join(site, "conformance_client")); err != nil {
		t.Fatal(err)
	}
	process.Run(t, []string{"MYPYPATH=" + site}, python, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", filepath.Join(t.TempDir(), "mypy"), "drivers/python/driver.py")
	cmd := exec.Command(python, "-X", "dev", "-W", "error::ResourceWarning", "drivers/python/driver.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func goDriver(t *testing.T) *exec.Cmd {
	t.Helper()
	return exec.Command(process.Build(t, "github.com/centrirpc/centrirpc/conformance/drivers/go"))
}

// goProtobufDriver speaks the protobuf form of the Centrifuge protocol.
func goProtobufDriver(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := goDriver(t)
	cmd.Args = append(cmd.Args, "-protobuf")
	return cmd
}
