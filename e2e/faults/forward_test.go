package faults

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/internal/faultproxy"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// service is a process of service/service.py, which has handlers in Python.
type service struct {
	t      *testing.T
	cmd    *exec.Cmd
	output process.Output
}

// servicePython is a command that has the service's module and ours. It runs in the
// service's folder.
func servicePython(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	interpreter, err := filepath.Abs(tools.Path(t, python))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, args...)
	cmd.Dir = "service"
	cmd.Env = append(os.Environ(), "PYTHONPATH=../../../sdk/python", "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// startService starts a service at an address, and waits until it listens. It ends
// with the test.
func startService(t *testing.T, j *journal, addr string) *service {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	s := &service{t: t, cmd: servicePython(t, "-m", "uvicorn", "service:app", "--host", host, "--port", port)}
	s.cmd.Env = append(s.cmd.Env, "JOURNAL="+j.file, "SECRET="+secret)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("a service's log:\n%s", s.output.String())
		}
	})
	within(t, func() (bool, string) {
		return strings.Contains(s.output.String(), "running on"), "the service does not listen:\n" + s.output.String()
	})
	return s
}

// kill ends the process at once.
func (s *service) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // an error, and another one the second time
}

// serviceContract is the contract of the service, in a file.
func serviceContract(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "service.json")
	if out, err := servicePython(t, "-m", "centrirpc", "export", "service", "--name", "service", "-o", file).CombinedOutput(); err != nil {
		t.Fatalf("centrirpc export: %v\n%s", err, out)
	}
	return file
}

// few calls fail before an endpoint is left alone, in each of two cases.
const few = 2

// Whatever becomes of the Python that has a method's handler, or of the way to it, a
// call of a client of each language has one outcome, which is true: runs are counted in
// Python.
func TestFaultsOfForwardedCalls(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		r := &rig{t: t, journal: newJournal(t)}
		way := faultproxy.Start(t, "") // to a service
		first, second := loopback.FreeAddress(t), loopback.FreeAddress(t)
		way.SetTarget(first)
		rubbish, failing := newStranger(t, http.StatusOK, "<html>"), newStranger(t, http.StatusInternalServerError, "Server Error")
		r.node = startNode(t, r.journal, "-contract", serviceContract(t), "-forward", "way=http://"+way.Addr(),
			"-forward", "direct=http://"+first, "-forward", "rubbish="+rubbish.url, "-forward", "failing="+failing.url)
		r.proxy = faultproxy.Start(t, r.node.addr)
		r.client = startDriver(t, language, r.proxy.Addr(), "u1", 10*time.Second)
		gates := t.TempDir()
		call := func(key, method, gate string) []string {
			t.Helper()
			o := order{Key: key, Method: method, TimeoutMS: 240_000, Idempotent: strings.HasSuffix(method, ".again")}
			if gate != "" {
				o.Params.File = filepath.Join(gates, gate)
			}
			return r.start(o, few)
		}
		open := func(gate string) {
			t.Helper()
			r.gate = filepath.Join(gates, gate)
			r.open()
		}

		// Nobody listens: nothing was sent.
		r.want(call("down", "direct.once", ""), always("unavailable"), 0)
		r.want(call("downAgain", "direct.again", ""), always("unavailable"), 0)
		service := startService(t, r.journal, first)
		r.want(call("up", "direct.once", ""), itself, 1)

		// The client's connection is cut while Python runs the calls, and once more.
		cut := append(call("cut", "way.once", "cut"), call("cutAgain", "way.again", "cut")...)
		r.starts(cut)
		for range 2 {
			if r.proxy.Cut() == 0 {
				t.Error("the client was not connected")
			}
			for _, key := range cut {
				r.client.frame("resend", key)
			}
			within(t, func() (bool, string) { return r.proxy.Connections() > 0, "the client does not connect again" })
		}
		open("cut")
		r.want(cut, itself, 1)

		// Answers do not come until the method's time is over.
		silent := call("silent", "way.brief", "silent")
		r.starts(silent)
		way.Stall(faultproxy.Down, true)
		open("silent")
		r.want(silent, always("deadline_exceeded"), 1)
		way.Stall(faultproxy.Down, false)

		// Another server answers: another answer would be the same.
		html, htmlAgain := call("html", "rubbish.once", ""), call("htmlAgain", "rubbish.again", "")
		r.want(html, always("internal"), 0)
		r.want(htmlAgain, always("internal"), 0)
		rubbish.was(t, append(html, htmlAgain...), 1)
		fails, failsAgain := call("fails", "failing.once", ""), call("failsAgain", "failing.again", "")
		r.want(fails, always("outcome_unknown"), 0)
		r.want(failsAgain, always("unavailable"), 0)
		failing.was(t, fails, 1)
		failing.was(t, failsAgain, 3)

		// The process dies with what it runs. What runs safely twice does, where there is
		// another process.
		killed, again, alone := call("killed", "way.once", "killed"), call("again", "way.again", "killed"), call("alone", "direct.again", "killed")
		r.starts(killed)
		r.starts(again)
		r.starts(alone)
		startService(t, r.journal, second)
		way.SetTarget(second)
		service.kill()
		r.want(killed, always("outcome_unknown"), 1)
		r.want(alone, always("unavailable"), 1)
		open("killed")
		r.want(again, itself, 2)
		r.want(call("after", "way.once", ""), itself, 1)
		r.finish()
	})
}
