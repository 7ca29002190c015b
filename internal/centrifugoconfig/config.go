package centrifugoconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/contract"
)

const (
	// queueOverhead is what a reply takes in a client's queue beside its result.
	queueOverhead = 4096
	// emulationOverhead is what a request to /emulation takes beside the client's frame.
	emulationOverhead = 1024
	// minQueue is the largest frame that the official Python SDK accepts.
	minQueue = 1 << 20
	// defaultTimeout is that of a backend's calls whose method has none.
	defaultTimeout = 30 * time.Second
	// margin is how much later Centrifugo gives up a native RPC than the backend.
	margin = 5 * time.Second
)

// Make makes the configuration. Its values and their order depend on the contract
// and the options alone. An error names the channel, or the option, to change.
func Make(c *contract.Contract, options Options) (*Section, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	namespaces, err := namespacesOf(c, o.Namespaces)
	if err != nil {
		return nil, err
	}
	channelOptions := func(s *Section) {
		s.set("publish_proxy_enabled", true, "Requests come this way, and what clients publish on the application's channels.")
		s.set("subscribe_proxy_enabled", true, "The backend decides, and tells a client with its reply channel what it needs", "to send unanswered calls again.")
		s.set("allow_user_limited_channels", false, "Or else the backend would not be asked about reply channels, user#ID.")
		o.presence(s)
	}
	root := &Section{}
	root.sub("http_server", func(s *Section) { s.set("port", o.Port) })
	if o.Redis {
		root.sub("engine", func(s *Section) {
			s.set("type", "redis", "What one Centrifugo publishes reaches the clients of all that share a Redis. Its", "address is in CENTRIFUGO_ENGINE_REDIS_ADDRESS.")
		})
	}
	root.sub("client", func(s *Section) {
		s.set("allowed_origins", list(o.Origins), "The pages that may connect. Programs that are no browsers need not be named.")
		s.set("disallow_anonymous_connection_tokens", true, "A token must name its user.")
		s.set("concurrency", 64, "Commands of one connection that run at the same time. With 1, a native RPC would", "hold up all that follows it.")
		s.set("queue_max_size", max(minQueue, 2*o.MaxResultSize, o.MaxResultSize+queueOverhead), "Bytes that may wait for a client. A larger result would disconnect it.")
		s.set("channel_limit", 128, "Subscriptions of one connection.")
		s.set("user_connection_limit", 100, "Connections of one user to one Centrifugo.")
		if o.Connect {
			s.sub("proxy", func(s *Section) {
				s.sub("connect", func(s *Section) {
					s.set("enabled", true)
					o.proxy(s, "connect", 5*time.Second, o.Headers)
				}, "Clients without a token: the backend's Config.Authenticate says who they are.")
				s.sub("refresh", func(s *Section) {
					s.set("enabled", true)
					o.proxy(s, "refresh", 5*time.Second, o.Headers)
				}, "When their identity expires. With it no client refreshes a token of its own: one", "whose token expires is asked about here, too.")
			})
		}
	})
	root.sub("channel", func(s *Section) {
		s.sub("proxy", func(s *Section) {
			s.sub("publish", func(s *Section) { o.proxy(s, "publish", 5*time.Second, nil) },
				"The backend answers when it has claimed the call. The timeout is for a backend or", "a call store that hangs: the client then asks again.")
			s.sub("subscribe", func(s *Section) { o.proxy(s, "subscribe", 5*time.Second, nil) })
		})
		s.sub("without_namespace", channelOptions)
		if len(namespaces) > 0 {
			all := make([]*Section, len(namespaces))
			for i, name := range namespaces {
				all[i] = &Section{}
				all[i].set("name", name)
				all[i].set("publish_proxy_enabled", true)
				all[i].set("subscribe_proxy_enabled", true)
				o.presence(all[i])
			}
			s.set("namespaces", all, "What is before the : in the names of channels.")
		}
	})
	root.sub("rpc", func(s *Section) {
		s.sub("proxy", func(s *Section) { o.proxy(s, "rpc", longest(c)+margin, nil) },
			"Native RPC. The timeout is longer than that of any method.")
		s.sub("without_namespace", func(s *Section) { s.set("proxy_enabled", true) })
	})
	root.sub("websocket", func(s *Section) {
		s.set("message_size_limit", o.MaxMessageSize, "The largest frame from a client, in bytes: the backend's Config.MaxMessageSize.")
		s.set("write_timeout", "10s", "A client that takes longer to read is disconnected.")
	})
	root.sub("sse", func(s *Section) {
		s.set("enabled", true)
		s.set("max_request_body_size", o.MaxMessageSize)
	}, "Server-sent events at /connection/sse, where WebSockets do not get through. Its token", "is in the URL: see that no proxy logs queries.")
	root.sub("http_stream", func(s *Section) {
		s.set("enabled", true)
		s.set("max_request_body_size", o.MaxMessageSize)
	}, "HTTP streaming at /connection/http_stream, for the same.")
	root.sub("emulation", func(s *Section) {
		s.set("max_request_body_size", 2*o.MaxMessageSize+emulationOverhead)
	}, "What clients on these two send comes to /emulation, at any Centrifugo, which hands", "it to the one that has the connection. A frame is text within JSON there, in which", "each quote takes two bytes.")
	root.sub("health", func(s *Section) { s.set("enabled", true, "/health, for load balancers.") })
	return root, nil
}

func (o *Options) presence(s *Section) {
	if !o.Presence {
		return
	}
	s.set("presence", true, "The backend says of each channel whether it keeps presence; others show nobody.")
	s.set("allow_presence_for_subscriber", true)
}

func (o *Options) proxy(s *Section, name string, timeout time.Duration, headers []string) {
	s.set("endpoint", o.Backend+"/centrifugo/"+name)
	s.set("timeout", timeout.String())
	if name != "connect" {
		s.set("include_connection_meta", true)
	}
	if len(headers) > 0 {
		s.set("http_headers", list(headers), "The client's headers that the backend sees. Never "+o.SecretHeader+".")
	}
	s.sub("http", func(s *Section) {
		s.sub("static_headers", func(s *Section) { s.set(o.SecretHeader, "${CENTRIFUGO_VAR_"+o.SecretVariable+"}") })
	})
}

// namespacesOf are those of the contract's typed channels, and others, sorted.
func namespacesOf(c *contract.Contract, others []string) ([]string, error) {
	all := map[string]bool{}
	for _, name := range others {
		all[name] = true
	}
	for _, channel := range c.Channels {
		namespace, _, found := strings.Cut(channel.Name, ":")
		if !found {
			continue
		}
		if strings.Contains(namespace, "{") {
			return nil, fmt.Errorf("the channel %q begins with a parameter before its \":\", which is a namespace to Centrifugo and must be in its configuration: begin the name with a word, such as %q", channel.Name, "tasks:"+channel.Name)
		}
		if err := checkNamespace(namespace); err != nil {
			return nil, fmt.Errorf("the channel %q: %w; rename the channel", channel.Name, err)
		}
		all[namespace] = true
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// longest is how long a method may run.
func longest(c *contract.Contract) time.Duration {
	most := defaultTimeout
	for _, m := range c.Methods {
		most = max(most, time.Duration(m.TimeoutMS)*time.Millisecond)
	}
	return most
}

func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
