package conformance

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/api"
	"github.com/centrirpc/centrirpc/conformance/process"
)

// classes are the names of error classes by code.
var classes = map[int]string{}

func init() {
	data, err := os.ReadFile("../wire/testdata/codes.json")
	if err != nil {
		panic(err)
	}
	var codes []struct {
		Code  int    `json:"code"`
		Class string `json:"class"`
	}
	if err := json.Unmarshal(data, &codes); err != nil {
		panic(err)
	}
	for _, c := range codes {
		classes[c.Code] = c.Class
	}
}

// TestConformance runs every case through the client of every language, and in Go
// over both forms of the Centrifuge protocol. A test's name is language/case.
func TestConformance(t *testing.T) {
	runSuite(t, process.StartServer(t), "")
}

// runSuite runs the suite against what serves at an address. differences is the file
// of the cases that must end otherwise there; empty if there are none.
func runSuite(t *testing.T, address, differences string) {
	server := "ws://" + address + "/connection/websocket"
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			if reason := language.missing(); reason != "" {
				process.Missing(t, reason)
			}
			user := "user-" + language.name
			cases := loadCases(t, language.kin, user)
			different := loadDifferences(t, differences, user)
			known := loadKnownFailing(t, language.name, cases)
			driver := language.start(t, server)
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) {
					outcomes := driver.run(t, c)
					faults := judge("step", c.Steps, outcomes)
					reason, expected := known[c.Name]
					imposed, differs := different[c.Name]
					switch {
					case differs && len(faults) == 0:
						t.Errorf("it passes now: take it out of %s (%s)", differences, imposed.Reason)
					case differs:
						steps, err := imposed.steps(c.Steps)
						if err != nil {
							t.Fatal(err)
						}
						for _, fault := range judge("step", steps, outcomes) {
							t.Errorf("%s\n\t(%s says that it differs: %s)", fault, differences, imposed.Reason)
						}
					case expected && len(faults) == 0:
						t.Errorf("it passes now: take it out of known_failing/%s.json (%s)", language.name, reason)
					case expected:
						t.Logf("known to fail: %s", reason)
					default:
						for _, fault := range faults {
							t.Error(fault)
						}
						if len(faults) > 0 {
							t.Log("why this case exists: " + c.Why)
						}
					}
				})
			}
			roundTrips(t, driver, language.kin)
		})
	}
}

// loadKnownFailing reads the cases that a language does not pass yet, each with
// the reason. A case that passes must be taken out.
func loadKnownFailing(t *testing.T, language string, cases []testCase) map[string]string {
	t.Helper()
	data, err := os.ReadFile("known_failing/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]string
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatalf("known_failing/%s.json: %v", language, err)
	}
	for name, reason := range known {
		if !slices.ContainsFunc(cases, func(c testCase) bool { return c.Name == name }) {
			t.Errorf("known_failing/%s.json: there is no case %q", language, name)
		}
		if reason == "" {
			t.Errorf("known_failing/%s.json: %q says no reason", language, name)
		}
	}
	return known
}

// TestCasesCoverEveryMethod keeps the suite whole: a method that no case calls
// is not tested, and a case that calls no method of the router is a mistake,
// unless it says that it goes past the typed client.
func TestCasesCoverEveryMethod(t *testing.T) {
	called := map[string]bool{}
	var visit func([]step)
	visit = func(steps []step) {
		for _, s := range steps {
			if s.Via == "" {
				called[s.Call+s.Notify+s.Stream] = true
			}
			visit(s.Together)
			visit(s.Steps)
		}
	}
	total := 0
	for _, c := range loadCases(t, "go", "user") {
		visit(c.Steps)
		total++
	}
	delete(called, "")
	for _, m := range valueMethods {
		called[m] = true
	}
	for _, m := range api.NewRouter().Methods() {
		if !called[m.Name] {
			t.Errorf("no case calls %s through the typed client", m.Name)
		}
		delete(called, m.Name)
	}
	for m := range called {
		t.Errorf("a case calls %s, which the router does not have", m)
	}
	t.Logf("%d cases", total)
}

// TestGeneratedClientsAreCurrent fails when the clients in sdk/ are not what the
// generator makes of the API now.
func TestGeneratedClientsAreCurrent(t *testing.T) {
	process.Run(t, nil, "go", "run", "../cmd/centrirpc", "generate", "./api", "-o", "sdk", "-check")
}

// caseDeadline bounds one case; none waits for time to pass.
const caseDeadline = 30 * time.Second
