package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// The process answers, counts what it is asked, and is gone after its stop, with
// its directory.
func TestRedisProcess(t *testing.T) {
	if !redisInstalled() {
		process.Missing(t, "redis-server")
	}
	r, err := startRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pid := r.cmd.Process.Pid
	before, err := r.used(t.Context())
	if err == nil {
		err = r.client.Do(t.Context(), r.client.B().Eval().Script("return redis.call('GET', KEYS[1])").Numkeys(1).Key("a").Build()).Error()
	}
	if err != nil && !strings.Contains(err.Error(), "nil") {
		t.Fatal(err)
	}
	if err := r.client.Do(t.Context(), r.client.B().Publish().Channel("a").Message("b").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	after, err := r.used(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	use := after.perCall(before, 1)
	if use.Scripts != 1 || use.Publishes != 1 || use.Within != 1 || use.Others != 0 || use.Infos != 0 || use.ScriptsTook <= 0 || use.Received <= 0 || use.Sent <= 0 || use.CPU <= 0 {
		t.Errorf("one script with one command and one publication are %+v", use)
	}
	r.stop()
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d is there after stop: %v", pid, err)
	}
	if _, err := os.Stat(r.dir); !os.IsNotExist(err) {
		t.Errorf("its directory is there after stop: %v", err)
	}
}

// What a redis-server says that does not start is in the error.
func TestRedisThatDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if _, err := startRedis(t.Context()); err != errNoRedis {
		t.Errorf("error %v; want %v", err, errNoRedis)
	}
	if err := os.WriteFile(filepath.Join(dir, "redis-server"), []byte("#!/bin/sh\necho broken\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := startRedis(t.Context()); err == nil || err.Error() != "redis-server: it ended; it said: broken" {
		t.Errorf("error %v", err)
	}
}

func TestRedisSaysWhatIsNoNumber(t *testing.T) {
	good := map[string]string{"used_cpu_user": "1.5", "used_cpu_sys": "0.5", "total_net_input_bytes": "10", "total_net_output_bytes": "20", "used_memory": "30", "cmdstat_info": "calls=4,usec=1", "cmdstat_publish": "calls=1,usec=7", "cmdstat_evalsha": "calls=3,usec=9", "cmdstat_client|list": "calls=2,usec=9"}
	want := redisUse{CPU: 2e6, Scripts: 3, Publishes: 1, Others: 2, Infos: 4, Received: 10, Sent: 20, ScriptsTook: 9, PublishesTook: 7, Memory: 30}
	if got, err := useOf(good); err != nil || got != want {
		t.Errorf("%+v, error %v; want %+v", got, err, want)
	}
	good["used_cpu_sys"] = "much"
	if _, err := useOf(good); err == nil || !strings.Contains(err.Error(), `used_cpu_sys is "much"`) {
		t.Errorf("error %v", err)
	}
}
