package server

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/server/token"
)

// Config sets up a Server. Every zero value is safe in production, but for one
// thing that must be set: how clients are authenticated. Set a token key
// (TokenHMACSecret, TokenPublicKeys, TokenJWKSURL), or Authenticate, or
// Anonymous.
type Config struct {
	// TokenHMACSecret verifies tokens signed with HS256, HS384 or HS512; at least
	// 32 random bytes are recommended. Zero means that such tokens are refused.
	TokenHMACSecret string
	// TokenPublicKeys verify tokens signed with RSA, ECDSA or Ed25519 keys: PEM,
	// one key each. Zero means that such tokens are refused.
	TokenPublicKeys []string
	// TokenJWKSURL is the http or https address of a JSON Web Key Set whose
	// RSA, ECDSA and Ed25519 keys verify tokens. It must be reachable when the server
	// is made. Zero means none.
	TokenJWKSURL string
	// TokenAudience must be among a token's aud. Zero means any.
	TokenAudience string
	// TokenIssuer must be a token's iss. Zero means any.
	TokenIssuer string
	// TokenLeeway is how far clocks may disagree about a token's exp and nbf.
	// Zero means not at all.
	TokenLeeway time.Duration

	// Authenticate says who is connecting, in place of the token keys: it sees
	// the HTTP request (its cookies and headers) and the token that the client
	// sent, if any. It may block; only this connection waits. The request's
	// context ends with the connection.
	//
	// An error refuses the client for good. An error that wraps token.ErrExpired
	// makes it fetch a new token and come again, one that wraps ErrUnavailable
	// makes it come again later. Error texts go to the log, never to the client.
	//
	// When a client refreshes its token, Authenticate is called with the new
	// token and the request that the connection began with.
	// Zero means that the token keys decide.
	Authenticate func(r *http.Request, token string) (Identity, error)
	// Anonymous lets clients without a token in, each connection under a
	// generated user id; a token that is sent must still be good. Zero means
	// that they are refused.
	Anonymous bool

	// AllowedOrigins are the pages that may connect: "https://example.com" or, for
	// every host below a domain, "https://*.example.com"; "*" for all pages of the
	// web, which together with authentication by cookie lets every page act as
	// its visitor. Zero means pages of the host that the request is for.
	// Programs that are no browsers send no Origin and are always let through.
	// A page that is refused gets status 403, and its origin is logged once.
	AllowedOrigins []string

	// Channels are the application's channels beside the typed ones of its router
	// (see centrirpc.Channel), with which they must have no name in common. Clients
	// can neither subscribe nor publish to a channel that is neither. Zero means
	// none.
	Channels []Channel

	// MaxMessageSize bounds what a client sends in one frame or request, in
	// bytes, at least 1024. A larger one ends the connection. Zero means 65,536.
	MaxMessageSize int
	// MaxResultSize bounds an encoded result, in bytes; a larger one becomes the
	// error payload_too_large. It must be at least 1024 and leave 4096 bytes of
	// ClientQueueSize. Zero means 512 KiB.
	MaxResultSize int
	// ClientQueueSize bounds what waits to be sent to one client, in bytes. A
	// client that reads so slowly that more would wait is disconnected. It also
	// bounds the frames a client receives: the official Python SDK refuses frames
	// over 1 MiB. Zero means 1 MiB.
	ClientQueueSize int
	// MaxInFlight bounds the calls running at the same time; and apart from them the
	// streams that have ended and whose items were not taken yet, at which bound no
	// further stream may begin. Zero means 10,000.
	MaxInFlight int
	// MaxInFlightPerConnection bounds the calls of one connection running at the
	// same time. Zero means 256.
	MaxInFlightPerConnection int
	// MaxConnectionsPerUser bounds the connections of one user: to all nodes, if
	// they share a redisstore.Store (as they do with Redis, unless Store is another
	// one), and else to this one. Those to a node that was killed stop counting when
	// its lease lapses, 6 s later by default; while Redis is out of reach, each node
	// bounds its own. A client over the bound of its node is disconnected for good
	// (3504); one that is over it with those to other nodes comes again (4429). Zero
	// means 100; negative means no bound.
	MaxConnectionsPerUser int
	// MaxChannelsPerConnection bounds the channels one connection is subscribed
	// to, its reply channel included. Zero means 128.
	MaxChannelsPerConnection int

	// CallTimeout bounds a call whose caller does not say how long it waits and
	// whose method has no timeout. Zero means 30 s.
	CallTimeout time.Duration
	// MaxCallTimeout bounds how long a handler may run, whatever its caller asks for;
	// a method's own timeout may be longer. Zero means 5 minutes.
	MaxCallTimeout time.Duration
	// MaxCallWait bounds how long a caller may say that it waits, and so how long its
	// call is remembered, whenever it ends: a request that says more is refused as a
	// bad request. A method's own timeout may be longer. It must be at least
	// MaxCallTimeout. Zero means 1 hour, or MaxCallTimeout if that is longer.
	MaxCallWait time.Duration
	// Redis are the Redis servers that all nodes of a system share, version 6.2 or
	// newer with the maxmemory-policy noeviction, as URLs:
	//
	//	redis://[user:password@]host[:port][/database]
	//	rediss://…                        with TLS
	//	unix://[user:password@]/path[?db=n]
	//	redis://host:port?addr=host:port&addr=…   nodes of a Redis Cluster; addr=:port
	//	                                          has the first one's host
	//	redis://host:port?addr=…&master_set=name  Sentinels, and the name they watch;
	//	                                          sentinel_user, sentinel_password
	//
	// Calls are remembered there, and replies and events reach clients on every
	// node. Publications are spread over them by channel and calls by user: every
	// node has the same list, in the same order. New fails when one cannot be reached
	// or used; one that is lost later is connected to again, without end. Zero means
	// that this is the only node.
	Redis []string
	// RedisTLS replaces the settings of rediss:// in all of Redis, to name an
	// authority or a client's certificate. Zero means the system's authorities and
	// TLS 1.2 or newer.
	RedisTLS *tls.Config
	// RedisPrefix begins the names of what is in Redis; systems that share a Redis
	// take different ones. Different databases of it are not enough, for Redis hands
	// publications to all of them. Braces are not allowed. Zero means "centrirpc".
	RedisPrefix string
	// Store remembers calls, so that each runs once and its reply can be sent
	// again. It is for settings of its own, and is not closed by the server: with
	// Redis it must be one that the nodes share, such as redisstore.New's. Zero means
	// one in Redis, or without it in the memory of this process; both with their
	// standard settings.
	Store calls.Store

	// OlderContracts are the contract.json files of earlier releases whose clients
	// may still be about. With them the server can tell such a client, and its
	// metrics, whether it still works; see the generated clients' checkContract.
	// The router must have been given its own with centrirpc.WithContract. Zero
	// means none.
	OlderContracts [][]byte

	// PingInterval is how often the server pings a client. Zero means 25 s.
	PingInterval time.Duration
	// PongTimeout is how long it waits for the answer before it disconnects the
	// client. It must be less than PingInterval. Zero means 10 s, or half the
	// PingInterval if that is less.
	PongTimeout time.Duration
	// WriteTimeout bounds one write to a WebSocket; a client that takes longer is
	// disconnected. Zero means 10 s.
	WriteTimeout time.Duration
	// RefreshGrace is how long a client has to refresh its token after the
	// connection expired. Zero means 25 s.
	RefreshGrace time.Duration
	// DrainTimeout bounds how long ListenAndServe and Serve wait for running
	// calls once they are told to stop. Closing the connections takes up to two
	// seconds more, and up to another two while Redis does not answer. Zero means
	// 25 s, which fits the 30 s that Kubernetes gives.
	DrainTimeout time.Duration

	// NodeName is told to clients when they connect, so that who looks at a client's
	// frames knows which of several nodes it is at: at most 255 bytes of printable
	// ASCII. Everybody who may connect hears it, so it should tell nothing of the
	// network that is not for them. Zero means that they are not told.
	NodeName string

	// Logger takes the server's log. Tokens are never logged. Zero means
	// slog.Default().
	Logger *slog.Logger
	// Registry takes the metrics, those of the Centrifuge library included; it
	// can serve one Server. Zero means a registry of the server's own, with
	// those of the Go runtime and the process.
	Registry *prometheus.Registry
	// TracerProvider, of OpenTelemetry, makes a span of each call, below the one that
	// the client named, and has the handler's own spans below it. Zero means that
	// nothing is traced, which costs nothing.
	TracerProvider trace.TracerProvider
}

