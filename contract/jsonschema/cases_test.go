package jsonschema_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
	"github.com/centrirpc/centrirpc/internal/tools"
)

var update = flag.Bool("update", false, "write the golden files and record the cases anew")

// python is the interpreter with the Pydantic that the cases are recorded from.
func python(t *testing.T) string {
	t.Helper()
	return tools.Path(t, "../../.venv/bin/python")
}

// The recorded cases are what the installed Pydantic writes.
func TestCasesAreRecorded(t *testing.T) {
	fresh := t.TempDir()
	out, err := exec.Command(python(t), "testdata/make_cases.py", fresh).CombinedOutput()
	if err != nil {
		t.Fatalf("make_cases.py: %v\n%s", err, out)
	}
	names := map[string]bool{}
	for _, folder := range []string{fresh, "testdata/cases"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases in %s: %v", folder, err)
		}
		for _, file := range files {
			names[filepath.Base(file)] = true
		}
	}
	for name := range names {
		recorded, _ := os.ReadFile(filepath.Join("testdata/cases", name))
		got, _ := os.ReadFile(filepath.Join(fresh, name))
		if bytes.Equal(recorded, got) {
			continue
		}
		if !*update {
			t.Errorf("testdata/cases/%s is stale: run go test ./contract/jsonschema -update", name)
		} else if got == nil {
			os.Remove(filepath.Join("testdata/cases", name))
		} else if err := os.WriteFile(filepath.Join("testdata/cases", name), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Each case becomes the contract in testdata/contracts, or the refusals there.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	want := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, problems, err := jsonschema.Convert(data)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata/contracts", name+".json")
			got := []byte(nil)
			if len(problems) > 0 {
				golden = filepath.Join("testdata/contracts", name+".txt")
				got = []byte(problems.Error() + "\n")
				checkProblems(t, problems)
			} else {
				got = encoded(t, c)
			}
			want[filepath.Base(golden)] = true
			if *update {
				if err := os.MkdirAll("testdata/contracts", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, expected) {
				t.Errorf("%s differs (run with -update and look at the diff); got:\n%s", golden, got)
			}
		})
	}
	goldens, err := filepath.Glob("testdata/contracts/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, golden := range goldens {
		if !want[filepath.Base(golden)] {
			t.Errorf("%s belongs to no case: remove it", golden)
		}
	}
}

// encoded is the contract's JSON, which reads back as the same contract.
func encoded(t *testing.T, c *contract.Contract) []byte {
	t.Helper()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	first, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := contract.Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("the contract reads back as another:\n%s\n%s", first, second)
	}
	return first
}

func checkProblems(t *testing.T, problems contract.Problems) {
	t.Helper()
	for _, p := range problems {
		if p.Path == "" || p.Reason == "" || p.Fix == "" {
			t.Errorf("a problem lacks its path, reason or fix: %+v", p)
		}
	}
}
