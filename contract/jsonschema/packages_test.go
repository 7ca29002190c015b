package jsonschema_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
)

// Every model of public packages converts, or is refused with path, reason and
// fix. The files are recorded by testdata/record_package.py from openai 3.54.0,
// mcp-types 2.3.0 and ag-ui-protocol 1.0.0: each model is taken and returned by a
// method of its own.
func TestPackages(t *testing.T) {
	refused := map[string]int{ // everything else converts
		"openai.types": 9, // models called X and XInput, where X is accepted in another form than sent
		"mcp_types":    0,
		"ag_ui":        0,
	}
	for name, want := range refused {
		t.Run(name, func(t *testing.T) {
			data := unpacked(t, filepath.Join("testdata/packages", name+".json.gz"))
			found, err := jsonschema.Found(data)
			if err != nil {
				t.Fatal(err)
			}
			c, problems, err := jsonschema.Convert(data)
			if err != nil {
				t.Fatal(err)
			}
			checkProblems(t, problems)
			t.Logf("%d types found, %d refused", found, len(problems))
			reasons := map[string]int{}
			for _, p := range problems {
				reasons[particulars.ReplaceAllString(p.Reason, "")]++
			}
			for _, reason := range slices.Sorted(maps.Keys(reasons)) {
				t.Logf("refused %d times: %s", reasons[reason], reason)
			}
			if len(problems) != want {
				t.Errorf("%d problems, want %d:\n%v", len(problems), want, problems)
			}
			if c != nil {
				report(t, c)
			}
		})
		// Without params no model has two forms, so no name is taken.
		t.Run(name+" results", func(t *testing.T) {
			c, problems, err := jsonschema.Convert(withoutParams(t, unpacked(t, filepath.Join("testdata/packages", name+".json.gz"))))
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			report(t, c)
		})
	}
}

var particulars = regexp.MustCompile(`: .*`)

func report(t *testing.T, c *contract.Contract) {
	t.Helper()
	encoded(t, c)
	kinds := map[contract.Kind]int{}
	for _, n := range c.Types {
		kinds[n.Kind]++
	}
	t.Logf("%d methods, %d types in the contract: %v", len(c.Methods), len(c.Types), kinds)
}

func withoutParams(t *testing.T, data []byte) []byte {
	t.Helper()
	var file map[string]json.RawMessage
	var methods []map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file["methods"], &methods); err != nil {
		t.Fatal(err)
	}
	for _, m := range methods {
		m["params"] = json.RawMessage("null")
	}
	var err error
	if file["methods"], err = json.Marshal(methods); err != nil {
		t.Fatal(err)
	}
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	return data
}

func unpacked(t testing.TB, file string) []byte {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func BenchmarkConvert(b *testing.B) {
	data := unpacked(b, "testdata/packages/openai.types.json.gz")
	for b.Loop() {
		if _, _, err := jsonschema.Convert(data); err != nil {
			b.Fatal(err)
		}
	}
}
