package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/centrirpc/centrirpc/wire"
	"github.com/golang-jwt/jwt/v5"
)

// server holds what the handlers and the control endpoints share.
type server struct {
	node  *centrifuge.Node
	flags *flag.FlagSet

	// Fixed once the server runs.
	secret         string
	maxMessageSize int
	ping           time.Duration

	mu            sync.Mutex // guards everything below
	autoSubscribe bool
	connectData   bool
	anonymous     bool
	sayUser       string
	arrivals      int // anonymous users so far
	replyFirst    bool
	never         bool
	delay         time.Duration
	refuse        int
	refuseNext    int
	store         string
	dropReplies   int
	duplicate     bool
	deaf          bool
	contract      string
	connections   map[string]*connection // by client id
	envelopes     []envelope
	arrived       chan struct{} // closed and replaced at each envelope
	seen          map[string]bool
	slow          map[string]chan struct{} // closed by a cancel
}

type connection struct {
	client *centrifuge.Client
	socket net.Conn
	data   json.RawMessage // of the connect command
	flaky  map[string]bool
}

// envelope is one publication received on rpc.requests.
type envelope struct {
	User    string          `json:"user"`
	Client  string          `json:"client"`
	Refused uint32          `json:"refused,omitempty"`
	Data    json.RawMessage `json:"data"`
}

func newServer(flags *flag.FlagSet) *server {
	s := &server{
		flags:       flags,
		connections: map[string]*connection{},
		arrived:     make(chan struct{}),
		seen:        map[string]bool{},
		slow:        map[string]chan struct{}{},
	}
	flags.StringVar(&s.secret, "secret", "secret", "HMAC `secret` of the tokens (HS256)")
	flags.IntVar(&s.maxMessageSize, "max-message-size", 65536, "largest frame from a client in `bytes`; a larger one closes the connection with 1009")
	flags.DurationVar(&s.ping, "ping", 25*time.Second, "ping `interval`; the pong is due in half of it")
	flags.BoolVar(&s.autoSubscribe, "auto-subscribe", true, "* subscribe user#<id> at connect; false behaves like plain Centrifugo")
	flags.BoolVar(&s.connectData, "connect-data", true, `* answer a connect with {"centrirpc":{"version":1,"max_message_size":…,"user_id":…}}`)
	flags.BoolVar(&s.anonymous, "anonymous", false, "* take connections without a token as anonymous-1, anonymous-2, …, and the token opaque.U for user U")
	flags.StringVar(&s.sayUser, "say-user", "", "* the user_id in connect data, in place of the true one; - leaves it out")
	flags.BoolVar(&s.replyFirst, "reply-first", false, "* publish the reply before the acknowledgement")
	flags.BoolVar(&s.never, "never", false, "* acknowledge and never reply, whatever the method")
	flags.DurationVar(&s.delay, "delay", 0, "* wait this `long` before each reply")
	flags.IntVar(&s.refuse, "refuse", 0, "* refuse each publish with this error `code`; 0 refuses none")
	flags.IntVar(&s.refuseNext, "refuse-next", 0, "* with -refuse: refuse only so `many` publishes more; 0 refuses all")
	flags.StringVar(&s.store, "store", "", "* the `epoch` of the call store in connect data; empty leaves it out, as an older server")
	flags.IntVar(&s.dropReplies, "drop-replies", 0, "* lose so `many` replies more, however often they are asked for")
	flags.BoolVar(&s.duplicate, "duplicate", false, "* publish each reply twice")
	flags.BoolVar(&s.deaf, "deaf", false, "* take publishes without any answer, as a connection that is half open; they are listed all the same")
	flags.StringVar(&s.contract, "contract", "", "* answer the native RPC centrirpc.contract with this `JSON`; a number refuses it with that code, 0 never answers, empty is as without native RPC (108)")
	return s
}

func (s *server) newNode() (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	s.node = node
	node.OnConnecting(s.connecting)
	node.OnConnect(s.connected)
	return node, node.Run()
}

