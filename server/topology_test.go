package server_test

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server"
)

// Each way of running Redis is a setting: nodes share calls, replies and events
// through all of them.
func TestTopologies(t *testing.T) {
	for name, configure := range map[string]func(t *testing.T) server.Config{
		"database": func(t *testing.T) server.Config { return redisConfig(redisserver.Start(t).URL() + "/3") },
		"Unix socket": func(t *testing.T) server.Config {
			path := filepath.Join(t.TempDir(), "redis.sock")
			redisserver.Start(t, "--unixsocket", path)
			return redisConfig("unix://" + path + "?db=2")
		},
		"Unix socket with a password": func(t *testing.T) server.Config {
			path := filepath.Join(t.TempDir(), "redis.sock")
			redisserver.Start(t, "--unixsocket", path, "--requirepass", "p@/:")
			return redisConfig("unix://:" + url.PathEscape("p@/:") + "@" + path)
		},
		"ACL": func(t *testing.T) server.Config {
			redis := redisserver.Start(t, "--user", "app", "on", ">p@ss", "~mine*", "&mine*", "+@all", "-@admin", "--user", "default", "off")
			cfg := redisConfig("redis://app:" + url.PathEscape("p@ss") + "@" + redis.Addr())
			cfg.RedisPrefix = "mine"
			return cfg
		},
		"TLS": func(t *testing.T) server.Config {
			redis, settings := redisserver.StartTLS(t)
			cfg := redisConfig("rediss://" + redis.Addr())
			cfg.RedisTLS = settings
			return cfg
		},
		"Cluster": func(t *testing.T) server.Config {
			nodes := redisserver.StartCluster(t, 3)
			return redisConfig("redis://" + nodes[0].Addr() + "?addr=" + nodes[1].Addr() + "&addr=" + nodes[2].Addr())
		},
		"Cluster by one of its nodes": func(t *testing.T) server.Config {
			return redisConfig(redisserver.StartCluster(t, 3)[1].URL())
		},
		"Sentinel": func(t *testing.T) server.Config { return redisConfig(redisserver.StartSentinel(t).URL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := startNodes(t, 2, nil, configure(t))
			shareEverything(t, nodes[0], nodes[1])
		})
	}
}

