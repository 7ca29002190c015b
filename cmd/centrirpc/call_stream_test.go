package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/server"
)

const beCommand = "CENTRIRPC_TEST_IS_THE_COMMAND"

// The test's own binary is the command where this variable is set.
func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// command makes a process of the command.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), beCommand+"=1")
	return cmd
}

// counting are methods that the test and the command meet in.
type counting struct {
	runs  chan string   // the methods, as they begin to run
	ended chan error    // why each context of forever and of wait ended
	goOn  chan struct{} // lets steps and wait go on
}

func newCounting() *counting {
	return &counting{make(chan string, 10), make(chan error, 10), make(chan struct{}, 10)}
}

type countParams struct {
	To   int `json:"to"`
	Fail int `json:"fail,omitempty"` // after so many
}

type countItem struct {
	N int `json:"n"`
}

type countResult struct {
	Sum int `json:"sum"`
}

func (c *counting) serve(t *testing.T) (url string) {
	return serveOther(t, server.Config{TokenHMACSecret: testSecret}, func(router *centrirpc.Router) {
		centrirpc.HandleStream(router, "count", c.count)
		centrirpc.HandleStream(router, "forever", c.forever)
		centrirpc.Handle(router, "steps", c.steps)
		centrirpc.Handle(router, "wait", c.wait)
		centrirpc.Handle(router, "wait_idempotent", c.wait, centrirpc.Idempotent())
	})
}

func (c *counting) count(_ context.Context, p countParams, send func(countItem) error) (result countResult, err error) {
	for n := range p.To {
		if p.Fail > 0 && n == p.Fail {
			return result, centrirpc.Errorf(412, "enough")
		}
		if err := send(countItem{n}); err != nil {
			return result, err
		}
		result.Sum += n
	}
	return result, nil
}

func (c *counting) forever(ctx context.Context, _ struct{}, send func(countItem) error) (struct{}, error) {
	c.runs <- "forever"
	for n := 0; ; n++ {
		if err := send(countItem{n}); err != nil {
			c.ended <- context.Cause(ctx)
			return struct{}{}, err
		}
	}
}

func (c *counting) steps(ctx context.Context, _ struct{}) (countResult, error) {
	for done := 1; done <= 2; done++ {
		centrirpc.Progress(ctx, float64(done), 2, "step\x1b[2J"+fmt.Sprint(done))
		<-c.goOn
	}
	return countResult{2}, nil
}

func (c *counting) wait(ctx context.Context, _ struct{}) (countResult, error) {
	c.runs <- "wait"
	select {
	case <-c.goOn:
		return countResult{1}, nil
	case <-ctx.Done():
		c.ended <- context.Cause(ctx)
		return countResult{}, ctx.Err()
	}
}

func TestCallOfAStream(t *testing.T) {
	url := newCounting().serve(t)
	args := []string{"call", "-url", url, "-token", mint(t), "count"}
	for params, want := range map[string]string{
		`{"to":3}`: "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"sum\":3}\n",
		`{"to":0}`: "{\"sum\":0}\n",
	} {
		if o := run(t, append(args, params)...); o != (outcome{exitOK, want, ""}) {
			t.Errorf("%s: %+v", params, o)
		}
	}
	// More than the server keeps for a client that does not say what it has.
	if o := run(t, append(args, `{"to":2000}`)...); o.code != exitOK || strings.Count(o.stdout, "\n") != 2001 || !strings.HasSuffix(o.stdout, "{\"n\":1999}\n{\"sum\":1999000}\n") {
		t.Errorf("many: %d, %d lines, %s", o.code, strings.Count(o.stdout, "\n"), o.stderr)
	}
	o := run(t, append(args, `{"to":3,"fail":2}`)...)
	if o.code != exitFailed || o.stdout != "{\"n\":0}\n{\"n\":1}\n" || !strings.Contains(o.stderr, "failed_precondition (412): enough") {
		t.Errorf("one that fails: %+v", o)
	}
}

// watched is standard error that can be waited for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		select {
		case w.news <- struct{}{}:
		default:
		}
	}()
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// waitFor waits until the text holds what is wanted.
func (w *watched) waitFor(t *testing.T, want string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for !strings.Contains(w.String(), want) {
		select {
		case <-w.news:
		case <-late:
			t.Fatalf("no %q in %q", want, w)
		}
	}
}

