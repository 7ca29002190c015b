package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// errNoRedis says that there is no redis-server to start.
var errNoRedis = errors.New("redis-server is missing: on Debian, apt-get install redis-server")

func redisInstalled() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// redisProcess is a redis-server of the benchmark's own. It keeps nothing on disk.
type redisProcess struct {
	cmd     *exec.Cmd
	address string
	dir     string
	said    bytes.Buffer // to be read when the process has ended
	ended   chan struct{}
	client  rueidis.Client
	asked   int // INFOs that it has answered to this program
}

// startRedis starts a redis-server on a free port of 127.0.0.1 and waits until it
// answers.
func startRedis(ctx context.Context) (r *redisProcess, err error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errNoRedis
	}
	free, err := listen()
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	_ = free.Close()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-redis-")
	if err != nil {
		return nil, err
	}
	r = &redisProcess{address: address, dir: dir, ended: make(chan struct{})}
	r.cmd = exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	if err := r.cmd.Start(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("starting redis-server: %w", err)
	}
	go func() {
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	if err := r.connect(ctx); err != nil {
		r.stop()
		return nil, fmt.Errorf("redis-server: %w; it said: %s", err, bytes.TrimSpace(r.said.Bytes()))
	}
	return r, nil
}

// connect waits until the process answers, and not another one that took the port.
func (r *redisProcess) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, slack, fmt.Errorf("it does not answer within %s", slack))
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.address}, ForceSingleClient: true, DisableCache: true, PipelineMultiplex: -1})
		if err == nil {
			r.client = client
			info, err := r.info(ctx)
			r.asked++
			if err == nil && info["process_id"] != strconv.Itoa(r.cmd.Process.Pid) {
				err = errors.New("another process took its port; try again")
			}
			return err
		}
		select {
		case <-again.C:
		case <-r.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stop ends the process, by its pid.
func (r *redisProcess) stop() {
	if r.client != nil {
		r.client.Close()
	}
	_ = r.cmd.Process.Kill()
	<-r.ended
	_ = os.RemoveAll(r.dir)
}

// info is what the process says of itself: what stands before the first colon of a
// line, and after it.
func (r *redisProcess) info(ctx context.Context) (map[string]string, error) {
	text, err := r.client.Do(ctx, r.client.B().Info().Section("all").Build()).ToString()
	if err != nil {
		return nil, fmt.Errorf("asking Redis for INFO: %w", err)
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info, nil
}
