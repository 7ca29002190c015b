package centrifugodouble

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Real reports whether tests run against a real Centrifugo, which CENTRIFUGO_BIN
// names.
func Real() bool { return os.Getenv("CENTRIFUGO_BIN") != "" }

// Process is a Centrifugo, or its double, that listens.
type Process struct {
	addr string
	stop func()
}

// Addr is where it listens, "127.0.0.1:port".
func (p *Process) Addr() string { return p.addr }

// Stop ends it, and all of its connections. It is done at the end of the test, too.
func (p *Process) Stop() { p.stop() }

// Start serves a configuration of Centrifugo, in JSON, at an address, whatever the
// configuration says of it, and waits until it listens. env are environment
// variables of Centrifugo's, "NAME=value". It ends with the test.
func Start(t testing.TB, addr string, configuration []byte, env ...string) *Process {
	t.Helper()
	begin := startDouble
	if Real() {
		begin = startReal
	}
	started := begin(t, addr, configuration, env)
	p := &Process{addr: addr, stop: sync.OnceFunc(started.stop)}
	t.Cleanup(p.stop)
	deadline := time.After(20 * time.Second)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return p
		}
		select {
		case <-started.ended:
			t.Fatalf("Centrifugo ended instead of listening at %s:\n%s", addr, started.said())
		case <-deadline:
			t.Fatalf("Centrifugo does not listen at %s: %v\n%s", addr, err, started.said())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// running is what was started.
type running struct {
	stop  func()          // may be called once
	ended <-chan struct{} // closed when it has ended by itself, too; nil if it cannot
	said  func() string   // its output
}

func startDouble(t testing.TB, addr string, configuration []byte, env []string) running {
	t.Helper()
	variables := map[string]string{}
	for _, text := range env {
		name, value, _ := strings.Cut(text, "=")
		variables[name] = value
	}
	s, err := New(configuration, variables)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		_ = web.Serve(listener)
		close(served)
	}()
	return running{
		stop: func() {
			_ = web.Close()
			<-served
			s.Close()
		},
		said: func() string { return "" },
	}
}

func startReal(t testing.TB, addr string, configuration []byte, env []string) running {
	t.Helper()
	var settings map[string]any
	if err := json.Unmarshal(configuration, &settings); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	settings["http_server"] = map[string]any{"address": host, "port": number}
	file := filepath.Join(t.TempDir(), "config.json")
	text, err := json.Marshal(settings)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "centrifugo.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Getenv("CENTRIFUGO_BIN"), "--config", file)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("CENTRIFUGO_BIN names a program that cannot be started: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	said := func() string {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	return running{
		stop: func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				_ = cmd.Process.Kill()
				<-ended
			}
			_ = log.Close()
			if t.Failed() {
				t.Logf("Centrifugo's log:\n%s", said())
			}
		},
		ended: ended,
		said:  said,
	}
}
