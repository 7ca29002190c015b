package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// server is a real Centrifuge node that consumes rpc.requests, without any of
// our own server's code.
type server struct {
	t    *testing.T
	node *centrifuge.Node
	http *httptest.Server
	URL  string

	// Set before the first client connects.
	plain       bool          // as plain Centrifugo: the reply channel is not subscribed
	maxSize     int           // said at connect, where above zero
	who         func() string // whose a connection is, whatever its token; nil: the token's "sub"
	silent      bool          // does not say at connect who that is
	store       func() string // the epoch that is said at connect; nil: none
	onRequest   func(*incoming)
	onRPC       func(centrifuge.RPCEvent) (centrifuge.RPCReply, error)
	onConnect   func(token string) (centrifuge.ConnectReply, error)
	onSubscribe func(channel string) error
	// subscribeData comes with every subscription that a client makes.
	subscribeData []byte
	onData        func(data []byte) // of connect commands
	refreshed     chan string       // tokens of refresh commands

	requests atomic.Int64
	connects atomic.Int64
	open     sync.Map // *centrifuge.Client to true, once its OnConnect has begun
}

// incoming is a request that the server was sent.
type incoming struct {
	wire.Request
	server *server
	client *centrifuge.Client
	cb     centrifuge.PublishCallback
	once   sync.Once
}

// ack acknowledges the request, once.
func (in *incoming) ack(err error) {
	in.once.Do(func() {
		if err != nil {
			in.cb(centrifuge.PublishReply{}, err)
			return
		}
		in.cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
	})
}

func (in *incoming) result(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	in.server.publish(in.ReplyTo, wire.EncodeResult(in.CorrelationID, data))
}

func (in *incoming) fail(e *wire.Error) {
	in.server.publish(in.ReplyTo, wire.EncodeError(in.CorrelationID, e))
}

func (s *server) publish(channel string, data []byte) {
	if _, err := s.node.Publish(channel, data); err != nil {
		s.t.Errorf("publishing on %s: %v", channel, err)
	}
}

// echo answers every request with its params.
func echo(in *incoming) {
	in.ack(nil)
	if in.Op == wire.OpCall {
		in.result(in.Params)
	}
}

func newServer(t *testing.T, setup func(*server)) *server {
	t.Helper()
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone, ClientExpiredCloseDelay: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, node: node, onRequest: echo, refreshed: make(chan string, 16)}
	if setup != nil {
		setup(s)
	}
	node.OnConnecting(s.connecting)
	node.OnConnect(s.connected)
	if err := node.Run(); err != nil {
		t.Fatal(err)
	}
	limit := 65536
	if s.maxSize > 0 {
		limit = s.maxSize
	}
	s.http = httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{MessageSizeLimit: limit}))
	s.URL = "ws" + strings.TrimPrefix(s.http.URL, "http")
	t.Cleanup(func() {
		s.awaitOpen()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := node.Shutdown(ctx); err != nil {
			t.Errorf("shutting the node down: %v", err)
		}
		s.http.Close()
	})
	return s
}

// awaitOpen waits for connections that have the reply to their connect command
// and are not through with it. A node that closes one then waits 5 s for the end
// of its reader, which waits for that close.
func (s *server) awaitOpen() {
	eventually(s.t, "all connections are open or gone", func() bool {
		for _, c := range s.node.Hub().Connections() {
			if _, open := s.open.Load(c); !open {
				return false
			}
		}
		return true
	})
}

func (s *server) connecting(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	s.connects.Add(1)
	if s.onData != nil {
		s.onData(e.Data)
	}
	var reply centrifuge.ConnectReply
	if s.onConnect != nil {
		var err error
		if reply, err = s.onConnect(e.Token); err != nil {
			return reply, err
		}
	}
	claims, err := s.identify(e.Token)
	if err != nil {
		return reply, centrifuge.DisconnectInvalidToken
	}
	if claims.Exp > 0 && claims.Exp < time.Now().Unix() {
		return reply, centrifuge.ErrorTokenExpired
	}
	reply.Credentials = &centrifuge.Credentials{UserID: claims.Sub, ExpireAt: claims.Exp}
	reply.ClientSideRefresh = true
	if !s.plain {
		if reply.Subscriptions == nil {
			reply.Subscriptions = map[string]centrifuge.SubscribeOptions{}
		}
		reply.Subscriptions[wire.ReplyChannel(claims.Sub)] = centrifuge.SubscribeOptions{}
	}
	switch {
	case s.who != nil && s.store != nil:
		reply.Data = fmt.Appendf(nil, `{"centrirpc":{"version":1,"user_id":%q,"store":%q}}`, claims.Sub, s.store())
	case s.who != nil && !s.silent:
		reply.Data = fmt.Appendf(nil, `{"centrirpc":{"version":1,"max_message_size":65536,"user_id":%q}}`, claims.Sub)
	case s.store != nil:
		reply.Data = fmt.Appendf(nil, `{"centrirpc":{"version":1,"max_message_size":%d,"store":%q}}`, max(s.maxSize, 4096), s.store())
	case s.maxSize > 0:
		reply.Data = fmt.Appendf(nil, `{"centrirpc":{"version":1,"max_message_size":%d}}`, s.maxSize)
	}
	return reply, nil
}

