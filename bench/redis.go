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

// redisUse is what a Redis has done: in all, or for one call.
type redisUse struct {
	CPU       float64 `json:"cpu_us"`            // user and system, in microseconds
	Scripts   float64 `json:"scripts"`           // EVAL and EVALSHA
	Publishes float64 `json:"publishes"`         // PUBLISH and SPUBLISH
	Others    float64 `json:"others"`            // sent to it, but for the INFO that asks for all this
	Within    float64 `json:"within_scripts"`    // run by scripts
	Received  float64 `json:"received_in_bytes"` // from the network
	Sent      float64 `json:"sent_in_bytes"`     // to the network
}

// withinScripts are the commands that the store's scripts run. Redis counts them
// as if they were sent to it. One that is missing here counts as sent.
var withinScripts = map[string]bool{
	"time": true, "get": true, "set": true, "del": true, "pexpire": true, "pexpireat": true,
	"hget": true, "hmget": true, "hset": true, "hdel": true, "hlen": true, "hstrlen": true,
	"zadd": true, "zrem": true, "zcard": true, "zcount": true, "zrange": true, "zrangebyscore": true,
}

// used is what the process has done since its start.
func (r *redisProcess) used(ctx context.Context) (redisUse, error) {
	info, err := r.info(ctx)
	if err != nil {
		return redisUse{}, err
	}
	return useOf(info)
}

func useOf(info map[string]string) (redisUse, error) {
	var u redisUse
	var failed error
	number := func(name, text string) float64 {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			failed = fmt.Errorf("redis says %s is %q: %w", name, text, err)
		}
		return n
	}
	field := func(name string) float64 { return number(name, info[name]) }
	u.CPU = 1e6 * (field("used_cpu_user") + field("used_cpu_sys"))
	u.Received, u.Sent = field("total_net_input_bytes"), field("total_net_output_bytes")
	for name, value := range info {
		command, ok := strings.CutPrefix(name, "cmdstat_")
		if !ok {
			continue
		}
		value, _, _ = strings.Cut(strings.TrimPrefix(value, "calls="), ",")
		count := number(name, value)
		switch {
		case command == "eval" || command == "evalsha":
			u.Scripts += count
		case command == "publish" || command == "spublish":
			u.Publishes += count
		case withinScripts[command]:
			u.Within += count
		case command != "info":
			u.Others += count
		}
	}
	return u, failed
}

// perCall is what was done since before, for each of n calls.
func (u redisUse) perCall(before redisUse, n float64) redisUse {
	return redisUse{
		CPU:       (u.CPU - before.CPU) / n,
		Scripts:   (u.Scripts - before.Scripts) / n,
		Publishes: (u.Publishes - before.Publishes) / n,
		Others:    (u.Others - before.Others) / n,
		Within:    (u.Within - before.Within) / n,
		Received:  (u.Received - before.Received) / n,
		Sent:      (u.Sent - before.Sent) / n,
	}
}
