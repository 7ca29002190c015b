package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// answerDeadline bounds one question; none waits for time to pass.
const answerDeadline = 60 * time.Second

// lines is a program that is asked on standard input, and answers on standard
// output: a line of JSON each.
type lines struct {
	name    string
	stdin   io.WriteCloser
	answers chan []byte
	stderr  process.Output
}

// startLines starts the program, which ends with its standard input at the end of
// the test.
func startLines(t *testing.T, cmd *exec.Cmd) *lines {
	t.Helper()
	l := &lines{name: cmd.Path, answers: make(chan []byte)}
	cmd.Stderr = &l.stderr
	var err error
	if l.stdin, err = cmd.StdinPipe(); err != nil {
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
		defer close(l.answers)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, 64<<20)
		for scanner.Scan() {
			l.answers <- bytes.Clone(scanner.Bytes())
		}
	}()
	t.Cleanup(func() {
		_ = l.stdin.Close()
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		for range l.answers {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s did not end cleanly: %v\n%s", l.name, err, l.stderr.String())
		}
	})
	return l
}

// ask writes the question and reads the answer. It does not do for several
// goroutines at once.
func (l *lines) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := l.stdin.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s ended before it was asked %s: %w\n%s", l.name, line, err, l.stderr.String())
	}
	select {
	case got, open := <-l.answers:
		if !open {
			return fmt.Errorf("%s ended when it was asked %s\n%s", l.name, line, l.stderr.String())
		}
		if err := json.Unmarshal(got, answer); err != nil {
			return fmt.Errorf("%s answered %s with %.300s: %w", l.name, line, got, err)
		}
		return nil
	case <-time.After(answerDeadline):
		return fmt.Errorf("%s did not answer %s\n%s", l.name, line, l.stderr.String())
	}
}
