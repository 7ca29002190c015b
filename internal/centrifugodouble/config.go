package centrifugodouble

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// config is the part of Centrifugo's configuration that the double understands.
// Anything else in a configuration is an error, so that no test relies on what the
// double ignores.
type config struct {
	HTTPServer struct {
		Address string  `json:"address"`
		Port    integer `json:"port"`
	} `json:"http_server"`
	Log struct {
		Level string `json:"level"`
	} `json:"log"`
	Engine struct {
		Type string `json:"type"`
		// redis is the address of its Redis, for the environment only.
		redis string
	} `json:"engine"`
	Client struct {
		AllowedOrigins []string `json:"allowed_origins"`
		Token          struct {
			HMACSecretKey string `json:"hmac_secret_key"`
		} `json:"token"`
		Concurrency                       int      `json:"concurrency"`
		QueueMaxSize                      int      `json:"queue_max_size"`
		ChannelLimit                      int      `json:"channel_limit"`
		UserConnectionLimit               int      `json:"user_connection_limit"`
		PingInterval                      duration `json:"ping_interval"`
		PongTimeout                       duration `json:"pong_timeout"`
		ExpiredCloseDelay                 duration `json:"expired_close_delay"`
		DisallowAnonymousConnectionTokens bool     `json:"disallow_anonymous_connection_tokens"`
		Proxy                             struct {
			Connect enabledProxy `json:"connect"`
			Refresh enabledProxy `json:"refresh"`
		} `json:"proxy"`
	} `json:"client"`
	Channel struct {
		Proxy struct {
			Publish   proxy `json:"publish"`
			Subscribe proxy `json:"subscribe"`
		} `json:"proxy"`
		WithoutNamespace channelOptions `json:"without_namespace"`
		Namespaces       []struct {
			Name string `json:"name"`
			channelOptions
		} `json:"namespaces"`
	} `json:"channel"`
	RPC struct {
		Proxy            proxy `json:"proxy"`
		WithoutNamespace struct {
			ProxyEnabled bool `json:"proxy_enabled"`
		} `json:"without_namespace"`
	} `json:"rpc"`
	WebSocket struct {
		MessageSizeLimit int      `json:"message_size_limit"`
		WriteTimeout     duration `json:"write_timeout"`
	} `json:"websocket"`
	SSE        fallback `json:"sse"`
	HTTPStream fallback `json:"http_stream"`
	Emulation  struct {
		MaxRequestBodySize int `json:"max_request_body_size"`
	} `json:"emulation"`
	HTTPAPI struct {
		Key string `json:"key"`
	} `json:"http_api"`
	Health struct {
		Enabled bool `json:"enabled"`
	} `json:"health"`
}

// fallback is a transport for where WebSockets do not get through.
type fallback struct {
	Enabled            bool `json:"enabled"`
	MaxRequestBodySize int  `json:"max_request_body_size"`
}

type channelOptions struct {
	PublishProxyEnabled      bool `json:"publish_proxy_enabled"`
	SubscribeProxyEnabled    bool `json:"subscribe_proxy_enabled"`
	AllowUserLimitedChannels bool `json:"allow_user_limited_channels"`
	Presence                 bool `json:"presence"`
	PresenceForSubscriber    bool `json:"allow_presence_for_subscriber"`
}

type proxy struct {
	Endpoint              string   `json:"endpoint"`
	Timeout               duration `json:"timeout"`
	IncludeConnectionMeta bool     `json:"include_connection_meta"`
	HTTPHeaders           []string `json:"http_headers"`
	HTTP                  struct {
		StaticHeaders map[string]string `json:"static_headers"`
	} `json:"http"`
}

type enabledProxy struct {
	Enabled bool `json:"enabled"`
	proxy
}

// integer is a number, or a string that holds one.
type integer int

func (i *integer) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*i = integer(n)
	return err
}

type duration time.Duration

func (d *duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	v, err := time.ParseDuration(text)
	*d = duration(v)
	return err
}

// variable is an environment variable within the value of a map.
var variable = regexp.MustCompile(`\$\{(CENTRIFUGO_VAR_[^}]+)\}`)

func readConfig(text []byte, env map[string]string) (*config, error) {
	c := &config{}
	// Centrifugo's defaults.
	c.HTTPServer.Port = 8000
	c.Engine.redis = "redis://127.0.0.1:6379"
	c.Client.QueueMaxSize = 1 << 20
	c.Client.ChannelLimit = 128
	c.Client.PingInterval, c.Client.PongTimeout = duration(25*time.Second), duration(8*time.Second)
	c.Client.ExpiredCloseDelay = duration(25 * time.Second)
	c.WebSocket.MessageSizeLimit = 65536
	c.WebSocket.WriteTimeout = duration(time.Second)
	c.SSE.MaxRequestBodySize, c.HTTPStream.MaxRequestBodySize, c.Emulation.MaxRequestBodySize = 65536, 65536, 65536
	for _, p := range c.proxies() {
		p.Timeout = duration(time.Second)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("the configuration has what the double does not understand: %w", err)
	}
	// As in Centrifugo, the environment wins over the file, and some variables may
	// stand within the file.
	if key, ok := env["CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY"]; ok {
		c.Client.Token.HMACSecretKey = key
	}
	if key, ok := env["CENTRIFUGO_HTTP_API_KEY"]; ok {
		c.HTTPAPI.Key = key
	}
	if address, ok := env["CENTRIFUGO_ENGINE_REDIS_ADDRESS"]; ok {
		c.Engine.redis = address
	}
	if c.Engine.Type != "" && c.Engine.Type != "memory" && c.Engine.Type != "redis" {
		return nil, fmt.Errorf("the double knows no engine %q", c.Engine.Type)
	}
	for _, p := range c.proxies() {
		for name, value := range p.HTTP.StaticHeaders {
			for _, found := range variable.FindAllStringSubmatch(value, -1) {
				known, ok := env[found[1]]
				if !ok {
					return nil, fmt.Errorf("the environment variable %s is not set", found[1])
				}
				p.HTTP.StaticHeaders[name] = strings.ReplaceAll(p.HTTP.StaticHeaders[name], found[0], known)
			}
		}
	}
	return c, nil
}

func (c *config) proxies() []*proxy {
	return []*proxy{&c.Client.Proxy.Connect.proxy, &c.Client.Proxy.Refresh.proxy, &c.Channel.Proxy.Publish, &c.Channel.Proxy.Subscribe, &c.RPC.Proxy}
}

// options are those of a channel; false if its namespace is not configured.
func (c *config) options(channel string) (channelOptions, bool) {
	namespace, _, found := strings.Cut(strings.TrimPrefix(channel, "$"), ":")
	if !found {
		return c.Channel.WithoutNamespace, true
	}
	for _, n := range c.Channel.Namespaces {
		if n.Name == namespace {
			return n.channelOptions, true
		}
	}
	return channelOptions{}, false
}

// isUsers reports whether the channel is limited to users, and this one is among
// them.
func isUsers(channel, user string) (limited, allowed bool) {
	at := strings.LastIndexByte(channel, '#')
	if at < 0 {
		return false, false
	}
	for name := range strings.SplitSeq(channel[at+1:], ",") {
		if name == user {
			return true, true
		}
	}
	return true, false
}
