package centrifugo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/wire"
)

// Config sets up a Backend. APIURL, APIKey and Secret must be set; every other
// zero value is safe in production.
type Config struct {
	// APIURL is the address of Centrifugo's HTTP API:
	// "http://centrifugo:8000/api". It must be http or https, and hold neither a
	// key nor a password. Required.
	APIURL string
	// APIKey is Centrifugo's http_api.key. It travels in the header X-API-Key and
	// is never logged. Required.
	APIKey string
	// HTTPClient sends the requests to APIURL: for a proxy, or certificates of
	// one's own. Zero means one that keeps PublishConnections connections open.
	HTTPClient *http.Client
	// PublishConnections bounds the requests to APIURL that are under way at the
	// same time. What is published on one channel goes in order, one request after
	// another, and what waits meanwhile shares the next request. Zero means 16.
	PublishConnections int
	// PublishTimeout is how long a publication is tried while Centrifugo is out of
	// reach or fails. A reply that is given up then is not lost: it is published
	// when its client asks again. Zero means 30 s.
	PublishTimeout time.Duration
	// PublishQueueSize bounds the publications that wait for Centrifugo, in bytes.
	// At the bound more are refused, which delays replies and fails events. Zero
	// means 64 MiB.
	PublishQueueSize int

	// Secret is what Centrifugo sends in the header SecretHeader of every proxied
	// request (http.static_headers of its proxies): it proves that the request, and
	// the user in it, are Centrifugo's. At least 16 bytes; 32 random ones are
	// recommended. SecretHeader must not be among the headers that Centrifugo
	// forwards from clients (http_headers). Required.
	Secret string

	// Authenticate says who is connecting without a token, for the connect proxy.
	// r holds the client's headers that Centrifugo forwards (http_headers: Cookie,
	// Authorization …) and nothing else of the client; data is the data of its
	// connect command, or nil. Clients with a token never come here: Centrifugo
	// verifies it.
	//
	// An error refuses the client for good; one that wraps ErrUnavailable makes it
	// come again later. Its text goes to the log, never to the client.
	// Zero means that clients without a token are refused, or let in as nobody
	// where Anonymous is set.
	Authenticate func(r *http.Request, data json.RawMessage) (Identity, error)
	// Refresh says whether an identity that has expired may go on, for the refresh
	// proxy, and until when. The user must stay the same. An error that wraps
	// ErrUnavailable is asked again in a minute. Zero means that the client is
	// disconnected, to connect and be authenticated again.
	Refresh func(ctx context.Context, conn *centrirpc.Conn) (Identity, error)
	// Anonymous lets clients without a token in, each connection under a generated
	// user id, where Authenticate names nobody. Zero means that they are refused.
	Anonymous bool

	// Channels are the application's channels beside the typed ones of its router
	// (see centrirpc.Channel), with which they must have no name in common. A name
	// with a ":" belongs to the namespace before it, which Centrifugo's
	// configuration must have. Zero means none.
	Channels []Channel

	// MaxMessageSize is Centrifugo's websocket.message_size_limit, in bytes, at
	// least 1024: clients are told not to send more. Zero means 65,536, which is
	// Centrifugo's default.
	MaxMessageSize int
	// MaxResultSize bounds an encoded result, and an event, in bytes; a larger
	// result becomes the error payload_too_large. It must stay 4096 bytes below
	// Centrifugo's client.queue_max_size. Zero means 512 KiB, half of its default.
	MaxResultSize int
	// MaxInFlight bounds the calls running at the same time. Zero means 10,000.
	MaxInFlight int
	// MaxInFlightPerConnection bounds the calls of one connection running at the
	// same time in this process. Zero means 256.
	MaxInFlightPerConnection int
	// CallTimeout bounds a call whose caller does not say how long it waits and
	// whose method has no timeout. Zero means 30 s.
	CallTimeout time.Duration
	// MaxCallTimeout bounds what a caller may ask for. Zero means 5 minutes.
	MaxCallTimeout time.Duration
	// Store remembers calls, so that each runs once and its reply can be sent
	// again: one of package redisstore where Centrifugo's requests are spread over
	// several processes. Zero means in the memory of this process, which several
	// cannot share.
	Store calls.Store

	// OlderContracts are the contract.json files of earlier releases whose clients
	// may still be about; see the generated clients' checkContract. The router must
	// have been given its own with centrirpc.WithContract. Zero means none.
	OlderContracts [][]byte

	// DrainTimeout bounds how long ListenAndServe and Serve wait for running calls, and
	// for Centrifugo to take their replies, once they are told to stop; up to six
	// seconds more pass until they have ended. Zero means 25 s.
	DrainTimeout time.Duration

	// Logger takes the log. Neither the secret, nor the API key, nor the data of
	// calls are logged. Zero means slog.Default().
	Logger *slog.Logger
	// Registry takes the metrics; it can serve one Backend. Zero means a registry of
	// the backend's own, with those of the Go runtime and the process.
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
	// ExpiresAt is when the identity must have been checked again: see
	// Config.Refresh. Zero means never.
	ExpiresAt time.Time
	// Info is JSON about the connection that others may see. Zero means none.
	Info json.RawMessage
	// Meta is JSON about the connection for handlers only. Zero means none.
	Meta json.RawMessage
	// Channels are channels of Config.Channels, or typed ones, that the connection
	// is subscribed to at connect, without asking their rules. Zero means none.
	Channels []string
}

