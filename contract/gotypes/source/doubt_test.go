package source_test

import (
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

func TestDoubtsAboutTags(t *testing.T) {
	s := module(t, map[string]string{"api/api.go": "package api\n\ntype Task struct {\n" +
		"	A string `vaildate:\"min=1\"`\n" + // line 4
		"	B, C int `jsno:\"b\"`\n" +
		"	D int `json:\"d\" binding:\"required\"`\n" +
		"	In struct {\n" +
		"		E int `JSON:\"e\" Validate:\"min=1\"`\n" +
		"	} `json:\"in\"`\n" +
		"	F int `json:\"f\" bson:\"f\" binding:\"required\" validate:\"min=1\"`\n" +
		"	G int `bson:\"g\" db:\"g\" yaml:\"g\"`\n" +
		"	hidden\n}\n\ntype hidden struct {\n	H int `jsom:\"h\"`\n}\n"})
	c := &contract.Contract{Version: contract.Version, Name: "api", Methods: []contract.Method{}, Types: []contract.NamedType{
		{Name: "Task", Kind: contract.Struct, Origin: "example.org/m/api.Task"},
		{Name: "TaskIn", Kind: contract.Struct, Origin: "example.org/m/api.Task.In"},
	}}
	enrich(t, s, c)
	want := []string{
		"api/api.go:4: A: its tag has the key vaildate, whose rules nothing checks; write validate",
		"api/api.go:5: B, C: its tag has the key jsno, which encoding/json does not read; write json",
		"api/api.go:6: D: its tag has the key binding, whose rules nothing checks here; write validate, with the rules of github.com/go-playground/validator",
		"api/api.go:16: H: its tag has the key jsom, which encoding/json does not read; write json",
		"api/api.go:8: E: its tag has the key JSON, which encoding/json does not read; write json",
		"api/api.go:8: E: its tag has the key Validate, whose rules nothing checks; write validate",
	}
	got := s.Doubts()
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i].Error() != want[i] {
			t.Errorf("%q; want %q", got[i].Error(), want[i])
		}
	}
}
