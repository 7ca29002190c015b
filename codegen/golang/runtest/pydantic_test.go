package runtest_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// rewritten is the JSON of a T, read and written again.
func rewritten[T any](data string) (string, error) {
	var v T
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		return "", err
	}
	again, err := json.Marshal(v)
	return string(again), err
}

type held[T any] struct {
	Value T `json:"value"`
}

// What Pydantic itself writes is read, and what is written for it is the same
// value to Pydantic.
func TestWhatPydanticWrites(t *testing.T) {
	python := tools.Path(t, "../../../.venv/bin/python")
	cmd := exec.CommandContext(t.Context(), python, "testdata/values.py")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const count = 3004
	out := bufio.NewScanner(stdout)
	var answers strings.Builder
	for range count {
		if !out.Scan() {
			t.Fatalf("it ended early: %v", out.Err())
		}
		kind, data, _ := strings.Cut(out.Text(), " ")
		again, err := map[string]func(string) (string, error){
			"datetime": rewritten[client.DateTime], "date": rewritten[client.Date], "time": rewritten[client.TimeOfDay], "timedelta": rewritten[client.ISODuration],
			"text": rewritten[held[client.UTF8Bytes]], "base64": rewritten[held[client.Base64URL]],
		}[kind](data)
		if err != nil {
			t.Errorf("%s: %v", out.Text(), err)
			again = data
		}
		answers.WriteString(again + "\n")
	}
	if _, err := io.WriteString(stdin, answers.String()); err != nil {
		t.Fatal(err)
	}
	for out.Scan() {
		t.Error(out.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
