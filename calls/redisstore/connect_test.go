package redisstore_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

// rewriting is a proxy that changes what a Redis says.
func rewriting(t *testing.T, to, what, by string) string {
	t.Helper()
	if len(what) != len(by) {
		t.Fatal("the lengths differ")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				return
			}
			go func() { io.Copy(server, client); server.Close() }()
			go func() {
				buf := make([]byte, 64<<10)
				for {
					n, err := server.Read(buf)
					if err != nil {
						client.Close()
						return
					}
					client.Write(bytes.ReplaceAll(buf[:n], []byte(what), []byte(by)))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Each thing that can be wrong has words of its own, that say what to do, and that
// hold no secrets.
func TestNewSaysWhatIsWrong(t *testing.T) {
	locked := startRedis(t, "--requirepass", "right")
	open := startRedis(t)
	evicting := startRedis(t, "--maxmemory-policy", "allkeys-lru")
	limited := startRedis(t, "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-evalsha", "-eval")
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, test := range map[string]struct {
		cfg  redisstore.Config
		says []string
	}{
		"no URL":              {redisstore.Config{}, []string{"Config.URLs is empty", "redis://127.0.0.1:6379"}},
		"no URL of a Redis":   {redisstore.Config{URLs: []string{"http://u:geheim@127.0.0.1"}}, []string{"Config.URLs[0] is not the address of a Redis"}},
		"a broken URL":        {redisstore.Config{URLs: []string{"redis://u:ge%heim@127.0.0.1"}}, []string{"Config.URLs[0] is not the address of a Redis", "percent-encoded"}},
		"a bad database":      {redisstore.Config{URLs: []string{"redis://u:geheim@127.0.0.1/geheim"}}, []string{"Config.URLs[0] is not"}},
		"nobody there":        {redisstore.Config{URLs: []string{"redis://u:geheim@" + loopback.FreeAddress(t)}}, []string{"no Redis can be reached at 127.0.0.1:", "start it there or correct Config.URLs[0]"}},
		"a web server":        {redisstore.Config{URLs: []string{"redis://u:geheim@" + web.Listener.Addr().String()}}, []string{"does not answer as a Redis does"}},
		"silence":             {redisstore.Config{URLs: []string{"redis://u:geheim@" + silent.Addr().String()}, Timeout: 300 * time.Millisecond}, []string{"does not answer as a Redis does"}},
		"TLS to no TLS":       {redisstore.Config{URLs: []string{"rediss://u:geheim@" + open.Addr()}}, []string{"does not answer as a Redis with TLS does; correct Config.URLs[0]", "redis:// if it speaks none", open.Addr()}},
		"the second of two":   {redisstore.Config{URLs: []string{open.URL(), "redis://" + locked.Addr()}}, []string{"Config.URLs[1]", "asks for a password"}},
		"the same one twice":  {redisstore.Config{URLs: []string{open.URL(), open.URL() + "/1"}}, []string{"Config.URLs[1] (" + open.Addr() + ") is the same Redis as Config.URLs[0]"}},
		"a password in addr":  {redisstore.Config{URLs: []string{open.URL() + "?addr=u:geheim@" + open.Addr()}}, []string{"Config.URLs[0] has an addr that is not host:port"}},
		"a database too many": {redisstore.Config{URLs: []string{open.URL() + "/99"}}, []string{"does not have the database 99", "Config.URLs[0]"}},
		"a lone password":     {redisstore.Config{URLs: []string{open.URL() + "?sentinel_password=geheim"}}, []string{"Config.URLs[0] has sentinel_user or sentinel_password, and no master_set"}},
		"nobody at a socket":  {redisstore.Config{URLs: []string{"unix:///nowhere/redis.sock"}}, []string{"no Redis can be reached at /nowhere/redis.sock"}},
		"a wrong password":    {redisstore.Config{URLs: []string{"redis://:geheim@" + locked.Addr()}}, []string{"refuses the user or the password", locked.Addr()}},
		"a wrong user":        {redisstore.Config{URLs: []string{"redis://u:geheim@" + locked.Addr()}}, []string{"refuses the user or the password", locked.Addr()}},
		"no password":         {redisstore.Config{URLs: []string{"redis://" + locked.Addr()}}, []string{"asks for a password", locked.Addr()}},
		"an old version":      {redisstore.Config{URLs: []string{"redis://" + rewriting(t, open.Addr(), "redis_version:7.", "redis_version:5.")}}, []string{"is version 5.", "6.2 or newer is needed"}},
		"eviction":            {redisstore.Config{URLs: []string{evicting.URL()}}, []string{"maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction"}},
		"a narrow ACL":        {redisstore.Config{URLs: []string{limited.URL()}}, []string{"does not permit", "ACL"}},
		"a brace":             {redisstore.Config{URLs: []string{open.URL()}, Prefix: "a{b"}, []string{"Config.Prefix", "brace"}},
		"a negative bound":    {redisstore.Config{URLs: []string{open.URL()}, MaxCallsPerUser: -1}, []string{"Config.MaxCallsPerUser is negative"}},
		"a short lease":       {redisstore.Config{URLs: []string{open.URL()}, Lease: time.Millisecond}, []string{"Config.Lease", "at least 300ms"}},
		"a long timeout":      {redisstore.Config{URLs: []string{open.URL()}, Timeout: time.Minute}, []string{"Config.Timeout", "less than the lease"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			s, err := redisstore.New(test.cfg)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			for _, want := range append(test.says, "redisstore: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "heim") || strings.Count(err.Error(), "redisstore: ") > 1 {
				t.Errorf("the error is %v", err)
			}
			if took := time.Since(before); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	open.open(t, redisstore.Config{URLs: []string{"redis://:right@" + locked.Addr()}})
	open.open(t, redisstore.Config{URLs: []string{"redis://" + open.Addr() + "/3"}})
}
