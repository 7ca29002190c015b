package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
	"github.com/centrirpc/centrirpc/examples/django"
	"github.com/centrirpc/centrirpc/examples/tasks/api"
	"github.com/centrirpc/centrirpc/examples/tasks/store"
	"github.com/centrirpc/centrirpc/internal/tools"
	"github.com/centrirpc/centrirpc/wire"
)

// The same API stands twice here: as Go code in api, and as Pydantic handlers in
// pydantic. These tests hold that their clients are the same too.

// sources is a folder with a client of each: of_go and of_pydantic.
type sources struct {
	repository, dir string
	python          string
}

func newSources(t *testing.T) *sources {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &sources{repository: repository, dir: t.TempDir(), python: filepath.Join(repository, ".venv/bin/python")}
	for _, path := range []string{s.python, filepath.Join(repository, "sdk/typescript/node_modules/.bin/tsc")} {
		tools.Path(t, path)
	}
	if err := os.Symlink(filepath.Join(repository, "sdk/typescript/node_modules"), filepath.Join(s.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	centrirpc := filepath.Join(t.TempDir(), "centrirpc")
	s.run(t, repository, nil, "", "go", "build", "-o", centrirpc, "./cmd/centrirpc")
	export := filepath.Join(t.TempDir(), "export.json")
	s.run(t, "pydantic", s.withSDK(), "", s.python, "-m", "centrirpc", "export", "handlers", "-o", export, "--name", "tasks")
	for name, source := range map[string]string{"of_go": ofGoAlone(t, "api/contract.json"), "of_pydantic": export} {
		s.run(t, "", nil, "", centrirpc, "generate", source, "-o", filepath.Join(s.dir, name), "-ts-validate", "-go-module", "example.org/tasks", "-go-replace", repository)
	}
	return s
}

// ofGoAlone is a contract without what the Django project serves, and without its streams,
// which Python handlers cannot be, and the types that only they use.
func ofGoAlone(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, problems, err := jsonschema.Convert(django.Contract)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	all := len(c.Methods) - len(elsewhere.Methods)
	c.Methods = slices.DeleteFunc(c.Methods, func(m contract.Method) bool { return elsewhere.Method(m.Name) != nil })
	if len(c.Methods) != all {
		t.Fatal("not all of the Django project's methods are there")
	}
	c.Methods = slices.DeleteFunc(c.Methods, func(m contract.Method) bool { return m.Kind == contract.Stream })
	if len(c.Methods) == all {
		t.Fatal("there are no streams")
	}
	c.Types = slices.DeleteFunc(c.Types, func(typ contract.NamedType) bool {
		return elsewhere.Type(typ.Name) != nil || strings.HasPrefix(typ.Name, "TaskImport")
	})
	c.Errors = slices.DeleteFunc(c.Errors, func(e contract.ErrorType) bool { return elsewhere.Error(e.Code) != nil })
	if data, err = c.Encode(); err != nil {
		t.Fatal(err)
	}
	rest := filepath.Join(t.TempDir(), "contract.json")
	if err := os.WriteFile(rest, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return rest
}

func (s *sources) withSDK() []string {
	return []string{"PYTHONPATH=" + filepath.Join(s.repository, "sdk/python"), "PYTHONDONTWRITEBYTECODE=1"}
}

func (s *sources) run(t *testing.T, dir string, env []string, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), env...), strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

// compile has the strict checkers of the three languages read a client.
func (s *sources) compile(t *testing.T, source string) {
	t.Helper()
	client := filepath.Join(s.dir, source)
	s.run(t, filepath.Join(client, "typescript"), nil, "", filepath.Join(s.dir, "node_modules/.bin/tsc"), "--strict")
	s.run(t, client, nil, "", s.python, "-m", "mypy", "--strict", "python")
	sum, err := os.ReadFile(filepath.Join(s.repository, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(client, "go/go.sum"), sum, 0o644); err != nil {
		t.Fatal(err)
	}
	s.run(t, filepath.Join(client, "go"), []string{"GOWORK=off", "GOFLAGS=-mod=mod"}, "", "go", "vet", "./...")
}

// difference is one that the clients of a Go router and of Pydantic handlers may
// have.
type difference struct {
	why string
	// What is within lines is replaced in the files of either client: pairs of a
	// regular expression and what comes instead.
	within []string
	// What takes lines of its own is left out: those of the Go client have "-"
	// before them, those of the Pydantic one "+".
	lines string
}

var differences = []difference{
	{
		why: "an int of Python has no bound, an int64 of Go has: it is in the docs, and in Python's models",
		within: []string{`: _Int64\b`, ": int", `, _Int64\b`, ", int",
			`(?P<an>[Aa]n integer) (?:of 64 bits|without bound)`, "${an}",
			`(?:Each value: t|T)he server sets no bound to it; here it is one of 64 bits\.`, ""},
		lines: `-_Int64: .*`,
	},
	{
		why:   "constants of Go have doc comments, members of a Python enum have none that Pydantic tells",
		lines: `-\s*(?://|/\*\*|""") ?(?:The task is due at no particular time|Nobody does the task|Nobody works on it yet|Somebody works on it|There is nothing left to do)\.(?: \*/|""")?`,
	},
	{
		why:    "rules of validate that have no JSON Schema keyword are named, validators of Pydantic have no name",
		within: []string{`(?: (?:Each item: t|T)he server also checks: (?:one_line|email)\.)`, ""},
		lines:  `-\s*(?://|\*)? ?(?:Items: t|Each item: t|T)he server also checks:? (?:one_line|email|1970_to_9999)\.?`,
	},
	{
		why:    "omitempty takes an empty e-mail address for an absent one, so that the format does not hold in Go",
		within: []string{`\bAn e-mail address\. |v\.regex\(/\^\[\^@\]\+@\[\^@\\s\]\+\$/u\), `, ""},
		lines:  `\+\s*\*? ?An e-mail address\.`,
	},
	{
		why:    "a variant of a union has the tag as a field in Python; in Go it is added when the event is sent",
		within: []string{`\bEvent(?P<variant>Tasks?(?:Created|Imported|Updated|Deleted)\b)|\(\{ type: "(?:created|imported|updated|deleted)" \} & (?P<member>Task\w+)\)`, "${variant}${member}"},
		lines: `\+\s*(?:// Always "\w+"\.|Type string .json:"type".|type: "\w+";)` +
			`|[-+]    (?:type: _typing\.Literal\["\w+"\] = "\w+"|"""One of "\w+"\.|def model_post_init\(self, context: _typing\.Any, /\) -> None:|    super\(\)\.model_post_init\(context\)|    self\.model_fields_set\.update\(\{"type"\}\))` +
			`|-    "?Tasks?(?:Created|Imported|Updated|Deleted)"?,|-class (Task\w+)\(Task\w+\):|-    """Tasks?(?:Created|Imported|Updated|Deleted) says that .*\.`,
	},
	{
		why:   "so the contracts have different hashes",
		lines: `[-+](?:CONTRACT_HASH|(?:export )?const [cC]ontractHash) = "[0-9a-f]{64}";?`,
	},
	{
		why:    "what is left of comments without the lines above",
		within: []string{`\b(?P<constant>(?:Clearable|Status)[A-Z]\w+) +`, "${constant} ", `(?m)(?P<end>\.)"""$`, "${end}"},
		lines:  `[-+]\s*(?://|\*|/\*\*|\*/|""")?\s*`,
	},
}

func TestGoAndPydanticSources(t *testing.T) {
	s := newSources(t)
	t.Run("their clients are the same", s.sameClients)
	t.Run("their clients and they themselves take the same params", s.sameParams)
}

func (s *sources) sameClients(t *testing.T) {
	names := map[string]bool{}
	for _, source := range []string{"of_go", "of_pydantic"} {
		root := filepath.Join(s.dir, source)
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				names[strings.TrimPrefix(path, root+"/")] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) < 40 {
		t.Errorf("%d files are few for three languages", len(names))
	}
	delete(names, "contract.json") // it also says where each type and handler stands
	used := make([]bool, len(differences))
	for name := range names {
		ofGo, ofPydantic := s.read(t, "of_go", name), s.read(t, "of_pydantic", name)
		if ofGo == ofPydantic {
			continue
		}
		for i, d := range differences {
			for pair := range slices.Chunk(d.within, 2) {
				within := regexp.MustCompile(pair[0])
				for _, text := range []*string{&ofGo, &ofPydantic} {
					replaced := within.ReplaceAllString(*text, pair[1])
					used[i] = used[i] || replaced != *text
					*text = replaced
				}
			}
		}
		for _, line := range changed(strings.Split(ofGo, "\n"), strings.Split(ofPydantic, "\n")) {
			i := slices.IndexFunc(differences, func(d difference) bool {
				return d.lines != "" && regexp.MustCompile("^(?:"+d.lines+")$").MatchString(line)
			})
			if i < 0 {
				t.Errorf("%s: %s", name, line)
			} else {
				used[i] = true
			}
		}
	}
	for i, d := range differences {
		if !used[i] {
			t.Errorf("not found any more: %s", d.why)
		}
	}
	s.compile(t, "of_pydantic")
}

func (s *sources) read(t *testing.T, source, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, source, name))
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// changed are the lines that are not in both, in order: "-" before those of a, "+"
// before those of b.
func changed(a, b []string) (lines []string) {
	common := make([][]int, len(a)+1) // how many lines a[i:] and b[j:] have in common
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines, i = append(lines, "-"+a[i]), i+1
		default:
			lines, j = append(lines, "+"+b[j]), j+1
		}
	}
	return lines
}

