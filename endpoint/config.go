package endpoint

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config says where an endpoint is. URL and Secret must be set; the zero value of
// every other field is its default.
type Config struct {
	// URL is the address of the other process: where its RPCApp or Django view is,
	// such as "http://127.0.0.1:9000/centrifugo/rpc". It must be that address itself,
	// for redirects are not followed. It is http or https, without user, query and
	// fragment. The environment's HTTP proxies are not used.
	URL string
	// Secret is sent in the header SecretHeader: the other process's own, at least
	// 16 bytes of printable ASCII. It is never logged.
	Secret string
	// Timeout bounds calls whose context has no deadline, as in tests; servers give
	// each call one. What takes longer is "deadline_exceeded". Zero means 30 seconds.
	Timeout time.Duration
	// DialTimeout bounds connecting, and then the TLS handshake. Who has not answered
	// by then is not tried again by the same call. Zero means 2 seconds.
	DialTimeout time.Duration
	// MaxConnections bounds the connections, and so the calls that run there at a
	// time; more wait, within their deadlines. Zero means 256.
	MaxConnections int
	// IdleTimeout is how long a connection is kept that no call uses. It must be
	// less than the other server's keep-alive timeout (uvicorn: 5 s, gunicorn: 2 s):
	// a call sent while that server closes the connection may be lost. Zero means
	// 1.5 seconds.
	IdleTimeout time.Duration
	// MaxResponseSize bounds an answer, in bytes; a larger one is
	// "payload_too_large" to the caller. Zero means 1 MiB.
	MaxResponseSize int
	// Attempts is how often a call is sent at most, where sending again is safe.
	// Zero means 3.
	Attempts int
	// BreakAfter is after how many failures in a row the endpoint is left alone:
	// calls that could not be sent or were cut off, server errors (HTTP status 5xx),
	// answers that cannot be read, silence (SilentAfter). Errors of handlers are none,
	// and calls that their callers gave up. Zero means 5.
	BreakAfter int
	// SilentAfter is how long a call must have been there, and nothing else been
	// answered meanwhile, for its deadline to count as a failure. Calls of less time
	// say nothing, so that callers with short ones cannot have the endpoint left alone.
	// It should be less than the server's CallTimeout. Zero means 10 seconds.
	SilentAfter time.Duration
	// BreakFor is how long it is left alone before calls try it again: one at a time,
	// or one in each BreakFor if they take longer, until one is answered. Zero means
	// 1 second.
	BreakFor time.Duration
	// TLS is for https: own certificates, for instance. Nil means the system's.
	TLS *tls.Config
	// Logger takes that an endpoint is left alone, or tried again. What concerns a
	// call goes to the call's own logger (centrirpc.LoggerFromContext). Nil means
	// slog.Default().
	Logger *slog.Logger
}

// SecretHeader is the header in which the secret is sent.
const SecretHeader = "X-Centrirpc-Secret"

// RefusedHeader is the header by which the other process marks a response with
// status 503 as its own, and as the answer to a call that did not run: its value is
// "1" then. Without it a 503 may be a proxy's, which tells it as well of calls that
// it had handed on.
const RefusedHeader = "X-Centrirpc-Refused"

const (
	minSecretSize = 16
	refusedMark   = "1"
)

// withDefaults is c with its zero fields filled in. The error names the field and
// the fix.
func (c Config) withDefaults() (Config, error) {
	for _, d := range []struct {
		name  string
		field *time.Duration
		value time.Duration
	}{
		{"Timeout", &c.Timeout, 30 * time.Second},
		{"DialTimeout", &c.DialTimeout, 2 * time.Second},
		{"IdleTimeout", &c.IdleTimeout, 1500 * time.Millisecond},
		{"SilentAfter", &c.SilentAfter, 10 * time.Second},
		{"BreakFor", &c.BreakFor, time.Second},
	} {
		if *d.field < 0 {
			return c, fmt.Errorf("endpoint: %s is %v; give a positive duration, or 0 for %v", d.name, *d.field, d.value)
		}
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		name  string
		field *int
		value int
	}{
		{"MaxConnections", &c.MaxConnections, 256},
		{"MaxResponseSize", &c.MaxResponseSize, 1 << 20},
		{"Attempts", &c.Attempts, 3},
		{"BreakAfter", &c.BreakAfter, 5},
	} {
		if *d.field < 0 {
			return c, fmt.Errorf("endpoint: %s is %d; give a positive number, or 0 for %d", d.name, *d.field, d.value)
		}
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, errors.Join(checkURL(c.URL), checkSecret(c.Secret))
}

// checkURL judges an address. The errors do not repeat it, for what does not belong
// there may be a token or a password.
func checkURL(text string) error {
	if text == "" {
		return errors.New(`endpoint: URL is missing; set it to the other process's address, such as "http://127.0.0.1:9000/centrifugo/rpc"`)
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New(`endpoint: URL cannot be read; give one such as "http://127.0.0.1:9000/centrifugo/rpc"`)
	}
	switch {
	case u.User != nil:
		return errors.New("endpoint: URL holds a user or password; leave it out, the endpoint knows the server by Secret")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("endpoint: URL does not begin with http:// or https://, or names no host; give one such as \"http://127.0.0.1:9000/centrifugo/rpc\"")
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return errors.New("endpoint: URL has a query or a fragment; leave them out")
	}
	return nil
}

func checkSecret(secret string) error {
	switch {
	case secret == "":
		return errors.New("endpoint: Secret is missing; set it to the other process's secret (CENTRIRPC[\"SECRET\"] of a Django project, secret= of an RPCApp)")
	case len(secret) < minSecretSize:
		return fmt.Errorf("endpoint: Secret is %d bytes long; give at least %d, better 32 random ones, to both processes", len(secret), minSecretSize)
	}
	for i := 0; i < len(secret); i++ {
		if secret[i] < ' ' || secret[i] > '~' {
			return errors.New("endpoint: Secret holds a line break, or what is not printable ASCII; is it read from a file? Trim it")
		}
	}
	return nil
}