func (s *server) connecting(ctx context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, expireAt, err := s.identify(e.Token)
	if err != nil {
		return centrifuge.ConnectReply{}, err
	}
	reply := centrifuge.ConnectReply{
		Context:           context.WithValue(ctx, dataKey{}, json.RawMessage(e.Data)),
		Credentials:       &centrifuge.Credentials{UserID: user, ExpireAt: expireAt},
		ClientSideRefresh: true,
	}
	if s.autoSubscribe {
		reply.Subscriptions = map[string]centrifuge.SubscribeOptions{wire.ReplyChannel(user): {}}
	}
	if s.connectData {
		said := map[string]any{"version": 1, "max_message_size": s.maxMessageSize}
		switch s.sayUser {
		case "":
			said["user_id"] = user
		case "-":
		default:
			said["user_id"] = s.sayUser
		}
		if s.store != "" {
			said["store"] = s.store
		}
		reply.Data, _ = json.Marshal(map[string]any{"centrirpc": said})
	}
	return reply, nil
}

// identify says who connects.
func (s *server) identify(token string) (user string, expireAt int64, err error) {
	named, opaque := strings.CutPrefix(token, "opaque.")
	switch {
	case s.anonymous && token == "":
		s.arrivals++
		return fmt.Sprint("anonymous-", s.arrivals), 0, nil
	case s.anonymous && opaque:
		return named, 0, nil
	}
	return s.verify(token)
}

// verify reads a token as the real server does: 109 if it has expired, a
// terminal disconnect if it is not to be trusted.
func (s *server) verify(token string) (user string, expireAt int64, err error) {
	claims := &jwt.RegisteredClaims{}
	_, err = jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) {
		return []byte(s.secret), nil
	}, jwt.WithValidMethods([]string{"HS256"}))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "", 0, centrifuge.ErrorTokenExpired
	case err != nil || wire.CheckUserID(claims.Subject) != nil:
		return "", 0, centrifuge.DisconnectInvalidToken
	}
	if claims.ExpiresAt != nil {
		expireAt = claims.ExpiresAt.Unix()
	}
	return claims.Subject, expireAt, nil
}

func (s *server) connected(client *centrifuge.Client) {
	socket, _ := client.Context().Value(socketKey{}).(net.Conn)
	data, _ := client.Context().Value(dataKey{}).(json.RawMessage)
	c := &connection{client: client, socket: socket, data: data, flaky: map[string]bool{}}
	s.mu.Lock()
	s.connections[client.ID()] = c
	s.mu.Unlock()
	client.OnDisconnect(func(centrifuge.DisconnectEvent) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.connections, client.ID())
	})
	client.OnRefresh(func(e centrifuge.RefreshEvent, cb centrifuge.RefreshCallback) {
		user, expireAt, err := s.verify(e.Token)
		if err == nil && user != client.UserID() {
			err = centrifuge.DisconnectInvalidToken
		}
		cb(centrifuge.RefreshReply{ExpireAt: expireAt}, err)
	})
	client.OnRPC(s.rpc)
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
		cb(centrifuge.SubscribeReply{}, s.allowSubscribe(c, e.Channel))
	})
	client.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
		if e.Channel != wire.RequestsChannel {
			cb(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		s.request(client, e.Data, cb)
	})
}

// rpc answers centrirpc.contract, if that is what is to be tested.
func (s *server) rpc(e centrifuge.RPCEvent, cb centrifuge.RPCCallback) {
	s.mu.Lock()
	answer := s.contract
	s.mu.Unlock()
	code, err := strconv.ParseUint(answer, 10, 32)
	switch {
	case answer == "" || e.Method != wire.ContractMethod:
		cb(centrifuge.RPCReply{}, centrifuge.ErrorNotAvailable)
	case err != nil:
		cb(centrifuge.RPCReply{Data: []byte(answer)}, nil)
	case code != 0:
		cb(centrifuge.RPCReply{}, &centrifuge.Error{Code: uint32(code), Message: "refused"})
	}
}

type dataKey struct{}

func (s *server) allowSubscribe(c *connection, channel string) error {
	own := wire.CheckReplyTo(channel, c.client.UserID()) == nil
	switch {
	case channel == wire.RequestsChannel, strings.HasPrefix(channel, "closed"),
		strings.Contains(channel, "#") && !own:
		return centrifuge.ErrorPermissionDenied
	case strings.HasPrefix(channel, "flaky"):
		s.mu.Lock()
		defer s.mu.Unlock()
		if !c.flaky[channel] {
			c.flaky[channel] = true
			return centrifuge.ErrorInternal
		}
	}
	return nil
}
