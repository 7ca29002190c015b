package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// server is a Redis of a test's own.
type server struct {
	*redisserver.Server
	t testing.TB
}

// startRedis starts a redis-server that ends with the test.
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	return &server{redisserver.Start(t, args...), t}
}

// do runs a command beside the stores.
func (r *server) do(args ...string) rueidis.RedisResult {
	r.t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.Addr()}, ForceSingleClient: true, DisableCache: true})
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

// open makes a store on the server. On a machine that is busy with other things a Redis
// can be too slow for the short timeouts of these tests; then it is asked again.
func (r *server) open(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if len(cfg.URLs) == 0 {
		cfg.URLs = []string{r.URL()}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := redisstore.New(cfg)
	for end := time.Now().Add(20 * time.Second); errors.Is(err, context.DeadlineExceeded) && time.Now().Before(end); {
		s, err = redisstore.New(cfg)
	}
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