// Identity says who is connecting.
type Identity struct {
	// UserID must be one that wire.CheckUserID accepts. An empty one is refused,
	// unless Config.Anonymous is set: then the connection gets a generated id.
	UserID string
	// ExpiresAt is when the identity must have been checked again. A client that
	// connected with a token is asked for a new one; another is disconnected, to
	// connect and be authenticated again. Zero means never.
	ExpiresAt time.Time
	// Info is JSON about the connection that others may see. Zero means none.
	Info json.RawMessage
	// Meta is JSON about the connection for handlers only. Zero means none.
	Meta json.RawMessage
	// Channels are channels of Config.Channels, or typed ones, that the connection
	// is subscribed to at connect, without asking their rules. Zero means none.
	Channels []string
}

// ErrUnavailable is to be wrapped by what Authenticate or a channel's rule
// returns when it could not decide: the client tries again later.
var ErrUnavailable = errors.New("temporarily unavailable")

const (
	// minSecretSize is below what RFC 7518 asks of HS256 but above what is typed
	// by hand.
	minSecretSize = 16
	// replyOverhead is what a reply's envelope and the push around it can take
	// besides the result.
	replyOverhead = 4096
	minSize       = 1024
)

// withDefaults fills in zero values and checks the rest. Nothing else in the
// package looks at a configuration that did not come from here.
func (c Config) withDefaults() (Config, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	settings := serving.Settings{Package: "server"}
	settings.Size("MaxMessageSize", &c.MaxMessageSize, 65536, minSize)
	settings.Size("MaxResultSize", &c.MaxResultSize, 512<<10, minSize)
	settings.Size("ClientQueueSize", &c.ClientQueueSize, 1<<20, minSize+replyOverhead)
	settings.Size("MaxInFlight", &c.MaxInFlight, 10_000, 1)
	settings.Size("MaxInFlightPerConnection", &c.MaxInFlightPerConnection, 256, 1)
	settings.Size("MaxChannelsPerConnection", &c.MaxChannelsPerConnection, 128, 1)
	switch {
	case c.MaxConnectionsPerUser == 0:
		c.MaxConnectionsPerUser = 100
	case c.MaxConnectionsPerUser < 0:
		c.MaxConnectionsPerUser = 0 // as the library says "no bound"
	}
	settings.Duration("CallTimeout", &c.CallTimeout, 30*time.Second)
	settings.Duration("MaxCallTimeout", &c.MaxCallTimeout, 5*time.Minute)
	settings.Duration("MaxCallWait", &c.MaxCallWait, max(time.Hour, c.MaxCallTimeout))
	settings.Duration("PingInterval", &c.PingInterval, 25*time.Second)
	settings.Duration("WriteTimeout", &c.WriteTimeout, 10*time.Second)
	settings.Duration("RefreshGrace", &c.RefreshGrace, 25*time.Second)
	settings.Duration("DrainTimeout", &c.DrainTimeout, 25*time.Second)
	if c.RedisPrefix == "" {
		c.RedisPrefix = "centrirpc"
	}
	if c.PongTimeout == 0 {
		c.PongTimeout = min(10*time.Second, c.PingInterval/2)
	}
	if err := settings.Err(); err != nil {
		return c, err
	}
	return c, c.validate()
}

