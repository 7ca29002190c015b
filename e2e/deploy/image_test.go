package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// The image's instructions are read as Docker reads them. Its commands for building, and
// for asking whether a node is well, are run as they are, without Docker.
func TestImage(t *testing.T) {
	parsed, err := parser.Parse(strings.NewReader(read(t, "deploy/compose/Dockerfile")))
	if err != nil || len(parsed.Warnings) > 0 {
		t.Fatalf("%v, %v", err, parsed.Warnings)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	built := built(t, stages[0])
	last := stages[len(stages)-1]
	var entry, args, check []string
	user := ""
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = c.CmdLine
		case *instructions.CmdCommand:
			args = c.CmdLine
		case *instructions.HealthCheckCommand:
			check = c.Health.Test
		}
	}
	if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		t.Errorf("the program runs as %q", user)
	}
	if !slices.Equal(entry, []string{"/tasks"}) || len(check) != 4 || check[0] != "CMD" || check[1] != entry[0] {
		t.Fatalf("the entry point is %q, and the check %q", entry, check)
	}

	// As the container, on another port.
	dir := t.TempDir()
	for i := range args {
		args[i] = strings.NewReplacer("0.0.0.0:8000", "127.0.0.1:0", "/data/", dir+"/").Replace(args[i])
	}
	program := exec.Command(built, args...)
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	})
	said := make([]byte, 200)
	n, err := stdout.Read(said)
	address := regexp.MustCompile(`http://\S+`).FindString(string(said[:n]))
	if address == "" {
		t.Fatalf("the program said %q, %v", said[:n], err)
	}
	asked := strings.Replace(check[3], "http://127.0.0.1:8000", address, 1)
	if out, err := exec.Command(built, check[2], asked).CombinedOutput(); err != nil {
		t.Errorf("the check %q says: %v, %s", asked, err, out)
	}
	if out, err := exec.Command(built, check[2], address+"/none").CombinedOutput(); err == nil {
		t.Errorf("the check finds well what is not there: %s", out)
	}

	// The probes of Kubernetes are for paths that are there.
	c := readManifests(t).container()
	for _, path := range []string{c.ReadinessProbe.HTTPGet.Path, c.LivenessProbe.HTTPGet.Path, c.StartupProbe.HTTPGet.Path} {
		if out, err := exec.Command(built, "-check", address+path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v, %s", path, err, out)
		}
	}
}

// built runs the stage's command that builds, and returns the program.
func built(t *testing.T, stage instructions.Stage) string {
	t.Helper()
	dir := t.TempDir()
	for _, command := range stage.Commands {
		run, ok := command.(*instructions.RunCommand)
		if !ok || !strings.Contains(run.CmdLine[0], "go build") {
			continue
		}
		cmd := exec.Command("sh", "-c", strings.Replace(run.CmdLine[0], "/out/", dir+"/", 1))
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", run.CmdLine[0], err, out)
		}
		program := filepath.Join(dir, "tasks")
		if _, err := os.Stat(program); err != nil {
			t.Fatal(err)
		}
		return program
	}
	t.Fatal("nothing is built")
	return ""
}
