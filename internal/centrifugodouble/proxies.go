package centrifugodouble

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
)

// asked is a proxied request, its fields in Centrifugo's order.
type asked struct {
	Client    string          `json:"client"`
	Transport string          `json:"transport"`
	Protocol  string          `json:"protocol"`
	Encoding  string          `json:"encoding"`
	User      string          `json:"user,omitempty"`
	Channel   string          `json:"channel,omitempty"`
	Method    string          `json:"method,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
	Name      string          `json:"name,omitempty"`
	Version   string          `json:"version,omitempty"`
	Meta      json.RawMessage `json:"meta,omitempty"`
}

// answered is what a backend answers.
type answered struct {
	Result *struct {
		User     string          `json:"user"`
		ExpireAt int64           `json:"expire_at"`
		Expired  bool            `json:"expired"`
		Info     json.RawMessage `json:"info"`
		Meta     json.RawMessage `json:"meta"`
		Data     json.RawMessage `json:"data"`
		Channels []string        `json:"channels"`
		Subs     map[string]struct {
			Data     json.RawMessage `json:"data"`
			Override *override       `json:"override"`
		} `json:"subs"`
		Override *override `json:"override"`
	} `json:"result"`
	Error *struct {
		Code      uint32 `json:"code"`
		Message   string `json:"message"`
		Temporary bool   `json:"temporary"`
	} `json:"error"`
	Disconnect *struct {
		Code   uint32 `json:"code"`
		Reason string `json:"reason"`
	} `json:"disconnect"`
}

// override is what a backend changes of a channel's options for one subscription.
type override struct {
	Presence *struct {
		Value bool `json:"value"`
	} `json:"presence"`
}

// of are the options of a subscription to a channel with those of its configuration.
func (o *override) of(options channelOptions) centrifuge.SubscribeOptions {
	if o != nil && o.Presence != nil {
		options.Presence = o.Presence.Value
	}
	return centrifuge.SubscribeOptions{EmitPresence: options.Presence}
}

// err is what the backend refused with.
func (a *answered) err() error {
	switch {
	case a.Disconnect != nil:
		return centrifuge.Disconnect{Code: a.Disconnect.Code, Reason: a.Disconnect.Reason}
	case a.Error != nil:
		return &centrifuge.Error{Code: a.Error.Code, Message: a.Error.Message, Temporary: a.Error.Temporary}
	}
	return nil
}

// call asks a backend. Any failure is the error 100 for the client.
func (s *Server) call(ctx context.Context, p *proxy, headers http.Header, question *asked) (*answered, error) {
	question.Encoding = "json"
	body, err := json.Marshal(question)
	if err != nil {
		return nil, centrifuge.ErrorInternal
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.Timeout))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, centrifuge.ErrorInternal
	}
	for name, value := range p.HTTP.StaticHeaders {
		r.Header.Set(name, value)
	}
	for name, values := range headers {
		if slices.Contains(p.HTTPHeaders, strings.ToLower(name)) || slices.Contains(p.HTTPHeaders, name) {
			r.Header[name] = values // wins over a static one
		}
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := s.backends.Do(r)
	if err != nil {
		s.logf("proxy: %v", err)
		return nil, centrifuge.ErrorInternal
	}
	defer got.Body.Close()
	var a answered
	if err := json.NewDecoder(got.Body).Decode(&a); got.StatusCode != http.StatusOK || err != nil {
		s.logf("proxy: %s answers status %d (%v)", p.Endpoint, got.StatusCode, err)
		return nil, centrifuge.ErrorInternal
	}
	return &a, a.err()
}

// about is what a request says of a connection.
func (c *connection) about(p *proxy) *asked {
	q := &asked{Client: c.client.ID(), Transport: c.client.Transport().Name(), Protocol: string(c.client.Transport().Protocol()), User: c.client.UserID()}
	if p.IncludeConnectionMeta {
		q.Meta = *c.meta.Load()
	}
	return q
}

func (c *connection) ask(p *proxy, add func(*asked)) (*answered, error) {
	q := c.about(p)
	add(q)
	return c.server.call(c.client.Context(), p, c.headers, q)
}

func (c *connection) publish(e centrifuge.PublishEvent) (centrifuge.PublishReply, error) {
	s := c.server
	options, known := s.config.options(e.Channel)
	switch {
	case !known:
		return centrifuge.PublishReply{}, centrifuge.ErrorUnknownChannel
	case !options.PublishProxyEnabled:
		return centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied
	}
	a, err := c.ask(&s.config.Channel.Proxy.Publish, func(q *asked) { q.Channel, q.Data = e.Channel, e.Data })
	if err != nil {
		return centrifuge.PublishReply{}, err
	}
	data := e.Data
	if a.Result != nil && a.Result.Data != nil {
		data = a.Result.Data
	}
	result, err := s.node.Publish(e.Channel, data, centrifuge.WithClientInfo(e.ClientInfo))
	return centrifuge.PublishReply{Result: &result}, err
}

func (c *connection) subscribe(e centrifuge.SubscribeEvent) (centrifuge.SubscribeReply, error) {
	s := c.server
	options, known := s.config.options(e.Channel)
	limited, allowed := isUsers(e.Channel, c.client.UserID())
	limited = limited && options.AllowUserLimitedChannels
	switch {
	case !known:
		return centrifuge.SubscribeReply{}, centrifuge.ErrorUnknownChannel
	case strings.HasPrefix(e.Channel, "$"):
		return centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied
	case limited && allowed:
		return centrifuge.SubscribeReply{}, nil
	case limited || !options.SubscribeProxyEnabled:
		return centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied
	}
	a, err := c.ask(&s.config.Channel.Proxy.Subscribe, func(q *asked) { q.Channel, q.Data = e.Channel, e.Data })
	if err != nil {
		return centrifuge.SubscribeReply{}, err
	}
	var reply centrifuge.SubscribeReply
	if a.Result != nil {
		reply.Options = a.Result.Override.of(options)
		reply.Options.Data = a.Result.Data
	}
	return reply, nil
}

// mayPresence says whether a client sees who is subscribed to a channel.
func (c *connection) mayPresence(channel string) error {
	options, known := c.server.config.options(channel)
	switch {
	case !known:
		return centrifuge.ErrorUnknownChannel
	case !options.Presence:
		return centrifuge.ErrorNotAvailable
	case !options.PresenceForSubscriber || !c.client.IsSubscribed(channel):
		return centrifuge.ErrorPermissionDenied
	}
	return nil
}

func (c *connection) rpc(e centrifuge.RPCEvent) (centrifuge.RPCReply, error) {
	s := c.server
	if strings.Contains(e.Method, ":") || !s.config.RPC.WithoutNamespace.ProxyEnabled {
		return centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound
	}
	a, err := c.ask(&s.config.RPC.Proxy, func(q *asked) { q.Method, q.Data = e.Method, e.Data })
	if err != nil {
		return centrifuge.RPCReply{}, err
	}
	if a.Result == nil {
		return centrifuge.RPCReply{}, nil
	}
	return centrifuge.RPCReply{Data: a.Result.Data}, nil
}

func (c *connection) refresh(e centrifuge.RefreshEvent) (centrifuge.RefreshReply, error) {
	s := c.server
	if !s.config.Client.Proxy.Refresh.Enabled {
		t, err := s.verify(e.Token)
		if err != nil || t.Subject != c.client.UserID() {
			return centrifuge.RefreshReply{}, centrifuge.DisconnectInvalidToken
		}
		c.meta.Store(&t.Meta)
		return centrifuge.RefreshReply{ExpireAt: t.expireAt(), Info: t.Info}, nil
	}
	a, err := c.ask(&s.config.Client.Proxy.Refresh.proxy, func(*asked) {})
	switch {
	case err != nil: // a failure is asked again in a minute
		return centrifuge.RefreshReply{ExpireAt: time.Now().Add(time.Minute).Unix()}, nil
	case a.Result == nil || a.Result.Expired:
		return centrifuge.RefreshReply{Expired: true}, nil
	}
	if a.Result.Meta != nil {
		c.meta.Store(&a.Result.Meta)
	}
	return centrifuge.RefreshReply{ExpireAt: a.Result.ExpireAt, Info: a.Result.Info}, nil
}

func (s *Server) logf(format string, args ...any) {
	if s.Log != nil {
		s.Log(fmt.Sprintf(format, args...))
	}
}
