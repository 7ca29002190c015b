package redisstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/calls/redisstore"
)

// server is a Redis of a test's own.
type server struct {
	t    testing.TB
	addr string
	args []string
	proc *exec.Cmd
}

// startRedis starts a redis-server that ends with the test.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	addr := freeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	_, busPort, _ := net.SplitHostPort(freeAddress(t))
	r := &server{t: t, addr: addr, args: append([]string{
		"--port", port, "--cluster-port", busPort, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--daemonize", "no",
	}, args...)}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts the process and waits until it answers.
func (r *server) start() {
	r.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		r.t.Fatal("redis-server is missing: on Debian, apt-get install redis-server")
	}
	log, err := os.Create(filepath.Join(r.t.TempDir(), "redis.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	r.proc = exec.Command(path, r.args...)
	r.proc.Stdout, r.proc.Stderr = log, log
	if err := r.proc.Start(); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // until it listens
		if c, err := net.Dial("tcp", r.addr); err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			r.t.Fatalf("redis-server does not listen: %s", said)
		}
	}
}

// kill ends the process, whatever it is doing.
func (r *server) kill() {
	if r.proc != nil {
		r.proc.Process.Kill()
		r.proc.Wait()
		r.proc = nil
	}
}

// stall stops the process without ending it; its sockets stay open.
func (r *server) stall()  { r.proc.Process.Signal(syscall.SIGSTOP) }
func (r *server) resume() { r.proc.Process.Signal(syscall.SIGCONT) }

func (r *server) url() string { return "redis://" + r.addr }

// do runs a command beside the stores.
func (r *server) do(args ...string) rueidis.RedisResult {
	r.t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.addr}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	res := c.Do(ctx, c.B().Arbitrary(args...).Build())
	if err := res.Error(); err != nil && !rueidis.IsRedisNil(err) {
		r.t.Fatalf("%s: %v", args, err)
	}
	return res
}

// keys lists the keys that match a pattern.
func (r *server) keys(pattern string) []string {
	r.t.Helper()
	keys, err := r.do("KEYS", pattern).AsStrSlice()
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

// open makes a store on the server.
func (r *server) open(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.URL == "" {
		cfg.URL = r.url()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// eventually waits until something holds, and fails when it takes too long.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("it does not come to it that %s", what)
		}
	}
}

// journal is a log to look into.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

var prefixes struct {
	sync.Mutex
	n int
}

// newPrefix is one that no other test has.
func newPrefix() string {
	prefixes.Lock()
	defer prefixes.Unlock()
	prefixes.n++
	return fmt.Sprint("p", prefixes.n)
}
