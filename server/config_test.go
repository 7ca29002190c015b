package server_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/centrirpc/centrirpc/server"
)

func TestConfigErrors(t *testing.T) {
	authenticate := func(*http.Request, string) (server.Identity, error) { return server.Identity{}, nil }
	with := func(change func(*server.Config)) server.Config {
		cfg := server.Config{TokenHMACSecret: secret}
		change(&cfg)
		return cfg
	}
	channel := func(names ...string) server.Config {
		return with(func(c *server.Config) {
			for _, n := range names {
				c.Channels = append(c.Channels, server.Channel{Name: n})
			}
		})
	}
	for name, c := range map[string]struct {
		cfg  server.Config
		want string
	}{
		"nothing":                   {server.Config{}, "set TokenHMACSecret, TokenPublicKeys or TokenJWKSURL, or an Authenticate function, or allow everybody with Anonymous"},
		"two ways":                  {with(func(c *server.Config) { c.Authenticate = authenticate }), "set one of them"},
		"a bad key":                 {with(func(c *server.Config) { c.TokenPublicKeys = []string{"x"} }), "PublicKeys[0]: not PEM"},
		"a JWKS out of reach":       {server.Config{TokenJWKSURL: "http://127.0.0.1:1/jwks"}, "the JWKS at http://127.0.0.1:1/jwks cannot be read"},
		"a small message size":      {with(func(c *server.Config) { c.MaxMessageSize = 10 }), "MaxMessageSize is 10; it must be at least 1024"},
		"a negative limit":          {with(func(c *server.Config) { c.MaxInFlight = -1 }), "MaxInFlight is -1"},
		"a negative time":           {with(func(c *server.Config) { c.WriteTimeout = -1 }), "WriteTimeout is -1ns; it must not be negative"},
		"a negative pong":           {with(func(c *server.Config) { c.PongTimeout = -1 }), "PongTimeout is -1ns"},
		"a long pong":               {with(func(c *server.Config) { c.PongTimeout = time.Hour }), "less than PingInterval"},
		"a short ping":              {with(func(c *server.Config) { c.PingInterval = time.Millisecond }), "at least 1s"},
		"results beyond the queue":  {with(func(c *server.Config) { c.MaxResultSize = 1 << 20 }), "it must be at most 1044480"},
		"a wait that is too short":  {with(func(c *server.Config) { c.MaxCallWait = time.Minute }), "MaxCallWait is 1m0s; it must be at least MaxCallTimeout"},
		"a node of no name":         {with(func(c *server.Config) { c.NodeName = "Knoten ü" }), "NodeName \"Knoten ü\" is no name; it must be at most 255 bytes of printable ASCII"},
		"timeouts the wrong way":    {with(func(c *server.Config) { c.CallTimeout = time.Hour }), "at most MaxCallTimeout"},
		"an origin with a path":     {with(func(c *server.Config) { c.AllowedOrigins = []string{"https://example.com/"} }), "is not an origin"},
		"an origin without scheme":  {with(func(c *server.Config) { c.AllowedOrigins = []string{"example.com"} }), "is not an origin"},
		"a wildcard in the middle":  {with(func(c *server.Config) { c.AllowedOrigins = []string{"https://a.*.com"} }), "before a domain only"},
		"a wildcard for everything": {with(func(c *server.Config) { c.AllowedOrigins = []string{"https://*"} }), "before a domain only"},
		"a channel without name":    {channel(""), "Channels[0]"},
		"a channel for everything":  {channel("*"), "too wide"},
		"a channel twice":           {channel("a", "a"), `Channels[1]: "a" is there twice`},
		"the requests' channel":     {channel("rpc.requests"), "the protocol's own"},
		"a pattern over it":         {channel("rpc.*"), "the protocol's own"},
		"a user's channel":          {channel("user#1"), "without #"},
		"a star in the middle":      {channel("a*b"), "at its end only"},
		"a channel with a space":    {channel("a b"), "printable ASCII"},
		"a long name":               {channel(strings.Repeat("a", 256)), "256 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Logger = slog.New(slog.DiscardHandler)
			s, err := server.New(testRouter(nil), c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want one with %q", err, c.want)
			}
			if s != nil {
				t.Error("a server, too")
			}
		})
	}
	if _, err := server.New(nil, server.Config{TokenHMACSecret: secret}); err == nil || !strings.Contains(err.Error(), "router is nil") {
		t.Errorf("no router: %v", err)
	}
}

func TestRegistryServesOneServer(t *testing.T) {
	registry := prometheus.NewRegistry()
	start(t, testRouter(nil), server.Config{Registry: registry})
	_, err := server.New(testRouter(nil), server.Config{Registry: registry, TokenHMACSecret: secret})
	if err == nil || !strings.Contains(err.Error(), "give every server a registry of its own") {
		t.Errorf("error %v", err)
	}
}

func TestShortSecretIsLogged(t *testing.T) {
	if s := start(t, testRouter(nil), server.Config{TokenHMACSecret: "secret"}); !strings.Contains(s.log.String(), "short enough to be guessed") {
		t.Errorf("log %s", s.log)
	}
	if s := start(t, testRouter(nil), server.Config{}); strings.Contains(s.log.String(), "guessed") {
		t.Errorf("log %s", s.log)
	}
}
