package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// Each server and each client runs in a process of its own, started from this
// same program. The first process asks them to do things, one line of JSON each
// way; a process ends when its input does.

// roleVariable tells a process that it is a child, and what for: "server NAME" or
// "client NAME", with "/2" and so on for the second server of a system and the
// further ones; "idle-server" or "idle-server redis".
const roleVariable = "CENTRIRPC_BENCH_ROLE"

// profileVariable is the directory for a child's profiles, if it is to write any.
const profileVariable = "CENTRIRPC_BENCH_PROFILE"

// order is what a child is asked to do.
type order struct {
	Do        string        `json:"do"`
	Addresses []string      `json:"addresses,omitempty"` // of the servers, for a client
	Redis     []string      `json:"redis,omitempty"`     // their addresses, for a server that needs them
	Django    *site         `json:"django,omitempty"`    // for a server that needs one
	Shape     shape         `json:"shape,omitzero"`
	For       time.Duration `json:"for,omitempty"`
}

// answerLine is what a child says when it has done so.
type answerLine struct {
	Error string          `json:"error,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// child is a process that was started for a role.
type child struct {
	name   string
	cmd    *exec.Cmd
	orders io.WriteCloser
	lines  chan answerLine
}

func startChild(role, profiles string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{name: role, cmd: exec.Command(program), lines: make(chan answerLine)}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+role, profileVariable+"="+profiles)
	c.cmd.Stderr = os.Stderr
	if c.orders, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", role, err)
	}
	go c.read(out)
	return c, nil
}

func (c *child) read(out io.Reader) {
	defer close(c.lines)
	decoder := json.NewDecoder(out)
	for {
		var line answerLine
		if decoder.Decode(&line) != nil {
			return
		}
		c.lines <- line
	}
}

// slack is how much longer than asked for a child may take before it counts as
// stuck.
const slack = 30 * time.Second

// do gives an order and decodes the answer into value, a pointer or nil.
func (c *child) do(ctx context.Context, o order, value any) error {
	failed := func(err error) error { return fmt.Errorf("%s: %s: %w", c.name, o.Do, err) }
	line, err := json.Marshal(o)
	if err != nil {
		return failed(err)
	}
	if _, err := c.orders.Write(append(line, '\n')); err != nil {
		return failed(err)
	}
	select {
	case got, ok := <-c.lines:
		switch {
		case !ok:
			return failed(errors.New("the process ended"))
		case got.Error != "":
			return failed(errors.New(got.Error))
		case value == nil:
			return nil
		}
		return json.Unmarshal(got.Value, value)
	case <-time.After(o.For + slack):
		return failed(fmt.Errorf("no answer within %s", o.For+slack))
	case <-ctx.Done():
		return failed(ctx.Err())
	}
}

// stop ends the process: by the end of its input, or by a signal to its pid.
func (c *child) stop() {
	_ = c.orders.Close()
	kill := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	for range c.lines { // until its output ends
	}
	_ = c.cmd.Wait()
}

// role does what a child is for.
type role interface{ do(order) (any, error) }

// runChild is a child's main: it follows orders until its input ends.
func runChild(name string, in io.Reader, out, stderr io.Writer) int {
	r, err := newRole(name)
	profiled := profiling{dir: os.Getenv(profileVariable), name: strings.NewReplacer(" ", "-", "/", "-").Replace(name)}
	orders, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var o order
		if orders.Decode(&o) != nil {
			break
		}
		line, value := answerLine{}, any(nil)
		failed := err
		if failed == nil {
			failed = profiled.before(o)
		}
		if failed == nil {
			value, failed = r.do(o)
		}
		if failed == nil && value != nil {
			line.Value, failed = json.Marshal(value)
		}
		if failed != nil {
			line = answerLine{Error: failed.Error()}
		}
		if answers.Encode(line) != nil {
			break
		}
	}
	if err := profiled.end(); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

func newRole(name string) (role, error) {
	part, of, _ := strings.Cut(name, " ")
	if part == "idle-server" {
		return &idleServer{}, nil
	}
	of, _, _ = strings.Cut(of, "/")
	s := cmp.Or(systemNamed(of), named(storeSystems, of), named(nodesSystems, of), named(djangoSystems, of))
	switch {
	case s == nil:
		return nil, fmt.Errorf("there is no system %q", of)
	case part == "server":
		return &serving{system: s}, nil
	case part == "client":
		return &loading{system: s}, nil
	}
	return nil, fmt.Errorf("there is no role %q", part)
}

// profiling writes one CPU profile and one of allocations, over the life of the
// process from its first order on.
type profiling struct {
	dir, name string
	cpu       *os.File
}

func (p *profiling) before(order) (err error) {
	if p.dir == "" || p.cpu != nil {
		return nil
	}
	if p.cpu, err = os.Create(filepath.Join(p.dir, p.name+".cpu.pprof")); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.cpu)
}

func (p *profiling) end() error {
	if p.cpu == nil {
		return nil
	}
	pprof.StopCPUProfile()
	if err := p.cpu.Close(); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(p.dir, p.name+".allocs.pprof"))
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
