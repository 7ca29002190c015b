package server_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server"
)

// startNodes starts servers of the same configuration, each with a router of its own
// and the gate's handlers.
func startNodes(t *testing.T, n int, g *gate, cfg server.Config) []*running {
	t.Helper()
	nodes := make([]*running, n)
	for i := range nodes {
		nodes[i] = start(t, testRouter(g), cfg)
	}
	return nodes
}

// shareEverything fails unless calls, replies and events of one node reach the other's
// clients.
func shareEverything(t *testing.T, one, two *running) {
	t.Helper()
	for _, user := range []string{"456", "7", "u-8", "nine"} { // of several shards
		a, b := connected(t, one.url, signed(t, user)), connected(t, two.url, signed(t, user))
		ask := func(c *rawClient, id uint32) {
			t.Helper()
			c.send("%s", request(id, "test.who", `{}`, "the same "+user, "user#"+user))
			if code := c.code(id); code != 0 {
				t.Fatalf("a call of %s was refused with %d", user, code)
			}
		}
		ask(a, 2)
		first, heard := a.answer("the same "+user), b.answer("the same "+user)
		if string(first.Result) == "" || string(first.Result) != string(heard.Result) {
			t.Errorf("one node's client got %s, the other's %s", first.Result, heard.Result)
		}
		ask(b, 3) // whose client id would be another one
		if again := b.answer("the same " + user); string(again.Result) != string(first.Result) {
			t.Errorf("the other node ran the call again: %s, and %s", first.Result, again.Result)
		}
		channel := "room." + user
		b.send(`{"id":4,"subscribe":{"channel":%q}}`, channel)
		if code := b.code(4); code != 0 {
			t.Fatalf("subscribing: %d", code)
		}
		if err := one.Publish(t.Context(), channel, "hello "+user); err != nil {
			t.Fatal(err)
		}
		if got := b.event(channel); got != `"hello `+user+`"` {
			t.Errorf("the event is %s", got)
		}
	}
}

func redisConfig(urls ...string) server.Config {
	return server.Config{Redis: urls, Channels: []server.Channel{{Name: "room.*"}}}
}

// The Redis is all that several nodes need to be told of, and all that is opened is
// closed.
func TestNodesShareARedis(t *testing.T) {
	redis := redisserver.Start(t)
	before := runtime.NumGoroutine()
	t.Run("while they run", func(t *testing.T) {
		nodes := startNodes(t, 2, nil, redisConfig(redis.URL()))
		shareEverything(t, nodes[0], nodes[1])
	})
	until(t, "all goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	if got := redis.Do("PUBSUB NUMPAT"); got != ":0" {
		t.Errorf("subscriptions are left: %s", got)
	}
}

func TestNodesShareTwoRedises(t *testing.T) {
	one, two := redisserver.Start(t), redisserver.Start(t)
	nodes := startNodes(t, 2, nil, redisConfig(one.URL(), two.URL()))
	shareEverything(t, nodes[0], nodes[1])
	for _, redis := range []*redisserver.Server{one, two} {
		if keys := redis.Do("KEYS centrirpc:{u*}:calls"); keys == "*0" {
			t.Errorf("%s has no calls", redis.Addr())
		}
		if channels := redis.Do("PUBSUB CHANNELS centrirpc.client.*"); channels == "*0" {
			t.Errorf("%s carries no publications", redis.Addr())
		}
	}
}

