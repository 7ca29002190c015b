package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// board is a contract with a place for more fields of the params and the result.
func board(params, result string) string {
	return `{"centrirpc":1,"name":"board","methods":[{"name":"tasks.create","kind":"call","params":{"kind":"ref","ref":"P"},"result":{"kind":"ref","ref":"R"}}],"types":[
		{"name":"P","kind":"struct","fields":[{"name":"title","type":{"kind":"string"},"required":true}` + params + `]},
		{"name":"R","kind":"struct","fields":[{"name":"id","type":{"kind":"string"},"required":true}` + result + `]}]}`
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "old.json", board("", ""))
	write(t, dir, "broken.json", board(`,{"name":"due","type":{"kind":"string"},"required":true}`, `,{"name":"tags","type":{"kind":"any"}}`))
	write(t, dir, "fine.json", board(`,{"name":"due","type":{"kind":"string"},"doc":"When."}`, ""))

	const due = "tasks.create params.due: new, required"
	const lines = "breaking       " + due + "\ncompatible     tasks.create result.tags: new, optional\n\n1 breaking, 1 compatible, 0 documentation\n"
	if o := run(t, "diff", "old.json", "broken.json"); o != (outcome{code: exitFailed, stdout: lines}) {
		t.Errorf("%+v", o)
	}
	if o := run(t, "diff", "old.json", "fine.json"); o != (outcome{stdout: "compatible     tasks.create params.due: new, optional\n\n0 breaking, 1 compatible, 0 documentation\n"}) {
		t.Errorf("%+v", o)
	}
	if o := run(t, "diff", "old.json", "old.json"); o != (outcome{stdout: "0 breaking, 0 compatible, 0 documentation\n"}) {
		t.Errorf("%+v", o)
	}

	allowed := outcome{stdout: strings.Replace(strings.Replace(lines, "breaking       ", "allowed        ", 1), "1 breaking, 1 compatible, 0 documentation", "0 breaking, 1 compatible, 0 documentation, 1 allowed", 1)}
	write(t, dir, "place.txt", "# why\n\ntasks.create params.due\n")
	write(t, dir, "line.txt", "breaking       "+due+"\r\n")
	for _, value := range []string{"tasks.create params.due", due, "place.txt", "line.txt"} {
		if o := run(t, "diff", "old.json", "broken.json", "-allow", value); o != allowed {
			t.Errorf("-allow %q: %+v", value, o)
		}
	}
	o := run(t, "diff", "-allow", "place.txt", "-allow=tasks.create", "-allow", "tasks.delete", "old.json", "broken.json")
	if o.code != exitOK || o.stdout != allowed.stdout || o.stderr != "centrirpc: allowed but not there: tasks.create\ncentrirpc: allowed but not there: tasks.delete\n" {
		t.Errorf("%+v", o)
	}
	if o := run(t, "diff", "-allow", "tasks.create result.tags", "old.json", "broken.json"); o.code != exitFailed || !strings.Contains(o.stderr, "not there: tasks.create result.tags") {
		t.Errorf("another place is allowed: %+v", o)
	}

	var v struct {
		Changes []struct {
			Class, Subject, Path, What string
			Allowed                    bool
		}
		Breaking, Compatible, Documentation, Allowed int
		Unused                                       []string `json:"unused_allowances"`
	}
	o = run(t, "diff", "-json", "old.json", "broken.json", "-allow", "tasks.create params.due", "-allow", "x")
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil || o.code != exitOK || o.stderr != "" {
		t.Fatalf("%v: %+v", err, o)
	}
	if c := v.Changes[0]; len(v.Changes) != 2 || c.Class != "breaking" || c.Subject != "tasks.create" || c.Path != "params.due" || c.What != "new, required" || !c.Allowed {
		t.Errorf("%+v", v)
	}
	if v.Breaking != 0 || v.Compatible != 1 || v.Allowed != 1 || len(v.Unused) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestDiffWithAPackage(t *testing.T) {
	dir := newModule(t, map[string]string{"api/api.go": api(tasks)})
	if o := run(t, "contract", "./api", "-o", "old.json"); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	if o := run(t, "diff", "old.json", "./api"); o.code != exitOK || o.stdout != "0 breaking, 0 compatible, 0 documentation\n" {
		t.Errorf("%+v", o)
	}
	source, err := os.ReadFile("api/api.go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "api/api.go", strings.ReplaceAll(string(source), "tasks.get_stats", "tasks.count"))
	if o := run(t, "diff", "old.json", "./api"); o.code != exitFailed || !strings.Contains(o.stdout, "breaking       tasks.get_stats: removed\n") {
		t.Errorf("%+v", o)
	}
}

func TestDiffRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "old.json", board("", ""))
	write(t, dir, "new.json", strings.Replace(board("", ""), `"centrirpc":1`, `"centrirpc":2`, 1))
	write(t, dir, "other.json", "{}")
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"diff"}, []string{"give the old and the new contract", "centrirpc diff -h"}},
		{[]string{"diff", "old.json"}, []string{"give the old and the new contract"}},
		{[]string{"diff", "old.json", "old.json", "old.json"}, []string{"give the old and the new contract"}},
		{[]string{"diff", "old.json", "absent.json"}, []string{"absent.json"}},
		{[]string{"diff", "other.json", "old.json"}, []string{"other.json: not a contract"}},
		{[]string{"diff", "old.json", "new.json"}, []string{"new.json", "update centrirpc"}},
		{[]string{"diff", "old.json", "old.json", "-func", "New"}, []string{"-func is for Go packages"}},
		{[]string{"diff", "old.json", "old.json", "-allow", "absent.txt"}, []string{"absent.txt", "no such file"}},
		{[]string{"diff", "old.json", "old.json", "-allow", ""}, []string{"give a place"}},
		{[]string{"diff", "old.json", "old.json", "-alow", "x"}, []string{"did you mean -allow?"}},
	} {
		run(t, test.args...).refuses(t, exitUsage, test.want...)
	}
}
