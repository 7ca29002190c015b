package centrifugodouble

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt/v5"
)

// Server is a double that runs. It is an http.Handler for /connection/websocket, the
// fallbacks that its configuration enables, with /emulation, and /api.
type Server struct {
	// Log takes what went wrong between the double and a backend. It may be nil.
	Log func(string)

	config   *config
	node     *centrifuge.Node
	backends *http.Client
	mux      *http.ServeMux
	redis    *centrifuge.RedisShard // nil if its engine is in memory
}

// connection is one client.
type connection struct {
	server  *Server
	client  *centrifuge.Client
	headers http.Header
	meta    atomic.Pointer[json.RawMessage]
	slots   chan struct{} // client.concurrency
}

type connectingKey struct{}

// connecting is what is known of a client before it is connected.
type connecting struct {
	headers http.Header
	meta    json.RawMessage
}

// New makes a double from a configuration of Centrifugo in JSON and the environment
// variables that Centrifugo would see. http_server is left to who serves it.
func New(configuration []byte, env map[string]string) (*Server, error) {
	c, err := readConfig(configuration, env)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, backends: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 255}}, mux: http.NewServeMux()}
	s.node, err = centrifuge.New(centrifuge.Config{
		Version:                 "6.9.1 (a double)",
		ClientQueueMaxSize:      c.Client.QueueMaxSize,
		ClientChannelLimit:      c.Client.ChannelLimit,
		UserConnectionLimit:     c.Client.UserConnectionLimit,
		ClientExpiredCloseDelay: time.Duration(c.Client.ExpiredCloseDelay),
	})
	if err != nil {
		return nil, err
	}
	if err := s.useEngine(); err != nil {
		return nil, err
	}
	s.node.OnConnecting(s.onConnecting)
	s.node.OnConnect(s.onConnect)
	if err := s.node.Run(); err != nil {
		return nil, err
	}
	s.serveClients()
	s.mux.Handle("/api/publish", s.authorized(s.apiPublish))
	s.mux.Handle("/api/batch", s.authorized(s.apiBatch))
	s.mux.Handle("/api/info", s.authorized(s.apiInfo))
	if c.Health.Enabled {
		s.mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	}
	return s, nil
}

// useEngine has the node publish, and keep presence, where its configuration says.
func (s *Server) useEngine() error {
	if s.config.Engine.Type != "redis" {
		return nil
	}
	shard, err := centrifuge.NewRedisShard(s.node, centrifuge.RedisShardConfig{Address: s.config.Engine.redis})
	if err != nil {
		return err
	}
	s.redis = shard
	shards := []*centrifuge.RedisShard{shard}
	broker, err := centrifuge.NewRedisBroker(s.node, centrifuge.RedisBrokerConfig{Prefix: "centrifugo", Shards: shards})
	if err != nil {
		return err
	}
	s.node.SetBroker(broker)
	presence, err := centrifuge.NewRedisPresenceManager(s.node, centrifuge.RedisPresenceManagerConfig{Prefix: "centrifugo", Shards: shards})
	if err != nil {
		return err
	}
	s.node.SetPresenceManager(presence)
	return nil
}

// ServeHTTP serves clients and the server API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close disconnects all clients.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.node.Shutdown(ctx)
	if s.redis != nil {
		s.redis.Close()
	}
	s.backends.CloseIdleConnections()
}

// token is a JWT's claims.
type token struct {
	jwt.RegisteredClaims
	Info json.RawMessage `json:"info"`
	Meta json.RawMessage `json:"meta"`
}

func (t *token) expireAt() int64 {
	if t.ExpiresAt == nil {
		return 0
	}
	return t.ExpiresAt.Unix()
}

func (s *Server) verify(text string) (*token, error) {
	t := &token{}
	_, err := jwt.ParseWithClaims(text, t, func(*jwt.Token) (any, error) { return []byte(s.config.Client.Token.HMACSecretKey), nil },
		jwt.WithValidMethods([]string{"HS256", "HS384", "HS512"}))
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenUnverifiable):
		return nil, centrifuge.DisconnectInvalidToken
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return nil, centrifuge.ErrorTokenExpired
	case err != nil || s.config.Client.Token.HMACSecretKey == "":
		return nil, centrifuge.DisconnectInvalidToken
	}
	return t, nil
}

