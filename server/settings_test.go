package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

// settings are those of the library's that decide between the memory of an idle
// connection and the latency of a call.
type settings struct {
	name       string
	writeDelay time.Duration
	socket     centrifuge.WebsocketConfig
}

// allSettings are compared by the benchmarks below, on the library alone. A busy
// machine with two cores said:
//
//	                               one call at a time   idle connection
//	defaults                       27 us                29,400 bytes
//	pool                           27 us                19,000 bytes
//	pool, off the read loop        31 us                14,400 bytes
//	the same, delay of 1 ns        32 us                11,200 bytes
//	the same, delay of 1 ms        1,218 us             10,700 bytes
//
// The third is what the server uses; with all that a server has besides, an idle
// connection takes 18,700 bytes. Why there is no delay is said in connect.go.
var allSettings = []settings{
	{"defaults", 0, centrifuge.WebsocketConfig{}},
	{"pool", 0, centrifuge.WebsocketConfig{UseWriteBufferPool: true, ReadBufferSize: 512}},
	{"pool,off_read_loop", 0, centrifuge.WebsocketConfig{UseWriteBufferPool: true, ReadBufferSize: 512, ProcessCommandsOffReadLoop: true}},
	{"pool,off_read_loop,delay_1ns", 1, centrifuge.WebsocketConfig{UseWriteBufferPool: true, ReadBufferSize: 512, ProcessCommandsOffReadLoop: true}},
	{"pool,off_read_loop,delay_1ms", time.Millisecond, centrifuge.WebsocketConfig{UseWriteBufferPool: true, ReadBufferSize: 512, ProcessCommandsOffReadLoop: true}},
}

// libraryServer is a node that answers a request as the server does, without
// what the server does in between.
func libraryServer(b *testing.B, with settings) string {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		b.Fatal(err)
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:     &centrifuge.Credentials{UserID: e.Token},
			Subscriptions:   map[string]centrifuge.SubscribeOptions{wire.ReplyChannel(e.Token): {}},
			QueueInitialCap: 1,
			WriteDelay:      with.writeDelay,
			WriteWithTimer:  with.writeDelay > 0,
		}, nil
	})
	reply := wire.EncodeResult("c", []byte(`{"total":100}`))
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnPublish(func(_ centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
			go func() {
				answer(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
				_, _ = node.Publish(wire.ReplyChannel(client.UserID()), reply)
			}()
		})
	})
	if err := node.Run(); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(http.StripPrefix("/connection/websocket", centrifuge.NewWebsocketHandler(node, with.socket)))
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = node.Shutdown(ctx)
		web.Close()
	})
	return web.URL
}

// BenchmarkLatency is one correlated call at a time on one connection of the
// server as it is.
func BenchmarkLatency(b *testing.B) {
	address, token := quietServer(b)
	conn, _, err := websocket.Dial(b.Context(), socketURL(address), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	oneAtATime(b, conn, token("456"))
}

// BenchmarkMemory is what one idle connection to the server takes.
func BenchmarkMemory(b *testing.B) {
	address, token := quietServer(b)
	idle(b, address, token)
}

// quietServer is a server that logs nothing, and what signs tokens for it.
func quietServer(b *testing.B) (address string, sign func(user string) string) {
	srv, err := server.New(testRouter(nil), server.Config{TokenHMACSecret: secret, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(srv)
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx)
		web.Close()
	})
	return web.URL, func(user string) string {
		signed, err := token.Sign(secret, token.Claims{UserID: user})
		if err != nil {
			b.Fatal(err)
		}
		return signed
	}
}

// BenchmarkSettingsLatency is one correlated call at a time on one connection.
func BenchmarkSettingsLatency(b *testing.B) {
	for _, with := range allSettings {
		b.Run(with.name, func(b *testing.B) {
			conn, _, err := websocket.Dial(b.Context(), socketURL(libraryServer(b, with)), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.CloseNow() }()
			oneAtATime(b, conn, "456")
		})
	}
}

// oneAtATime connects user 456 and calls until the benchmark is over.
func oneAtATime(b *testing.B, conn *websocket.Conn, token string) {
	exchange := func(frame, until string) {
		if err := conn.Write(b.Context(), websocket.MessageText, []byte(frame)); err != nil {
			b.Fatal(err)
		}
		for {
			_, got, err := conn.Read(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if strings.Contains(string(got), until) {
				return
			}
		}
	}
	exchange(fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, token), `"connect"`)
	id := uint32(1)
	for b.Loop() {
		id++
		correlationID := fmt.Sprint("c", id)
		exchange(request(id, "tasks.get_stats", `{"user_id":"1"}`, correlationID, "user#456"), `"result"`)
	}
}

// BenchmarkSettingsMemory is what one idle connection takes of heap and stacks,
// after one call.
func BenchmarkSettingsMemory(b *testing.B) {
	for _, with := range allSettings {
		b.Run(with.name, func(b *testing.B) { idle(b, libraryServer(b, with), func(user string) string { return user }) })
	}
}

// idle opens connections, each of a user of its own, and reports the memory of
// each, in bytes. The clients are bare sockets without goroutines, so that it is
// the server's.
func idle(b *testing.B, address string, token func(user string) string) {
	const count = 5000
	tokens := make([]string, count)
	for i := range tokens {
		tokens[i] = token(fmt.Sprint("u", i))
	}
	before := inUse()
	sockets := make([]net.Conn, count)
	for i := range sockets {
		sockets[i] = bareSocket(b, address, fmt.Sprint("u", i), tokens[i])
		defer func() { _ = sockets[i].Close() }()
	}
	used := inUse() - before
	for b.Loop() {
	}
	b.ReportMetric(float64(used)/count, "bytes/conn")
}

func inUse() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// bareSocket is a WebSocket by hand: handshake, a masked frame with the connect
// command and a call, and the answers, read and dropped.
func bareSocket(b *testing.B, address, user, token string) net.Conn {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.WriteString(conn, "GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	if err != nil {
		b.Fatal(err)
	}
	reader := bufio.NewReaderSize(conn, 4096)
	readUntil := func(end string) {
		for {
			read, err := reader.ReadSlice(end[len(end)-1])
			if err != nil {
				b.Fatal(err)
			}
			if bytes.HasSuffix(read, []byte(end)) && (end != "\r\n" || len(read) == 2) {
				return
			}
		}
	}
	readUntil("\r\n")
	frame := fmt.Appendf(nil, `{"id":1,"connect":{"token":%q}}`+"\n%s", token, request(2, "tasks.get_stats", `{"user_id":"1"}`, "c", wire.ReplyChannel(user)))
	head := []byte{0x81, 0x80 | 126, byte(len(frame) >> 8), byte(len(frame)), 0, 0, 0, 0} // a mask of zeros
	if _, err := conn.Write(append(head, frame...)); err != nil {
		b.Fatal(err)
	}
	readUntil(`"result":{"total":100}`)
	return conn
}