// Channel is a channel of the application whose events have no type that clients
// know, and who may do what on it; for those with a type see centrirpc.Channel.
// Rules run while Centrifugo waits for the answer: within its proxies' timeout.
type Channel struct {
	// Name is the channel's name, such as "tasks", or with a "*" at its end the
	// beginning of the names of many: "room.*". Of several that fit, the longest
	// counts. It must be printable ASCII of at most 255 bytes, and without "#",
	// "$" and ",", which belong to the protocol.
	Name string
	// Subscribe says whether the client may subscribe; an error refuses it. Its
	// text goes to the log. Zero means that every client may.
	Subscribe func(ctx context.Context, conn *centrirpc.Conn, channel string) error
	// Publish says whether the client may publish data, which is JSON; an error
	// refuses it. Its text goes to the log. Zero means that only the server may
	// publish.
	Publish func(ctx context.Context, conn *centrirpc.Conn, channel string, data json.RawMessage) error
	// Presence lets clients that are subscribed see who else is: user id, client id and
	// the connection's info. It needs presence and allow_presence_for_subscriber in
	// Centrifugo's configuration of the channel's namespace, as centrirpc
	// centrifugo-config -presence prints them. Zero means that nobody can.
	Presence bool
}

// SecretHeader is the header in which Centrifugo proves itself: see Config.Secret.
const SecretHeader = "X-Centrirpc-Secret"

// ErrUnavailable is to be wrapped by what Authenticate, Refresh or a channel's rule
// returns when it could not decide: the client tries again later.
var ErrUnavailable = errors.New("temporarily unavailable")

const (
	minSecretSize = 16
	minSize       = 1024
)

// withDefaults fills in zero values and checks the rest. Nothing else in the
// package looks at a configuration that did not come from here.
func (c Config) withDefaults() (Config, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	settings := serving.Settings{Package: "centrifugo"}
	settings.Size("PublishConnections", &c.PublishConnections, 16, 1)
	settings.Size("PublishQueueSize", &c.PublishQueueSize, 64<<20, 1<<20)
	settings.Size("MaxMessageSize", &c.MaxMessageSize, 65536, minSize)
	settings.Size("MaxResultSize", &c.MaxResultSize, 512<<10, minSize)
	settings.Size("MaxInFlight", &c.MaxInFlight, 10_000, 1)
	settings.Size("MaxInFlightPerConnection", &c.MaxInFlightPerConnection, 256, 1)
	settings.Duration("PublishTimeout", &c.PublishTimeout, 30*time.Second)
	settings.Duration("CallTimeout", &c.CallTimeout, 30*time.Second)
	settings.Duration("MaxCallTimeout", &c.MaxCallTimeout, 5*time.Minute)
	settings.Duration("DrainTimeout", &c.DrainTimeout, 25*time.Second)
	if err := settings.Err(); err != nil {
		return c, err
	}
	return c, c.validate()
}

func (c *Config) validate() error {
	address, err := url.Parse(c.APIURL)
	switch {
	case c.APIURL == "":
		return errors.New(`centrifugo: APIURL is missing; set it to the address of Centrifugo's HTTP API, such as "http://127.0.0.1:8000/api"`)
	case err != nil:
		return errors.New("centrifugo: APIURL is no URL") // whose text could hold a password
	case address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return fmt.Errorf(`centrifugo: APIURL %s is no http or https address such as "http://127.0.0.1:8000/api"`, address.Redacted())
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		return errors.New("centrifugo: APIURL holds more than scheme, host and path; give the key in APIKey, which is never logged")
	case c.APIKey == "":
		return errors.New("centrifugo: APIKey is missing; set it to Centrifugo's http_api.key")
	case strings.ContainsAny(c.APIKey, "\r\n"):
		return errors.New("centrifugo: APIKey holds a line break; is it read from a file? Remove it")
	case c.Secret == "":
		return fmt.Errorf("centrifugo: Secret is missing; set it to what Centrifugo sends in the header %s (http.static_headers of its proxies)", SecretHeader)
	case len(c.Secret) < minSecretSize:
		return fmt.Errorf("centrifugo: Secret is %d bytes long; give at least %d, better 32 random ones", len(c.Secret), minSecretSize)
	case strings.ContainsAny(c.Secret, "\r\n"):
		return errors.New("centrifugo: Secret holds a line break; is it read from a file? Remove it")
	case c.MaxResultSize > c.PublishQueueSize/2:
		return fmt.Errorf("centrifugo: MaxResultSize is %d; it must be at most half of PublishQueueSize, %d", c.MaxResultSize, c.PublishQueueSize)
	case c.CallTimeout > c.MaxCallTimeout:
		return fmt.Errorf("centrifugo: CallTimeout is %v; it must be at most MaxCallTimeout, %v", c.CallTimeout, c.MaxCallTimeout)
	}
	return nil
}

// check says what is wrong with an identity.
func (id *Identity) check() error {
	if err := wire.CheckUserID(id.UserID); err != nil {
		return err
	}
	for name, raw := range map[string]json.RawMessage{"Info": id.Info, "Meta": id.Meta} {
		if len(raw) > 0 && !json.Valid(raw) {
			return fmt.Errorf("Identity.%s is not JSON", name)
		}
	}
	return nil
}
