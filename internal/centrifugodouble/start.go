package centrifugodouble

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
	p := &Process{addr: addr}
	stopped := false
	end := startDouble
	if Real() {
		end = startReal
	}
	stop := end(t, addr, configuration, env)
	p.stop = func() {
		if !stopped {
			stopped = true
			stop()
		}
	}
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("Centrifugo does not listen at %s: %v", addr, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func startDouble(t testing.TB, addr string, configuration []byte, env []string) (stop func()) {
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
	return func() {
		_ = web.Close()
		<-served
		s.Close()
	}
}

func startReal(t testing.TB, addr string, configuration []byte, env []string) (stop func()) {
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
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Log(fmt.Sprintf("Centrifugo's log:\n%s", text))
			}
		}
	}
}
