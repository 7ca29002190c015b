package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/server"
)

// djangoSystems are the ways to make the call to Django, one worker of uvicorn each:
// the view that centrirpc.django has, by HTTP; the same through a Go server; and a
// view written by hand, by HTTP.
var djangoSystems = []*system{
	{name: "django-view", title: "the view of centrirpc.django, by HTTP", django: true, dial: dialDjango("rpc/rpc", proxied)},
	{name: "django-forward", title: "the same through Go: WebSocket, Forward, HTTP", django: true, serveDjango: serveForwarding, against: "django-view", dial: dialCentrirpc(false, correlated)},
	{name: "django-plain", title: "a view by hand, by HTTP", django: true, against: "django-view", dial: dialDjango("plain/", bare)},
}

// djangoShapes are one caller, and sixteen with four calls each.
var djangoShapes = []shape{{1, 1}, {16, 4}}

const djangoSecret = "a secret of the benchmark"

var errNoDjango = errors.New("Python and Django are missing: run `make setup` in the repository's root")

const (
	djangoPython = "../.venv/bin/python"
	djangoFolder = "djangosite"
)

func djangoInstalled() bool {
	_, err := os.Stat(djangoPython)
	return err == nil
}

// site is a running Django, for a server that forwards calls to it.
type site struct {
	Address  string          `json:"address"`
	Contract json.RawMessage `json:"contract"` // as exported
}

// djangoProcess is a Django of the benchmark's own, under uvicorn.
type djangoProcess struct {
	site  site
	cmd   *exec.Cmd
	said  bytes.Buffer // to be read when the process has ended
	ended chan struct{}
}

func pythonCommand(ctx context.Context, args ...string) (*exec.Cmd, error) {
	python, err := filepath.Abs(djangoPython)
	if err != nil {
		return nil, err
	}
	sdk, err := filepath.Abs("../sdk/python")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Dir = djangoFolder
	cmd.Env = append(os.Environ(), "PYTHONPATH="+sdk, "PYTHONDONTWRITEBYTECODE=1", "BENCH_SECRET="+djangoSecret)
	return cmd, nil
}

// startDjango starts one on a free port of 127.0.0.1 and waits until it listens.
func startDjango(ctx context.Context) (d *djangoProcess, err error) {
	if !djangoInstalled() {
		return nil, errNoDjango
	}
	free, err := listen()
	if err != nil {
		return nil, err
	}
	d = &djangoProcess{ended: make(chan struct{})}
	d.site.Address = free.Addr().String()
	_ = free.Close()
	if d.site.Contract, err = exportDjango(ctx); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(d.site.Address)
	if err != nil {
		return nil, err
	}
	// Not of ctx: it is ended by its pid, when nobody asks it any more.
	if d.cmd, err = pythonCommand(context.WithoutCancel(ctx), "-m", "uvicorn", "benchsite:application", "--host", "127.0.0.1", "--port", port, "--log-level", "warning", "--no-access-log"); err != nil {
		return nil, err
	}
	d.cmd.Stdout, d.cmd.Stderr = &d.said, &d.said
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Django: %w", err)
	}
	go func() {
		_ = d.cmd.Wait()
		close(d.ended)
	}()
	if err := d.listens(ctx); err != nil {
		d.stop()
		return nil, fmt.Errorf("Django: %w; it said: %s", err, bytes.TrimSpace(d.said.Bytes()))
	}
	return d, nil
}

func exportDjango(ctx context.Context) (json.RawMessage, error) {
	dir, err := os.MkdirTemp("", "bench-django-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "contract.json")
	cmd, err := pythonCommand(ctx, "-m", "centrirpc", "export", "benchsite", "--name", "bench", "-o", file)
	if err != nil {
		return nil, err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("exporting Django's contract: %w: %s", err, bytes.TrimSpace(out))
	}
	return os.ReadFile(file)
}

func (d *djangoProcess) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, slack, fmt.Errorf("it does not answer within %s", slack))
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := net.Dial("tcp", d.site.Address); err == nil {
			return c.Close()
		}
		select {
		case <-again.C:
		case <-d.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stop ends the process, by its pid.
func (d *djangoProcess) stop() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// used is the CPU time and the memory of the process, in the kernel's ticks of 10 ms.
func (d *djangoProcess) used() (usage, error) {
	const tick = 10 * time.Millisecond
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return usage{}, fmt.Errorf("what Django uses: %w", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("what Django uses: %q is not known", stat)
	}
	var numbers [3]int64
	for i, field := range []int{11, 12, 21} { // utime, stime, rss
		if numbers[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return usage{}, fmt.Errorf("what Django uses: %w", err)
		}
	}
	return usage{CPU: time.Duration(numbers[0]+numbers[1]) * tick, Resident: numbers[2] * int64(os.Getpagesize())}, nil
}

// serveForwarding is a server whose method Django has.
func serveForwarding(django site) (string, error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	remote, err := endpoint.New(endpoint.Config{URL: "http://" + django.Address + "/rpc/rpc", Secret: djangoSecret, Logger: logger})
	if err != nil {
		return "", err
	}
	router := centrirpc.NewRouter(centrirpc.Name("bench"), centrirpc.Logger(logger))
	centrirpc.Forward(router, django.Contract, remote)
	return startRouter(router, server.Config{})
}

// httpConnection makes calls by plain HTTP. It has as many sockets as it has calls
// in flight, and keeps them.
type httpConnection struct {
	client *http.Client
	url    string
	body   func(userID string) any
	result func([]byte, *stats) error
}

// call is how a call looks by plain HTTP.
type call struct {
	body   func(userID string) any
	result func([]byte, *stats) error
}

// proxied is a call as Centrifugo's RPC proxy makes it.
var proxied = call{
	func(userID string) any {
		return map[string]any{"client": "bench", "transport": "http", "protocol": "json", "encoding": "json", "user": userID, "method": getStatsMethod, "data": getStatsParams{UserID: userID}}
	},
	func(data []byte, into *stats) error {
		var answer struct {
			Result struct {
				Data *stats `json:"data"`
			} `json:"result"`
		}
		answer.Result.Data = into
		return json.Unmarshal(data, &answer)
	},
}

// bare is a call whose body are the params, and its answer the result.
var bare = call{
	func(userID string) any { return getStatsParams{UserID: userID} },
	func(data []byte, into *stats) error { return json.Unmarshal(data, into) },
}

func dialDjango(path string, how call) func(context.Context, string, int) (connection, error) {
	return func(_ context.Context, address string, _ int) (connection, error) {
		return &httpConnection{
			client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Second, DisableCompression: true}, Timeout: 30 * time.Second},
			url:    "http://" + address + "/" + path,
			body:   how.body, result: how.result,
		}, nil
	}
}

func (c *httpConnection) getStats(ctx context.Context, userID string) (result stats, err error) {
	body, err := json.Marshal(c.body(userID))
	if err != nil {
		return stats{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return stats{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(endpoint.SecretHeader, djangoSecret)
	resp, err := c.client.Do(req)
	if err != nil {
		return stats{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP status %d: %.200s", resp.StatusCode, data)
	}
	if err == nil {
		err = c.result(data, &result)
	}
	return result, err
}

func (c *httpConnection) close() { c.client.CloseIdleConnections() }
