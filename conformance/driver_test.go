package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// driver is a program that runs cases through one language's client.
type driver struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte
	stderr process.Output
	broken string // why it takes no more cases
}

// startDriver starts a driver with the server's address and the token of its
// shared client.
func startDriver(t *testing.T, cmd *exec.Cmd, server, user string) *driver {
	t.Helper()
	token, err := mint(json.RawMessage(`{"sub":"` + user + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{cmd: cmd, lines: make(chan []byte)}
	cmd.Args = append(cmd.Args, server, strings.Trim(string(token), `"`))
	cmd.Stderr = &d.stderr
	if d.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, 64<<20)
		for scanner.Scan() {
			d.lines <- bytes.Clone(scanner.Bytes())
		}
	}()
	t.Cleanup(func() {
		_ = d.stdin.Close()
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		for range d.lines {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the driver did not end cleanly: %v\n%s", err, d.stderr.String())
		}
	})
	return d
}

type answer struct {
	Name     string    `json:"name"`
	Outcomes []outcome `json:"outcomes"`
}

// run runs one case. A driver that hangs is ended, and fails every case after.
func (d *driver) run(t *testing.T, c testCase) []outcome {
	t.Helper()
	if d.broken != "" {
		t.Fatalf("not run: %s", d.broken)
	}
	line, err := json.Marshal(struct {
		Name   string      `json:"name"`
		Client *clientSpec `json:"client,omitempty"`
		Steps  []step      `json:"steps"`
	}{c.Name, c.Client, strip(c.Steps)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.stdin.Write(append(line, '\n')); err != nil {
		d.broken = fmt.Sprintf("the driver ended before the case %s: %v", c.Name, err)
		t.Fatalf("%s\n%s", d.broken, d.stderr.String())
	}
	deadline := time.NewTimer(caseDeadline)
	defer deadline.Stop()
	select {
	case line, open := <-d.lines:
		var a answer
		if !open {
			d.broken = "the driver ended in the case " + c.Name
		} else if err := json.Unmarshal(line, &a); err != nil || a.Name != c.Name {
			d.broken = fmt.Sprintf("the driver answered the case %s with %.300q (%v)", c.Name, line, err)
		} else {
			return a.Outcomes
		}
	case <-deadline.C:
		d.broken = "the driver hung in the case " + c.Name
		_ = d.cmd.Process.Kill()
	}
	t.Fatalf("%s\n%s", d.broken, d.stderr.String())
	return nil
}
