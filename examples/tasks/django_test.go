package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	tasksclient "github.com/centrirpc/centrirpc/examples/tasks/sdk/go"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
	"github.com/centrirpc/centrirpc/wire"
)

const djangoSecret = "the secret of the Django project, for tests"

// djangoProject is the one of examples/django, served by Django on a database of its
// own. A task can have two comments there.
type djangoProject struct {
	python, db, address string
	serve               []string // the arguments of Python
	process             *exec.Cmd
	said                *bytes.Buffer // by the process, to be read when it has ended
}

// newDjangoProject serves the project until the test ends, as "asgi" or "wsgi".
func newDjangoProject(t *testing.T, kind string) *djangoProject {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir()) // as the system names it
	if err != nil {
		t.Fatal(err)
	}
	p := &djangoProject{
		python:  tools.Path(t, "../../.venv/bin/python"),
		db:      filepath.Join(folder, "comments.db"),
		address: loopback.FreeAddress(t),
	}
	if out, err := p.command("manage.py", "migrate").CombinedOutput(); err != nil {
		t.Fatalf("manage.py migrate: %v\n%s", err, out)
	}
	_, port, err := net.SplitHostPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.serve = map[string][]string{
		"asgi": {"-m", "uvicorn", "discussion.asgi:application", "--port", port},
		"wsgi": {"manage.py", "runserver", "--noreload", port},
	}[kind]
	t.Cleanup(func() { p.kill(t) })
	p.start(t)
	return p
}

func (p *djangoProject) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.python, args...)
	cmd.Dir = "../django"
	cmd.Env = append(os.Environ(), "PYTHONPATH=../../sdk/python", "PYTHONDONTWRITEBYTECODE=1",
		"DJANGO_DB="+p.db, "MAX_COMMENTS=2", "CENTRIRPC_PROXY_SECRET="+djangoSecret)
	return cmd
}

// flags are those of the demo.
func (p *djangoProject) flags() []string {
	return []string{"-django", "http://" + p.address + "/rpc", "-django-secret", djangoSecret}
}

func (p *djangoProject) start(t *testing.T) {
	t.Helper()
	p.process, p.said = p.command(p.serve...), new(bytes.Buffer)
	p.process.Stdout, p.process.Stderr = p.said, p.said
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Django listens", func() bool {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (p *djangoProject) kill(t *testing.T) {
	t.Helper()
	if p.process == nil {
		return
	}
	p.process.Process.Kill()
	p.process.Wait()
	p.process = nil
	if t.Failed() {
		t.Logf("Django said:\n%s", p.said)
	}
}

// lock keeps the project from its database, so that its calls wait, until it is
// unlocked.
func (p *djangoProject) lock(t *testing.T) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", p.db+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() { conn.Close(); db.Close() }
}

// waitForCall waits until the project runs a call: for as long, it has its database open.
func (p *djangoProject) waitForCall(t *testing.T) {
	t.Helper()
	open := filepath.Join("/proc", strconv.Itoa(p.process.Process.Pid), "fd")
	eventually(t, "a call runs in Django", func() bool {
		files, err := os.ReadDir(open)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if target, err := os.Readlink(filepath.Join(open, file.Name())); err == nil && target == p.db {
				return true
			}
		}
		return false
	})
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

func codeOf(err error) wire.Code { return wire.Code(client.CodeOf(err)) }

// One client calls what Go serves and what Django serves, and cannot tell which is which.
func TestDjangoMethods(t *testing.T) {
	for _, kind := range []string{"asgi", "wsgi"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			address, _ := start(t, newDjangoProject(t, kind).flags()...)
			if kind == "wsgi" {
				commentsOfGo(t, address, address)
				return // to the clients it is the same
			}
			commentsInEachLanguage(t, address, address)
		})
	}
}

// commentsInEachLanguage calls with the generated clients of all languages, connected
// to a server with the tokens of a page.
func commentsInEachLanguage(t *testing.T, page, server string) {
	t.Run("go", func(t *testing.T) { t.Parallel(); commentsOfGo(t, page, server) })
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		python := tools.Path(t, "../../.venv/bin/python")
		commentsOf(t, exec.Command(python, "testdata/comments.py"), page, server)
	})
	t.Run("typescript", func(t *testing.T) {
		t.Parallel()
		commentsOf(t, typescript(t, "testdata/comments.ts"), page, server)
	})
}

func commentsOfGo(t *testing.T, page, server string) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	board := connectTo(ctx, t, page, server)
	task, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: "Of Go"})
	if err != nil {
		t.Fatal(err)
	}
	first, err := board.CommentsAdd(ctx, tasksclient.CommentAddParams{TaskID: task.ID, Text: "Zoë 👍\n"})
	if err != nil || first.Author != "ann" || first.Text != "Zoë 👍\n" || first.TaskID != task.ID || time.Since(first.WrittenAt) > time.Minute {
		t.Errorf("%+v, %v", first, err)
	}
	// A rule of Django's that the contract cannot say.
	var invalid *client.ServerError
	_, err = board.CommentsAdd(ctx, tasksclient.CommentAddParams{TaskID: task.ID, Text: " "})
	if !errors.As(err, &invalid) || !reflect.DeepEqual(fields(t, invalid), []string{"text"}) {
		t.Errorf("a blank comment: %v", err)
	}
	if _, err := board.CommentsAdd(ctx, tasksclient.CommentAddParams{TaskID: task.ID, Text: "Second"}); err != nil {
		t.Error(err)
	}
	var full *tasksclient.ThreadFullError
	if _, err := board.CommentsAdd(ctx, tasksclient.CommentAddParams{TaskID: task.ID, Text: "Third"}); !errors.As(err, &full) || full.Details.Limit != 2 {
		t.Errorf("one more than can be: %v", err)
	}
	listed, err := board.CommentsList(ctx, tasksclient.CommentListParams{TaskID: task.ID, After: &first.ID})
	if err != nil || len(listed.Comments) != 1 || listed.Comments[0].Text != "Second" || listed.More {
		t.Errorf("%+v, %v", listed, err)
	}
}