func TestCallTellsProgress(t *testing.T) {
	c := newCounting()
	args := []string{"call", "-url", c.serve(t), "-token", mint(t), "steps"}
	stderr := &watched{news: make(chan struct{}, 1)}
	var stdout bytes.Buffer
	ended := make(chan int)
	go func() { ended <- Run(args, strings.NewReader(""), &stdout, stderr) }()
	stderr.waitFor(t, "1/2 (50%) step [2J1\n")
	c.goOn <- struct{}{}
	stderr.waitFor(t, "2/2 (100%) step [2J2\n")
	c.goOn <- struct{}{}
	if code := <-ended; code != exitOK || stdout.String() != "{\n  \"sum\": 2\n}\n" {
		t.Errorf("%d, %s", code, &stdout)
	}
	c.goOn <- struct{}{}
	c.goOn <- struct{}{}
	if o := run(t, append(args, "-progress=none")...); o.code != exitOK || o.stderr != "" {
		t.Errorf("without progress: %+v", o)
	}
}

// started runs the command as a process and returns what it prints on standard error.
func started(t *testing.T, args ...string) (cmd *exec.Cmd, stdout io.Reader, stderr *watched) {
	t.Helper()
	cmd = process(t, args...)
	stderr = &watched{news: make(chan struct{}, 1)}
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, pipe, stderr
}

func await[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited too long for %s", what)
	}
	return got
}

func interrupt(t *testing.T, cmd *exec.Cmd, stderr *watched, wants ...string) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	await(t, "the end of the process", ended)
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want 130: %s", code, stderr)
	}
	for _, want := range wants {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %s", want, stderr)
		}
	}
}

func TestInterruptedCall(t *testing.T) {
	t.Run("is cancelled", func(t *testing.T) {
		c := newCounting()
		url := c.serve(t)
		for _, method := range []string{"wait", "forever"} {
			cmd, stdout, stderr := started(t, "call", "-url", url, "-token", mint(t), "-timeout", "1h", method)
			await(t, "the handler", c.runs)
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			interrupt(t, cmd, stderr, "centrirpc: interrupted: the server was asked to cancel "+method+"\n")
			await(t, "the end of the handler", c.ended)
		}
	})
	t.Run("without a connection", func(t *testing.T) {
		c := newCounting()
		address := strings.TrimPrefix(c.serve(t), "ws://")
		host, path, _ := strings.Cut(address, "/")
		proxy := faultproxy.Start(t, host)
		cmd, _, stderr := started(t, "call", "-url", "ws://"+proxy.Addr()+"/"+path, "-token", mint(t), "wait")
		await(t, "the handler", c.runs)
		silent, accepted := listenOnly(t)
		proxy.SetTarget(silent)
		proxy.Cut()
		await(t, "another connection", accepted) // so the client knows of the loss
		interrupt(t, cmd, stderr, "interrupted: the server could not be told", "wait may have run")
		c.goOn <- struct{}{}
	})
	t.Run("before there is a connection", func(t *testing.T) {
		silent, accepted := listenOnly(t)
		cmd, _, stderr := started(t, "call", "-url", "ws://"+silent, "-token", mint(t), "wait")
		await(t, "the connection", accepted)
		interrupt(t, cmd, stderr, "interrupted while connecting to ws://", "wait was not called")
	})
}

// listenOnly accepts connections and says nothing on them.
func listenOnly(t *testing.T) (address string, accepted <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	accept := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			accept <- struct{}{}
		}
	}()
	return listener.Addr().String(), accept
}

// Who reads the items has enough: so has the server.
func TestCallWhoseOutputIsClosed(t *testing.T) {
	c := newCounting()
	cmd, stdout, stderr := started(t, "call", "-url", c.serve(t), "-token", mint(t), "-timeout", "1h", "forever")
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "{\"n\":0}\n" {
		t.Errorf("%q, %v", line, err)
	}
	if err := stdout.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the handler", c.ended)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(stderr.String(), "writing to standard output: ") || !strings.Contains(stderr.String(), syscall.EPIPE.Error()) {
		t.Errorf("%v: %s", err, stderr)
	}
}