// fakeRedis answers every command with the same, and INFO with text.
func fakeRedis(t *testing.T, info string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					if !strings.HasPrefix(lines.Text(), "*") {
						continue
					}
					var n int
					_, _ = fmt.Sscanf(lines.Text(), "*%d", &n)
					var words []string
					for range n {
						lines.Scan()
						lines.Scan()
						words = append(words, lines.Text())
					}
					answer := "+OK\r\n"
					switch words[0] {
					case "HELLO":
						answer = "-ERR unknown command `HELLO`\r\n"
					case "CLUSTER":
						answer = "-ERR This instance has cluster support disabled\r\n"
					case "INFO":
						answer = fmt.Sprintf("$%d\r\n%s\r\n", len(info), info)
					}
					if _, err := conn.Write([]byte(answer)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "redis://" + l.Addr().String()
}

// Whatever is wrong with a Redis at the start is said in words of its own, soon, with
// the setting, the host and the way to mend it; and nothing is left running.
func TestNewSaysWhatIsWrongWithRedis(t *testing.T) {
	locked := redisserver.Start(t, "--requirepass", "right")
	open := redisserver.Start(t)
	evicting := redisserver.Start(t, "--maxmemory-policy", "volatile-lru")
	silentToThis := redisserver.Start(t, "--user", "default", "on", "nopass", "~*", "resetchannels", "+@all")
	noScripts := redisserver.Start(t, "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-evalsha", "-eval")
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	nobody := loopback.FreeAddress(t)
	_, port, _ := net.SplitHostPort(open.Addr())
	for name, test := range map[string]struct {
		cfg  server.Config
		says []string
	}{
		"no URL":                  {redisConfig("127.0.0.1:6379"), []string{"Config.Redis[0] is not the address of a Redis", "redis://user:password@127.0.0.1:6379/0"}},
		"nobody there":            {redisConfig("redis://u:geheim@" + nobody), []string{"no Redis can be reached at " + nobody, "start it there or correct Config.Redis[0]"}},
		"the second":              {redisConfig(open.URL(), "redis://:geheim@"+nobody), []string{"correct Config.Redis[1]", nobody}},
		"a host of no name":       {redisConfig("redis://:geheim@redis.invalid:6379"), []string{"no Redis can be reached at redis.invalid:6379", "correct Config.Redis[0]"}},
		"a wrong password":        {redisConfig("redis://:geheim@" + locked.Addr()), []string{"refuses the user or the password", "correct them in Config.Redis[0]", locked.Addr()}},
		"no password":             {redisConfig(locked.URL()), []string{"asks for a password; put it in Config.Redis[0]", locked.Addr()}},
		"a needless one":          {redisConfig("redis://u:geheim@" + open.Addr()), []string{"refuses the user or the password", open.Addr()}},
		"too old":                 {redisConfig(fakeRedis(t, "redis_version:5.0.14\r\nmaxmemory_policy:noeviction\r\n")), []string{"Config.Redis[0]", "is version 5.0.14; 6.2 or newer is needed"}},
		"eviction":                {redisConfig(evicting.URL()), []string{"Config.Redis[0]", evicting.Addr(), "maxmemory-policy volatile-lru", "CONFIG SET maxmemory-policy noeviction"}},
		"a web server":            {redisConfig("redis://" + web.Listener.Addr().String()), []string{"does not answer as a Redis does; correct Config.Redis[0]"}},
		"silence":                 {redisConfig("redis://:geheim@" + silent.Addr().String()), []string{"does not answer as a Redis does; correct Config.Redis[0]"}},
		"TLS to no TLS":           {redisConfig("rediss://" + open.Addr()), []string{"does not answer as a Redis with TLS does; correct Config.Redis[0]"}},
		"no channels":             {redisConfig(silentToThis.URL()), []string{"does not permit the user in Config.Redis[0] what is needed", "channel"}},
		"no scripts":              {redisConfig(noScripts.URL()), []string{"does not permit the user in Config", "evalsha"}},
		"TLS settings for none":   {server.Config{Redis: []string{open.URL()}, RedisTLS: &tls.Config{}}, []string{"Config.Redis[0] says no TLS", "rediss://"}},
		"TLS alone":               {server.Config{RedisTLS: &tls.Config{}}, []string{"RedisTLS is set and Redis is not"}},
		"an addr with a password": {redisConfig(open.URL() + "?addr=u:geheim@" + open.Addr()), []string{"Config.Redis[0] has an addr that is not host:port", "redis://user:password@host:port?addr=host:port"}},
		"an addr with no host":    {redisConfig(open.URL() + "?addr="), []string{"Config.Redis[0] has an addr that is not host:port"}},
		"the same Redis twice":    {redisConfig(open.URL(), "redis://localhost:"+port+"/3"), []string{"Config.Redis[1] (localhost:" + port + ") is the same Redis as Config.Redis[0]", "give each one once"}},
		"a brace":                 {server.Config{Redis: []string{open.URL()}, RedisPrefix: "a{b"}, []string{"RedisPrefix", "brace"}},
		"no Sentinels":            {redisConfig("redis://" + open.Addr() + "?master_set=geheim-not"), []string{open.Addr(), "Config.Redis[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := test.cfg
			cfg.TokenHMACSecret, cfg.Logger = secret, slog.New(slog.DiscardHandler)
			goroutines, began := runtime.NumGoroutine(), time.Now()
			srv, err := server.New(testRouter(nil), cfg)
			if err == nil {
				_ = srv.Shutdown(t.Context())
				t.Fatal("no error")
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			for _, want := range append(test.says, "server: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), ":geheim") {
				t.Errorf("the error has the password: %v", err)
			}
			until(t, "all goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
		})
	}
}

// While Redis is away callers hear so soon; when it is back all goes on by itself, and
// the log has a line for each.
func TestRedisIsLostAndComesBack(t *testing.T) {
	for name, away := range map[string]struct{ leave, comeBack func(*redisserver.Server) }{
		"killed":  {(*redisserver.Server).Kill, (*redisserver.Server).Restart},
		"stalled": {(*redisserver.Server).Pause, (*redisserver.Server).Continue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redisserver.Start(t)
			g := newGate()
			nodes := startNodes(t, 2, g, redisConfig(redis.URL()))
			a, b := connected(t, nodes[0].url, signed(t, "456")), connected(t, nodes[1].url, signed(t, "456"))
			b.send(`{"id":2,"subscribe":{"channel":"room.1"}}`)
			if code := b.code(2); code != 0 {
				t.Fatalf("subscribing: %d", code)
			}
			a.send("%s", request(3, "test.wait", `{}`, "held", "user#456"))
			a.send(`{"id":4,"rpc":{"method":"test.wait"}}`) // until it is answered, the client is not let go
			<-g.started
			<-g.started

			away.leave(redis)
			ready := func(want int) {
				t.Helper()
				for _, n := range nodes {
					until(t, fmt.Sprintf("/ready to say %d", want), func() bool {
						began := time.Now()
						code, _ := get(t, n.url+"/ready")
						if took := time.Since(began); took > time.Second {
							t.Errorf("/ready took %v", took)
						}
						return code == want
					})
					if code, _ := get(t, n.url+"/health"); code != 200 {
						t.Errorf("/health says %d", code)
					}
				}
			}
			for id := uint32(10); id < 100; id++ {
				began := time.Now()
				a.send("%s", request(id, "tasks.get_stats", `{"user_id":"1"}`, fmt.Sprint("c", id), "user#456"))
				if code := a.code(id); code != 503 {
					t.Errorf("a call was refused with %d; want 503", code)
				}
				if took := time.Since(began); took > 4*time.Second {
					t.Errorf("that took %v", took)
				}
				if id > 15 {
					continue
				}
				if err := nodes[0].Publish(t.Context(), "room.1", id); err == nil {
					t.Error("an event was published")
				}
			}
			ready(503)
			for _, n := range nodes {
				until(t, "both to be missed", func() bool {
					_, body := get(t, n.url+"/ready")
					return body == `{"status":"unavailable","calls":"1 of 1 Redis out of reach","publications":"1 of 1 Redis out of reach"}`
				})
			}
			a.send(`{"id":140,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`)
			if m := a.reply(140); m.RPC == nil {
				t.Errorf("native RPC, which needs no Redis: %s", m.raw)
			}
			note := `{"id":%d,"publish":{"channel":"rpc.requests","data":{"op":"notify","method":"test.note","params":{},"correlation_id":"n%d"}}}`
			a.send(note, 141, 1)
			if code := a.code(141); code != 503 {
				t.Errorf("a notification was refused with %d; want 503", code)
			}
			a.send("%s", request(142, "test.volatile", `{}`, "volatile", "user#456"))
			if code := a.code(142); code != 0 { // nothing remembers it; its reply is lost
				t.Errorf("a volatile call was refused with %d", code)
			}
			for _, n := range nodes { // so that a load balancer takes another one
				until(t, "new clients to get 503", func() bool {
					code, body := get(t, n.url+"/connection/websocket")
					return code == 503 && body == "unavailable\n"
				})
			}
			close(g.open) // the reply waits for Redis, or is lost and asked for again
			for _, c := range []*rawClient{a, b} {
				if code, _ := c.closed(); code != 3001 {
					t.Errorf("after some time without Redis a client was let go with %d; want 3001", code)
				}
			}

			away.comeBack(redis)
			ready(200)
			for n, c := range []**rawClient{&a, &b} { // the library may notice later
				until(t, "clients to be taken again", func() (ok bool) {
					*c, ok = tryConnect(t, nodes[n].url, signed(t, "456"))
					return ok
				})
			}
			b.send(`{"id":2,"subscribe":{"channel":"room.1"}}`)
			if code := b.code(2); code != 0 {
				t.Fatalf("subscribing: %d", code)
			}
			until(t, "calls to be taken", func() bool {
				a.send("%s", request(150, "tasks.get_stats", `{"user_id":"1"}`, "after", "user#456"))
				return a.code(150) == 0
			})
			a.send(note, 151, 2)
			if code := a.code(151); code != 0 {
				t.Errorf("a notification when Redis is back was refused with %d", code)
			}
			heard := make(chan struct{})
			go func() {
				for every := time.NewTicker(50 * time.Millisecond); ; {
					_ = nodes[0].Publish(t.Context(), "room.1", "again")
					select {
					case <-every.C:
					case <-heard:
						every.Stop()
						return
					}
				}
			}()
			b.must(func(m message) bool {
				return m.Push != nil && m.Push.Channel == "room.1" && strings.Contains(m.raw, "again")
			}, "events on the other node")
			close(heard)
			until(t, "the log to say that calls are taken again", func() bool {
				return strings.Contains(nodes[0].log.String(), `redisstore: Redis is back"`) && strings.Contains(nodes[1].log.String(), `redisstore: Redis is back"`)
			})
			for _, n := range nodes {
				text := n.log.String()
				lines := 0
				for line := range strings.Lines(text) {
					if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") {
						lines++
					}
				}
				for _, once := range []string{"Redis is out of reach: replies", "Redis is back for replies", "clients are told to connect again", "calls are refused until it is back", `redisstore: Redis is back"`} {
					if got := strings.Count(text, once); got != 1 {
						t.Errorf("the log says %d times %q", got, once)
					}
				}
				if lines > 6 { // the store's, the first call's, the publications', the first reply's, the clients' leave
					t.Errorf("%d warnings and errors:\n%s", lines, text)
				}
			}
		})
	}
}

// One of several Redises away is no reason to send all clients away.
func TestReadyWithOneOfTwoRedises(t *testing.T) {
	t.Parallel()
	one, two := redisserver.Start(t), redisserver.Start(t)
	node := startNodes(t, 1, nil, redisConfig(one.URL(), two.URL()))[0]
	says := func(code int, body string) {
		t.Helper()
		until(t, "/ready to say "+body, func() bool {
			gotCode, got := get(t, node.url+"/ready")
			return gotCode == code && got == body
		})
	}
	gauge := func(want string) { // which nobody has to call anything for
		t.Helper()
		if got := node.metric(t, "centrirpc_ready"); got != want {
			t.Errorf("centrirpc_ready is %q; want %s", got, want)
		}
	}
	says(200, `{"status":"ready"}`)
	gauge("1")
	two.Kill()
	says(200, `{"status":"degraded","calls":"1 of 2 Redis out of reach","publications":"1 of 2 Redis out of reach"}`)
	gauge("1")
	one.Kill()
	says(503, `{"status":"unavailable","calls":"2 of 2 Redis out of reach","publications":"2 of 2 Redis out of reach"}`)
	gauge("0")
	one.Restart()
	two.Restart()
	says(200, `{"status":"ready"}`)
}

// A lost typed event is an error for who publishes it.
func TestTypedChannelsWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	router := testRouter(nil)
	channel := centrirpc.Channel[struct{}, string](router, "news")
	start(t, router, redisConfig(redis.URL()))
	if err := channel.Publish(t.Context(), struct{}{}, "there"); err != nil {
		t.Error(err)
	}
	redis.Kill()
	if err := channel.Publish(t.Context(), struct{}{}, "away"); err == nil {
		t.Error("an event was published")
	}
}

// A server ends in its time, whatever Redis does, and leaves nothing behind.
func TestShutdownWithoutRedis(t *testing.T) {
	for name, leave := range map[string]func(*redisserver.Server){"killed": (*redisserver.Server).Kill, "stalled": (*redisserver.Server).Pause} {
		t.Run(name, func(t *testing.T) {
			redis := redisserver.Start(t)
			before := runtime.NumGoroutine()
			func() {
				s := startNodes(t, 1, nil, redisConfig(redis.URL()))[0]
				for range 20 {
					_ = connected(t, s.url, signed(t, "456")).conn.CloseNow()
				}
				c := connected(t, s.url, signed(t, "456"))
				leave(redis)
				began := time.Now()
				_ = s.Shutdown(t.Context())
				if took := time.Since(began); took > 8*time.Second {
					t.Errorf("it took %v", took)
				} else {
					t.Logf("it took %v", took)
				}
				if code, _ := c.closed(); code != 3001 {
					t.Errorf("the client was closed with %d; want 3001", code)
				}
			}()
			until(t, "all goroutines to end", func() bool { return runtime.NumGoroutine() <= before+6 }) // of the HTTP server, which ends with the test
		})
	}
}
