package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
	"github.com/centrirpc/centrirpc/wire"
)

// shop is testdata/shop.py under uvicorn.
type shop struct {
	address string
	runs    string // the file that its handlers write to
	output  journal
	process *os.Process
	ended   chan struct{} // closed when it has
}

func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tools.Path(t, "../.venv/bin/python"), args...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root, "sdk/python")+":"+filepath.Join(root, "endpoint/testdata"), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func startShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{address: loopback.FreeAddress(t), runs: filepath.Join(t.TempDir(), "runs.txt")}
	s.start(t)
	return s
}

// start starts the process, at the address that it had before.
func (s *shop) start(t *testing.T) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := python(t, "-m", "uvicorn", "shop:app", "--host", host, "--port", port, "--lifespan", "on")
	cmd.Env = append(cmd.Env, "SHOP_RUNS="+s.runs)
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = cmd.Process
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the shop's process said:\n%s", &s.output)
		}
	})
	eventually(t, "the shop listens", func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// told counts the lines that handlers have written.
func (s *shop) told(line string) int {
	data, _ := os.ReadFile(s.runs)
	return strings.Count(string(data), line+"\n")
}

// forwarding is a router whose methods the shop has.
func forwarding(t *testing.T, s *shop, log *journal, changes ...func(*endpoint.Config)) *centrirpc.Router {
	t.Helper()
	data, err := os.ReadFile("testdata/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	router := centrirpc.NewRouter(centrirpc.Logger(log.logger()))
	centrirpc.Forward(router, data, open(t, "http://"+s.address+"/", log, changes...))
	return router
}

func TestTheShopsContractIsNotStale(t *testing.T) {
	t.Parallel()
	cmd := python(t, "-m", "centrirpc", "export", "shop", "--name", "shop", "-o", "testdata/shop.json", "--check")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestCallsReachPython(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	var log journal
	router := forwarding(t, s, &log)
	for _, c := range []struct {
		method, params, result string
		code                   wire.Code
		details                string
	}{
		{"orders.add", `{"item":"book","state":"sent"}`, `{"id":7,"item":"book","state":"sent"}`, 0, ""},
		{"orders.add", `{"item":"moon"}`, "", 1001, `{"left":0}`},
		{"orders.get", `{"id":5}`, `{"id":5,"item":"book","state":"sent"}`, 0, ""},
		{"orders.get", `{"id":404}`, "", wire.NotFound, ""},
		{"orders.get", `{"id":13}`, "", wire.Internal, ""},
		{"orders.who", `{}`, `{"user":"456","client":"c7","transport":"websocket","info":{"name":"Ada"},"meta":{"role":"\u003cadmin\u003e"},"correlation_id":"id 1","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`, 0, ""},
		{"orders.wait", `{"seconds":0.001}`, `{}`, 0, ""},
		{"orders.seen", `{"id":9}`, `{}`, 0, ""},
		{"orders.send", `{"what":{"kind":"parcel","grams":5},"to":[1],"at":[1,"x"]}`, `["parcel","[1]"]`, 0, ""},
		{"orders.add", `{"item":"` + strings.Repeat("é", 40) + `","more":"` + strings.Repeat("x", 5000) + `"}`, "", wire.PayloadTooLarge, ""},
		{"orders.large", `{"id":600000}`, "", wire.PayloadTooLarge, ""},
	} {
		result, err := router.Call(within(t, patience, &log), c.method, json.RawMessage(c.params))
		if c.code == 0 {
			if err != nil || string(result) != c.result {
				t.Errorf("%s(%.100s) = %s, %v", c.method, c.params, result, err)
			}
			continue
		}
		e := errorOf(t, err).Wire()
		if e.Code != c.code || string(e.Details) != c.details || c.code == 1001 && (e.Reason != "out_of_stock" || e.Message != "there is one moon, and it is taken") {
			t.Errorf("%s(%.100s): %+v; want %d", c.method, c.params, e, c.code)
		}
		if strings.Contains(e.Message, "a secret of the shop") {
			t.Errorf("%s tells what happened inside: %s", c.method, e.Message)
		}
	}
	if s.told("seen 9") != 1 || s.told("waited") != 1 {
		t.Error("a handler did not run once")
	}
	result, err := router.Call(within(t, patience, &log), "orders.large", json.RawMessage(`{"id":1000}`))
	if err != nil || len(result) != 1002 {
		t.Errorf("a result of some size: %d bytes, %v", len(result), err)
	}
	quiet(t, &log)
}

func TestAWrongSecretIsForTheLog(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	var log journal
	router := forwarding(t, s, &log, func(cfg *endpoint.Config) { cfg.Secret = "another secret altogether" })
	_, err := router.Call(within(t, patience, &log), "orders.get", json.RawMessage(`{"id":1}`))
	if e := errorOf(t, err); e.Code != wire.Internal || e.Message != "internal error" {
		t.Errorf("the caller hears %v", e)
	}
	if !strings.Contains(log.String(), "Config.Secret") || strings.Contains(log.String(), "another secret") {
		t.Errorf("the log says %s", &log)
	}
}

// TestTheEndOfACallReachesPython lets calls end by their deadline and by a cancel.
func TestTheEndOfACallReachesPython(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	var log journal
	router := forwarding(t, s, &log)
	_, err := router.Call(within(t, 2*time.Second, &log), "orders.wait", json.RawMessage(`{"seconds":60}`))
	if e := errorOf(t, err); e.Code != wire.DeadlineExceeded {
		t.Errorf("at the deadline: %v", e)
	}
	eventually(t, "the deadline ends the handler", func() bool { return s.told("cancelled") == 1 })

	ctx, cancel := context.WithCancel(within(t, patience, &log))
	ended := make(chan error, 1)
	go func() {
		_, err := router.Call(ctx, "orders.wait", json.RawMessage(`{"seconds":60}`))
		ended <- err
	}()
	eventually(t, "the handler runs", func() bool { return s.told("waiting") == 2 })
	cancel()
	if e := errorOf(t, <-ended); e.Code != wire.Cancelled {
		t.Errorf("cancelled: %v", e)
	}
	eventually(t, "the cancel ends the handler", func() bool { return s.told("cancelled") == 2 })
	if s.told("waited") != 0 {
		t.Error("a handler went on to its end")
	}
}

// TestThePythonProcessDies kills the service while it runs calls, and starts it
// again: each call has one outcome, and none runs twice that may not.
func TestThePythonProcessDies(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	var log journal
	router := forwarding(t, s, &log, func(cfg *endpoint.Config) { cfg.BreakAfter = 3; cfg.BreakFor = 200 * time.Millisecond })
	call := func(method, params string) error {
		_, err := router.Call(within(t, patience, &log), method, json.RawMessage(params))
		return err
	}
	if e := errorOf(t, call("orders.add", `{"item":"gone"}`)); e.Code != wire.OutcomeUnknown {
		t.Errorf("it died while the call ran: %v", e)
	}
	if n := s.told("add gone"); n != 1 {
		t.Errorf("the call ran %d times", n)
	}
	<-s.ended // before that, its socket may take a connection yet
	for range 10 {
		if e := errorOf(t, call("orders.add", `{"item":"book"}`)); e.Code != wire.Unavailable || s.told("add book") != 0 {
			t.Errorf("while it is away: %v", e)
		}
	}
	s.start(t)
	eventually(t, "it serves again", func() bool { return call("orders.add", `{"item":"tea"}`) == nil })
	if n := s.told("add tea"); n != 1 {
		t.Errorf("after the restart the call ran %d times", n)
	}

	// Killed from outside while a call runs.
	ended := make(chan error, 1)
	go func() { ended <- call("orders.wait", `{"seconds":60}`) }()
	eventually(t, "the handler runs", func() bool { return s.told("waiting") == 1 })
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	if e := errorOf(t, <-ended); e.Code != wire.OutcomeUnknown {
		t.Errorf("it was killed while the call ran: %v", e)
	}
	quiet(t, &log)
}

// TestConcurrentCalls sends many calls at once over few connections.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	var log journal
	router := forwarding(t, s, &log, func(cfg *endpoint.Config) { cfg.MaxConnections = 8 })
	const calls = 200
	results := make(chan error, calls)
	for i := range calls {
		go func() {
			result, err := router.Call(within(t, patience, &log), "orders.get", json.RawMessage(fmt.Sprintf(`{"id":%d}`, 1000+i)))
			if want := fmt.Sprintf(`{"id":%d,`, 1000+i); err == nil && !strings.HasPrefix(string(result), want) {
				err = fmt.Errorf("%d was answered with %s", 1000+i, result)
			}
			results <- err
		}()
	}
	for range calls {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