// The server is gone in the middle of a call, and another one, which knows nothing, takes its place.
func TestCallOverARestart(t *testing.T) {
	for _, test := range []struct {
		method string
		args   []string
		want   outcome
	}{
		{"wait_idempotent", []string{"-idempotent"}, outcome{exitOK, "{\n  \"sum\": 1\n}\n", ""}},
		{"wait", nil, outcome{exitFailed, "", "outcome_unknown (520)"}},
		{"wait", []string{"-volatile"}, outcome{exitFailed, "", "calling wait: the connection was lost; the outcome is unknown"}},
	} {
		t.Run(strings.Join(append(test.args, test.method), " "), func(t *testing.T) {
			first, second := newCounting(), newCounting()
			host, path, _ := strings.Cut(strings.TrimPrefix(first.serve(t), "ws://"), "/")
			proxy := faultproxy.Start(t, host)
			outcomes := make(chan outcome, 1)
			go func() {
				outcomes <- run(t, append([]string{"call", "-url", "ws://" + proxy.Addr() + "/" + path, "-token", mint(t), test.method}, test.args...)...)
			}()
			await(t, "the handler", first.runs)
			host, _, _ = strings.Cut(strings.TrimPrefix(second.serve(t), "ws://"), "/")
			proxy.SetTarget(host)
			proxy.Cut()
			if test.want.code == exitOK {
				await(t, "the second run", second.runs)
				second.goOn <- struct{}{}
			}
			got := await(t, "the outcome", outcomes)
			if got.code != test.want.code || got.stdout != test.want.stdout || !strings.Contains(got.stderr, test.want.stderr) {
				t.Errorf("%+v, want %+v", got, test.want)
			}
			if named := regexp.MustCompile(`correlation id is [0-9a-f-]{36}\.\n$`).MatchString(got.stderr); named != (got.code == exitFailed) {
				t.Errorf("the correlation id is named: %v: %s", named, got.stderr)
			}
			first.goOn <- struct{}{}
		})
	}
}

// Who waits for a connection is told so, and scripts that read the output are not disturbed.
func TestCallTellsOfALostConnection(t *testing.T) {
	for _, mode := range []string{"lines", "bar", "none"} {
		t.Run(mode, func(t *testing.T) {
			c := newCounting()
			host, path, _ := strings.Cut(strings.TrimPrefix(c.serve(t), "ws://"), "/")
			proxy := faultproxy.Start(t, host)
			stderr := &watched{news: make(chan struct{}, 1)}
			var stdout bytes.Buffer
			ended := make(chan int, 1)
			go func() {
				ended <- Run([]string{"call", "-url", "ws://" + proxy.Addr() + "/" + path, "-token", mint(t), "-progress=" + mode, "wait"}, strings.NewReader(""), &stdout, stderr)
			}()
			await(t, "the handler", c.runs)
			silent, accepted := listenOnly(t)
			proxy.SetTarget(silent)
			proxy.Cut()
			await(t, "another connection", accepted)
			want := "connection lost, trying again…\n"
			if mode == "none" {
				want = ""
			}
			stderr.waitFor(t, want)
			proxy.SetTarget(host)
			proxy.Cut()
			if mode != "none" {
				want += "connected again\n"
			}
			stderr.waitFor(t, want)
			c.goOn <- struct{}{}
			if code := await(t, "the end", ended); code != exitOK || stdout.String() != "{\n  \"sum\": 1\n}\n" || stderr.String() != want {
				t.Errorf("%d, %q, %q", code, &stdout, stderr)
			}
		})
	}
}

func TestProgressMode(t *testing.T) {
	for value, want := range map[string]progressMode{"true": progressLines, "false": progressNone, "bar": progressBar, "none": progressNone} {
		var m progressMode
		if err := m.Set(value); err != nil || m != want {
			t.Errorf("%s: %s, %v", value, m, err)
		}
	}
	run(t, "call", "-url", "ws://x", "-progress=often", "m").refuses(t, exitUsage, "often", "-progress", "bar, lines and none")
}