// fields are those that the faults of params name.
func fields(t *testing.T, err *client.ServerError) (names []string) {
	t.Helper()
	var faults []wire.Fault
	if err.Code == client.Code(wire.InvalidParams) {
		if err := err.DecodeDetails(&faults); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range faults {
		names = append(names, fault.Field)
	}
	return names
}

// commentsOf runs a client of another language, which does what commentsOfGo does.
func commentsOf(t *testing.T, cmd *exec.Cmd, page, server string) {
	t.Helper()
	cmd.Args = append(cmd.Args, strings.Replace(server, "http", "ws", 1)+"/connection/websocket", tokenOf(t, page, "ann"))
	cmd.Env = append(os.Environ(), "PYTHONPATH=.", "PYTHONDONTWRITEBYTECODE=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if want := `{"said":["ann: First","ann: Second"],"fields":["text"],"limit":2}`; err != nil || compact(out) != want {
		t.Errorf("%s, %v, want %s\n%s", out, err, want, stderr.String())
	}
}

func compact(data []byte) string {
	var text bytes.Buffer
	if err := json.Compact(&text, data); err != nil {
		return err.Error()
	}
	return text.String()
}

// typescript is a program for Node, bundled with what it imports.
func typescript(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	modules := tools.Path(t, "../../sdk/typescript/node_modules")
	bundle := filepath.Join(t.TempDir(), "program.mjs")
	build := exec.Command(filepath.Join(modules, ".bin/esbuild"), path,
		"--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", "--outfile="+bundle,
		"--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);")
	build.Env = append(os.Environ(), "NODE_PATH="+modules)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, out)
	}
	return exec.Command("node", bundle)
}

// A project that dies with a call ends it in an outcome that is true; what it does not
// serve goes on; and when it is back, all is as before.
func TestDjangoDies(t *testing.T) {
	t.Parallel()
	project := newDjangoProject(t, "asgi")
	address, _ := start(t, project.flags()...)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	board := connectAs(ctx, t, address)
	task, err := board.TasksCreate(ctx, tasksclient.TaskCreateParams{Title: "Discuss"})
	if err != nil {
		t.Fatal(err)
	}
	add := func(text string) error {
		_, err := board.CommentsAdd(ctx, tasksclient.CommentAddParams{TaskID: task.ID, Text: text})
		return err
	}
	list := func() (texts []string, err error) {
		listed, err := board.CommentsList(ctx, tasksclient.CommentListParams{TaskID: task.ID})
		for _, comment := range listed.Comments {
			texts = append(texts, comment.Text)
		}
		return texts, err
	}
	// dies kills the project while it runs a call, and says how the call ended.
	dies := func(call func() error) error {
		t.Helper()
		unlock := project.lock(t)
		defer unlock()
		ended := make(chan error, 1)
		go func() { ended <- call() }()
		project.waitForCall(t)
		project.kill(t)
		return <-ended
	}
	back := func() {
		t.Helper()
		project.start(t)
		eventually(t, "comments are listed again", func() bool {
			_, err := list()
			return err == nil
		})
	}

	if err := dies(func() error { return add("Lost") }); codeOf(err) != wire.OutcomeUnknown {
		t.Errorf("a call that nobody knows of whether it ran: %v", err)
	}
	if _, err := list(); codeOf(err) != wire.Unavailable {
		t.Errorf("while Django is away: %v", err)
	}
	// What the contract says is checked without Django.
	var invalid *client.ServerError
	_, err = board.CommentsAdd(ctx, tasksclient.CommentAddParams{Text: ""})
	if !errors.As(err, &invalid) || !reflect.DeepEqual(fields(t, invalid), []string{"task_id", "text"}) {
		t.Errorf("wrong params: %v", err)
	}
	if _, err := board.TasksList(ctx, tasksclient.TaskListParams{}); err != nil {
		t.Errorf("a method of Go's: %v", err)
	}

	back()
	if err := add("Kept"); err != nil {
		t.Error(err)
	}
	if err := dies(func() error { _, err := list(); return err }); codeOf(err) != wire.Unavailable {
		t.Errorf("an idempotent call, which may be made again: %v", err)
	}
	back()
	if texts, err := list(); err != nil || !reflect.DeepEqual(texts, []string{"Kept"}) {
		t.Errorf("in the end there is %q, %v", texts, err)
	}
}

// The page shows comments and adds some.
func TestCommentsInBrowser(t *testing.T) {
	t.Parallel()
	modules(t)
	project := newDjangoProject(t, "asgi")
	inWeb(t, []string{"TASKS_PROGRAM=" + program, "TASKS_DJANGO=" + project.flags()[1], "CENTRIRPC_PROXY_SECRET=" + djangoSecret},
		"node", "--test", "--test-timeout=120000", "comments.test.mjs")
}
