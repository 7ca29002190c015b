package centrifugoconfig

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Options are what the contract does not say.
type Options struct {
	// Backend is the address of the backend: "http://127.0.0.1:9000". Required.
	Backend string
	// Origins are the pages that may connect: "https://example.com". None means that
	// browsers are refused.
	Origins []string
	// Namespaces are those of the application's channels beside the typed ones:
	// "room" for "room:1".
	Namespaces []string
	// Connect has clients without a token authenticated by the backend.
	Connect bool
	// Headers are forwarded to the backend with a connect, and with a refresh:
	// "Cookie".
	Headers []string
	// MaxMessageSize is the largest frame that a client may send, in bytes: as
	// centrifugo.Config has it. Zero means 65,536.
	MaxMessageSize int
	// MaxResultSize is the largest result, in bytes: as centrifugo.Config has it.
	// Zero means 512 KiB.
	MaxResultSize int
	// Port is where Centrifugo listens. Zero means 8000.
	Port int
	// Redis has several Centrifugos share a Redis, whose address is in the environment.
	Redis bool
	// Presence has clients see who else is subscribed to a channel, where the backend
	// lets them.
	Presence bool
	// SecretHeader is the header of the shared secret, and SecretVariable what
	// follows CENTRIFUGO_VAR_ in the name of the environment variable that has it.
	// Zero means X-Centrirpc-Secret and CENTRIRPC_SECRET.
	SecretHeader, SecretVariable string
}

func (o Options) withDefaults() (Options, error) {
	u, err := url.Parse(o.Backend)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return o, fmt.Errorf("the backend %q is no http or https address, such as http://127.0.0.1:9000", o.Backend)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return o, fmt.Errorf("the backend %s holds more than scheme, host and path", u.Redacted())
	case o.MaxMessageSize < 0 || o.MaxResultSize < 0 || o.Port < 0 || o.Port > 65535:
		return o, errors.New("a size or the port is out of range")
	}
	o.Backend = strings.TrimSuffix(o.Backend, "/")
	for _, n := range []struct {
		value *int
		zero  int
	}{{&o.MaxMessageSize, 65536}, {&o.MaxResultSize, 512 << 10}, {&o.Port, 8000}} {
		if *n.value == 0 {
			*n.value = n.zero
		}
	}
	if o.SecretHeader == "" {
		o.SecretHeader = "X-Centrirpc-Secret"
	}
	if o.SecretVariable == "" {
		o.SecretVariable = "CENTRIRPC_SECRET"
	}
	for _, h := range o.Headers {
		if strings.EqualFold(h, o.SecretHeader) {
			return o, fmt.Errorf("the header %s is the secret's: if it were forwarded from clients, they could send it", h)
		}
	}
	for _, name := range o.Namespaces {
		if err := checkNamespace(name); err != nil {
			return o, err
		}
	}
	return o, nil
}

// checkNamespace says whether Centrifugo takes the name.
func checkNamespace(name string) error {
	if len(name) < 2 {
		return fmt.Errorf("the namespace %q is too short: Centrifugo wants two characters or more", name)
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-_.", c) < 0 {
			return fmt.Errorf("the namespace %q holds %q: Centrifugo takes letters, digits, -, _ and .", name, rune(c))
		}
	}
	return nil
}