// given are params, and who takes them.
type given struct {
	Method string `json:"method"`
	Type   string `json:"type"`
	Params string `json:"params"`
	// The Go router, the Pydantic handlers, the Python models of the Go client and
	// of the Pydantic one, the TypeScript schemas of the two: "yes no, yes yes, no no".
	takers string
}

func creates(params, takers string) given {
	return given{"tasks.create", "TaskCreateParams", params, takers}
}
func updates(params, takers string) given {
	return given{"tasks.update", "TaskUpdateParams", params, takers}
}
func stats(params, takers string) given {
	return given{"tasks.get_stats", "TaskStatsParams", params, takers}
}

// Most params are taken by all of them or by none.
const (
	all   = "yes yes, yes yes, yes yes"
	none  = "no no, no no, no no"
	aRule = "no no, yes yes, yes yes" // that only the servers know
	// The Python models are open to the values of a newer server.
	anEnum = "no no, yes yes, no no"
)

var values = []given{
	creates(`{"title":"a"}`, all),
	creates(`{"title":"`+strings.Repeat("é", 200)+`","status":"done","due":"2031-02-03T04:05:06+01:00","tags":["a","b"],"assignee":{"name":"Bob","email":"bob@example.org"}}`, all),
	creates(`{"title":"a","tags":[],"more":1}`, all),
	creates(`{}`, none),
	creates(`{"title":""}`, none),
	creates(`{"title":7}`, none),
	creates(`{"title":null}`, none),
	creates(`{"title":" \t"}`, aRule),
	creates(`{"title":"a\u0000b"}`, aRule),
	creates(`{"title":"`+strings.Repeat("é", 201)+`"}`, none),
	creates(`{"title":"a","status":"lost"}`, anEnum),
	// Go reads null as absent, and so do the Python models, which then send nothing.
	creates(`{"title":"a","status":null}`, "yes no, yes yes, no no"),
	creates(`{"title":"a","tags":["a","a"]}`, none),
	creates(`{"title":"a","tags":["1","2","3","4","5","6","7"]}`, none),
	creates(`{"title":"a","tags":["`+strings.Repeat("a", 25)+`"]}`, none),
	creates(`{"title":"a","due":"tomorrow"}`, none),
	creates(`{"title":"a","due":"2031-02-03T04:05:06"}`, none),
	// Pydantic also reads other forms than RFC 3339; its models write only that.
	creates(`{"title":"a","due":"2031-02-03 04:05:06Z"}`, "no yes, yes yes, yes yes"),
	creates(`{"title":"a","due":"1969-01-01T00:00:00Z"}`, aRule),
	creates(`{"title":"a","assignee":{}}`, none),
	// In Go the format holds by a rule, after omitempty, which takes "" for absent.
	creates(`{"title":"a","assignee":{"name":"Bob","email":"x"}}`, "no no, yes yes, yes no"),
	creates(`{"title":"a","assignee":{"name":"Bob","email":""}}`, "yes no, yes yes, yes no"),
	updates(`{"id":1}`, all),
	updates(`{"id":1,"title":"b","tags":[],"clear":["due"]}`, all),
	updates(`{"id":1,"clear":["title"]}`, anEnum),
	updates(`{"title":"a"}`, none),
	// The models of Python clients read numbers in strings; what they send are numbers.
	updates(`{"id":"1"}`, "no no, yes yes, no no"),
	updates(`{"id":1.5}`, none),
	// JavaScript's numbers end earlier than Go's, and Python's never do.
	updates(`{"id":9007199254740993}`, "yes yes, yes yes, no no"),
	updates(`{"id":9223372036854775808}`, "no yes, no yes, no no"),
	stats(`{"user_id":"456"}`, all),
	stats(`{"user_id":""}`, none),
	stats(`{"user_id":"`+strings.Repeat("a", 129)+`"}`, none),
}

