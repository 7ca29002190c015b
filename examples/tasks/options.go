package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

// options are what the flags and the environment say.
type options struct {
	addr, db, secret string
	redis            setting // empty: this is the only node
	prefix           setting
	centrifugo       struct {
		url                    string // "": clients connect to this program
		public, apiKey, secret string
	}
}

// complete fills in what the flags leave out. What Centrifugo has to know as well has
// the names in the environment that it has there.
func (o *options) complete(env func(string) string) {
	c := &o.centrifugo
	c.url = strings.TrimSuffix(cmp.Or(c.url, env("TASKS_CENTRIFUGO")), "/")
	if c.url == "" {
		o.addr = cmp.Or(o.addr, "127.0.0.1:8000")
		o.secret = cmp.Or(o.secret, env("CENTRIRPC_SECRET"))
		return
	}
	o.addr = cmp.Or(o.addr, "127.0.0.1:9000") // 8000 is Centrifugo's
	o.secret = cmp.Or(o.secret, env("CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY"))
	c.public = cmp.Or(c.public, env("TASKS_CENTRIFUGO_PUBLIC"), c.url)
	c.apiKey = cmp.Or(c.apiKey, env("CENTRIFUGO_HTTP_API_KEY"))
	c.secret = cmp.Or(c.secret, env("CENTRIFUGO_VAR_CENTRIRPC_SECRET"))
}

// check says what is missing, and makes up the secret of a node that is alone.
func (o *options) check() error {
	c := &o.centrifugo
	if c.url == "" {
		if c.public != "" || c.apiKey != "" || c.secret != "" {
			return errors.New("-centrifugo-public, -centrifugo-api-key and -centrifugo-secret are for -centrifugo, which is missing: give Centrifugo's address, such as -centrifugo http://127.0.0.1:8000")
		}
		if o.secret == "" && len(o.redis.list()) > 0 {
			return errors.New("with " + o.redis.name + " all nodes need the same secret, or each refuses the tokens of the others: give -secret or CENTRIRPC_SECRET, such as the output of openssl rand -hex 32")
		}
		o.secret = cmp.Or(o.secret, rand.Text())
		return nil
	}
	switch {
	case !isAddress(c.url):
		return fmt.Errorf("-centrifugo %q is no address of a Centrifugo, such as http://127.0.0.1:8000", c.url)
	case c.public != "/" && !isAddress(c.public):
		return fmt.Errorf("-centrifugo-public %q is neither an address, such as https://example.com, nor /", c.public)
	case c.apiKey == "":
		return errors.New("-centrifugo needs the key of Centrifugo's HTTP API: give CENTRIFUGO_HTTP_API_KEY, the same as Centrifugo has, or -centrifugo-api-key")
	case c.secret == "":
		return errors.New("-centrifugo needs the secret that Centrifugo proves itself with: give CENTRIFUGO_VAR_CENTRIRPC_SECRET, the same as Centrifugo has, or -centrifugo-secret")
	case o.secret == "":
		return errors.New("-centrifugo needs the secret of the tokens, which Centrifugo verifies: give CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY, the same as Centrifugo has, or -secret")
	}
	return nil
}

// isAddress reports whether a text is a server's address and no more, which could be a
// password.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// served is a router that is served, in one of the two ways.
type served struct {
	http.Handler
	Serve func(context.Context, net.Listener, http.Handler) error
	// paths are those of the handler.
	paths []string
	// connect is where clients connect, if that is not here.
	connect []string
	close   func()
}

// maxMessageSize leaves room for imports.
const maxMessageSize = 1 << 20

// serve serves the router to clients, as the node of that name, or to Centrifugo.
func (o *options) serve(router *centrirpc.Router, node string) (*served, error) {
	if o.centrifugo.url != "" {
		return o.serveCentrifugo(router)
	}
	srv, err := server.New(router, server.Config{
		TokenHMACSecret: o.secret,
		MaxMessageSize:  maxMessageSize,
		Redis:           o.redis.list(),
		RedisPrefix:     o.prefix.value,
		NodeName:        node,
	})
	if err != nil {
		return nil, err
	}
	return &served{
		Handler: srv, Serve: srv.Serve, close: func() {},
		paths: []string{"/connection/", "/emulation", "/health", "/ready", "/metrics"},
	}, nil
}

func (o *options) serveCentrifugo(router *centrirpc.Router) (*served, error) {
	config := centrifugo.Config{
		APIURL:         o.centrifugo.url + "/api",
		APIKey:         o.centrifugo.apiKey,
		Secret:         o.centrifugo.secret,
		MaxMessageSize: maxMessageSize,
	}
	s := &served{close: func() {}, paths: []string{"/centrifugo/", "/health", "/ready", "/metrics"}}
	if urls := o.redis.list(); len(urls) > 0 { // which several backends share
		shared, err := redisstore.New(redisstore.Config{URLs: urls, Prefix: o.prefix.value})
		if err != nil {
			return nil, err
		}
		config.Store, s.close = shared, shared.Close
	}
	backend, err := centrifugo.New(router, config)
	if err != nil {
		s.close()
		return nil, err
	}
	s.Handler, s.Serve = backend, backend.Serve
	if o.centrifugo.public != "/" {
		public, err := url.Parse(o.centrifugo.public)
		if err != nil {
			s.close()
			return nil, err
		}
		public.Scheme = strings.Replace(public.Scheme, "http", "ws", 1)
		s.connect = []string{public.JoinPath("connection/websocket").String()}
	}
	return s, nil
}