func (c *Config) validate() error {
	switch {
	case c.RedisTLS != nil && len(c.Redis) == 0:
		return errors.New("server: RedisTLS is set and Redis is not; say where Redis is, or remove it")
	case strings.ContainsAny(c.RedisPrefix, "{}"):
		return fmt.Errorf("server: RedisPrefix %q has a brace, which would change how a Redis Cluster places keys; take another one", c.RedisPrefix)
	case len(c.NodeName) > 255 || strings.ContainsFunc(c.NodeName, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Errorf("server: NodeName %.64q is no name; it must be at most 255 bytes of printable ASCII", c.NodeName)
	case c.Authenticate != nil && c.tokenKeys():
		return errors.New("server: both Authenticate and token keys are set; set one of them (Authenticate can verify tokens with a token.Verifier of its own)")
	case c.Authenticate == nil && !c.tokenKeys() && !c.Anonymous:
		return errors.New("server: nothing says who may connect: set TokenHMACSecret, TokenPublicKeys or TokenJWKSURL, or an Authenticate function, or allow everybody with Anonymous")
	case c.PingInterval < time.Second:
		// The protocol tells clients the interval in whole seconds.
		return fmt.Errorf("server: PingInterval is %v; it must be at least 1s", c.PingInterval)
	case c.PongTimeout < 0 || c.PongTimeout >= c.PingInterval:
		return fmt.Errorf("server: PongTimeout is %v; it must be positive and less than PingInterval, %v", c.PongTimeout, c.PingInterval)
	case c.MaxResultSize > c.ClientQueueSize-replyOverhead:
		return fmt.Errorf("server: MaxResultSize is %d; with a ClientQueueSize of %d it must be at most %d, or every such reply disconnects its client", c.MaxResultSize, c.ClientQueueSize, c.ClientQueueSize-replyOverhead)
	case c.MaxCallWait < c.MaxCallTimeout:
		return fmt.Errorf("server: MaxCallWait is %v; it must be at least MaxCallTimeout, %v", c.MaxCallWait, c.MaxCallTimeout)
	case c.CallTimeout > c.MaxCallTimeout:
		return fmt.Errorf("server: CallTimeout is %v; it must be at most MaxCallTimeout, %v", c.CallTimeout, c.MaxCallTimeout)
	}
	if c.TokenHMACSecret != "" && len(c.TokenHMACSecret) < minSecretSize {
		c.Logger.Warn("the token secret is short enough to be guessed; use at least 32 random bytes", "bytes", len(c.TokenHMACSecret))
	}
	return nil
}

func (c *Config) tokenKeys() bool {
	return c.TokenHMACSecret != "" || len(c.TokenPublicKeys) > 0 || c.TokenJWKSURL != ""
}

// verifier is the verifier of tokens, or nil when no keys are set.
func (c *Config) verifier() (*token.Verifier, error) {
	if !c.tokenKeys() {
		return nil, nil
	}
	return token.NewVerifier(token.Config{
		HMACSecret:     c.TokenHMACSecret,
		PublicKeys:     c.TokenPublicKeys,
		JWKSURL:        c.TokenJWKSURL,
		Audience:       c.TokenAudience,
		Issuer:         c.TokenIssuer,
		Leeway:         c.TokenLeeway,
		AllowNoSubject: c.Anonymous,
		Logger:         c.Logger,
	})
}