func (s *sources) sameParams(t *testing.T) {
	s.run(t, filepath.Join(s.dir, "of_go/typescript"), nil, "", filepath.Join(s.dir, "node_modules/.bin/tsc"))
	s.run(t, filepath.Join(s.dir, "of_pydantic/typescript"), nil, "", filepath.Join(s.dir, "node_modules/.bin/tsc"))

	stdin, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	script := func(name string) string {
		path, err := filepath.Abs(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	var handlers []bool
	read(t, s.run(t, "pydantic", append(s.withSDK(), "PYTHONPATH="+filepath.Join(s.repository, "sdk/python")+":."), string(stdin), s.python, script("handlers_take.py")), &handlers)
	var models [][2]json.RawMessage // what they send
	read(t, s.run(t, s.dir, []string{"PYTHONPATH=."}, string(stdin), s.python, script("clients.py")), &models)
	var schemas [][2]bool
	read(t, s.run(t, s.dir, nil, string(stdin), "node", script("clients.mjs")), &schemas)

	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "tasks.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	router := api.NewRouter(api.NewService(db), nil)
	ctx := centrirpc.ContextWithConn(t.Context(), &centrirpc.Conn{UserID: "ann"})
	router.AddPublisher(func(context.Context, string, json.RawMessage) error { return nil })
	word := map[bool]string{true: "yes", false: "no"}
	for i, v := range values {
		var failed *centrirpc.Error
		_, err := router.Call(ctx, v.Method, json.RawMessage(v.Params))
		if errors.As(err, &failed) && failed.Code != wire.InvalidParams && failed.Code != wire.NotFound {
			t.Errorf("%s %s: %v", v.Method, v.Params, err)
		}
		takes := failed == nil || failed.Code != wire.InvalidParams
		ofGo, ofPydantic := string(models[i][0]), string(models[i][1])
		takers := fmt.Sprintf("%s %s, %s %s, %s %s", word[takes], word[handlers[i]], word[ofGo != "null"], word[ofPydantic != "null"], word[schemas[i][0]], word[schemas[i][1]])
		if takers != v.takers {
			t.Errorf("%s %s is taken: %s\nwant %s", v.Method, v.Params, takers, v.takers)
		}
		if ofGo != "null" && ofPydantic != "null" && ofGo != ofPydantic {
			t.Errorf("%s %s is sent as %s and as %s", v.Method, v.Params, ofGo, ofPydantic)
		}
	}
}

func read(t *testing.T, printed string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(printed), into); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
}