func TestWrongTLSAndSentinels(t *testing.T) {
	t.Parallel()
	locked, settings := redisserver.StartTLS(t)
	watched := redisserver.StartSentinel(t)
	withTLS := func(settings *tls.Config) server.Config {
		cfg := redisConfig("rediss://" + locked.Addr())
		cfg.RedisTLS = settings
		return cfg
	}
	nameless := settings.Clone()
	nameless.ServerName = "redis.example.com"
	for name, test := range map[string]struct {
		cfg  server.Config
		says string
	}{
		"no TLS to TLS":             {redisConfig("redis://" + locked.Addr()), "begin it with rediss:// if it speaks TLS"},
		"an authority of no renown": {withTLS(nil), "the certificate of the Redis at " + locked.Addr() + " (Config.Redis[0]) is not accepted"},
		"another name":              {withTLS(nameless), "is not accepted"},
		"no client's certificate":   {withTLS(&tls.Config{RootCAs: settings.RootCAs}), locked.Addr()},
		"a Sentinel's password":     {redisConfig(strings.Replace(watched.URL, redisserver.SentinelPassword, "wrong", 1)), "(Sentinels of main)"},
		"a master's password":       {redisConfig(strings.Replace(watched.URL, redisserver.RedisPassword, "wrong", 1)), "refuses the user or the password"},
		"a name not watched":        {redisConfig(strings.Replace(watched.URL, "master_set=main", "master_set=other", 1)), "(Sentinels of other)"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, began := test.cfg, time.Now()
			cfg.TokenHMACSecret, cfg.Logger = secret, slog.New(slog.DiscardHandler)
			srv, err := server.New(testRouter(nil), cfg)
			if err == nil {
				_ = srv.Shutdown(t.Context())
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "Config.Redis[0]") || strings.Contains(err.Error(), "of-the-") {
				t.Errorf("the error is %v; want %q in it", err, test.says)
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// A replica takes the master's place: everything goes on by itself, and what the
// new master may not know is not run again.
func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	watched := redisserver.StartSentinel(t)
	nodes := startNodes(t, 2, nil, redisConfig(watched.URL))
	shareEverything(t, nodes[0], nodes[1])
	c := connected(t, nodes[0].url, signed(t, "456"))
	var epoch string
	if _, rest, ok := strings.Cut(c.connect.raw, `"store":"`); ok {
		epoch, _, _ = strings.Cut(rest, `"`)
	}
	watched.Master.Kill()
	watched.Promoted()
	id := uint32(10)
	until(t, "calls to be taken again", func() bool {
		again, ok := tryConnect(t, nodes[0].url, signed(t, "456")) // the first may have been let go
		if !ok {
			return false // as for new clients
		}
		c = again
		id++
		c.send("%s", request(id, "tasks.get_stats", `{"user_id":"1"}`, "after", "user#456"))
		return c.code(id) == 0
	})
	until(t, "both nodes to be ready", func() bool {
		for _, n := range nodes {
			if code, _ := get(t, n.url+"/ready"); code != 200 {
				return false
			}
		}
		return true
	})
	// What was sent to the old master, and the new one does not have.
	lost := strings.Replace(request(1000, "tasks.get_stats", `{"user_id":"1"}`, "never seen", "user#456"), `"reply_to"`, `"store":"`+epoch+`","reply_to"`, 1)
	c.send("%s", lost)
	if e := c.answer("never seen"); e.Error == nil || e.Error.Code != 520 {
		t.Errorf("a call of before the failover: %+v; want 520", e)
	}
	sharesAgain(t, nodes[0], nodes[1])
}

// A master of a cluster dies, and its replica takes its place.
func TestClusterFailsOver(t *testing.T) {
	t.Parallel()
	masters := redisserver.StartCluster(t, 3)
	redisserver.AddReplica(t, masters[0])
	nodes := startNodes(t, 2, nil, redisConfig("redis://"+masters[0].Addr()+"?addr="+masters[1].Addr()+"&addr="+masters[2].Addr()))
	shareEverything(t, nodes[0], nodes[1])
	masters[0].Kill()
	id := uint32(10)
	for n := range 12 { // users of all slots
		user := fmt.Sprint("user-", n)
		until(t, "calls of "+user+" to be taken again", func() bool {
			id++
			c, err := tryDial(t, nodes[n%2].url, nil)
			if err != nil {
				return false // new clients wait, too
			}
			defer func() { _ = c.conn.CloseNow() }()
			c.send(`{"id":1,"connect":{"token":%q}}`, signed(t, user))
			if m, err := c.receive(func(m message) bool { return m.ID == 1 }); err != nil || m.Connect == nil {
				return false
			}
			c.send("%s", request(id, "tasks.get_stats", `{"user_id":"1"}`, "after", "user#"+user))
			return c.code(id) == 0
		})
	}
	sharesAgain(t, nodes[0], nodes[1])
}

// sharesAgain waits until events, and connects, pass between nodes.
func sharesAgain(t *testing.T, one, two *running) {
	t.Helper()
	until(t, "replies and events on both nodes", func() bool {
		heard := make(chan struct{})
		defer close(heard)
		b := connected(t, two.url, signed(t, "456"))
		b.send(`{"id":4,"subscribe":{"channel":"room.x"}}`)
		if b.code(4) != 0 {
			return false
		}
		go func() {
			for every := time.NewTicker(50 * time.Millisecond); ; {
				_ = one.Publish(t.Context(), "room.x", "again")
				select {
				case <-every.C:
				case <-heard:
					every.Stop()
					return
				}
			}
		}()
		return b.event("room.x") == `"again"`
	})
}

// A node starts while a replica that its cluster still lists is dead, takes calls, and
// loses none of what it publishes.
func TestANodeStartsWithoutAReplica(t *testing.T) {
	t.Parallel()
	masters := redisserver.StartCluster(t, 3, "--cluster-node-timeout", "60000") // it does not notice for long
	replica := redisserver.AddReplica(t, masters[0])
	until(t, "the replica to be listed", func() bool {
		return masters[0].Do(`EVAL "local n = 0; for _, slots in ipairs(redis.call('CLUSTER', 'SLOTS')) do n = n + #slots - 2 end; return n" 0`) == ":4"
	})
	replica.Kill()
	node := startNodes(t, 1, nil, redisConfig(masters[0].URL()))[0]
	if code, said := get(t, node.url+"/ready"); code != 200 {
		t.Errorf("/ready says %d %s", code, said)
	}
	c, err := client.NewCentrifugoRPCClient(socketURL(node.url), signed(t, "456"), "456", client.WithSilence(200*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := c.Call(t.Context(), "test.who", struct{}{}, nil); err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		if err := node.Publish(t.Context(), "room.x", "for any node of the cluster"); err != nil {
			t.Fatal(err)
		}
		if code, said := get(t, node.url+"/ready"); code != 200 {
			t.Fatalf("/ready says %d %s", code, said)
		}
	}
	if said := node.log.String(); strings.Contains(said, "out of reach: replies") {
		t.Errorf("the log says %s", said)
	}
}