func (s *Server) onConnecting(ctx context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	refreshes := !s.config.Client.Proxy.Refresh.Enabled
	known := ctx.Value(connectingKey{}).(*connecting)
	p := &s.config.Client.Proxy.Connect
	switch {
	case e.Token != "": // the connect proxy is not asked
		t, err := s.verify(e.Token)
		if err != nil {
			return centrifuge.ConnectReply{}, err
		}
		if t.Subject == "" && s.config.Client.DisallowAnonymousConnectionTokens {
			return centrifuge.ConnectReply{}, centrifuge.DisconnectPermissionDenied
		}
		known.meta = t.Meta
		return centrifuge.ConnectReply{
			Credentials:       &centrifuge.Credentials{UserID: t.Subject, ExpireAt: t.expireAt(), Info: t.Info},
			ClientSideRefresh: refreshes,
		}, nil
	case !p.Enabled:
		return centrifuge.ConnectReply{}, nil // the library refuses whoever has no credentials
	}
	a, err := s.call(ctx, &p.proxy, known.headers, &asked{
		Client: e.ClientID, Transport: e.Transport.Name(), Protocol: string(e.Transport.Protocol()), Data: e.Data, Name: e.Name, Version: e.Version,
	})
	if err != nil || a.Result == nil {
		return centrifuge.ConnectReply{}, err
	}
	known.meta = a.Result.Meta
	reply := centrifuge.ConnectReply{
		Credentials:       &centrifuge.Credentials{UserID: a.Result.User, ExpireAt: a.Result.ExpireAt, Info: a.Result.Info},
		Data:              a.Result.Data,
		ClientSideRefresh: refreshes,
		Subscriptions:     map[string]centrifuge.SubscribeOptions{},
	}
	for _, channel := range a.Result.Channels {
		options, known := s.config.options(channel)
		if !known {
			return centrifuge.ConnectReply{}, centrifuge.ErrorUnknownChannel
		}
		reply.Subscriptions[channel] = (*override)(nil).of(options)
	}
	for channel, sub := range a.Result.Subs {
		options, known := s.config.options(channel)
		if !known {
			return centrifuge.ConnectReply{}, centrifuge.ErrorUnknownChannel
		}
		subscribed := sub.Override.of(options)
		subscribed.Data = sub.Data
		reply.Subscriptions[channel] = subscribed
	}
	return reply, nil
}

func (s *Server) onConnect(client *centrifuge.Client) {
	known := client.Context().Value(connectingKey{}).(*connecting)
	c := &connection{server: s, client: client, headers: known.headers, slots: make(chan struct{}, max(s.config.Client.Concurrency, 1))}
	c.meta.Store(&known.meta)
	client.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) { c.do(func() { cb(c.publish(e)) }) })
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
		c.do(func() { cb(c.subscribe(e)) })
	})
	client.OnRPC(func(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) { c.do(func() { cb(c.rpc(e)) }) })
	client.OnPresence(func(e centrifuge.PresenceEvent, cb centrifuge.PresenceCallback) {
		cb(centrifuge.PresenceReply{}, c.mayPresence(e.Channel))
	})
	client.OnPresenceStats(func(e centrifuge.PresenceStatsEvent, cb centrifuge.PresenceStatsCallback) {
		cb(centrifuge.PresenceStatsReply{}, c.mayPresence(e.Channel))
	})
	client.OnRefresh(func(e centrifuge.RefreshEvent, cb centrifuge.RefreshCallback) { c.do(func() { cb(c.refresh(e)) }) })
}

// do runs a command, and holds up the next ones of the connection where
// client.concurrency is reached.
func (c *connection) do(f func()) {
	if c.server.config.Client.Concurrency <= 1 {
		f()
		return
	}
	select {
	case <-c.client.Context().Done():
		return
	case c.slots <- struct{}{}:
	}
	go func() {
		defer func() { <-c.slots }()
		f()
	}()
}