func (s *server) identify(token string) (claims, error) {
	if s.who != nil {
		return claims{Sub: s.who()}, nil
	}
	return readToken(token)
}

func (s *server) connected(c *centrifuge.Client) {
	s.open.Store(c, true)
	c.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
		if e.Channel == "open" {
			cb(centrifuge.PublishReply{}, nil)
			return
		}
		if e.Channel != wire.RequestsChannel {
			cb(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		req, err := wire.DecodeRequest(e.Data)
		if err != nil {
			cb(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
			return
		}
		s.requests.Add(1)
		s.onRequest(&incoming{Request: req, server: s, client: c, cb: cb})
	})
	c.OnSubscribe(func(e centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
		if s.onSubscribe != nil {
			if err := s.onSubscribe(e.Channel); err != nil {
				cb(centrifuge.SubscribeReply{}, err)
				return
			}
		}
		cb(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{Data: s.subscribeData}}, nil)
	})
	c.OnRPC(func(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) {
		if s.onRPC == nil {
			cb(centrifuge.RPCReply{Data: e.Data}, nil)
			return
		}
		cb(s.onRPC(e))
	})
	c.OnRefresh(func(e centrifuge.RefreshEvent, cb centrifuge.RefreshCallback) {
		claims, err := readToken(e.Token)
		if err != nil {
			cb(centrifuge.RefreshReply{}, centrifuge.DisconnectInvalidToken)
			return
		}
		s.refreshed <- e.Token
		cb(centrifuge.RefreshReply{ExpireAt: claims.Exp}, nil)
	})
}

// disconnect closes the connections of user 456.
func (s *server) disconnect(d centrifuge.Disconnect) {
	if err := s.node.Disconnect("456", centrifuge.WithCustomDisconnect(d)); err != nil {
		s.t.Errorf("disconnecting: %v", err)
	}
}

type claims struct {
	Sub string `json:"sub"`
	Exp int64  `json:"exp,omitempty"`
	JTI string `json:"jti,omitempty"`
}

func newToken(c claims) string {
	payload, _ := json.Marshal(c)
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
}

func readToken(token string) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errors.New("not a token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(payload, &c)
}

// quick are the options of a client that reconnects without making a test wait.
func quick(opts ...client.Option) []client.Option {
	return append([]client.Option{
		client.WithReconnectDelay(time.Millisecond, 10*time.Millisecond),
		client.WithTimeout(10 * time.Second),
		client.WithErrorHandler(func(error) {}),
	}, opts...)
}

func newClient(t *testing.T, url string, opts ...client.Option) *client.CentrifugoRPCClient {
	t.Helper()
	c, err := client.NewCentrifugoRPCClient(url, newToken(claims{Sub: "456"}), "", quick(opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if n := c.Outstanding(); n > 0 {
			t.Errorf("%d calls are left", n)
		}
	})
	return c
}

func connect(t *testing.T, url string, opts ...client.Option) *client.CentrifugoRPCClient {
	t.Helper()
	c := newClient(t, url, opts...)
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// bothProtocols runs a test in the JSON and in the protobuf form.
func bothProtocols(t *testing.T, test func(t *testing.T, opts ...client.Option)) {
	t.Run("json", func(t *testing.T) { test(t) })
	t.Run("protobuf", func(t *testing.T) { test(t, client.WithProtobuf()) })
}

// settled returns when the server has carried out everything the client asked of
// it so far. Centrifuge drops what is published between its answer to a
// subscribe command and the end of that command.
func settled(t *testing.T, c *client.CentrifugoRPCClient) {
	t.Helper()
	if err := c.Call(t.Context(), "settle", nil, nil, client.Idempotent()); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition that has no signal.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// receive takes a value that must come.
func receive[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("%s never came", what)
		panic("unreachable")
	}
}

// proxy is a TCP proxy that can stall and cut.
type proxy struct {
	listener net.Listener
	target   string
	stalled  atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, s *server) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: s.http.Listener.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			wg.Go(func() { p.copy(out, in) })
			wg.Go(func() { p.copy(in, out) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		wg.Wait()
	})
	return p
}

func (p *proxy) URL() string { return "ws://" + p.listener.Addr().String() }

// copy drops what comes while the proxy is stalled.
func (p *proxy) copy(to, from net.Conn) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.stalled.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut closes all connections without a closing handshake.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

var _ io.Closer = (*client.CentrifugoRPCClient)(nil)
