package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// difference is a case that must end otherwise in one way of serving.
type difference struct {
	// Reason is why it cannot end as the case says.
	Reason string `json:"reason"`
	// Expect is what each of the case's steps comes to instead; null where it comes to
	// what the case says.
	Expect []*expectation `json:"expect"`
}

// loadDifferences reads the cases that end otherwise in one way of serving, for one
// user. No file means that there are none.
func loadDifferences(t *testing.T, file, user string) map[string]difference {
	t.Helper()
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(data, []byte("$user"), []byte(user))))
	decoder.DisallowUnknownFields()
	var differences map[string]difference
	if err := decoder.Decode(&differences); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	cases := loadCases(t, "go", user)
	for name, d := range differences {
		at := slices.IndexFunc(cases, func(c testCase) bool { return c.Name == name })
		if at < 0 {
			t.Errorf("%s: there is no case %q", file, name)
			continue
		}
		if _, err := d.steps(cases[at].Steps); err != nil {
			t.Errorf("%s: %q: %v", file, name, err)
		}
	}
	return differences
}

// steps are the case's, with what they come to here.
func (d difference) steps(usual []step) ([]step, error) {
	if d.Reason == "" {
		return nil, fmt.Errorf("it says no reason")
	}
	if len(d.Expect) != len(usual) {
		return nil, fmt.Errorf("it expects something of %d steps, and the case has %d", len(d.Expect), len(usual))
	}
	steps := slices.Clone(usual)
	others := 0
	for i, expect := range d.Expect {
		if expect == nil {
			continue
		}
		if len(steps[i].Together) > 0 || len(steps[i].Steps) > 0 {
			return nil, fmt.Errorf("step %d has steps of its own", i)
		}
		steps[i].Expect = expect
		others++
	}
	if others == 0 {
		return nil, fmt.Errorf("no step differs")
	}
	return steps, nil
}

// TestDifferencesAreJudged has one that ends as nobody wrote down fail: a difference
// is no leave to end in any way.
func TestDifferencesAreJudged(t *testing.T) {
	d := loadDifferences(t, centrifugoDifferences, "user")["token_without_user"]
	cases := loadCases(t, "go", "user")
	c := cases[slices.IndexFunc(cases, func(c testCase) bool { return c.Name == "token_without_user" })]
	steps, err := d.steps(c.Steps)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(code int) []outcome {
		return []outcome{{ClientError: "ConnectError", Code: code, Message: "not connected"}}
	}
	for _, test := range []struct {
		steps []step
		code  int
		fits  bool
	}{{steps, 3507, true}, {steps, 3500, false}, {steps, 100, false}, {c.Steps, 3500, true}, {c.Steps, 3507, false}} {
		if faults := judge("step", test.steps, refused(test.code)); (len(faults) == 0) != test.fits {
			t.Errorf("refused with %d: %q", test.code, faults)
		}
	}
	if _, err := (difference{Reason: "x", Expect: []*expectation{nil}}).steps(c.Steps); err == nil {
		t.Error("a difference in which nothing differs is taken")
	}
}

// TestDifferencesAreDocumented keeps the two lists of what differs behind Centrifugo
// whole: both name the case of each difference, and no other.
func TestDifferencesAreDocumented(t *testing.T) {
	named := regexp.MustCompile(`\(case ([a-z_, ]+)\)`)
	for file, part := range map[string][2]string{
		"../server/centrifugo/doc.go": {"// # What differs", "// # "},
		"../PROTOCOL.md":              {"## 9. Behind Centrifugo", "\n## "},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, section, found := strings.Cut(string(text), part[0])
		if !found {
			t.Errorf("%s has no %q", file, part[0])
		}
		section, _, _ = strings.Cut(section, part[1])
		section = strings.Join(strings.Fields(strings.ReplaceAll(section, "//", "")), " ")
		listed := map[string]bool{}
		for _, match := range named.FindAllStringSubmatch(strings.ReplaceAll(section, "`", ""), -1) {
			for name := range strings.SplitSeq(match[1], ", ") {
				listed[name] = true
			}
		}
		for name := range loadDifferences(t, centrifugoDifferences, "user") {
			if !listed[name] {
				t.Errorf("%s does not name the case %s", file, name)
			}
			delete(listed, name)
		}
		for name := range listed {
			t.Errorf("%s names %s, which is none of %s", file, name, centrifugoDifferences)
		}
	}
}
